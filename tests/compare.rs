//! `lunch compare`, small, with the programs of this workspace as they are: what its JSON is, and that its verdicts are those
//! of its own figures.

#[cfg(test)]
mod compare {
    use std::process::{Command, Stdio};

    use lunch_tests::{lunch, program};
    use serde_json::Value;

    const WAYS: [&str; 5] = ["threads_on_one_core", "threads", "async", "processes", "functions"];

    fn compare(words: &[&str]) -> (Option<i32>, String, String) {
        let burger = program("burger");
        let folder = burger.parent().expect("a program is in a folder");
        let mut command = Command::new(lunch());
        command.args(["compare", "--quick", "--sizes", "2", "--seconds", "0.05"]);
        command.arg("--programs").arg(folder).args(words).stdin(Stdio::null());
        let output = command.output().expect("lunch runs");
        let text = |bytes| String::from_utf8(bytes).expect("plain text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn all<'a>(value: &'a Value, name: &str) -> &'a [Value] {
        value[name].as_array().unwrap_or_else(|| panic!("`{name}` is a list: {value}"))
    }

    fn rows<'a>(
        figures: &'a Value,
        way: &'a str,
        work: &'a str,
    ) -> impl Iterator<Item = &'a Value> {
        let is_meant = move |row: &&Value| {
            row["way"] == way && row["work"] == work && row["is_played"] == false
        };
        all(figures, "rows").iter().filter(is_meant)
    }

    fn most(figures: &Value, way: &str, work: &str, what: &str) -> u64 {
        rows(figures, way, work).filter_map(|row| row[what].as_u64()).max().unwrap_or(0)
    }

    fn cell<'a>(report: &'a Value, row: &str, option: &str) -> &'a Value {
        let mut cells = all(report, "article").iter();
        let is_meant = |cell: &&Value| cell["row"] == row && cell["option"] == option;
        cells.find(is_meant).unwrap_or_else(|| panic!("no cell `{row}` of {option}"))
    }

    #[test]
    fn all_four_options_are_measured_and_every_cell_has_a_verdict_by_these_figures() {
        let (code, out, said) = compare(&["--json"]);
        assert_eq!(code, Some(0), "{said}");
        let report: Value = serde_json::from_str(&out).expect("JSON");
        let figures = &report["figures"];
        let cores = figures["cores"].as_u64().expect("a number");
        for way in WAYS {
            let wanted = if way == "functions" { 2.min(cores) } else { 2 };
            assert_eq!(most(figures, way, "waits", "in_progress"), wanted, "{way}: {figures:#}");
            assert!(rows(figures, way, "calculates").count() > 0, "{way}: {figures:#}");
            for row in rows(figures, way, "calculates") {
                assert!(row["cpu_s"]["median"].as_f64() > Some(0.0), "{row:#}");
                assert!(row["pieces_per_s"]["median"].as_f64() > Some(0.0), "{row:#}");
                assert!(row["gb_s"].as_f64() > Some(0.0), "{row:#}");
            }
        }
        for way in ["async", "threads_on_one_core"] {
            assert!(most(figures, way, "calculates", "executing") <= 1, "{way}: {figures:#}");
        }

        assert_eq!(all(&report, "article").len(), 9 * 4);
        for cell in all(&report, "article") {
            let verdict = cell["verdict"].as_str().expect("a word");
            assert!(["holds", "differs", "argued"].contains(&verdict), "{cell:#}");
            assert!(verdict == "holds" || cell["why"].as_str().is_some(), "{cell:#}");
        }
        let executing = most(figures, "threads", "calculates", "executing");
        let threads = &cell(&report, "most executing at once", "threads")["verdict"];
        assert_eq!(threads == "holds", executing == 1, "{figures:#}");
        let safe = cell(&report, "thread safe", "threads");
        assert!(safe["found"].as_str().is_some_and(|found| found.contains("E0277")), "{safe:#}");
        assert_eq!(safe["verdict"], "differs");
        assert_eq!(all(&report, "pros_and_cons").len(), 21);
    }

    #[test]
    fn beyond_the_cores_it_is_played_and_the_event_loop_is_held_only_without_the_pool() {
        let (code, out, said) = compare(&["--json"]);
        assert_eq!(code, Some(0), "{said}");
        let report: Value = serde_json::from_str(&out).expect("JSON");
        let figures = &report["figures"];
        let played = all(figures, "rows").iter().filter(|row| row["is_played"] == true);
        let crowd = played.max_by_key(|row| row["workers"].as_u64()).expect("some are played");
        let (most, refused) = (&crowd["in_progress"], &crowd["refused"]);
        assert_eq!((most.as_u64(), refused.as_u64()), (Some(1_000), Some(1_000)), "{crowd:#}");
        let aside = &figures["aside"];
        let held = |how: &str| aside[how]["median"].as_f64().expect("a number");
        assert!(held("with_pool_ms") < held("without_pool_ms"), "{aside:#}");
        assert!(held("without_pool_ms") > held("answer_ms") / 2.0, "{aside:#}");
        let even = &all(&report, "break_even")[0];
        let spent =
            even["requests_a_month"].as_f64().zip(even["usd_per_million_requests"].as_f64());
        let spent = spent.map(|(requests, usd)| requests * usd / 1e6).expect("numbers");
        let task = even["task_usd_a_month"].as_f64().expect("a number");
        assert!((spent - task).abs() < 1e-6, "where it breaks even both cost the same: {even:#}");
    }
}
