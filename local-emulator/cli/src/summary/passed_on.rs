//! What came of the orders that their function only passed on.

use std::time::Duration;

use super::{Page, list};

/// An order that its function passed on, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PassedOn {
    /// What to call it: `line 28`; several, where several orders have one number.
    pub(crate) names: Vec<String>,
    /// Its receipts: one, but for an order that was made again later than deduplication looks back.
    pub(crate) receipts: Vec<Receipt>,
    /// The dead-letter queue that it is in.
    pub(crate) dead_in: Option<String>,
}

/// A receipt of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The how-manieth attempt it says it was.
    pub(crate) attempt: Option<u64>,
    /// From the order's call to this receipt, in the cloud's time.
    pub(crate) after: Duration,
}

impl PassedOn {
    /// Whether it came to something, be it a dead letter.
    pub(crate) const fn has_outcome(&self) -> bool {
        !self.receipts.is_empty() || self.dead_in.is_some()
    }

    fn took_several_attempts(&self) -> bool {
        self.receipts.first().and_then(|receipt| receipt.attempt).is_some_and(|attempt| attempt > 1)
    }
}

/// How long it took to the first receipt, for those that have one, in order of length.
pub(super) fn spans(all: &[PassedOn]) -> Vec<Duration> {
    let mut spans: Vec<_> =
        all.iter().filter_map(|one| one.receipts.first()).map(|first| first.after).collect();
    spans.sort_unstable();
    spans
}

/// So many are named; of more, the number is enough.
const NAMED_MAX: usize = 5;

pub(super) fn render(all: &[PassedOn], page: &mut Page) {
    if all.is_empty() {
        return;
    }
    let orders: usize = all.iter().map(|one| one.names.len()).sum();
    let numbers = if orders == all.len() {
        String::new()
    } else {
        format!("by {orders} orders, some of them with the same number")
    };
    page.row("passed on to queues", all.len(), &numbers);
    let count = |is: &dyn Fn(&PassedOn) -> bool| all.iter().filter(|one| is(one)).count();
    let served = count(&|one| !one.receipts.is_empty());
    let several = count(&PassedOn::took_several_attempts);
    let twice = count(&|one| one.receipts.len() > 1);
    let both = count(&|one| !one.receipts.is_empty() && one.dead_in.is_some());
    let more = [
        (several, "at a later attempt"),
        (twice, "with a second receipt"),
        (both, "among the dead letters too"),
    ];
    let more = more.iter().filter(|(count, _)| *count > 0);
    page.row(
        "  with a receipt",
        served,
        &list(more.map(|(count, what)| format!("{count} {what}"))),
    );
    let dead: Vec<_> = all.iter().filter(|one| one.receipts.is_empty()).collect();
    let lost: Vec<_> = dead.iter().filter(|one| one.dead_in.is_none()).collect();
    page.row("  dead letters", dead.len() - lost.len(), "");
    let named = dead.iter().filter_map(|one| Some((one, one.dead_in.as_ref()?)));
    for (one, queue) in named.take(NAMED_MAX) {
        page.note(&format!("{} is in `{queue}`", one.names.join(", ")));
    }
    if !lost.is_empty() {
        let names = lost.iter().flat_map(|one| one.names.clone());
        page.row("  WITHOUT AN OUTCOME", lost.len(), &list(names.take(NAMED_MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(line: usize, attempts: &[u64], dead_in: Option<&str>) -> PassedOn {
        let receipt = |attempt: &u64| Receipt {
            attempt: Some(*attempt),
            after: Duration::from_millis(400 * attempt),
        };
        PassedOn {
            names: vec![format!("line {line}")],
            receipts: attempts.iter().map(receipt).collect(),
            dead_in: dead_in.map(str::to_owned),
        }
    }

    fn page(all: &[PassedOn]) -> String {
        let mut page = Page::default();
        render(all, &mut page);
        page.text
    }

    #[test]
    fn what_came_of_each_is_counted_once() {
        let mut doubled = order(84, &[1], None);
        doubled.names.push("line 85".to_owned());
        let all = [
            order(78, &[1], None),
            order(79, &[2], None),
            order(80, &[1, 3], Some("lunch-Dead")),
            order(81, &[], Some("lunch-Dead")),
            order(82, &[], None),
            doubled,
        ];
        insta::assert_snapshot!(page(&all), @r"
        passed on to queues       6   by 7 orders, some of them with the same number
          with a receipt          4   1 at a later attempt, 1 with a second receipt, 1 among the dead letters too
          dead letters            1
                                      line 81 is in `lunch-Dead`
          WITHOUT AN OUTCOME      1   line 82
        ");
        assert_eq!(spans(&all).len(), 4);
        assert!(!all[4].has_outcome());
        assert_eq!(all.iter().filter(|one| one.has_outcome()).count(), 5);
    }

    #[test]
    fn where_nothing_is_passed_on_nothing_is_said() {
        assert_eq!(page(&[]), "");
    }
}
