//! What a function writes, and whose it is.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use lunch_cloud::{Phase, Record};
use lunch_host::wire::{Happened, LogKind, Note};
use lunch_tests::{Cloud, Folder, lunch, program, wait_until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{SCRIPTED, SECOND, scripted, scripted_cloud};

#[test]
fn what_was_written_before_a_request_belongs_to_the_one_before() {
    // However busy the computer is, the instance that is about to ask for more is waited for.
    let gap_wait = Duration::from_secs(60);
    let settings = lunch_cloud::Settings { gap_wait, ..Default::default() };
    let cloud = scripted().settings(settings).start();
    let mut expected = Vec::new();
    for number in 0..50 {
        let (brewed, rinsed) = (format!("brewed {number}"), format!("rinsed {number}"));
        // Written when the answer is out, before more is asked for; the next caller waits already.
        let cup = json!({"do": [{"print": brewed}], "before_next": [{"print": rinsed}]});
        let call = cloud.invoke(SCRIPTED, cup);
        let request = call.expect_ok().request_id().to_owned();
        expected.push((brewed, Some(request.clone())));
        expected.push((rinsed, Some(request)));
    }
    let said = || cloud.logs().into_iter().map(|line| (line.text, line.request_id));
    let said = wait_until("all is written", || {
        let said: Vec<_> = said().collect();
        if said.len() == expected.len() { Ok(said) } else { Err(format!("{} lines", said.len())) }
    });
    assert_eq!(said, expected);
}

/// What AWS says in the function's log, with the numbers that differ from run to run left out.
fn platform_lines(cloud: &Cloud) -> Vec<String> {
    let lines = cloud.whole_log().into_iter().filter(|line| line.kind == LogKind::Platform);
    lines.map(|line| shape(&line.text, line.request_id.as_deref())).collect()
}

/// A line with `ID` for the request and `N` for every number but the memory's size.
fn shape(text: &str, request_id: Option<&str>) -> String {
    let text = request_id.map_or_else(|| text.to_owned(), |id| text.replace(id, "ID"));
    let mut shape = String::new();
    for word in text.split_inclusive(['\t', ' ']) {
        let number = word.trim_end();
        if number.parse::<f64>().is_ok() && number != "128" {
            shape.push('N');
            shape.push_str(&word[number.len()..]);
        } else {
            shape.push_str(word);
        }
    }
    shape
}

const START: &str = "START RequestId: ID Version: $LATEST";
const END: &str = "END RequestId: ID";
const REPORT: &str = "REPORT RequestId: ID\tDuration: N ms\tBilled Duration: N ms\t\
                      Memory Size: 128 MB\tMax Memory Used: N MB\t";

fn report(more: &str) -> String {
    format!("{REPORT}{more}")
}

#[test]
fn a_log_has_start_end_and_report_with_the_init_at_the_cold_start_only() {
    let cloud = scripted_cloud();
    for _ in 0..2 {
        cloud.invoke(SCRIPTED, json!({"do": [{"print": "brewing"}]})).expect_ok();
    }
    wait_until("both have ended", || match platform_lines(&cloud).len() {
        6 => Ok(()),
        count => Err(format!("{count} lines")),
    });
    let first = report("Init Duration: N ms\t");
    assert_eq!(platform_lines(&cloud), [START, END, &first, START, END, REPORT]);
    let texts: Vec<_> = cloud.whole_log().into_iter().map(|line| line.text).collect();
    assert_eq!(texts[1], "brewing", "between START and END: {texts:#?}");
    assert_eq!(texts[5], "brewing", "between START and END: {texts:#?}");
}

#[test]
fn a_report_says_how_an_invocation_ended() {
    let cloud = scripted().timeout(SECOND).start();
    cloud.invoke(SCRIPTED, json!({"do": [{"print": "adding marshmallows"}, {"sleep_ms": 60_000}]}));
    cloud.invoke(SCRIPTED, json!({"do": [{"exit": 3}]}));
    cloud.invoke(SCRIPTED, json!({"do": [{"fail": "no beans"}]}));
    wait_until("all have ended", || match platform_lines(&cloud).len() {
        9 => Ok(()),
        count => Err(format!("{count} lines")),
    });
    let timed_out = report("Init Duration: N ms\tStatus: timeout");
    let exited = report("Status: error\tError Type: Runtime.ExitError");
    assert_eq!(
        platform_lines(&cloud),
        [START, END, &timed_out, START, END, &exited, START, END, REPORT]
    );
    let texts: Vec<_> = cloud.whole_log().into_iter().map(|line| line.text).collect();
    assert_eq!(texts[1], "adding marshmallows", "what was written up to the end: {texts:#?}");
}

#[test]
fn a_failed_init_has_a_report_of_its_own_and_another_inside_the_invocation() {
    let cloud = scripted().env("SCRIPTED_INIT", r#"[{"exit": 1}]"#).start();
    cloud.invoke(SCRIPTED, json!({}));
    let init = |phase| {
        format!(
            "INIT_REPORT Init Duration: N ms\tPhase: {phase}\tStatus: error\tError Type: Runtime.ExitError"
        )
    };
    let ended = report("Status: error\tError Type: Runtime.ExitError");
    assert_eq!(platform_lines(&cloud), [&init("init"), START, &init("invoke"), END, &ended]);
}

/// A cloud whose function logs in JSON, and the folder that it is in.
fn in_json() -> (Folder, Cloud) {
    let template = Folder::make();
    template.place("code/bootstrap", &program("scripted"));
    template.write(
        "template.yaml",
        "Transform: AWS::Serverless-2016-10-31\n\
         Resources:\n  Scripted:\n    Type: AWS::Serverless::Function\n    Metadata: {SkipBuild: true}\n    \
         Properties:\n      FunctionName: scripted\n      Runtime: provided.al2023\n      Handler: bootstrap\n      \
         CodeUri: code\n      LoggingConfig: {LogFormat: JSON, SystemLogLevel: DEBUG, ApplicationLogLevel: WARN}\n",
    );
    let cloud = Cloud::builder().template(template.path().join("template.yaml")).start();
    (template, cloud)
}

#[test]
fn in_json_a_functions_own_lines_are_left_as_they_are_and_those_below_its_level_out() {
    const KEPT: [&str; 2] = [
        r#"{ "level":"WARN","message":"its own", "timestamp": "2024-11-02T16:51:31.587199Z" }"#,
        r#"{"time": "2024-11-02T16:51:31Z", "level": "error"}"#,
    ];
    let (_folder, cloud) = in_json();
    let without_a_time = r#"{"level": "ERROR"}"#;
    let info = r#"{"level": "INFO", "timestamp": "2024-11-02T16:51:31Z"}"#;
    let print = ["plain words", KEPT[0], without_a_time, info, KEPT[1]];
    let print = print.map(|line| json!({"print": line}));
    cloud.invoke(SCRIPTED, json!({"do": print})).expect_ok();
    let texts = || cloud.logs().into_iter().map(|line| line.text).collect::<Vec<_>>();
    let texts = wait_until("both are there", || match texts() {
        texts if texts.len() >= 2 => Ok(texts),
        texts => Err(format!("{texts:?}")),
    });
    assert_eq!(texts, KEPT);
}

#[test]
fn in_json_every_line_of_awss_is_an_object() {
    let (_folder, cloud) = in_json();
    let told = cloud.invoke(
        SCRIPTED,
        json!({"do": [{"env": ["AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL"]}]}),
    );
    told.expect_ok();
    let seen = &told.json()["seen"];
    assert!(seen.to_string().contains("JSON") && seen.to_string().contains("WARN"), "{seen}");
    let kinds = || -> Vec<_> {
        let lines = cloud.whole_log().into_iter().filter(|line| line.kind == LogKind::Platform);
        let objects = lines.map(|line| serde_json::from_str::<Value>(&line.text).expect("JSON"));
        objects.map(|object| object["type"].as_str().expect("a text").to_owned()).collect()
    };
    let kinds = wait_until("it has ended", || match kinds() {
        kinds if kinds.len() == 6 => Ok(kinds),
        kinds => Err(format!("{kinds:?}")),
    });
    let init = ["platform.initStart", "platform.initRuntimeDone", "platform.initReport"];
    let served = ["platform.start", "platform.runtimeDone", "platform.report"];
    assert_eq!(kinds, [init, served].concat());
}

#[test]
fn memory_is_measured_over_the_instances_life_and_too_much_of_it_is_told_once() {
    let cloud = scripted_cloud();
    for _ in 0..2 {
        cloud.invoke(SCRIPTED, json!({"do": [{"allocate_mib": 160}]})).expect_ok();
    }
    cloud.invoke(SCRIPTED, json!({"do": [{"exit": 0}]}));
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_reinitialized();
    let ps = cloud.ps();
    let memory_mb = ps.instances[0].memory_mb;
    assert!((320..400).contains(&memory_mb), "{memory_mb} MB are left of the process before");
    let told = cloud.timeline().into_iter().filter(|line| {
        matches!(line.happened, Happened::Note(Note::MemoryExceeded { memory_mb: 128, .. }))
    });
    assert_eq!(told.count(), 1);
}

#[test]
fn memory_is_measured_of_a_process_that_ends_before_anybody_looks() {
    let cloud = scripted_cloud();
    let all_in_one = json!({"do": [{"allocate_mib": 160}, {"exit": 1}]});
    cloud.invoke(SCRIPTED, all_in_one).expect_function_error("Runtime.ExitError");
    let memory_mb = cloud.ps().instances[0].memory_mb;
    assert!((160..200).contains(&memory_mb), "{memory_mb} MB");
    let over = |line: &Happened| {
        matches!(line, Happened::Note(Note::MemoryExceeded { memory_mb: 128, .. }))
    };
    assert!(cloud.timeline().iter().any(|line| over(&line.happened)));
}

#[test]
fn what_an_instance_logged_outlives_it() {
    let cloud = scripted_cloud();
    cloud.invoke(SCRIPTED, json!({"do": [{"print": "brewing"}]})).expect_ok();
    cloud.evict(SCRIPTED);
    cloud.invoke(SCRIPTED, json!({"do": [{"print": "grinding"}]})).expect_ok().expect_cold();
    wait_until("the first has gone", || match cloud.ps().instances.len() {
        1 => Ok(()),
        count => Err(format!("{count} live")),
    });
    let lines = cloud.logs();
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["brewing", "grinding"]);
    assert_ne!(lines[0].stream, lines[1].stream, "each has a stream of its own");
}

#[test]
fn who_follows_sees_lines_as_they_come_and_ends_with_the_cloud() {
    let cloud = scripted_cloud();
    let mut follower = Command::new(lunch())
        .args(["logs", SCRIPTED, "--follow", "--port", &cloud.port().to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it is a program");
    let mut lines = BufReader::new(follower.stdout.take().expect("it is piped")).lines();
    for text in ["brewing", "grinding"] {
        cloud.invoke(SCRIPTED, json!({"do": [{"print": text}]})).expect_ok();
        let all_of_it = ["* START ", text, "* END ", "* REPORT "];
        for wanted in all_of_it {
            let line = lines.next().expect("there is more").expect("it is text");
            assert!(line.contains(wanted), "{wanted}: {line}");
        }
    }
    cloud.end(Signal::SIGINT);
    let ended = follower.wait_with_output().expect("it is a child");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && said.contains("the cloud has ended"), "{said}");
}

#[test]
fn memory_that_short_invocations_took_is_seen_in_the_next_pause() {
    let cloud = scripted_cloud();
    // The first is measured in any case.
    cloud.invoke(SCRIPTED, json!({})).expect_ok();
    let before =
        wait_until("it has ended", || reports(&cloud).first().copied().ok_or_else(String::new));
    for _ in 0..40 {
        cloud.invoke(SCRIPTED, json!({"do": [{"allocate_mib": 1}]})).expect_ok();
    }
    // To look at the instance would be to measure it.
    wait_until("it is frozen", || {
        let phase = cloud.timeline().into_iter().rev().find_map(|line| match line.happened {
            Happened::Record(Record::Phase { to, .. }) => Some(to),
            Happened::Record(_) | Happened::Note(_) => None,
        });
        if phase == Some(Phase::Frozen) { Ok(()) } else { Err(format!("{phase:?}")) }
    });
    cloud.invoke(SCRIPTED, json!({})).expect_ok();
    let report = wait_until("it has ended", || {
        let reports: Vec<_> = reports(&cloud);
        if reports.len() == 42 { Ok(reports[41]) } else { Err(format!("{reports:?}")) }
    });
    assert!(report >= before + 40, "{before} MB before, {report} MB after 40 MB more");
}

/// `Max Memory Used` of each REPORT.
fn reports(cloud: &Cloud) -> Vec<u32> {
    let lines = cloud.whole_log().into_iter();
    let used = lines.filter_map(|line| {
        let (_, used) = line.text.split_once("Max Memory Used: ")?;
        used.split(' ').next()?.parse().ok()
    });
    used.collect()
}
