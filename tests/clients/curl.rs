//! curl, as somebody types it who has nothing else.

use std::process::Command;

use super::{SCRIPTED, run, scripted};

#[track_caller]
fn curl(arguments: &[&str]) -> String {
    let (code, out, said) =
        run(Command::new("curl").args(["--silent", "--show-error"]).args(arguments));
    assert_eq!(code, Some(0), "curl {arguments:?}: {said}");
    out
}

#[test]
fn it_invokes_by_every_name_of_this_machine() {
    let cloud = scripted().start();
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let path = format!("2015-03-31/functions/{SCRIPTED}/invocations");
        let url = format!("http://{host}:{}/{path}", cloud.port());
        // `--data` says that it is a form, which it is not; the body is what counts.
        let out =
            curl(&["--globoff", "--include", &url, "--data", r#"{"do": [{"respond": "hello"}]}"#]);
        assert!(out.starts_with("HTTP/1.1 200 OK\r\n"), "{out}");
        assert!(out.contains("\r\nx-lunch-instance: i-0000\r\n"), "{out}");
        assert!(out.ends_with("\r\n\r\n\"hello\""), "{out}");
    }
}

#[test]
fn it_waits_for_a_word_before_it_sends_much() {
    let cloud = scripted().start();
    let url = format!("{}/2015-03-31/functions/{SCRIPTED}/invocations", cloud.url());
    let folder = lunch_tests::Folder::make();
    let large = folder.write("large.json", format!("\"{}\"", "x".repeat(2_000_000)));
    let data = format!("@{}", large.display());
    // It announces `Expect: 100-continue` and waits for a second if nobody says so.
    let answer = curl(&["--header", "Expect: 100-continue", &url, "--data-binary", &data]);
    assert!(answer.contains("Scripted.UnknownStep"), "{answer}");
}
