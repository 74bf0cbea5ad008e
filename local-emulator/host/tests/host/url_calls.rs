//! Function URLs, made, changed and taken away by Lambda's own calls. Facts 8.

use hyper::StatusCode;
use lunch_host::{
    AliasTarget, Config, Durability, FunctionUrl, Keeping, Published, ServedFunction, UrlAuth,
};
use serde_json::{Value, json};

use crate::street::{Client, coffee, echo, with_cloud};

const OF_COFFEE: &str = "coffee/url";
const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:coffee";

async fn call(client: &mut Client, method: &str, rest: &str, body: Value) -> (StatusCode, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/2021-10-31/functions/{rest}");
    let answer = client.call(method, &path, &[], body).await;
    let told = if answer.text().is_empty() { Value::Null } else { answer.json() };
    (answer.status, told)
}

/// How the URL of that alias answers by its host name.
async fn by_host(client: &mut Client, alias: Option<&str>, headers: &[(&str, &str)]) -> StatusCode {
    let url = FunctionUrl { qualifier: alias.map(str::to_owned), ..FunctionUrl::default() };
    let host = url.domain("coffee", "us-east-1");
    let headers: Vec<_> = headers.iter().copied().chain([("host", host.as_str())]).collect();
    client.call("GET", "/", &headers, "").await.status
}

fn published() -> ServedFunction {
    let aliases = [("live".to_owned(), AliasTarget::Newest)].into();
    ServedFunction { published: Published { versions: true, aliases }, ..coffee() }
}

#[test]
fn a_url_is_made_called_changed_and_taken_away_by_aws_s_calls() {
    with_cloud(Config::new(vec![published()]), echo(), |mut client, _| async move {
        assert_eq!(by_host(&mut client, None, &[]).await, StatusCode::FORBIDDEN);
        let none = json!({ "AuthType": "NONE" });
        let (status, made) = call(&mut client, "POST", OF_COFFEE, none.clone()).await;
        assert_eq!(status, StatusCode::CREATED);
        assert_eq!((&made["FunctionArn"], &made["InvokeMode"]), (&json!(ARN), &json!("BUFFERED")));
        assert_eq!((made.get("Cors"), made.get("LastModifiedTime")), (None, None));
        assert!(made["CreationTime"].as_str().is_some_and(|at| at.ends_with('Z')), "{made}");
        let url = made["FunctionUrl"].as_str().expect("a URL");
        let path = url.strip_prefix(&format!("http://{}", client.address())).expect("the door's");
        assert_eq!(client.call("GET", path, &[], "").await.json()["rawPath"], "/");
        assert_eq!(by_host(&mut client, None, &[]).await, StatusCode::OK);

        let (status, told) = call(&mut client, "POST", OF_COFFEE, none.clone()).await;
        assert_eq!(status, StatusCode::CONFLICT);
        let words = format!(
            "Failed to create function url config for [functionArn = {ARN}]. Error message:  FunctionUrlConfig exists for this Lambda function"
        );
        assert_eq!(told["message"], words);

        let cors =
            json!({ "Cors": { "AllowOrigins": ["https://a.example"] }, "AuthType": "AWS_IAM" });
        let (status, told) = call(&mut client, "PUT", OF_COFFEE, cors).await;
        assert_eq!((status, &told["AuthType"]), (StatusCode::OK, &json!("AWS_IAM")));
        assert_eq!(told["Cors"]["AllowOrigins"], json!(["https://a.example"]));
        assert!(told["LastModifiedTime"].is_string(), "{told}");
        assert_eq!(by_host(&mut client, None, &[]).await, StatusCode::FORBIDDEN);
        let page = [("origin", "https://a.example"), ("authorization", "x")];
        assert_eq!(by_host(&mut client, None, &page).await, StatusCode::OK);

        // An alias has one of its own.
        let live = format!("{OF_COFFEE}?Qualifier=live");
        let (_, made) = call(&mut client, "POST", &live, none).await;
        assert_eq!(made["FunctionArn"], format!("{ARN}:live"));
        assert_eq!(by_host(&mut client, Some("live"), &[]).await, StatusCode::OK);
        let (_, all) = call(&mut client, "GET", "coffee/urls", Value::Null).await;
        assert_eq!(all["FunctionUrlConfigs"].as_array().map(Vec::len), Some(2), "{all}");

        let (status, _) = call(&mut client, "DELETE", &live, Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(by_host(&mut client, Some("live"), &[]).await, StatusCode::FORBIDDEN);
        assert_eq!(by_host(&mut client, None, &page).await, StatusCode::OK);
        for (method, body) in [("GET", Value::Null), ("PUT", json!({})), ("DELETE", Value::Null)] {
            let (status, told) = call(&mut client, method, &live, body).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{method}");
            assert_eq!(told["Message"], "The resource you requested does not exist.");
        }
    });
}

#[test]
fn a_url_that_aws_would_not_make_is_refused_to_a_call_too() {
    with_cloud(Config::new(vec![published()]), echo(), |mut client, _| async move {
        let none = json!({ "AuthType": "NONE" });
        for (rest, body, status) in [
            (OF_COFFEE, json!({}), 400),
            (OF_COFFEE, json!({ "AuthType": "JWT" }), 400),
            ("coffee/url?Qualifier=1", none.clone(), 400),
            ("coffee/url?Qualifier=%24LATEST", none.clone(), 400),
            ("coffee/url?Qualifier=dead", none.clone(), 404),
            ("nobody/url", none, 404),
        ] {
            let (told, said) = call(&mut client, "POST", rest, body.clone()).await;
            assert_eq!(told.as_u16(), status, "{rest} {body}: {said}");
        }
        let (_, all) = call(&mut client, "GET", "coffee/urls", Value::Null).await;
        assert_eq!(all["FunctionUrlConfigs"], json!([]));
    });
}

#[test]
fn a_url_that_a_call_has_made_is_there_after_a_restart_where_the_template_has_none() {
    let folder = std::env::temp_dir().join(format!("lunch-urls-{}", std::process::id()));
    let config = |urls: Vec<FunctionUrl>| {
        let keeping = Keeping { folder: folder.clone(), durability: Durability::Process };
        let function = ServedFunction { urls, ..published() };
        Config { keeping: Some(keeping), ..Config::new(vec![function]) }
    };
    let iam = || json!({ "AuthType": "AWS_IAM" });
    with_cloud(config(Vec::new()), echo(), move |mut client, _| async move {
        call(&mut client, "POST", OF_COFFEE, iam()).await;
        call(&mut client, "POST", "coffee/url?Qualifier=live", iam()).await;
    });
    let of_template = FunctionUrl { qualifier: Some("live".to_owned()), ..FunctionUrl::default() };
    with_cloud(config(vec![of_template]), echo(), |mut client, _| async move {
        let (_, told) = call(&mut client, "GET", OF_COFFEE, Value::Null).await;
        assert_eq!(told["AuthType"], UrlAuth::AwsIam.name());
        let (_, told) = call(&mut client, "GET", "coffee/url?Qualifier=live", Value::Null).await;
        assert_eq!(told["AuthType"], UrlAuth::None.name(), "the template's");
        call(&mut client, "DELETE", OF_COFFEE, Value::Null).await;
    });
    with_cloud(config(Vec::new()), echo(), |mut client, _| async move {
        let (status, _) = call(&mut client, "GET", OF_COFFEE, Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    });
    drop(std::fs::remove_dir_all(&folder));
}

#[test]
fn a_functions_urls_stand_in_info_and_in_ps_with_the_doors_port() {
    let url = FunctionUrl { auth: UrlAuth::AwsIam, ..FunctionUrl::default() };
    let function = ServedFunction { urls: vec![url], ..published() };
    with_cloud(Config::new(vec![function]), echo(), |mut client, _| async move {
        call(&mut client, "POST", "coffee/url?Qualifier=live", json!({ "AuthType": "NONE" })).await;
        let port = client.address().rsplit(':').next().expect("a port").to_owned();
        let host = FunctionUrl::default().domain("coffee", "us-east-1");
        for route in ["info", "ps"] {
            let told = client.call("GET", &format!("/_lunch/{route}"), &[], "").await.json();
            let urls = &told["functions"][0]["urls"];
            assert_eq!(urls[0]["by_host"], format!("http://{host}:{port}/"), "{route}");
            let by_path = format!("http://{}/lambda-url/coffee/", client.address());
            assert_eq!(
                (&urls[0]["by_path"], &urls[0]["auth"]),
                (&json!(by_path), &json!("AWS_IAM"))
            );
            assert_eq!((&urls[1]["qualifier"], &urls[1]["auth"]), (&json!("live"), &json!("NONE")));
        }
    });
}
