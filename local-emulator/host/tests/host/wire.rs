//! The Runtime API byte for byte: statuses, content types and bodies as a runtime reads them. Facts 1.1 to 1.4.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use lunch_contract::Exit;
use lunch_host::{Config, ServedFunction};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::street::{Answer, Client, Program, Started, coffee, program, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const INIT_ERROR: &str = "/2018-06-01/runtime/init/error";
const OTHER_ID: &str = "8f507cfc-xmpl-4697-b07a-ac58fc914c95";
const OK: &str = "{\"status\":\"OK\"}\n";
const UNKNOWN_ID: &str =
    "{\"errorMessage\":\"Invalid request ID\",\"errorType\":\"InvalidRequestID\"}\n";

/// Where a runtime answers.
fn at(id: &str, what: &str) -> String {
    format!("/2018-06-01/runtime/invocation/{id}/{what}")
}

/// All that the Runtime API answered, each as `status content-type body`.
type Heard = Rc<RefCell<Vec<String>>>;

fn line(answer: &Answer) -> String {
    format!("{} {} {}", answer.status.as_u16(), answer.header("content-type"), answer.text())
}

/// The line of an answer in JSON.
fn json(status: u16, body: &str) -> String {
    format!("{status} application/json {body}")
}

/// The line of a refusal to go from one state to another.
fn refusal(from: &str, to: &str) -> String {
    let text = format!(
        "State transition from {from} to {to} failed for runtime. Error: State transition is not allowed"
    );
    json(
        403,
        &format!("{{\"errorMessage\":\"{text}\",\"errorType\":\"InvalidStateTransition\"}}\n"),
    )
}

/// A runtime and what it heard: says it by hand, and then waits for more for ever.
fn by_hand(say: impl AsyncFn(&Started, &mut Client, &Heard) + Clone + 'static) -> (Program, Heard) {
    let heard = Heard::default();
    let kept = Rc::clone(&heard);
    let program = program(move |started| {
        let (say, heard) = (say.clone(), Rc::clone(&kept));
        async move {
            let mut api = started.runtime_api().await;
            say(&started, &mut api, &heard).await;
            while api.try_call("GET", NEXT, &[], "").await.is_ok() {}
            Exit::Code(0)
        }
    });
    (program, heard)
}

/// Until so much was heard.
async fn until(heard: &Heard, lines: usize) {
    let look = async {
        while heard.borrow().len() < lines {
            tokio::task::yield_now().await;
        }
    };
    let bound = Duration::from_secs(10);
    let looked = tokio::time::timeout(bound, look).await;
    assert!(
        looked.is_ok(),
        "{lines} lines were to be heard, and in 10 s it was {:?}",
        heard.borrow()
    );
}

async fn next(api: &mut Client) -> String {
    let event = api.call("GET", NEXT, &[], "").await;
    event.header("lambda-runtime-aws-request-id").to_owned()
}

async fn post(api: &mut Client, heard: &Heard, path: &str, headers: &[(&str, &str)], body: &str) {
    let answer = api.call("POST", path, headers, body.to_owned()).await;
    heard.borrow_mut().push(line(&answer));
}

#[test]
fn what_is_taken_is_a_202_with_one_line_of_json() {
    let (program, heard) = by_hand(async |_, api, heard| {
        for what in ["response", "error"] {
            let id = next(api).await;
            post(api, heard, &at(&id, what), &[], "1").await;
        }
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &[], "1").await;
        client.call("POST", INVOKE, &[], "1").await;
        until(&heard, 2).await;
        assert_eq!(*heard.borrow(), [json(202, OK), json(202, OK)]);
    });
}

#[test]
fn that_a_runtime_cannot_start_is_a_202_too() {
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let program = program(move |process| {
        let address = process.environment["AWS_LAMBDA_RUNTIME_API"].clone();
        started.send(address).expect("the test waits");
        std::future::pending()
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        let calls = async {
            for _ in 0..2 {
                let mut api = Client::connect(&starts.recv().await.expect("it starts")).await;
                let answer = api.call("POST", INIT_ERROR, &[], "{\"a\": 1}").await;
                assert_eq!(line(&answer), json(202, OK));
            }
        };
        let (answer, ()) = tokio::join!(client.call("POST", INVOKE, &[], "1"), calls);
        assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
        assert_eq!(answer.text(), "{\"a\": 1}");
    });
}

#[test]
fn an_id_that_is_not_the_current_one_is_a_400_before_any_state_is_looked_at() {
    let (program, heard) = by_hand(async |_, api, heard| {
        for what in ["response", "error"] {
            post(api, heard, &at(OTHER_ID, what), &[], "0").await;
        }
        let first = next(api).await;
        post(api, heard, &at(OTHER_ID, "response"), &[], "0").await;
        post(api, heard, &at(OTHER_ID, "error"), &[], "0").await;
        api.call("POST", &at(&first, "response"), &[], "1").await;
        post(api, heard, &at(OTHER_ID, "response"), &[], "0").await;
        let second = next(api).await;
        post(api, heard, &at(&first, "response"), &[], "0").await;
        post(api, heard, &at(&first, "error"), &[], "0").await;
        api.call("POST", &at(&second, "response"), &[], "2").await;
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "1");
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "2");
        until(&heard, 7).await;
        assert_eq!(*heard.borrow(), vec![json(400, UNKNOWN_ID); 7]);
    });
}

#[test]
fn what_comes_at_the_wrong_time_is_a_403_that_names_both_states() {
    let (program, heard) = by_hand(async |_, api, heard| {
        for what in ["response", "error"] {
            let id = next(api).await;
            post(api, heard, INIT_ERROR, &[], "{}").await;
            api.call("POST", &at(&id, what), &[], "1").await;
            post(api, heard, &at(&id, "response"), &[], "2").await;
            post(api, heard, &at(&id, "error"), &[], "2").await;
            post(api, heard, INIT_ERROR, &[], "{}").await;
        }
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &[], "1").await;
        client.call("POST", INVOKE, &[], "1").await;
        until(&heard, 8).await;
        let once = [
            refusal("Running", "InitError"),
            refusal("RuntimeResponseSentState", "InvocationResponse"),
            refusal("RuntimeResponseSentState", "InvocationErrorResponse"),
            refusal("RuntimeResponseSentState", "InitError"),
        ];
        assert_eq!(*heard.borrow(), [&once[..], &once[..]].concat());
    });
}

/// Sends the head of an answer and the first of its two bytes.
async fn half(started: &Started, path: &str) -> TcpStream {
    let address = &started.environment["AWS_LAMBDA_RUNTIME_API"];
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 2\r\n\r\n1");
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
}

#[test]
fn while_an_answer_is_on_its_way_no_other_and_no_next_is_taken() {
    let (program, heard) = by_hand(async |started, api, heard| {
        for what in ["response", "error"] {
            let id = next(api).await;
            let mut stream = half(started, &at(&id, what)).await;
            // Until the head has come, the same event is given again.
            let refused = loop {
                let again = api.call("GET", NEXT, &[], "").await;
                if again.status != 200 {
                    break again;
                }
            };
            heard.borrow_mut().push(line(&refused));
            post(api, heard, &at(&id, "response"), &[], "22").await;
            post(api, heard, &at(&id, "error"), &[], "22").await;
            stream.write_all(b"1").await.expect("sent");
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.expect("an answer");
            assert_eq!(&answer, b"HTTP/1.1 202");
        }
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "11");
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "11");
        until(&heard, 6).await;
        let rows = ["InvocationResponse", "InvocationErrorResponse"].map(|from| {
            ["Ready", "InvocationResponse", "InvocationErrorResponse"].map(|to| refusal(from, to))
        });
        assert_eq!(*heard.borrow(), rows.concat());
    });
}

#[test]
fn who_waits_for_more_can_no_longer_fail_to_start() {
    let (program, heard) = by_hand(async |started, api, heard| {
        let id = next(api).await;
        api.call("POST", &at(&id, "response"), &[], "1").await;
        let mut other = started.runtime_api().await;
        let waiting = other.call("GET", NEXT, &[], "");
        let refused = async {
            loop {
                let refused = api.call("POST", INIT_ERROR, &[], "{}").await;
                if !refused.text().contains("from RuntimeResponseSentState") {
                    break refused;
                }
            }
        };
        tokio::select! {
            biased;
            _ = waiting => panic!("nobody calls"),
            refused = refused => heard.borrow_mut().push(line(&refused)),
        }
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &[], "1").await;
        until(&heard, 1).await;
        assert_eq!(*heard.borrow(), [refusal("Ready", "InitError")]);
    });
}

#[test]
fn too_large_an_answer_is_a_413_and_the_next_one_may_be_too() {
    let (program, heard) = by_hand(async |_, api, heard| {
        for _ in 0..2 {
            let id = next(api).await;
            post(api, heard, &at(&id, "response"), &[], &"1".repeat(6_291_557)).await;
        }
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        for start in ["cold", "warm"] {
            let answer = client.call("POST", INVOKE, &[], "1").await;
            assert_eq!((answer.status.as_u16(), answer.header("x-lunch-start")), (200, start));
            assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
            assert_eq!(
                answer.text(),
                r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}"#
            );
        }
        until(&heard, 2).await;
        let body = "{\"errorMessage\":\"Exceeded maximum allowed payload size (6291556 bytes).\",\"errorType\":\"RequestEntityTooLarge\"}\n";
        assert_eq!(*heard.borrow(), [json(413, body), json(413, body)]);
    });
}

#[test]
fn who_sends_half_an_answer_and_listens_hears_a_400() {
    let (program, heard) = by_hand(async |started, api, heard| {
        let id = next(api).await;
        let mut stream = half(started, &at(&id, "response")).await;
        stream.shutdown().await.expect("half closed");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("text");
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        heard.borrow_mut().push(format!("{} {body}", answer.get(9..12).unwrap_or("")));
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!(answer.json()["errorType"], "Runtime.TruncatedResponse");
        until(&heard, 1).await;
        let body = "{\"errorMessage\":\"HTTP request detected as truncated\",\"errorType\":\"TruncatedHTTPRequest\"}\n";
        assert_eq!(*heard.borrow(), [format!("400 {body}")]);
    });
}

#[test]
fn who_never_ends_an_answer_is_ended_by_its_functions_timeout() {
    let (program, _) = by_hand(async |started, api, _| {
        let id = next(api).await;
        let _stream = half(started, &at(&id, "response")).await;
        std::future::pending::<()>().await;
    });
    let function = ServedFunction { timeout: Duration::from_millis(50), ..coffee() };
    with_cloud(Config::new(vec![function]), program, |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!(answer.json()["errorType"], "Sandbox.Timedout");
    });
}

#[test]
fn another_invocations_id_is_a_400_and_its_own_or_none_is_taken() {
    let (program, heard) = by_hand(async |_, api, heard| {
        let other = [("lambda-runtime-invocation-id", OTHER_ID)];
        for what in ["response", "error"] {
            let event = api.call("GET", NEXT, &[], "").await;
            let id = event.header("lambda-runtime-aws-request-id").to_owned();
            let own = event.header("lambda-runtime-invocation-id").to_owned();
            assert_ne!(own, id);
            post(api, heard, &at(&id, what), &other, "0").await;
            post(api, heard, &at(&id, what), &[("lambda-runtime-invocation-id", &own)], "1").await;
        }
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &[], "1").await;
        client.call("POST", INVOKE, &[], "1").await;
        until(&heard, 4).await;
        let refused = json(
            400,
            "{\"errorMessage\":\"Invalid invocation ID\",\"errorType\":\"InvalidInvocationId\"}\n",
        );
        let rows = [refused, json(202, OK)];
        assert_eq!(*heard.borrow(), [&rows[..], &rows[..]].concat());
    });
}

#[test]
fn what_a_runtime_reports_is_its_callers_byte_for_byte() {
    const REPORT: &str = "{ \"stackTrace\": [],\n\"errorMessage\":\"off\", \"errorType\":\"Milk.Sour\", \"extra\":1}";
    let (program, _) = by_hand(async |_, api, heard| {
        let id = next(api).await;
        let named = [("lambda-runtime-function-error-type", "Runtime.NoSuchHandler")];
        post(api, heard, &at(&id, "error"), &named, REPORT).await;
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, REPORT));
        assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
    });
}

#[test]
fn a_response_mode_that_is_not_streaming_is_a_400_and_an_empty_error() {
    let (program, heard) = by_hand(async |_, api, heard| {
        let id = next(api).await;
        let mode = [("lambda-runtime-function-response-mode", "buffered")];
        post(api, heard, &at(&id, "response"), &mode, "\"never seen\"").await;
        let id = next(api).await;
        let mode = [("lambda-runtime-function-response-mode", "streaming")];
        post(api, heard, &at(&id, "response"), &mode, "\"seen\"").await;
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!((answer.header("x-amz-function-error"), answer.text()), ("Unhandled", ""));
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "\"seen\"");
        until(&heard, 2).await;
        let body = "{\"errorMessage\":\"Invalid function response mode\",\"errorType\":\"InvalidFunctionResponseMode\"}\n";
        assert_eq!(*heard.borrow(), [json(400, body), json(202, OK)]);
    });
}

#[test]
fn of_an_error_with_its_cause_the_caller_gets_what_is_his() {
    let (program, heard) = by_hand(async |_, api, heard| {
        let with_cause = [("content-type", "application/vnd.aws.lambda.error.cause+json")];
        for body in [
            r#"{"errorCause": {"exceptions": []}, "stackTrace": ["a", "b"], "errorType": "T", "errorMessage": "m <&>"}"#,
            r#"{"errorCause": 1}"#,
            r#"{"errorMessage": 1}"#,
            "no JSON",
        ] {
            let id = next(api).await;
            post(api, heard, &at(&id, "error"), &with_cause, body).await;
        }
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        for text in [
            r#"{"errorMessage":"m \u003c\u0026\u003e","errorType":"T","stackTrace":["a","b"]}"#,
            r#"{"errorMessage":"","errorType":""}"#,
            r#""Invalid error body""#,
            r#""Invalid error body""#,
        ] {
            let answer = client.call("POST", INVOKE, &[], "1").await;
            assert_eq!((answer.header("x-amz-function-error"), answer.text()), ("Unhandled", text));
        }
        until(&heard, 4).await;
        assert_eq!(*heard.borrow(), vec![json(202, OK); 4], "the runtime is not told");
    });
}
