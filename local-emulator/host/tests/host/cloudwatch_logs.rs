//! CloudWatch Logs at the front door: what does not go together, or is not there, is refused as AWS refuses it.

use hyper::StatusCode;
use lunch_host::Config;
use serde_json::json;

use crate::street::{Client, coffee, echo, with_cloud};

const GROUP: &str = "/aws/lambda/coffee";

async fn asked(client: &mut Client, call: &str, body: serde_json::Value) -> (StatusCode, String) {
    let target = format!("Logs_20140328.{call}");
    let headers = [("x-amz-target", target.as_str())];
    let answer = client.call("POST", "/", &headers, body.to_string()).await;
    (answer.status, answer.text().to_owned())
}

#[test]
fn what_excludes_each_other_and_streams_that_there_are_not_are_refused() {
    with_cloud(Config::new(vec![coffee()]), echo(), |mut client, _| async move {
        client.call("POST", "/2015-03-31/functions/coffee/invocations", &[], "1").await;
        let both = json!({ "logGroupNamePrefix": "/aws", "logGroupNamePattern": "coffee" });
        let (status, text) = asked(&mut client, "DescribeLogGroups", both).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");
        assert!(text.contains("InvalidParameterException"), "{text}");
        let streams = json!({ "logGroupName": GROUP });
        let (_, text) = asked(&mut client, "DescribeLogStreams", streams).await;
        let streams: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let name = &streams["logStreams"][0]["logStreamName"];
        for (names, prefix, told) in [
            (json!([name]), json!("2"), "InvalidParameterException"),
            (json!([name, "nobody"]), json!(null), "The specified log stream does not exist."),
        ] {
            let body = json!({ "logGroupName": GROUP, "logStreamNames": names, "logStreamNamePrefix": prefix });
            let (status, text) = asked(&mut client, "FilterLogEvents", body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");
            assert!(text.contains(told), "{text}");
        }
        let body = json!({ "logGroupName": GROUP, "logStreamNames": [name] });
        let (status, text) = asked(&mut client, "FilterLogEvents", body).await;
        assert_eq!(status, StatusCode::OK, "{text}");
    });
}
