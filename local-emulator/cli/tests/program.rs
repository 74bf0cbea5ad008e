//! The program as a shell starts it: what it says, where, and with which status. No cloud is needed here.

#[path = "../src/virtual_lunch.rs"]
mod virtual_lunch;

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;
use std::{env, fs, process};

use insta::assert_snapshot;
use virtual_lunch::Fate;

fn lunch(words: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lunch"));
    program.env_remove("COLUMNS").args(words).output().expect("it was built for this test")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("plain text")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("plain text")
}

fn status(output: &Output) -> Option<i32> {
    output.status.code()
}

/// A file with a name of its own, for as long as this lives.
struct Written(PathBuf);

impl Written {
    fn new(name: &str, text: &str) -> Self {
        let path = env::temp_dir().join(format!("lunch-program-{}-{name}", process::id()));
        fs::write(&path, text).expect("the folder for temporary files can be written");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a plain path")
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        fs::remove_file(&self.0).expect("it is ours");
    }
}

/// A port where nobody listens.
fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound").port().to_string()
}

#[test]
fn without_a_command_a_newcomer_is_told_where_to_begin() {
    let told = lunch(&[]);
    assert_eq!(status(&told), Some(2), "nothing was asked for, and nothing was done");
    assert_eq!(out(&told), "");
    assert_snapshot!(err(&told));
}

#[test]
fn help_goes_to_stdout_and_is_no_error() {
    let told = lunch(&["--help"]);
    assert_eq!(status(&told), Some(0));
    assert_eq!(err(&told), "");
    for group in ["Run:", "Look:", "Disturb:", "Plan:"] {
        assert!(out(&told).contains(group), "{group} is a group of\n{}", out(&told));
    }
}

#[test]
fn a_wrong_argument_is_told_by_name_with_status_2() {
    let told = lunch(&["advance", "soon"]);
    assert_eq!(status(&told), Some(2));
    assert_snapshot!(err(&told));
    let told = lunch(&["up", "--cold-start", "rust"]);
    assert_eq!(status(&told), Some(2));
    assert_snapshot!(err(&told));
}

#[test]
fn every_command_that_needs_a_cloud_says_how_to_start_one() {
    let port = free_port();
    let words: [&[&str]; 5] =
        [&["ps"], &["timeline"], &["advance", "1s"], &["evict", "coffee"], &["invoke", "coffee"]];
    for words in words {
        let told = lunch(&[words, &["--port", &port]].concat());
        assert_eq!(status(&told), Some(5), "{words:?}");
        assert_eq!(out(&told), "", "{words:?}");
        assert!(err(&told).contains("(start one by `lunch up`"), "{words:?}: {}", err(&told));
    }
}

#[test]
fn a_payload_that_is_not_json_never_leaves_the_program() {
    let told = lunch(&["invoke", "coffee", "-p", "{oops}", "--port", &free_port()]);
    assert_eq!(status(&told), Some(3), "and not 5: nobody was called");
    assert!(err(&told).starts_with("error: the payload `{oops}` is not JSON"), "{}", err(&told));
}

#[test]
fn a_journal_is_drawn_and_replayed() {
    let orders = [(0, Fate::Takes(200)), (50, Fate::Takes(60_000)), (900, Fate::Takes(100))];
    let journal = Written::new("whole", &virtual_lunch::journal(&orders));
    let told = lunch(&["replay", journal.path()]);
    assert_eq!(status(&told), Some(0), "{}", err(&told));
    assert_snapshot!(out(&told));
    assert!(err(&told).contains("decisions identical"), "{}", err(&told));
}

#[test]
fn a_replay_prints_records_for_programs() {
    let orders = [(0, Fate::Crashes(20)), (500, Fate::Fails(20))];
    let journal = Written::new("json", &virtual_lunch::journal(&orders));
    let told = lunch(&["replay", "--json", journal.path()]);
    let records = virtual_lunch::records(&orders, None, Duration::from_secs(700));
    assert_eq!(out(&told).lines().count(), records.len());
    for line in out(&told).lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        assert!(value.get("at").is_some() && value.get("record").is_some(), "{line}");
    }
}

#[test]
fn a_journal_that_is_not_there_is_wrong_input() {
    let told = lunch(&["replay", "/nowhere/at/all"]);
    assert_eq!(status(&told), Some(3));
    assert!(err(&told).starts_with("error: the journal `/nowhere/at/all` cannot be read"));
}

#[test]
fn settings_that_do_not_exist_are_told_before_anything_is_built() {
    let settings = Written::new("settings", r#"{"chioce": "oldest"}"#);
    for command in ["up", "rush"] {
        let told = lunch(&[command, "--settings", settings.path()]);
        assert_eq!(status(&told), Some(3), "{}", err(&told));
        assert!(err(&told).contains("`chioce` in "), "{}", err(&told));
    }
}

#[test]
fn a_command_that_waits_is_measured_and_classified() {
    let words = ["choose", "--waits=yes", "--can-await=yes", "--json", "--", "sh", "-c"];
    let output = lunch(&[&words[..], &["echo beside; exec sleep 0.2"]].concat());
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let answer: serde_json::Value = serde_json::from_str(&out(&output)).expect("only JSON");
    assert_eq!(answer["choice"], "async");
    assert_eq!(answer["because"][1]["answer"], "waiting");
    assert!(answer["measured"]["wall_ms"].as_f64() >= Some(200.0), "{answer}");
    assert!(answer["measured"]["voluntary_switches"].as_u64() >= Some(1), "{answer}");
    assert!(err(&output).contains("beside\n"), "what the command prints is no answer");
}

#[test]
fn what_a_command_calculates_is_measured() {
    let busy = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
    let words = ["choose", "--waits=yes", "--can-await=yes", "--shares=yes", "--json", "--"];
    let output = lunch(&[&words[..], &["sh", "-c", busy]].concat());
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let answer: serde_json::Value = serde_json::from_str(&out(&output)).expect("only JSON");
    let cpu_ms = answer["measured"]["cpu_ms"].as_f64().expect("a number");
    assert!(cpu_ms >= 10.0, "a hundred thousand rounds of a shell: {answer}");
    assert!(answer["measured"]["rss_bytes_max"].as_u64() >= Some(100_000), "{answer}");
}

#[test]
fn a_command_that_cannot_be_measured_is_told_why() {
    let output = lunch(&["choose", "--", "./no-such-program"]);
    assert_eq!(status(&output), Some(3));
    assert_snapshot!(err(&output), @r"
    error: `./no-such-program` does not run
      because No such file or directory (os error 2)
    (give a program on the PATH, or a path to one)
    ");
    let output = lunch(&["choose", "--", "sh", "-c", "exit 7"]);
    assert_eq!(status(&output), Some(1));
    assert_snapshot!(err(&output), @r"
    error: `sh` ended with exit status: 7, and what it took says nothing
    (give a command that does its work)
    ");
}

#[test]
fn who_cannot_be_asked_is_told_the_flag() {
    let output = lunch(&["choose", "--runs", "1/week", "--duration", "10m"]);
    assert_eq!(status(&output), Some(2));
    assert_snapshot!(err(&output), @r"
    error: one more thing is to be known: Does somebody wait for each run? (yes, no)
    (say it with `--waits yes|no`, or run `lunch choose` in a terminal, which asks)
    ");
    let output = lunch(&["choose", "--runs", "1/week", "--duration", "10m", "--waits", "no"]);
    assert_eq!(status(&output), Some(0));
    assert_snapshot!(out(&output), @r"
    leave it

      Double check that it needs to be faster at all: no option costs nothing.

      Does it need speeding up at all?       no: 1/week x 10m = 8.7 hours a year, less than 24.0 hours, and nobody waits for it
    ");
}
