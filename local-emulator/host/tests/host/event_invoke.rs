//! How events are tried again, set by Lambda's own calls. Facts 6.

use std::rc::Rc;

use hyper::StatusCode;
use lunch_host::{
    AliasTarget, Config, Durability, EventInvokeConfig, Keeping, Published, ServedFunction,
};
use serde_json::{Value, json};

use crate::events::{EVENT, INVOKE, failing, until};
use crate::queues::queue;
use crate::street::{Client, coffee, echo, with_cloud};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:coffee";
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:failed";

async fn call(client: &mut Client, method: &str, rest: &str, body: Value) -> (StatusCode, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/2019-09-25/functions/{rest}");
    let answer = client.call(method, &path, &[], body).await;
    let told = if answer.text().is_empty() { Value::Null } else { answer.json() };
    (answer.status, told)
}

const OF_COFFEE: &str = "coffee/event-invoke-config";

fn published() -> ServedFunction {
    let aliases = [("live".to_owned(), AliasTarget::Newest)].into();
    ServedFunction { published: Published { versions: true, aliases }, ..coffee() }
}

#[test]
fn what_a_call_says_of_events_holds_from_then_on_and_for_whom_it_is_said() {
    let seen = Rc::default();
    let program = failing(&seen, usize::MAX);
    let config = Config { queues: vec![queue("failed", &[])], ..Config::new(vec![published()]) };
    with_cloud(config, program, |mut client, _| async move {
        // It waits for its second attempt, and has no third any more.
        client.call("POST", INVOKE, &EVENT, "1").await;
        until(&mut client, "event_retried", 1).await;
        let said = json!({
            "MaximumRetryAttempts": 1,
            "DestinationConfig": { "OnFailure": { "Destination": QUEUE } },
        });
        let (status, told) = call(&mut client, "PUT", OF_COFFEE, said).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(told["FunctionArn"], format!("{ARN}:$LATEST"));
        assert_eq!(told["DestinationConfig"]["OnFailure"]["Destination"], QUEUE);
        assert_eq!(told["DestinationConfig"]["OnSuccess"], json!({}));
        assert_eq!(
            (&told["MaximumRetryAttempts"], told.get("MaximumEventAgeInSeconds")),
            (&json!(1), None)
        );
        assert!(told["LastModified"].as_f64().is_some_and(|at| at > 1.7e9), "{told}");
        client.call("POST", "/_lunch/advance", &[], r#"{"ms": 60000}"#).await;
        until(&mut client, "RetriesExhausted", 1).await;
        until(&mut client, "event_recorded", 1).await;

        // The alias has its own.
        let live = format!("{OF_COFFEE}?Qualifier=live");
        let (_, told) = call(&mut client, "PUT", &live, json!({ "MaximumRetryAttempts": 0 })).await;
        assert_eq!(told["FunctionArn"], format!("{ARN}:live"));
        client.call("POST", &format!("{INVOKE}?Qualifier=live"), &EVENT, "2").await;
        until(&mut client, "RetriesExhausted", 2).await;
        client.call("POST", INVOKE, &EVENT, "3").await;
        until(&mut client, "event_retried", 2).await;
        let seen = seen.borrow();
        let payloads: Vec<_> = seen.iter().map(|(_, payload)| payload.as_str()).collect();
        assert_eq!(payloads, ["1", "1", "2", "3"]);
    });
}

#[test]
fn it_is_put_updated_told_listed_and_taken_back_by_aws_s_calls() {
    let function = published();
    with_cloud(Config::new(vec![function]), echo(), |mut client, _| async move {
        let age = json!({ "MaximumEventAgeInSeconds": 90 });
        let (status, told) = call(&mut client, "POST", OF_COFFEE, age.clone()).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{told}");
        let none = format!("The function {ARN}:$LATEST doesn't have an EventInvokeConfig");
        assert_eq!(told["Message"], none);

        call(&mut client, "PUT", OF_COFFEE, json!({ "MaximumRetryAttempts": 2 })).await;
        let (_, told) = call(&mut client, "POST", OF_COFFEE, age.clone()).await;
        assert_eq!(
            (&told["MaximumRetryAttempts"], &told["MaximumEventAgeInSeconds"]),
            (&json!(2), &json!(90))
        );
        let (_, told) = call(&mut client, "PUT", OF_COFFEE, age).await;
        assert_eq!(told.get("MaximumRetryAttempts"), None, "what is not said is removed");
        let (_, same) = call(&mut client, "GET", OF_COFFEE, Value::Null).await;
        assert_eq!(same, told);

        let of_arn = format!("{}:live/event-invoke-config", ARN.replace(':', "%3A"));
        call(&mut client, "PUT", &of_arn, json!({ "MaximumRetryAttempts": 0 })).await;
        let list = format!("{OF_COFFEE}/list");
        let (_, all) = call(&mut client, "GET", &list, Value::Null).await;
        let all = all["FunctionEventInvokeConfigs"].as_array().cloned().unwrap_or_default();
        let arns: Vec<_> = all.iter().map(|one| one["FunctionArn"].clone()).collect();
        assert_eq!(arns, [format!("{ARN}:$LATEST"), format!("{ARN}:live")]);
        let (_, first) = call(&mut client, "GET", &format!("{list}?MaxItems=1"), Value::Null).await;
        assert_eq!(first["NextMarker"], "1");

        let (status, _) = call(&mut client, "DELETE", OF_COFFEE, Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        for method in ["GET", "DELETE"] {
            let (status, told) = call(&mut client, method, OF_COFFEE, Value::Null).await;
            assert_eq!((status, &told["Message"]), (StatusCode::NOT_FOUND, &json!(none)));
        }
    });
}

#[test]
fn what_aws_refuses_of_an_event_invoke_config_is_refused_in_its_words() {
    let queues = vec![queue("failed", &[]), queue("failed.fifo", &[("FifoQueue", "true")])];
    let config = Config { queues, ..Config::new(vec![coffee()]) };
    with_cloud(config, echo(), |mut client, _| async move {
        let to =
            |arn: &str| json!({ "DestinationConfig": { "OnFailure": { "Destination": arn } } });
        let retries = json!({ "MaximumRetryAttempts": 0 });
        for (rest, body, status, words) in [
            (OF_COFFEE, json!({}), 400, "at least one of error handling or destination setting"),
            (OF_COFFEE, json!({ "MaximumRetryAttempts": 3 }), 400, "less than or equal to 2"),
            (OF_COFFEE, json!({ "MaximumRetryAttempts": -1 }), 400, "greater than or equal to 0"),
            (
                OF_COFFEE,
                json!({ "MaximumEventAgeInSeconds": 59 }),
                400,
                "greater than or equal to 60",
            ),
            (
                OF_COFFEE,
                json!({ "MaximumEventAgeInSeconds": 21_601 }),
                400,
                "less than or equal to 21600",
            ),
            (OF_COFFEE, json!({ "MaximumRetryAttempts": "two" }), 400, "cannot be read"),
            (
                OF_COFFEE,
                to(ARN),
                400,
                "You can't specify the function as a destination for itself.",
            ),
            (
                OF_COFFEE,
                to("arn:aws:lambda:us-east-1:123456789012:function:nobody"),
                400,
                "is invalid.",
            ),
            (OF_COFFEE, to("arn:aws:sqs:us-east-1:123456789012:nobody"), 400, "is invalid."),
            (OF_COFFEE, to(&format!("{QUEUE}.fifo")), 400, "is invalid."),
            (
                OF_COFFEE,
                to("arn:aws:sns:us-east-1:123456789012:topic"),
                400,
                "nobody else takes records",
            ),
            ("nobody/event-invoke-config", retries.clone(), 404, "The function doesn't exist."),
            (
                "coffee/event-invoke-config?Qualifier=dead",
                retries,
                404,
                "The function doesn't exist.",
            ),
        ] {
            let (told, said) = call(&mut client, "PUT", rest, body.clone()).await;
            assert_eq!(told.as_u16(), status, "{body}: {said}");
            assert!(said.to_string().contains(words), "{body}: {said}");
        }
        let (_, all) = call(&mut client, "GET", &format!("{OF_COFFEE}/list"), Value::Null).await;
        assert_eq!(all["FunctionEventInvokeConfigs"], json!([]));
    });
}

#[test]
fn what_calls_have_said_of_events_is_there_after_a_restart_where_the_template_says_nothing() {
    let folder = std::env::temp_dir().join(format!("lunch-event-configs-{}", std::process::id()));
    let config = |of_template: Option<u32>| {
        let mut function = published();
        if of_template.is_some() {
            let config =
                EventInvokeConfig { retries_max: of_template, ..EventInvokeConfig::default() };
            function.event_configs.insert("live".to_owned(), config);
        }
        let keeping = Keeping { folder: folder.clone(), durability: Durability::Process };
        Config { keeping: Some(keeping), ..Config::new(vec![function]) }
    };
    let live = format!("{OF_COFFEE}?Qualifier=live");
    let first = Rc::new(live.clone());
    with_cloud(config(None), echo(), |mut client, _| async move {
        for rest in [OF_COFFEE, &*first, "coffee/event-invoke-config?Qualifier=1"] {
            call(&mut client, "PUT", rest, json!({ "MaximumRetryAttempts": 0 })).await;
        }
        let gone = "coffee/event-invoke-config?Qualifier=1";
        call(&mut client, "DELETE", gone, Value::Null).await;
    });
    let seen = Rc::default();
    let program = failing(&seen, usize::MAX);
    with_cloud(config(Some(1)), program, |mut client, _| async move {
        let list = format!("{OF_COFFEE}/list");
        let (_, all) = call(&mut client, "GET", &list, Value::Null).await;
        let all = all["FunctionEventInvokeConfigs"].as_array().cloned().unwrap_or_default();
        let told: Vec<_> = all.iter().map(|one| one["MaximumRetryAttempts"].clone()).collect();
        assert_eq!(told, [json!(0), json!(1)], "the call's for $LATEST, the template's for live");
        client.call("POST", INVOKE, &EVENT, "7").await;
        until(&mut client, "RetriesExhausted", 1).await;
        // What a call says of the template's holds until the next start.
        call(&mut client, "PUT", &live, json!({ "MaximumRetryAttempts": 0 })).await;
    });
    with_cloud(config(Some(1)), echo(), |mut client, _| async move {
        let live = format!("{OF_COFFEE}?Qualifier=live");
        let (_, told) = call(&mut client, "GET", &live, Value::Null).await;
        assert_eq!(told["MaximumRetryAttempts"], 1);
    });
    drop(std::fs::remove_dir_all(&folder));
}
