//! All that `lunch compare` says: the figures, and what follows from them.

use serde::Serialize;

use super::article::{Cell, cells};
use super::figures::Figures;
use super::prices::{AS_OF, BreakEven, break_even};
use super::pros::{Point, points};

/// The figures of a run, and what follows from them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) figures: Figures,
    /// The article's table.
    pub(crate) article: Vec<Cell>,
    pub(crate) pros_and_cons: Vec<Point>,
    pub(crate) break_even: Vec<BreakEven>,
    pub(crate) prices_as_of: &'static str,
}

impl Report {
    pub(crate) fn of(figures: Figures) -> Self {
        let calls = figures.calls;
        let coffee = break_even("a small cold brew", calls.memory_mb, calls.coffee_billed_ms);
        // What takes a function of that size a whole second, for comparison.
        let second = break_even("a second of any work", calls.memory_mb, 1_000.0);
        let break_even = [coffee, second].concat();
        Self {
            article: cells(&figures),
            pros_and_cons: points(&figures, &break_even),
            break_even,
            prices_as_of: AS_OF,
            figures,
        }
    }

    pub(crate) fn as_json(&self) -> String {
        let json = serde_json::to_string_pretty(self).expect("figures are plain data");
        format!("{json}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::sample::figures;

    #[test]
    fn the_json_has_the_figures_and_what_follows_from_them() {
        let report = Report::of(figures(2));
        let json: serde_json::Value = serde_json::from_str(&report.as_json()).expect("JSON");
        assert_eq!(json["article"].as_array().map(Vec::len), Some(36));
        assert_eq!(json["article"][16]["row"], "most executing at once");
        assert_eq!(json["article"][16]["verdict"], "differs");
        assert_eq!(json["article"][17]["verdict"], "holds");
        assert_eq!(json["pros_and_cons"][4]["status"], "no_longer_true");
        assert_eq!(json["figures"]["rows"][0]["way"], "threads_on_one_core");
    }
}
