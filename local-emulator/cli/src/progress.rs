//! How far it is: a line that moves where stderr is a terminal, plain lines where it is none.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::say;
use crate::span;
use crate::terminal::{Stream, harmless};

/// The build, told line by line.
#[derive(Debug)]
pub(crate) struct Building {
    bar: Option<ProgressBar>,
    began: Instant,
}

impl Building {
    pub(crate) fn begin() -> Self {
        let bar = Stream::Err.is_terminal().then(|| bar(None, "{spinner} {wide_msg}"));
        match &bar {
            Some(bar) => bar.set_message("building the functions"),
            None => say::beside("building the functions"),
        }
        Self { bar, began: Instant::now() }
    }

    /// So many packages are compiled, this one last. Where nothing moves, only functions are told of.
    pub(crate) fn compiles(&self, what: &str, done: usize, total: Option<usize>) {
        if let Some(bar) = &self.bar {
            bar.set_message(compiling(what, done, total));
            bar.tick();
        }
    }

    /// A function is built, for so long.
    pub(crate) fn built(&self, function: &str, took: Duration) {
        let sentence = format!("built {} in {}", harmless(function), span::show(took));
        match &self.bar {
            Some(bar) => bar.set_message(sentence),
            None => say::beside(sentence),
        }
    }

    /// What the build says of itself; it stays where the line that moves does not.
    pub(crate) fn says(&self, line: &str) {
        let line = harmless(line);
        match &self.bar {
            Some(bar) => bar.suspend(|| say::beside(line)),
            None => say::beside(line),
        }
    }

    /// It is through.
    pub(crate) fn done(self, functions: usize, containers: usize) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let s = if functions == 1 { "" } else { "s" };
        let beside = match containers {
            0 => String::new(),
            1 => " and 1 program for a container".to_owned(),
            more => format!(" and {more} programs for containers"),
        };
        let took = span::show(self.began.elapsed());
        say::beside(format!("{functions} function{s}{beside} ready in {took}"));
    }
}

impl Drop for Building {
    /// A build that failed leaves no half of a line.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How far the build is; the packages that cargo has from before count as done.
fn compiling(what: &str, done: usize, total: Option<usize>) -> String {
    let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
    let s = if total.unwrap_or(done) == 1 { "" } else { "s" };
    format!("building the functions: {done}{of} package{s}, {}", harmless(what))
}

/// A crowd that is served.
#[derive(Debug)]
pub(crate) struct Serving {
    bar: Option<ProgressBar>,
    orders: usize,
    seen: Seen,
}

/// What has become of the orders so far.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    came: usize,
    served: usize,
    binned: usize,
    refused: usize,
    failed: usize,
}

/// What became of one order, as far as a progress line cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    Served,
    Binned,
    Refused,
    Failed,
}

impl Serving {
    pub(crate) fn begin(orders: usize, lasts: Duration) -> Self {
        let style = "{bar:24} {pos}/{len}  {wide_msg}";
        let bar = Stream::Err.is_terminal().then(|| bar(Some(orders as u64), style));
        if bar.is_none() {
            say::beside(format!(
                "serving {orders} orders; the last comes after {}",
                span::show(lasts)
            ));
        }
        Self { bar, orders, seen: Seen::default() }
    }

    /// An order came in.
    pub(crate) fn came(&mut self) {
        self.seen.came += 1;
        self.draw();
    }

    /// An order has its outcome.
    pub(crate) fn became(&mut self, became: Became) {
        match became {
            Became::Served => self.seen.served += 1,
            Became::Binned => self.seen.binned += 1,
            Became::Refused => self.seen.refused += 1,
            Became::Failed => self.seen.failed += 1,
        }
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        self.draw();
    }

    /// What else is going on now.
    pub(crate) fn says(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(line.to_owned()),
            None => say::beside(line),
        }
    }

    /// All orders have their outcome and everybody has gone.
    pub(crate) fn done(self) {
        if self.bar.is_none() {
            say::beside(format!("{} of {}: {}", self.seen.all(), self.orders, self.seen));
        }
    }

    fn draw(&self) {
        if let Some(bar) = &self.bar {
            let waiting = self.seen.came - self.seen.all();
            bar.set_message(format!("{}; {waiting} in hand", self.seen));
        }
    }
}

impl Drop for Serving {
    /// A crowd that is sent home leaves no half of a line.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Seen {
    const fn all(self) -> usize {
        self.served + self.binned + self.refused + self.failed
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} served, {} binned, {} refused", self.served, self.binned, self.refused)?;
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        Ok(())
    }
}

/// A bar that draws when it is told something: no thread ticks.
fn bar(length: Option<u64>, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(template).expect("the template is sound");
    bar.set_style(style.progress_chars("=> "));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_says_how_far_it_is_as_far_as_that_is_known() {
        assert_eq!(
            compiling("serde", 41, Some(118)),
            "building the functions: 41 of 118 packages, serde"
        );
        assert_eq!(compiling("\u{1b}[2Jtea", 1, None), "building the functions: 1 package, tea");
    }
}
