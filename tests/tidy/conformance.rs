//! The table of what AWS is known to do: every row has a test or says that it has none, and nobody counts by hand.

use std::collections::BTreeMap;
use std::fs;

use lunch_tests::workspace;

use super::promises::{named, tests};

const MISSING: &str = "`[not emulated]`";

/// A row of the table: its id as section, part and place, and the cell that says what holds it.
struct Row<'a> {
    id: (u32, u32, u32),
    line: &'a str,
}

impl<'a> Row<'a> {
    /// `None`: the line is none of these.
    fn read(line: &'a str) -> Option<Self> {
        let cell = line.strip_prefix("| ")?.split(" |").next()?;
        Some(Self { id: id(cell)?, line })
    }

    fn name(&self) -> String {
        let (section, part, place) = self.id;
        format!("{section}.{part}-{place}")
    }

    /// Where it is counted: tested, tested in part, not emulated.
    fn column(&self) -> Option<usize> {
        match (named(self.line).is_empty(), self.line.contains(MISSING)) {
            (false, false) => Some(0),
            (false, true) => Some(1),
            (true, true) => Some(2),
            (true, false) => None,
        }
    }
}

/// `1.2-3` in parts.
fn id(text: &str) -> Option<(u32, u32, u32)> {
    let (section, rest) = text.split_once('.')?;
    let (part, place) = rest.split_once('-')?;
    Some((section.parse().ok()?, part.parse().ok()?, place.parse().ok()?))
}

fn read(file: &str) -> String {
    fs::read_to_string(workspace().join("local-emulator").join(file)).unwrap()
}

fn rows(text: &str) -> Vec<Row<'_>> {
    let rows: Vec<_> = text.lines().filter_map(Row::read).collect();
    assert!(rows.len() > 50, "there are more facts than {}", rows.len());
    rows
}

#[test]
fn every_fact_has_a_test_that_exists_or_says_that_it_is_not_emulated() {
    let (text, tests) = (read("CONFORMANCE.md"), tests());
    for row in rows(&text) {
        assert!(row.column().is_some(), "{} names no test and does not say why", row.name());
        for name in named(row.line) {
            assert!(tests.contains(name), "{} names `{name}`, which does not exist", row.name());
        }
    }
}

#[test]
fn facts_are_numbered_in_their_order_without_holes() {
    let text = read("CONFORMANCE.md");
    let mut last: Option<(u32, u32, u32)> = None;
    for row in rows(&text) {
        let (section, part, place) = row.id;
        let is_next = match last {
            Some((s, p, n)) if (s, p) == (section, part) => place == n + 1,
            Some((s, p, _)) if s == section => part == p + 1 && place == 1,
            Some((s, ..)) => section > s && part == 1 && place == 1,
            None => row.id == (1, 1, 1),
        };
        assert!(is_next, "{} does not follow on {last:?}", row.name());
        last = Some(row.id);
    }
}

#[test]
fn the_facts_are_counted_as_the_tables_head_says() {
    let text = read("CONFORMANCE.md");
    let mut sections: BTreeMap<u32, [usize; 3]> = BTreeMap::new();
    for row in rows(&text) {
        let column = row.column().expect("another test tells of it");
        sections.entry(row.id.0).or_default()[column] += 1;
    }
    for (section, [tested, in_part, missing]) in sections {
        let facts = tested + in_part + missing;
        let line = format!("| {section} | {facts} | {tested} | {in_part} | {missing} |");
        assert!(text.lines().any(|have| have == line), "the head should have `{line}`");
    }
}

#[test]
fn what_is_not_emulated_stands_in_the_specification_too() {
    let (text, specification) = (read("CONFORMANCE.md"), read("SPECIFICATION.md"));
    let lines = specification.lines().filter(|line| line.contains(MISSING));
    let words = lines.flat_map(|line| line.split([' ', ',', '|']));
    let said: Vec<_> = words.filter_map(id).collect();
    for row in rows(&text) {
        let (is_said, is_missing) = (said.contains(&row.id), row.line.contains(MISSING));
        assert_eq!(is_said, is_missing, "{} in SPECIFICATION.md and here", row.name());
    }
}

#[test]
fn a_row_is_counted_by_what_holds_it() {
    let column = |cell| Row::read(&format!("| 1.2-3 | fact | rapid | {cell} |")).unwrap().column();
    assert_eq!(column("`it_is_so_here`"), Some(0));
    assert_eq!(column("`it_is_so_here`; the rest: `[not emulated]`"), Some(1));
    assert_eq!(column("`[not emulated]`: why"), Some(2));
    assert_eq!(column("somebody knows"), None);
    assert!(Row::read("| id | fact | source | held by |").is_none());
}
