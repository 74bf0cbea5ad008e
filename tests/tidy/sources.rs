//! What the source files look like.

use std::fs;
use std::path::Path;

use lunch_tests::workspace;

/// Where source files are.
const FOLDERS: [&str; 4] = ["functions", "local-emulator", "tasks", "tests"];

/// Past this, a file is read again and split by phase.
const LINES_MAX: usize = 500;

/// Files that are longer, with their length and why. A length may only shrink, and a file that is short enough is taken
/// off the list.
const LONGER: [(&str, usize, &str); 1] =
    [("local-emulator/sim/src/scenario.rs", 506, "the format and its player; to be split")];

/// The one file in which a test may wait for real time, and names what it waits for.
const MAY_WAIT: [&str; 1] = ["tests/harness/pace.rs"];

/// Where the compiler may be told to trust, and why.
const MAY_BE_UNSAFE: [(&str, &str); 3] = [
    ("local-emulator/host/src/sandbox/", "speaks to the kernel past the compiler"),
    ("local-emulator/cloud/tests/sqs_cost.rs", "counts what is allocated"),
    ("local-emulator/host/src/readiness.rs", "promises that a descriptor stays the same one"),
];

struct Source {
    /// Below the workspace's root.
    path: String,
    text: String,
}

impl Source {
    /// The lines of code, numbered from 1; comments are taken away.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let code = |line: &'_ str| -> usize { line.find("//").unwrap_or(line.len()) };
        self.text.lines().enumerate().map(move |(index, line)| (index + 1, &line[..code(line)]))
    }

    /// The lines that belong to tests: all of a test's file, else what follows `#[cfg(test)]`.
    fn test_code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_test = self.path.starts_with("tests/") || self.path.contains("/tests/");
        let from = if is_test { 0 } else { self.first_line_of_tests() };
        self.code().filter(move |(number, _)| *number >= from)
    }

    fn first_line_of_tests(&self) -> usize {
        let mut lines = self.text.lines().enumerate();
        let found = lines.find(|(_, line)| line.trim() == "#[cfg(test)]");
        found.map_or(usize::MAX, |(index, _)| index + 1)
    }
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in FOLDERS {
        collect(&workspace().join(folder), &mut sources);
    }
    assert!(sources.len() > 50, "there are more source files than {}", sources.len());
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if name != "target" {
                collect(&path, sources);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(workspace()).unwrap().to_str().unwrap().to_owned();
            sources.push(Source { path, text });
        }
    }
}

/// Whether the word stands there by itself, or as the first part of a longer one with `_`.
fn has_word(line: &str, word: &str) -> bool {
    let is_part =
        |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| !is_part(line[..at].chars().next_back()))
}

#[test]
fn no_file_is_longer_than_can_be_read_at_once() {
    let sources = sources();
    for Source { path, text } in &sources {
        let lines = text.lines().count();
        let most = LONGER.iter().find(|(known, _, _)| known == path).map_or(LINES_MAX, |row| row.1);
        assert!(
            lines <= most,
            "`{path}` has {lines} lines, and may have {most}: split it by phase"
        );
    }
    for (path, _, _) in LONGER {
        let source = sources.iter().find(|source| source.path == path);
        let lines = source.map_or(0, |source| source.text.lines().count());
        assert!(lines > LINES_MAX, "`{path}` has {lines} lines: take it off `LONGER`");
    }
}

#[test]
fn no_test_is_left_out() {
    let attribute = ["#[", "ignore"].concat();
    for source in sources() {
        for (number, line) in source.code() {
            assert!(!line.contains(&attribute), "{}:{number} leaves a test out", source.path);
        }
    }
}

#[test]
fn no_test_waits_for_time_to_pass() {
    for source in sources() {
        let is_bench = source.path.starts_with("tests/benches/");
        if is_bench || MAY_WAIT.contains(&source.path.as_str()) {
            continue;
        }
        for (number, line) in source.test_code() {
            let waits = waits(line);
            assert!(
                !waits,
                "{}:{number} sleeps: wait for an event, as by `wait_until`",
                source.path
            );
        }
    }
}

/// Whether a line calls or imports what lets a thread or a task sleep.
fn waits(line: &str) -> bool {
    let word = ["sle", "ep"].concat();
    let ends =
        |at: usize| !line[at + word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let is_import = line.trim_start().starts_with("use ");
    line.match_indices(&word).any(|(at, _)| {
        let before = &line[..at];
        let is_path = before.ends_with("thread::") || before.ends_with("time::");
        ends(at) && (is_path || (is_import && has_word(line, &word)))
    })
}

#[test]
fn only_what_is_listed_is_unsafe() {
    let word = ["un", "safe"].concat();
    let (mut inside, mut outside) = (0, Vec::new());
    for source in sources() {
        for (number, line) in source.code().filter(|(_, line)| has_word(line, &word)) {
            if MAY_BE_UNSAFE.iter().any(|(place, _)| source.path.starts_with(place)) {
                inside += 1;
            } else if !line.contains('"') {
                outside.push(format!("{}:{number}", source.path));
            }
        }
    }
    assert!(outside.is_empty(), "not in `MAY_BE_UNSAFE` ({inside} lines there): {outside:?}");
}

#[test]
fn what_waits_is_told_from_what_is_only_called_so() {
    let line = |text: &str| text.replace('~', "sle").replace('^', "ep");
    for text in ["thread::~^(ms)", "tokio::time::~^(ms).await", "use std::thread::{self, ~^};"] {
        assert!(waits(&line(text)), "{text}");
    }
    for text in ["let ~^ = |ms| Act::Wait(ms);", "~^(5)", "use crate::~^er;", "thread::~^_until(x)"]
    {
        assert!(!waits(&line(text)), "{text}");
    }
}

#[test]
fn only_what_follows_the_attribute_is_a_test() {
    let source = Source { path: "a/src/b.rs".into(), text: "x\n#[cfg(test)]\ny // z\n".into() };
    assert_eq!(source.test_code().last(), Some((3, "y ")));
    assert_eq!(source.test_code().count(), 2);
}
