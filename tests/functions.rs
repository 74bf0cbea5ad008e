//! Small functions in each shape that `cargo lambda new` offers, built by `lunch` itself from a template, and served. Their
//! workspace is their own, `tests/functions/`: they are ordinary functions, with what the Rust runtime's crates give.

#[cfg(test)]
mod functions {
    use std::fs;

    use lunch_tests::{Cloud, Folder, wait_until, workspace};
    use serde_json::{Value, json};

    /// A cloud that has built them: the first one takes a while, the others find what it made.
    fn shapes() -> (Cloud, Folder) {
        let (folder, sources) = (Folder::make(), workspace().join("tests/functions"));
        let template = fs::read_to_string(sources.join("template.yaml")).unwrap();
        // What is staged stands beside the template, and each cloud's is its own.
        let absolute = format!("CodeUri: {}/", sources.display());
        let template = folder.write("template.yaml", template.replace("CodeUri: ", &absolute));
        let target = workspace().join("target/functions");
        let cloud = Cloud::builder().template(template);
        (cloud.shell("CARGO_TARGET_DIR", &target.to_string_lossy()).start(), folder)
    }

    #[test]
    fn a_plain_handler_answers_fails_and_logs() {
        let (cloud, _folder) = shapes();
        let served = cloud.invoke("Plain", json!({"command": "brew"}));
        let answer = served.expect_ok().expect_cold().json();
        assert_eq!(answer["msg"], "Command brew.");
        assert_eq!(answer["req_id"], served.request_id());
        let failed = cloud.invoke("Plain", json!({"command": "fail"}));
        assert_eq!(failed.json()["errorMessage"], "this command is not known", "{}", failed.text());
        assert_eq!(failed.header("x-amz-function-error"), Some("Unhandled"));
        failed.expect_reused(&served);
        let wrong = cloud.invoke("Plain", json!({"order": 1}));
        let message = wrong.json()["errorMessage"].to_string();
        assert!(message.contains("missing field `command`"), "{message}");
        let logs = cloud.logs();
        let is_logged = logs.iter().any(|line| line.text.contains("a command"));
        assert!(is_logged, "its tracing goes to its log: {logs:?}");
    }

    #[test]
    fn a_handler_of_http_requests_takes_what_api_gateway_sends() {
        let (cloud, _folder) = shapes();
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/cups", "rawQueryString": "name=Ada",
            "headers": {"host": "api.example.com"}, "queryStringParameters": {"name": "Ada"},
            "requestContext": {
                "accountId": "123456789012", "apiId": "a", "domainName": "api.example.com", "domainPrefix": "a",
                "http": {"method": "GET", "path": "/cups", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "a"},
                "requestId": "r", "routeKey": "$default", "stage": "$default",
                "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1_583_348_638_390_u64,
            },
            "isBase64Encoded": false,
        });
        let answer = cloud.invoke("Http", event).expect_ok().json();
        assert_eq!(answer["statusCode"], 200, "{answer}");
        assert_eq!(answer["headers"]["content-type"], "text/html", "{answer}");
        assert_eq!(answer["body"], "Hello Ada, this is /cups", "{answer}");
    }

    #[test]
    fn a_handler_of_a_queues_messages_names_those_that_failed() {
        let (cloud, _folder) = shapes();
        let record = |id: &str, body: &str| {
            json!({
                "messageId": id, "receiptHandle": "h", "body": body, "attributes": {}, "messageAttributes": {},
                "md5OfBody": "m", "eventSource": "aws:sqs", "awsRegion": "us-east-1",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:orders",
            })
        };
        let event = json!({"Records": [record("m-1", "brewed"), record("m-2", "spilled")]});
        let answer = cloud.invoke("Event", event).expect_ok().json();
        assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m-2"}]}));
    }

    #[test]
    fn a_streamed_response_comes_whole_with_its_prelude_when_its_last_piece_is_there() {
        let (cloud, _folder) = shapes();
        let served = cloud.invoke("Streaming", json!({}));
        let text = served.expect_ok().text();
        let (prelude, body) = text.split_once("\0\0\0\0\0\0\0\0").expect("a prelude has an end");
        let prelude: Value = serde_json::from_str(prelude).unwrap();
        assert_eq!(prelude["statusCode"], 200, "{prelude}");
        assert_eq!(body, "\"Hello world\"");
        cloud.invoke("Streaming", json!({})).expect_ok().expect_reused(&served);
    }

    #[test]
    fn a_function_without_an_extension_of_its_own_is_told_of_its_end() {
        let (cloud, _folder) = shapes();
        let served = cloud.invoke("Graceful", json!({"cup": 1}));
        assert_eq!(served.expect_ok().json(), json!({"cup": 1}));
        cloud.evict("Graceful");
        wait_until("it has said its last words", || {
            let logs = cloud.logs();
            let is_said = logs.iter().any(|line| line.text == "the lights are out");
            if is_said { Ok(()) } else { Err(format!("{logs:?}")) }
        });
    }
}
