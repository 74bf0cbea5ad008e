//! The Runtime API and the Extensions API, over real sockets: what a runtime is answered, and what its caller gets.

use hyper::StatusCode;
use lunch_contract::Exit;
use lunch_host::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::street::{Client, Program, coffee, program, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";

fn config() -> Config {
    Config::new(vec![coffee()])
}

/// Answers one event by hand, then ends.
fn once(answer: impl AsyncFn(&mut Client, &str) + Clone + 'static) -> Program {
    program(move |started| {
        let answer = answer.clone();
        async move {
            let mut api = started.runtime_api().await;
            let event = api.call("GET", NEXT, &[], "").await;
            let id = event.header("lambda-runtime-aws-request-id").to_owned();
            answer(&mut api, &id).await;
            Exit::Code(7)
        }
    })
}

#[test]
fn an_answer_that_was_sent_before_the_end_counts() {
    let program = once(async |api, id| {
        let path = format!("/2018-06-01/runtime/invocation/{id}/response");
        api.call("POST", &path, &[], "\"just in time\"").await;
    });
    with_cloud(config(), program, |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!(answer.text(), "\"just in time\"");
        let again = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!(again.header("x-lunch-start"), "reinitialized");
        assert_eq!(again.header("x-lunch-cause"), "exited(exit status 7)");
        assert_eq!(again.header("x-lunch-instance"), "i-0000");
    });
}

#[test]
fn a_process_that_ends_in_an_invocation_is_the_callers_answer() {
    with_cloud(config(), once(async |_, _| ()), |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
        let message = answer.json()["errorMessage"].as_str().map(str::to_owned).unwrap_or_default();
        assert!(message.ends_with("Error: Runtime exited with error: exit status 7"), "{message}");
    });
}

#[test]
fn the_runtime_api_refuses_what_aws_s_refuses() {
    let program = once(async |api, id| {
        let response = format!("/2018-06-01/runtime/invocation/{id}/response");
        let unknown =
            "/2018-06-01/runtime/invocation/8f507cfc-xmpl-4697-b07a-ac58fc914c95/response";
        let answer = api.call("POST", unknown, &[], "1").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(
            answer.text(),
            "{\"errorMessage\":\"Invalid request ID\",\"errorType\":\"InvalidRequestID\"}\n"
        );
        let answer = api.call("POST", "/2018-06-01/runtime/init/error", &[], "{}").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text().contains("from Running to InitError"), "{}", answer.text());
        let again = api.call("GET", NEXT, &[], "").await;
        assert_eq!(again.header("lambda-runtime-aws-request-id"), id, "the same is given again");
        let invocation = again.header("lambda-runtime-invocation-id").to_owned();
        let other = [("lambda-runtime-invocation-id", "8f507cfc-xmpl-4697-b07a-ac58fc914c95")];
        let answer = api.call("POST", &response, &other, "1").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(
            answer.text().contains("\"errorType\":\"InvalidInvocationId\""),
            "{}",
            answer.text()
        );
        let same = [("lambda-runtime-invocation-id", invocation.as_str())];
        let answer = api.call("POST", &response, &same, "1").await;
        assert_eq!((answer.status, answer.text()), (StatusCode::ACCEPTED, "{\"status\":\"OK\"}\n"));
        let answer = api.call("POST", &response, &[], "2").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text().contains("RuntimeResponseSentState"), "{}", answer.text());
        assert_eq!(api.call("GET", "/2018-06-01/ping", &[], "").await.text(), "pong");
        assert_eq!(api.call("GET", "/", &[], "").await.status, StatusCode::NOT_FOUND);
    });
    with_cloud(config(), program, |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!(answer.text(), "1", "{:?}", answer.headers);
    });
}

#[test]
fn an_answer_that_is_too_large_is_the_runtimes_and_the_callers_error() {
    let program = once(async |api, id| {
        let path = format!("/2018-06-01/runtime/invocation/{id}/response");
        let answer = api.call("POST", &path, &[], vec![b'1'; 6_291_557]).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(answer.text().contains("RequestEntityTooLarge"), "{}", answer.text());
    });
    with_cloud(config(), program, |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json()["errorType"], "Function.ResponseSizeTooLarge");
    });
}

/// Sends it all, and looks for the answer only then.
async fn send_all(address: &str, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let head = format!("{head} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(body).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it is answered and not cut off");
    answer
}

#[test]
fn an_answer_in_chunks_is_put_together() {
    let program = program(|started| async move {
        let mut api = started.runtime_api().await;
        let event = api.call("GET", NEXT, &[], "").await;
        let id = event.header("lambda-runtime-aws-request-id");
        let head = format!("POST /2018-06-01/runtime/invocation/{id}/response");
        let chunks =
            b"transfer-encoding: chunked\r\n\r\n3\r\n[1,\r\n1;x=y\r\n2\r\n1\r\n]\r\n0\r\na: b\r\n\r\n";
        let address = &started.environment["AWS_LAMBDA_RUNTIME_API"];
        let answer = send_all(address, &head, chunks).await;
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
        Exit::Code(0)
    });
    with_cloud(config(), program, |mut client, _| async move {
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "[1,2]");
    });
}

#[test]
fn who_is_refused_a_large_answer_hears_why() {
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let program = program(move |started| {
        let heard = heard.clone();
        async move {
            let mut api = started.runtime_api().await;
            let event = api.call("GET", NEXT, &[], "").await;
            let id = event.header("lambda-runtime-aws-request-id").to_owned();
            let path = format!("/2018-06-01/runtime/invocation/{id}/response");
            let body = [b"content-length: 8000000\r\n\r\n".as_slice(), &[b'1'; 8_000_000]].concat();
            let address = &started.environment["AWS_LAMBDA_RUNTIME_API"];
            let other = "/2018-06-01/runtime/invocation/8f507cfc-xmpl-4697-b07a-ac58fc914c95/error";
            let unknown = send_all(address, &format!("POST {other}"), &body).await;
            api.call("POST", &path, &[], "1").await;
            let second = send_all(address, &format!("POST {path}"), &body).await;
            heard.send([unknown, second]).expect("the test waits");
            Exit::Code(0)
        }
    });
    with_cloud(config(), program, |mut client, _| async move {
        client.call("POST", INVOKE, &[], "1").await;
        let bound = std::time::Duration::from_secs(10);
        let answers = tokio::time::timeout(bound, hears.recv()).await;
        let [unknown, second] = answers.expect("it takes less than 10 s").expect("it was answered");
        assert!(unknown.starts_with("HTTP/1.1 400 "), "{unknown}");
        assert!(second.starts_with("HTTP/1.1 403 "), "{second}");
    });
}

#[test]
fn an_internal_extension_registers_and_hears_of_invocations() {
    let program = program(|started| async move {
        const EXTENSION: &str = "/2020-01-01/extension";
        let mut extension = started.runtime_api().await;
        let mut api = started.runtime_api().await;
        let named = [("lambda-extension-name", "ledger")];
        let register = format!("{EXTENSION}/register");
        let bad = extension.call("POST", &register, &named, r#"{"events":["SHUTDOWN"]}"#).await;
        assert_eq!(bad.status, StatusCode::FORBIDDEN);
        let good = extension.call("POST", &register, &named, r#"{"events":["INVOKE"]}"#).await;
        assert_eq!(
            good.json(),
            serde_json::json!({"functionName": "coffee", "functionVersion": "$LATEST", "handler": "bootstrap"})
        );
        let identifier = good.header("lambda-extension-identifier").to_owned();
        let next = format!("{EXTENSION}/event/next");
        let headers = [("lambda-extension-identifier", identifier.as_str())];
        let (event, invocation) = tokio::join!(
            extension.call("GET", &next, &headers, ""),
            api.call("GET", NEXT, &[], "")
        );
        let id = invocation.header("lambda-runtime-aws-request-id").to_owned();
        assert_eq!(event.json()["eventType"], "INVOKE");
        assert_eq!(event.json()["requestId"], id.as_str());
        let path = format!("/2018-06-01/runtime/invocation/{id}/response");
        api.call("POST", &path, &[], "1").await;
        Exit::Code(0)
    });
    with_cloud(config(), program, |mut client, _| async move {
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "1");
    });
}
