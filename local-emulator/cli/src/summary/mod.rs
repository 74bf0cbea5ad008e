//! What a crowd came to: who was served, who was not and why, and what that took.
//!
//! Pure: the callers' own sight of their orders and the cloud's records go in. What the callers measured is called so,
//! and what a delay model added is called modelled.

mod counts;
mod passed_on;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use lunch_cloud::Record;
use lunch_contract::{Moment, Outcome, RequestId};

use self::counts::Counts;
pub(crate) use self::counts::retired;
pub(crate) use self::passed_on::{PassedOn, Receipt};
use crate::span;

/// One order, as its caller saw it.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    /// What to call it: `line 28`.
    pub(crate) name: String,
    /// How it ended.
    pub(crate) fate: Fate,
    /// From the call to its answer, on the caller's clock.
    pub(crate) took: Duration,
    /// How the request came to its instance, by the answer's headers.
    pub(crate) start: Option<Temper>,
    /// INIT by the answer's headers.
    pub(crate) init: Option<Duration>,
    /// The last line that the function logged for it.
    pub(crate) last_log: Option<String>,
    /// What the cloud knows it as, once for each answer that it gave.
    pub(crate) answers: Vec<RequestId>,
}

/// All that is known of a lunchtime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<'a> {
    /// The callers' sight.
    pub(crate) orders: &'a [Served],
    /// Those of them that their function only passed on.
    pub(crate) passed_on: &'a [PassedOn],
    /// What became of requests that no caller made: those of queues and events.
    pub(crate) others: &'a [Outcome],
    /// The cloud's sight.
    pub(crate) records: &'a [(Moment, Record)],
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The function answered.
    Returned,
    /// The function, or its runtime, reported an error: its type.
    FunctionError(String),
    /// The platform ended it.
    TimedOut,
    /// The platform refused it: AWS's reason.
    Throttled(String),
    /// The platform refused it for another reason: in its words.
    Refused(String),
    /// There was no answer at all.
    Unanswered(String),
}

/// Whether a request found an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temper {
    /// It found none.
    Cold,
    /// It found one.
    Warm,
    /// It found one whose process had ended.
    Reinitialized,
}

/// AWS's reasons for a refusal by the request rate.
const RATES: [&str; 2] =
    ["FunctionInvocationRateLimitExceeded", "ReservedFunctionInvocationRateLimitExceeded"];

/// What a crowd came to.
#[derive(Debug)]
pub(crate) struct Summary<'a> {
    sight: Sight<'a>,
    orders: &'a [Served],
    counts: Counts,
    /// What was added to each cold start, in words; `None`: nothing.
    modelled: Option<String>,
}

impl<'a> Summary<'a> {
    /// Counts.
    pub(crate) fn new(sight: Sight<'a>, modelled: Option<String>) -> Self {
        let Sight { orders, records, .. } = sight;
        let customers = orders.iter().flat_map(|order| &order.answers).copied().collect();
        Self { sight, orders, counts: counts::count(records, &customers), modelled }
    }

    /// Whether every order has exactly one outcome: one answer each on the callers' side, one on the cloud's, of a request
    /// that is no other order's; and those that were passed on came to something.
    pub(crate) fn is_whole(&self) -> bool {
        let mut requests: Vec<_> = self.orders.iter().flat_map(|order| &order.answers).collect();
        let answers = requests.len();
        requests.sort_unstable();
        requests.dedup();
        let is_answered = |order: &Served| match order.fate {
            Fate::Unanswered(_) => false,
            // What the door refuses (an unknown function, a payload too large) never reaches the cloud.
            Fate::Refused(_) => true,
            Fate::Returned | Fate::FunctionError(_) | Fate::TimedOut | Fate::Throttled(_) => {
                order.answers.len() == 1
            }
        };
        requests.len() == answers
            && self.orders.iter().all(is_answered)
            && self.sight.passed_on.iter().all(PassedOn::has_outcome)
    }

    fn count(&self, is: impl Fn(&Fate) -> bool) -> usize {
        self.orders.iter().filter(|order| is(&order.fate)).count()
    }

    /// In words.
    pub(crate) fn render(&self) -> String {
        let mut page = Page::default();
        let (orders, counts) = (self.orders.len(), &self.counts);
        page.row("orders", orders, "");
        page.row("  served", self.count(|fate| *fate == Fate::Returned), "");
        self.failed(&mut page);
        passed_on::render(self.sight.passed_on, &mut page);
        self.others(&mut page);
        let causes = list(counts.cold.iter().map(|(why, count)| format!("{count} {why}")));
        page.row("cold starts", counts.cold.values().sum(), &causes);
        if !counts.reinitialized.is_empty() {
            let causes =
                list(counts.reinitialized.iter().map(|(why, count)| format!("{count} {why}")));
            page.row("re-initialised", counts.reinitialized.values().sum(), &causes);
        }
        page.row("warm starts", self.warm(), &self.reuse());
        page.row("customers at once", counts.customers_max, "at most");
        page.row(
            "stalls at once",
            counts.stalls_max,
            &format!("at most; {} instances in all", counts.born),
        );
        let gone = list(counts.reclaimed.iter().map(|(why, count)| format!("{count} {why}")));
        if !gone.is_empty() {
            page.row("floated away", counts.reclaimed.values().sum(), &gone);
        }
        page.text.push('\n');
        self.latencies(&mut page);
        page.text
    }

    fn failed(&self, page: &mut Page) {
        let errors = self.grouped(|fate| {
            if let Fate::FunctionError(kind) = fate { Some(kind.clone()) } else { None }
        });
        page.row("  function errors", errors.values().sum(), &named(&errors));
        let binned: Vec<_> =
            self.orders.iter().filter(|order| order.fate == Fate::TimedOut).collect();
        page.row("  binned by timeout", binned.len(), "");
        for order in binned {
            page.note(&match &order.last_log {
                Some(line) => format!("{} was binned while {line}", order.name),
                None => format!("{} was binned without a word in its log", order.name),
            });
        }
        let throttled = self.grouped(|fate| {
            if let Fate::Throttled(reason) = fate { Some(reason.clone()) } else { None }
        });
        page.rows("  refused, throttled", &throttled);
        if throttled.keys().any(|reason| RATES.contains(&reason.as_str())) {
            page.note(
                "(10 requests per second for each unit of concurrency; `--limits relaxed` lifts that)",
            );
        }
        let refused = self
            .grouped(|fate| if let Fate::Refused(why) = fate { Some(why.clone()) } else { None });
        if !refused.is_empty() {
            page.rows("  refused otherwise", &refused);
        }
        let unanswered =
            self.grouped(
                |fate| if let Fate::Unanswered(why) = fate { Some(why.clone()) } else { None },
            );
        if !unanswered.is_empty() {
            page.row("  WITHOUT AN ANSWER", unanswered.values().sum(), &named(&unanswered));
        }
    }

    /// What queues and events called, which no customer waits for.
    fn others(&self, page: &mut Page) {
        let others = self.sight.others;
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        for outcome in others {
            *groups.entry(outcome.word()).or_default() += 1;
        }
        if !others.is_empty() {
            let words = list(groups.iter().map(|(word, count)| format!("{count} {word}")));
            page.row("called by queues", others.len(), &words);
        }
    }

    fn grouped(&self, by: impl Fn(&Fate) -> Option<String>) -> BTreeMap<String, usize> {
        let mut groups = BTreeMap::new();
        for order in self.orders {
            if let Some(group) = by(&order.fate) {
                *groups.entry(group).or_default() += 1;
            }
        }
        groups
    }

    fn warm(&self) -> usize {
        let all: usize = self.counts.invocations.values().sum();
        let cold: usize = self.counts.cold.values().sum();
        let again: usize = self.counts.reinitialized.values().sum();
        all.saturating_sub(cold + again)
    }

    fn reuse(&self) -> String {
        let mut each: Vec<_> = self.counts.invocations.values().copied().collect();
        each.sort_unstable();
        match (each.first(), each.last()) {
            (Some(_), Some(_)) if self.warm() == 0 => String::new(),
            (Some(least), Some(most)) if each.len() > 1 && least == most => {
                format!("each served {least}")
            }
            (Some(least), Some(most)) if each.len() > 1 => format!(
                "a stall served {least} to {most} orders, {} in the middle",
                each[each.len() / 2]
            ),
            (Some(only), _) => format!("the one stall served {only}"),
            _ => String::new(),
        }
    }

    fn latencies(&self, page: &mut Page) {
        let sorted = |wanted: &dyn Fn(&Served) -> Option<Duration>| {
            let mut spans: Vec<_> = self.orders.iter().filter_map(wanted).collect();
            spans.sort_unstable();
            spans
        };
        let of = |temper| {
            sorted(&|order: &Served| {
                let served = order.start == Some(temper) && order.fate == Fate::Returned;
                served.then_some(order.took)
            })
        };
        let inits = sorted(&|order| order.init.filter(|_| order.start == Some(Temper::Cold)));
        let rows = [
            ("warm, call to answer", of(Temper::Warm)),
            ("cold, call to answer", of(Temper::Cold)),
            ("re-initialised", of(Temper::Reinitialized)),
            ("init of the cold ones", inits),
            ("call to receipt", passed_on::spans(self.sight.passed_on)),
        ];
        let mut table = plain_table();
        table.set_header(["of those served", "orders", "p50", "p99", "max"]);
        for (what, spans) in rows {
            if let [.., max] = spans.as_slice() {
                let shown = |share| span::show(percentile(&spans, share));
                let count = spans.len().to_string();
                table.add_row([what.to_owned(), count, shown(50), shown(99), span::show(*max)]);
            }
        }
        right_align(&mut table, 1..5);
        writeln!(page.text, "{}", table.trim_fmt()).expect("a string takes what is written");
        if let Some(modelled) = &self.modelled {
            writeln!(page.text, "modelled: {modelled}").expect("a string takes what is written");
        }
    }
}

/// A table without lines.
pub(crate) fn plain_table() -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table
}

/// The first column begins at the edge and numbers stand below each other.
pub(crate) fn right_align(table: &mut comfy_table::Table, columns: std::ops::Range<usize>) {
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    for index in columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
}

/// Nearest rank of what is sorted and not empty.
fn percentile(sorted: &[Duration], share: usize) -> Duration {
    let rank = (sorted.len() * share).div_ceil(100).max(1);
    sorted[rank - 1]
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn row(&mut self, what: &str, count: usize, more: &str) {
        let line = format!("{what:<20} {count:>6}   {more}");
        writeln!(self.text, "{}", line.trim_end()).expect("a string takes what is written");
    }

    /// The sum, and beside it one kind or, each on a line of its own, several.
    fn rows(&mut self, what: &str, groups: &BTreeMap<String, usize>) {
        let count = groups.values().sum();
        match groups.len() {
            0 | 1 => self.row(what, count, &named(groups)),
            _ => {
                self.row(what, count, "");
                for (kind, count) in groups {
                    self.note(&format!("{count} {kind}"));
                }
            }
        }
    }

    fn note(&mut self, what: &str) {
        writeln!(self.text, "{:<27}   {what}", "").expect("a string takes what is written");
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// One of a kind is named, more are counted.
fn named(groups: &BTreeMap<String, usize>) -> String {
    match groups.len() {
        0 | 1 => list(groups.keys().cloned()),
        _ => list(groups.iter().map(|(what, count)| format!("{count} {what}"))),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::virtual_lunch::{self, Fate as Order};

    fn served(index: usize, fate: Fate, start: Option<Temper>) -> Served {
        Served {
            name: format!("line {}", index + 1),
            took: Duration::from_millis(200 + index as u64 * 7),
            init: (start == Some(Temper::Cold)).then_some(Duration::from_micros(17_400)),
            last_log: (fate == Fate::TimedOut).then(|| "adding marshmallows".to_owned()),
            start,
            answers: vec![virtual_lunch::request(index)],
            fate,
        }
    }

    fn sight<'a>(orders: &'a [Served], records: &'a [(Moment, Record)]) -> Sight<'a> {
        Sight { orders, passed_on: &[], others: &[], records }
    }

    fn lunchtime() -> (Vec<Served>, Vec<(Moment, Record)>) {
        let orders = [
            (0, Order::Takes(200)),
            (10, Order::Takes(60_000)),
            (20, Order::Fails(100)),
            (30, Order::Takes(100)),
            (500, Order::Takes(100)),
            (2_600, Order::Takes(100)),
        ];
        let fates = [
            (Fate::Returned, Some(Temper::Cold)),
            (Fate::TimedOut, Some(Temper::Cold)),
            (Fate::FunctionError("Scripted".to_owned()), Some(Temper::Cold)),
            (Fate::Throttled("ReservedFunctionConcurrentInvocationLimitExceeded".to_owned()), None),
            (Fate::Returned, Some(Temper::Reinitialized)),
            (Fate::Returned, Some(Temper::Warm)),
        ];
        let seen = fates.into_iter().enumerate();
        let seen = seen.map(|(index, (fate, start))| served(index, fate, start)).collect();
        (seen, virtual_lunch::records(&orders, Some(3), Duration::from_secs(700)))
    }

    #[test]
    fn a_lunchtime_is_summed_up() {
        let (orders, records) = lunchtime();
        let modelled = Some("INIT takes at least a draw of `rust-al2023`".to_owned());
        let summary = Summary::new(sight(&orders, &records), modelled);
        assert!(summary.is_whole());
        assert_snapshot!(summary.render());
    }

    #[test]
    fn stalls_that_served_alike_are_said_so_and_of_no_warm_start_nothing_is() {
        let reuse = |orders: &[(u64, Order)]| {
            let records = virtual_lunch::records(orders, None, Duration::from_secs(700));
            Summary::new(sight(&[], &records), None).reuse()
        };
        let two_at_once = [(0, Order::Takes(100)), (10, Order::Takes(100))];
        assert_eq!(reuse(&two_at_once), "");
        let twice = [two_at_once, [(900, Order::Takes(100)), (910, Order::Takes(100))]].concat();
        assert_eq!(reuse(&twice), "each served 2");
    }

    #[test]
    fn whoever_was_refused_by_a_rate_is_told_which_it_is_and_how_to_lift_it() {
        for (reason, told) in
            [(RATES[0], true), (RATES[1], true), ("ConcurrentInvocationLimitExceeded", false)]
        {
            let orders = [served(0, Fate::Throttled(reason.to_owned()), None)];
            let page = Summary::new(sight(&orders, &[]), None).render();
            assert_eq!(page.contains("`--limits relaxed` lifts that"), told, "{page}");
        }
    }

    #[test]
    fn an_order_without_an_answer_is_not_whole() {
        let (mut orders, records) = lunchtime();
        orders[0].fate = Fate::Unanswered("connection reset".to_owned());
        let summary = Summary::new(sight(&orders, &records), None);
        assert!(!summary.is_whole());
        assert!(summary.render().contains("WITHOUT AN ANSWER"));
    }

    #[test]
    fn a_request_that_the_cloud_never_saw_is_not_whole() {
        let (mut orders, records) = lunchtime();
        orders
            .push(Served { answers: Vec::new(), ..served(6, Fate::Returned, Some(Temper::Warm)) });
        assert!(!Summary::new(sight(&orders, &records), None).is_whole());
        // Nor is one that is another order's.
        orders[6].answers = orders[5].answers.clone();
        assert!(!Summary::new(sight(&orders, &records), None).is_whole());
        orders[6].answers = vec![virtual_lunch::request(6)];
        assert!(Summary::new(sight(&orders, &records), None).is_whole());
    }

    #[test]
    fn an_order_that_was_passed_on_and_came_to_nothing_is_not_whole() {
        let (orders, records) = lunchtime();
        let mut order =
            PassedOn { names: vec!["line 1".to_owned()], receipts: Vec::new(), dead_in: None };
        let whole = |order: &PassedOn| {
            let passed_on = std::slice::from_ref(order);
            Summary::new(Sight { passed_on, ..sight(&orders, &records) }, None).is_whole()
        };
        assert!(!whole(&order));
        order.dead_in = Some("dead".to_owned());
        assert!(whole(&order));
    }

    #[test]
    fn percentiles_are_ranks_and_never_invented_between_two() {
        let spans: Vec<_> = (1..=10).map(Duration::from_millis).collect();
        assert_eq!(percentile(&spans, 50), Duration::from_millis(5));
        assert_eq!(percentile(&spans, 99), Duration::from_millis(10));
        assert_eq!(percentile(&spans[..1], 50), Duration::from_millis(1));
    }
}
