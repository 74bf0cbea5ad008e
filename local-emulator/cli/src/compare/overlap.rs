//! How many there were at once, from when each began and ended.

use std::collections::{BTreeMap, BTreeSet};

/// A slice in which less than that share of the time was the worker's own is no proof that it executed meanwhile.
const SOLID: f64 = 0.9;

/// From when to when, nanoseconds of one clock; the end is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from_ns: u64,
    pub(crate) to_ns: u64,
}

/// A part of a calculation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct Slice {
    pub(crate) from_ns: u64,
    pub(crate) to_ns: u64,
    /// Processor time between the two.
    pub(crate) cpu_ns: u64,
    pub(crate) core: Option<usize>,
}

/// The most of them at once.
pub(crate) fn most_at_once(spans: &[Span]) -> usize {
    let mut most = 0;
    sweep(spans, |open| most = most.max(open.len()));
    most
}

/// The most cores at once on which one of these slices was calculated, all of the time.
///
/// On one core many may have begun and not ended; a core's slices count once. A slice that was interrupted does not count.
pub(crate) fn most_executing(slices: &[Slice]) -> usize {
    let solid: Vec<_> = slices.iter().filter(|slice| slice.is_solid()).collect();
    let spans: Vec<_> = solid.iter().map(|slice| slice.span()).collect();
    let mut most = 0;
    sweep(&spans, |open| {
        let cores: BTreeSet<_> = open.iter().map(|index| solid[*index].core).collect();
        most = most.max(cores.len());
    });
    most
}

impl Slice {
    const fn span(&self) -> Span {
        Span { from_ns: self.from_ns, to_ns: self.to_ns }
    }

    #[expect(clippy::cast_precision_loss, reason = "a slice is shorter than 2^53 ns")]
    fn is_solid(&self) -> bool {
        let wall = self.to_ns.saturating_sub(self.from_ns);
        self.cpu_ns as f64 >= wall as f64 * SOLID
    }
}

/// Looks at those that are open whenever one has begun. Where one ends another may begin.
fn sweep(spans: &[Span], mut look: impl FnMut(&BTreeSet<usize>)) {
    let mut changes: BTreeMap<u64, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, span) in spans.iter().enumerate().filter(|(_, span)| span.from_ns < span.to_ns) {
        changes.entry(span.from_ns).or_default().1.push(index);
        changes.entry(span.to_ns).or_default().0.push(index);
    }
    let mut open = BTreeSet::new();
    for (ended, begun) in changes.into_values() {
        open.retain(|index| !ended.contains(index));
        open.extend(begun);
        look(&open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(all: &[(u64, u64)]) -> Vec<Span> {
        all.iter().map(|(from_ns, to_ns)| Span { from_ns: *from_ns, to_ns: *to_ns }).collect()
    }

    fn slice(from_ns: u64, to_ns: u64, core: usize) -> Slice {
        Slice { from_ns, to_ns, cpu_ns: to_ns - from_ns, core: Some(core) }
    }

    #[test]
    fn what_ends_makes_room_before_another_begins() {
        assert_eq!(most_at_once(&spans(&[(0, 10), (10, 20), (20, 30)])), 1);
        assert_eq!(most_at_once(&spans(&[(0, 10), (9, 20), (5, 30), (25, 26)])), 3);
        assert_eq!(most_at_once(&spans(&[])), 0);
    }

    #[test]
    fn on_one_core_nothing_executes_beside_anything() {
        let one_core = [slice(0, 10, 3), slice(5, 15, 3), slice(8, 20, 3)];
        assert_eq!(most_executing(&one_core), 1);
        let two_cores = [slice(0, 10, 3), slice(5, 15, 4), slice(8, 20, 3)];
        assert_eq!(most_executing(&two_cores), 2);
        let one_after_the_other = [slice(0, 10, 3), slice(10, 20, 4)];
        assert_eq!(most_executing(&one_after_the_other), 1);
    }

    #[test]
    fn what_was_interrupted_proves_nothing() {
        let interrupted = Slice { cpu_ns: 5, ..slice(0, 10, 4) };
        assert_eq!(most_executing(&[slice(0, 10, 3), interrupted]), 1);
    }
}
