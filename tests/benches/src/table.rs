//! What was measured, as a table for people and as JSON for programs.

use std::fmt::{self, Write as _};

use serde_json::{Value, json};

use crate::figures::Rounds;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Nanos,
    Micros,
    Millis,
    PerSecond,
    Bytes,
    Kilobytes,
    Megabytes,
    Steps,
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::Nanos => "ns",
            Self::Micros => "us",
            Self::Millis => "ms",
            Self::PerSecond => "/s",
            Self::Bytes => "B",
            Self::Kilobytes => "kB",
            Self::Megabytes => "MB",
            Self::Steps => "steps",
        }
    }

    fn of(self, figure: f64) -> String {
        let digits = match self {
            Self::PerSecond | Self::Bytes => 0,
            Self::Nanos | Self::Micros | Self::Kilobytes => 1,
            Self::Millis | Self::Megabytes | Self::Steps => 2,
        };
        format!("{figure:.digits$} {}", self.name())
    }
}

/// How good a figure, or the ratio to the floor where there is a floor, has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

impl Bar {
    fn is_met(self, figure: f64) -> bool {
        match self {
            Self::AtMost(most) => figure <= most,
            Self::AtLeast(least) => figure >= least,
        }
    }
}

/// What there is to compare with.
#[derive(Clone, Debug)]
struct Floor {
    name: &'static str,
    figure: f64,
    /// How many times the floor ours is, round by round.
    ratio: Rounds,
}

/// One thing that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    what: String,
    unit: Unit,
    ours: Rounds,
    floor: Option<Floor>,
    bar: Option<Bar>,
}

impl Row {
    /// Something that has no floor.
    pub(crate) fn alone(what: impl Into<String>, unit: Unit, ours: &Rounds) -> Self {
        Self { what: what.into(), unit, ours: ours.clone(), floor: None, bar: None }
    }

    /// What was measured once, or is no measurement of time.
    pub(crate) fn figure(what: impl Into<String>, unit: Unit, figure: f64) -> Self {
        let mut ours = Rounds::default();
        ours.add(figure);
        Self::alone(what, unit, &ours)
    }

    /// The floor, measured in the same rounds.
    pub(crate) fn over(mut self, name: &'static str, floor: &Rounds) -> Self {
        let (figure, ratio) = (floor.median(), self.ours.over(floor));
        self.floor = Some(Floor { name, figure, ratio });
        self
    }

    pub(crate) const fn bar(mut self, bar: Bar) -> Self {
        self.bar = Some(bar);
        self
    }

    /// What the bar is about, round by round.
    const fn judged(&self) -> &Rounds {
        match &self.floor {
            Some(floor) => &floor.ratio,
            None => &self.ours,
        }
    }

    fn verdict(&self) -> &'static str {
        match self.bar {
            Some(bar) if bar.is_met(self.judged().median()) => "ok",
            Some(_) => "MISSED",
            None => "",
        }
    }

    pub(crate) fn is_missed(&self) -> bool {
        self.verdict() == "MISSED"
    }

    fn bar_text(&self) -> String {
        let (sign, figure) = match self.bar {
            Some(Bar::AtMost(most)) => ("<=", most),
            Some(Bar::AtLeast(least)) => (">=", least),
            None => return String::new(),
        };
        match self.floor {
            Some(_) => format!("{sign} {figure:.2}"),
            None => format!("{sign} {}", self.unit.of(figure)),
        }
    }

    fn json(&self) -> Value {
        let bar = self.bar.map(|bar| match bar {
            Bar::AtMost(most) => json!({"at_most": most}),
            Bar::AtLeast(least) => json!({"at_least": least}),
        });
        json!({
            "row": self.what,
            "unit": self.unit.name(),
            "ours": self.ours.median(),
            "floor": self.floor.as_ref().map(|floor| floor.name),
            "floor_figure": self.floor.as_ref().map(|floor| floor.figure),
            "ratio": self.floor.as_ref().map(|floor| floor.ratio.median()),
            "rounds": [self.judged().span().0, self.judged().span().1],
            "bar": bar,
            "met": self.bar.map(|_| !self.is_missed()),
        })
    }
}

/// The table's head.
pub(crate) fn head() -> String {
    format!(
        "{:<53} {:>12} {:>20} {:>7}  {:<15} {:<12}\n",
        "", "ours", "floor", "ratio", "rounds", "bar"
    )
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut floor = String::new();
        let mut ratio = String::new();
        let (least, most) = self.judged().span();
        let mut rounds = String::new();
        if let Some(of) = &self.floor {
            write!(floor, "{} {}", of.name, self.unit.of(of.figure))?;
            write!(ratio, "{:.2}", of.ratio.median())?;
            write!(rounds, "{least:.2}..{most:.2}")?;
        } else if least < most {
            write!(rounds, "{least:.1}..{most:.1}")?;
        }
        let (ours, bar) = (self.unit.of(self.ours.median()), self.bar_text());
        write!(
            f,
            "{:<53} {ours:>12} {floor:>20} {ratio:>7}  {rounds:<15} {bar:<12} {}",
            self.what,
            self.verdict()
        )
    }
}

/// All of it for a program.
pub(crate) fn json(machine: &str, rows: &[Row], failures: &[String]) -> Value {
    let rows: Vec<_> = rows.iter().map(Row::json).collect();
    json!({"machine": machine, "rows": rows, "not_measured": failures})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(figures: &[f64]) -> Rounds {
        let mut rounds = Rounds::default();
        figures.iter().for_each(|&figure| rounds.add(figure));
        rounds
    }

    #[test]
    fn a_bar_is_about_the_ratio_where_there_is_a_floor() {
        let row = Row::alone("a", Unit::Micros, &rounds(&[100.0, 140.0, 120.0]));
        let row = row.over("relay", &rounds(&[100.0, 100.0, 100.0])).bar(Bar::AtMost(1.35));
        assert_eq!((row.verdict(), row.bar_text().as_str()), ("ok", "<= 1.35"));
        assert!(row.bar(Bar::AtMost(1.1)).is_missed());
    }

    #[test]
    fn a_bar_is_about_the_figure_where_there_is_none() {
        let row = Row::figure("a", Unit::Millis, 51.0).bar(Bar::AtMost(50.0));
        assert_eq!((row.verdict(), row.bar_text().as_str()), ("MISSED", "<= 50.00 ms"));
        let row = Row::figure("a", Unit::PerSecond, 51.0).bar(Bar::AtLeast(50.0));
        assert_eq!(row.verdict(), "ok");
        assert_eq!(Row::figure("a", Unit::Steps, 1.0).verdict(), "");
    }
}
