//! Journals: the host's own replays to the same decisions, and another one is refused.

use std::fs;
use std::path::PathBuf;

use lunch_tests::Folder;
use nix::sys::signal::Signal;
use serde_json::json;

use super::{SCRIPTED, lunch_command, run, scripted};

/// The journal of a small crowd, complete.
fn journal(folder: &Folder) -> PathBuf {
    let path = folder.path().join("journal.jsonl");
    let cloud = scripted().argument("--journal").argument(&path).start();
    cloud.invoke_all(SCRIPTED, vec![json!({"do": [{"sleep_ms": 20}]}); 3]);
    cloud.invoke(SCRIPTED, json!({"do": [{"exit": 1}]}));
    cloud.invoke(SCRIPTED, json!({})).expect_ok();
    let ended = cloud.end(Signal::SIGINT);
    assert!(ended.status.success(), "{}", ended.said);
    path
}

#[test]
fn a_hosts_journal_replays_to_the_same_decisions() {
    let folder = Folder::make();
    let path = journal(&folder);
    let (code, _, said) = run(lunch_command("replay").arg(path), folder.path());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.trim_end().ends_with("decisions identical"), "{said}");
}

#[test]
fn a_journal_that_is_cut_off_is_replayed_up_to_there_and_said_to_be_cut_off() {
    let folder = Folder::make();
    let path = journal(&folder);
    let whole = fs::read(&path).unwrap();
    let cut = folder.write("cut.jsonl", &whole[..whole.len() - 10]);
    let (code, drawn, said) = run(lunch_command("replay").arg(cut), folder.path());
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("`[folder]/cut.jsonl` was not replayed to its end"), "{said}");
    assert!(said.contains("cut off"), "{said}");
    assert!(drawn.contains("i-0000"), "what came before is shown: {drawn}");
}

#[test]
fn a_journal_of_another_version_is_refused() {
    let folder = Folder::make();
    let text = fs::read_to_string(journal(&folder)).unwrap();
    let text = text.replacen(r#""lunch_journal":3"#, r#""lunch_journal":99"#, 1);
    let path = folder.write("other.jsonl", text);
    let (code, _, said) = run(lunch_command("replay").arg(path), folder.path());
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("99"), "{said}");
}

#[test]
fn what_is_no_journal_is_refused() {
    let folder = Folder::make();
    let path = folder.write("orders.jsonl", "{\"at\": 1}\n");
    let (code, _, said) = run(lunch_command("replay").arg(path), folder.path());
    assert_eq!(code, Some(3), "{said}");
}
