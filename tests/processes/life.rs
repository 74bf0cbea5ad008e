//! What an instance lives through that no other file here has. Facts 3 and 4.

use lunch_host::wire::LogKind;
use lunch_tests::{Cloud, wait_until};
use serde_json::json;

use super::{SCRIPTED, scripted, scripted_cloud};

#[test]
fn an_initialisation_that_exits_well_has_no_reason_either() {
    let cloud = scripted().env("SCRIPTED_INIT", r#"[{"exit": 0}]"#).start();
    let failed = cloud.invoke(SCRIPTED, json!({}));
    failed.expect_function_error("Runtime.ExitError");
    let message = format!(
        "RequestId: {} Error: Runtime exited without providing a reason",
        failed.request_id()
    );
    assert_eq!(failed.json()["errorMessage"], message);
}

#[test]
fn a_process_that_can_allocate_no_more_ends_by_its_own_hand() {
    // More than an address can name.
    const MIB: u64 = 1 << 30;
    let cloud = scripted_cloud();
    let ended = cloud.invoke(SCRIPTED, json!({"do": [{"allocate_mib": MIB}]}));
    ended.expect_function_error("Runtime.ExitError");
    assert!(ended.text().ends_with("signal: aborted\"}"), "{}", ended.text());
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_reinitialized().expect_reused(&ended);
}

/// The REPORT lines, when there are so many.
fn reports(cloud: &Cloud, count: usize) -> Vec<String> {
    wait_until("all is reported", || {
        let lines = cloud.whole_log().into_iter().filter(|line| line.kind == LogKind::Platform);
        let texts = lines.map(|line| line.text).filter(|text| text.starts_with("REPORT"));
        let reports: Vec<_> = texts.collect();
        if reports.len() == count { Ok(reports) } else { Err(format!("{reports:?}")) }
    })
}

/// The milliseconds that a REPORT has under that name.
fn ms(report: &str, name: &str) -> Option<f64> {
    let field = report.split('\t').find_map(|field| field.strip_prefix(name))?;
    field.trim_start_matches(": ").strip_suffix(" ms")?.parse().ok()
}

/// Rounded up, from figures with two decimals.
fn is_billed(report: &str, ms_exact: f64) {
    let billed = ms(report, "Billed Duration").expect("it is billed");
    let is_right = billed >= ms_exact - 0.011 && billed < ms_exact + 1.011;
    assert!(is_right && billed.fract() == 0.0, "{ms_exact} ms: {report}");
}

#[test]
fn an_init_is_billed_with_its_invocation_and_one_inside_it_is_its_duration() {
    let cloud = scripted().env("SCRIPTED_INIT", r#"[{"sleep_ms": 40}]"#).start();
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_cold();
    cloud.invoke(SCRIPTED, json!({"do": [{"exit": 1}]}));
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_reinitialized();
    let reports = reports(&cloud, 3);
    let init = ms(&reports[0], "Init Duration").expect("a cold start has one");
    let duration = |report: &str| ms(report, "Duration").expect("every report has one");
    assert!(init >= 40.0, "{}", reports[0]);
    is_billed(&reports[0], duration(&reports[0]) + init);
    assert_eq!(ms(&reports[2], "Init Duration"), None, "{}", reports[2]);
    assert!(duration(&reports[2]) >= 40.0, "the second INIT is part of it: {}", reports[2]);
    is_billed(&reports[2], duration(&reports[2]));
}

#[test]
fn both_streams_are_the_functions_log_line_by_line() {
    let cloud = scripted_cloud();
    let script = json!({"do": [{"print": "one\ntwo"}, {"print_err": "three"}]});
    cloud.invoke(SCRIPTED, script).expect_ok();
    let lines = wait_until("all is written", || match cloud.logs() {
        lines if lines.len() == 3 => Ok(lines),
        lines => Err(format!("{lines:?}")),
    });
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
}

#[test]
fn a_log_stream_is_the_instances_through_resets() {
    let cloud = scripted_cloud();
    cloud.invoke(SCRIPTED, json!({"do": [{"print": "before"}, {"exit": 1}]}));
    cloud.invoke(SCRIPTED, json!({"do": [{"print": "after"}]})).expect_ok().expect_reinitialized();
    let lines = cloud.logs();
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["before", "after"]);
    assert_eq!(lines[0].stream, lines[1].stream);
}
