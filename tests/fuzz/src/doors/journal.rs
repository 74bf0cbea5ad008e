//! Journals: each is replayed, or told by line where it is not.

use lunch_sim::replay::journal;

use super::Door;
use crate::case::Case;
use crate::corpus::corpus;

pub(super) const DOOR: Door = Door {
    name: "journal",
    corpus: || corpus("journal"),
    words: &[
        "\"at\":",
        "\"input\":",
        "\"timeout\"",
        "\"event\":",
        "\"commands\":",
        "\"refusal\":",
        "null",
        "true",
        "{}",
        "[]",
        "\n",
        "{\"secs\":18446744073709551615,\"nanos\":999999999}",
        "\"secs\":",
        "\"nanos\":",
        "NaN",
        "\"mru\"",
        "{\"at\":1,\"input\":\"timeout\"}\n",
    ],
    play,
};

fn play(case: &Case) -> Result<(), String> {
    let text = case.text();
    case.gives(&text);
    match journal(text.as_slice()) {
        Err(error) if !told(&error.to_string()) => {
            Err(format!("an error without its line: {error}"))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

fn told(sentence: &str) -> bool {
    sentence.contains("line `") || sentence.contains("has version `")
}
