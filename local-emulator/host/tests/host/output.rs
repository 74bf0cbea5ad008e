//! What a process writes, however it writes it: nothing of it can hold up an answer. Facts 1.7, 4.1.

use std::io::Write as _;

use lunch_contract::Exit;
use lunch_host::Config;
use lunch_host::wire::{LOGS_WHOLE_FROM, LogKind, LogLine};

use crate::street::{Answer, Client, Program, coffee, program, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";

/// Answers every event, and writes that at each, in a thread of its own, as a process is.
fn writing(bytes: &'static [u8]) -> Program {
    program(move |started| async move {
        let mut api = started.runtime_api().await;
        while let Ok(event) = api.try_call("GET", NEXT, &[], "").await {
            let mut output = started.output.try_clone().expect("a descriptor more");
            let written = tokio::task::spawn_blocking(move || output.write_all(bytes));
            written.await.expect("it ends").expect("somebody reads");
            let id = event.header("lambda-runtime-aws-request-id").to_owned();
            let path = format!("/2018-06-01/runtime/invocation/{id}/response");
            api.call("POST", &path, &[], "1").await;
        }
        Exit::Code(0)
    })
}

/// What the function itself logged.
async fn logged(client: &mut Client) -> Vec<String> {
    let logs = client.call("GET", "/_lunch/logs", &[], "").await;
    let lines = logs.text().lines().map(|line| serde_json::from_str(line).expect("our own type"));
    let own = lines.filter(|line: &LogLine| line.kind == LogKind::Function);
    own.map(|line| line.text).collect()
}

#[test]
fn who_closes_his_output_is_answered_all_the_same() {
    let program = program(|mut started| async move {
        let mut api = started.runtime_api().await;
        drop(std::mem::replace(&mut started.output, std::fs::File::open("/dev/null").expect("")));
        while let Ok(event) = api.try_call("GET", NEXT, &[], "").await {
            let id = event.header("lambda-runtime-aws-request-id").to_owned();
            let path = format!("/2018-06-01/runtime/invocation/{id}/response");
            api.call("POST", &path, &[], "1").await;
        }
        Exit::Code(0)
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        for start in ["cold", "warm", "warm"] {
            let answer = client.call("POST", INVOKE, &[("x-amz-log-type", "Tail")], "1").await;
            assert_eq!((answer.text(), answer.header("x-lunch-start")), ("1", start));
        }
    });
}

#[test]
fn what_is_no_text_is_shown_where_it_was_written() {
    const BYTES: &[u8] = b"\x00\x1b[31m\xff\xfe\r\nplain\n\n";
    with_cloud(Config::new(vec![coffee()]), writing(BYTES), |mut client, _| async move {
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "1");
        let answer = client.call("POST", INVOKE, &[("x-amz-log-type", "Tail")], "1").await;
        assert_eq!((answer.text(), answer.header("x-lunch-start")), ("1", "warm"));
        let lines = logged(&mut client).await;
        assert_eq!(lines, ["\0\u{1b}[31m\u{fffd}\u{fffd}", "plain", ""].repeat(2));
    });
}

#[test]
fn who_floods_his_output_is_read_to_the_end() {
    const LINES: usize = 5_000;
    let flood = "grinding and grinding and grinding\n".repeat(LINES).leak().as_bytes();
    with_cloud(Config::new(vec![coffee()]), writing(flood), |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[("x-amz-log-type", "Tail")], "1").await;
        assert_eq!(answer.text(), "1");
        assert_eq!(logged(&mut client).await.len(), LINES);
        let answer = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!((answer.text(), answer.header("x-lunch-start")), ("1", "warm"));
    });
}

#[test]
fn who_is_flooded_out_of_the_log_is_told_from_where_on_it_is_whole() {
    fn whole_from(answer: &Answer) -> u64 {
        answer.header(LOGS_WHOLE_FROM).parse().expect("a number")
    }
    // More than the 16 MiB that are kept.
    let flood = format!("{}\n", "x".repeat(1023)).repeat(17 * 1024).leak().as_bytes();
    with_cloud(Config::new(vec![coffee()]), writing(flood), |mut client, _| async move {
        let answer = client.call("GET", "/_lunch/logs", &[], "").await;
        assert_eq!((answer.text(), whole_from(&answer)), ("", 0));
        let answer = client.call("POST", INVOKE, &[("x-amz-log-type", "Tail")], "1").await;
        assert_eq!(answer.text(), "1");
        let answer = client.call("GET", "/_lunch/logs", &[], "").await;
        let first = answer.text().lines().next().expect("a line");
        let first: LogLine = serde_json::from_str(first).expect("our own type");
        assert!(first.number > 0);
        assert_eq!(whole_from(&answer), first.number);
    });
}

#[test]
fn a_function_with_a_group_of_its_own_is_told_of_that() {
    let told = program(|started| async move {
        let mut api = started.runtime_api().await;
        let event = api.call("GET", NEXT, &[], "").await;
        let id = event.header("lambda-runtime-aws-request-id");
        let path = format!("/2018-06-01/runtime/invocation/{id}/response");
        let told = serde_json::to_vec(&started.environment).expect("texts");
        api.call("POST", &path, &[], told).await;
        Exit::Code(0)
    });
    let function = lunch_host::ServedFunction { log_group: Some("/street".into()), ..coffee() };
    with_cloud(Config::new(vec![function]), told, |mut client, _| async move {
        let environment = client.call("POST", INVOKE, &[], "1").await.json();
        assert_eq!(environment["AWS_LAMBDA_LOG_GROUP_NAME"], "/street");
        let stream = environment["AWS_LAMBDA_LOG_STREAM_NAME"].as_str().unwrap_or_default();
        assert!(stream.contains("/coffee[$LATEST]["), "{stream}");
    });
}
