//! What is logged of an INIT and of a process that ends. Facts 1.4, 4.1, 4.2.

use lunch_contract::Exit;
use lunch_host::wire::{LogKind, LogLine};
use lunch_host::{Config, Level, LogFormat};

use crate::street::{Client, coffee, echo, program, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";

/// What AWS logged, without ids and figures, as soon as that is among it.
async fn told(client: &mut Client, awaited: &str) -> Vec<String> {
    let bound = std::time::Duration::from_secs(10);
    let look = async {
        loop {
            let logs = client.call("GET", "/_lunch/logs", &[], "").await;
            let lines = logs.text().lines().map(|line| serde_json::from_str(line).expect("ours"));
            let lines = lines.filter(|line: &LogLine| line.kind == LogKind::Platform);
            let lines: Vec<String> = lines.map(|line| line.text).collect();
            if lines.iter().any(|line| line.contains(awaited)) {
                return lines;
            }
        }
    };
    tokio::time::timeout(bound, look).await.unwrap_or_else(|_| panic!("no {awaited} in 10 s"))
}

#[test]
fn the_error_that_a_runtime_names_stands_in_the_report_of_its_init() {
    let program = program(|started| async move {
        let mut api = started.runtime_api().await;
        let said = [("lambda-runtime-function-error-type", "Runtime.NoBeans")];
        api.call("POST", "/2018-06-01/runtime/init/error", &said, "{}").await;
        Exit::Code(1)
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &[], "1").await;
        let lines = told(&mut client, "REPORT RequestId").await;
        let ends = "Status: error\tError Type: Runtime.NoBeans";
        for phase in ["Phase: init\t", "Phase: invoke\t"] {
            let line = lines.iter().find(|line| line.contains(phase)).expect(phase);
            assert!(line.starts_with("INIT_REPORT") && line.ends_with(ends), "{line}");
        }
    });
}

#[test]
fn who_answers_and_ends_is_reported_as_one_who_has_ended() {
    let program = program(|started| async move {
        let mut api = started.runtime_api().await;
        let event = api.call("GET", NEXT, &[], "").await;
        let id = event.header("lambda-runtime-aws-request-id").to_owned();
        let path = format!("/2018-06-01/runtime/invocation/{id}/response");
        api.call("POST", &path, &[], "1").await;
        Exit::Code(0)
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "1");
        let lines = told(&mut client, "REPORT").await;
        let report = lines.last().expect("a report");
        assert!(report.ends_with("Status: error\tError Type: Runtime.ExitError"), "{report}");
    });
}

#[test]
fn who_logs_json_and_wants_to_know_it_all_is_told_of_each_init() {
    let mut function = coffee();
    function.logging.format = LogFormat::Json;
    function.logging.system_level = Level::Debug;
    with_cloud(Config::new(vec![function]), echo(), |mut client, _| async move {
        for _ in 0..2 {
            client.call("POST", INVOKE, &[], "1").await;
        }
        let tail = client.call("POST", INVOKE, &[("x-amz-log-type", "Tail")], "1").await;
        assert!(!tail.header("x-amz-log-result").is_empty());
        let lines = told(&mut client, "platform.report").await;
        let kinds: Vec<String> = lines
            .iter()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
            .map(|line| line["type"].as_str().expect("a text").to_owned())
            .collect();
        let served = ["platform.start", "platform.runtimeDone", "platform.report"];
        let init = ["platform.initStart", "platform.initRuntimeDone", "platform.initReport"];
        assert_eq!(kinds, [init, served, served, served].concat());
    });
}
