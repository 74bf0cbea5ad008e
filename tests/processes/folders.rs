//! The folders that a function finds: its code, and a `/tmp` that is its instance's.

use lunch_host::wire::{Happened, Note};
use lunch_tests::{Cloud, Invocation, wait_until};
use serde_json::{Value, json};

use super::{SCRIPTED, SECOND, scripted, scripted_cloud};

/// How an instance is kept apart; known a moment after its process has started.
fn isolation(cloud: &Cloud) -> String {
    wait_until("an instance is known to run", || {
        let isolation = cloud.ps().instances.into_iter().find_map(|instance| instance.isolation);
        isolation.ok_or_else(|| "none is".to_owned())
    })
}

/// Whether this machine grants an instance folders of its own. Where it does not, that is said.
fn is_apart(cloud: &Cloud) -> bool {
    let isolation = isolation(cloud);
    let timeline = cloud.timeline();
    let is_said = timeline
        .iter()
        .any(|line| matches!(&line.happened, Happened::Note(Note::LessApart { why }) if why.contains("/tmp")));
    let is_apart = !isolation.contains("/tmp") && isolation != "process group";
    assert_eq!(is_said, !is_apart, "{isolation}");
    is_apart
}

fn tmp(answer: &Invocation) -> Value {
    answer.expect_ok().json()["seen"]["tmp"]["beans"].clone()
}

#[test]
fn an_instances_tmp_outlives_its_process_and_is_nobody_elses() {
    let cloud = scripted().timeout(SECOND).function("other", lunch_tests::program("scripted"));
    let cloud = cloud.start();
    let write = json!({"do": [{"write_tmp": {"name": "beans", "bytes": 12}}, {"env": ["TMPDIR"]}]});
    let written = cloud.invoke(SCRIPTED, write).expect_ok().json();
    let read = json!({"do": [{"read_tmp": "beans"}]});
    for end in [json!({"exit": 1}), json!({"signal": 9}), json!({"sleep_ms": 5_000})] {
        let ended = cloud.invoke(SCRIPTED, json!({"do": [end]}));
        assert_eq!(ended.header("x-amz-function-error"), Some("Unhandled"), "{}", ended.text());
        let again = cloud.invoke(SCRIPTED, &read);
        assert_eq!(tmp(&again), 12, "the next process of the same instance");
        again.expect_reused(&ended);
    }
    assert!(tmp(&cloud.invoke("other", &read)).is_null(), "another instance");
    cloud.evict(SCRIPTED);
    assert!(tmp(&cloud.invoke(SCRIPTED, &read)).is_null(), "an instance after it");
    assert!(!std::path::Path::new("/tmp/beans").exists(), "it is not the machine's");
    if let Some(folder) = written["seen"]["env"]["TMPDIR"].as_str() {
        assert!(!std::path::Path::new(folder).exists(), "`{folder}` is left behind");
    }
}

#[test]
fn a_functions_code_is_at_var_task_and_read_only() {
    let cloud = scripted_cloud();
    let list = json!({"do": [{"list": "/var/task"}, "cwd"]});
    let seen = cloud.invoke(SCRIPTED, json!({"do": ["cwd"]})).expect_ok().json();
    if !is_apart(&cloud) {
        return;
    }
    assert_eq!(seen["seen"]["cwd"], "/var/task");
    let listed = cloud.invoke(SCRIPTED, list).expect_ok().json();
    assert_eq!(listed["seen"]["list"]["/var/task"], json!(["bootstrap"]));
    let write = json!({"write_tmp": {"name": "../var/task/oops", "bytes": 1}});
    let refused = cloud.invoke(SCRIPTED, json!({"do": [write]}));
    assert!(refused.text().contains("Read-only file system"), "{}", refused.text());
    assert!(!cloud.code().join("oops").exists());
}

#[test]
fn a_tmp_is_of_the_size_that_the_template_says() {
    let other = lunch_tests::program("scripted");
    let cloud = scripted().function("large", other).storage_mb(1_024).start();
    for (function, kb) in [(SCRIPTED, 524_288), ("large", 1_048_576)] {
        cloud.invoke(function, json!({})).expect_ok();
        if !is_apart(&cloud) {
            return;
        }
        let pid = wait_until("its process is known", || {
            let mut instances = cloud.ps().instances.into_iter();
            let instance = instances.find(|instance| instance.function == function);
            instance.and_then(|instance| instance.pid).ok_or_else(|| "it is not".to_owned())
        });
        let mounts = std::fs::read_to_string(format!("/proc/{pid}/mounts")).unwrap();
        let tmp = mounts.lines().find(|line| line.contains(" /tmp tmpfs ")).unwrap();
        let size = format!("size={kb}k");
        assert!(tmp.split([' ', ',']).any(|option| option == size), "{tmp}");
    }
}

/// Its folder would end at /var/task, and the program is not in it.
#[test]
fn a_program_that_is_a_link_out_of_its_folder_runs_where_it_is_and_that_is_said() {
    let cloud = scripted_cloud();
    let program = cloud.code().join("bootstrap");
    let elsewhere = cloud.folder().join("elsewhere");
    std::fs::rename(&program, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &program).unwrap();
    let answer = cloud.invoke(SCRIPTED, json!({"do": [{"env": ["LAMBDA_TASK_ROOT", "TMPDIR"]}]}));
    let environment = answer.expect_ok().json()["seen"]["env"].clone();
    let folder = program.parent().unwrap().to_str().unwrap();
    assert_eq!(environment["LAMBDA_TASK_ROOT"], folder);
    assert!(environment["TMPDIR"].is_string());
    let isolation = isolation(&cloud);
    assert!(isolation.contains("/tmp") || isolation == "process group", "{isolation}");
    if isolation != "process group" {
        cloud.wait_for("it is said", |line| {
            matches!(&line.happened, Happened::Note(Note::InPlace { .. } | Note::LessApart { .. }))
        });
    }
}
