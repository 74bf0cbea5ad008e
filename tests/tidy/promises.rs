//! What is promised in words, and the tests that hold it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lunch_tests::workspace;

/// Tests that stand in the sources, by their function's name, and scenarios, by their file's.
pub(super) fn tests() -> BTreeSet<String> {
    let mut names = scenarios();
    for folder in ["functions", "local-emulator", "tasks", "tests"] {
        functions(&workspace().join(folder), &mut names);
    }
    names
}

/// The scenarios' files, as the tests that play them are called.
fn scenarios() -> BTreeSet<String> {
    let folder = workspace().join("tests/scenarios");
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_scenario = |path: &Path| path.extension().is_some_and(|extension| extension == "json");
    files
        .filter(|path| is_scenario(path))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.replace('-', "_")))
        .collect()
}

fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let name = |line: &str| Some(line.split_once("fn ")?.1.split_once('(')?.0.to_owned());
            names.extend(text.lines().filter_map(name));
        }
    }
}

/// The names in backticks of a row's last cell that look like tests: words joined by `_`. A path before one is cut.
pub(super) fn named(row: &str) -> Vec<&str> {
    let cells: Vec<_> = row.trim().trim_matches('|').split('|').collect();
    let last = if row.trim_start().starts_with('|') && cells.len() >= 3 {
        cells[cells.len() - 1]
    } else {
        ""
    };
    let quoted = last.split('`').skip(1).step_by(2);
    let name = |quoted: &'_ str| quoted.rfind("::").map_or(0, |at| at + 2);
    quoted.map(|quoted| &quoted[name(quoted)..]).filter(|name| is_name(name)).collect()
}

fn is_name(text: &str) -> bool {
    text.matches('_').count() >= 2
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[test]
fn every_test_that_the_specification_names_exists() {
    let Ok(text) = fs::read_to_string(workspace().join("local-emulator/SPECIFICATION.md")) else {
        return;
    };
    let tests = tests();
    let named: Vec<_> = text.lines().flat_map(named).collect();
    assert!(!named.is_empty(), "the specification names no test in the last cell of a row");
    let missing: Vec<_> = named.iter().filter(|name| !tests.contains(**name)).collect();
    assert!(missing.is_empty(), "the specification names tests that do not exist: {missing:#?}");
}

#[test]
fn a_tests_name_is_read_from_the_last_cell() {
    let row = "| frozen between requests | facts 3.2 | `life::an_idle_one_is_frozen`, `sim` |";
    assert_eq!(named(row), ["an_idle_one_is_frozen"]);
    assert!(named("a sentence with `an_idle_one_is_frozen`").is_empty());
}

#[test]
fn every_scenarios_file_has_a_test_with_real_processes() {
    let files = scenarios();
    let text = fs::read_to_string(workspace().join("tests/scenarios.rs")).unwrap();
    let list = text.split("scenarios! {").nth(1).and_then(|rest| rest.split('}').next());
    let list = list.expect("`tests/scenarios.rs` lists the scenarios in `scenarios! { .. }`");
    let list: BTreeSet<_> = list
        .split([',', '\n'])
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    assert_eq!(files, list, "the files in tests/scenarios and the list in tests/scenarios.rs");
}
