//! The time axis: every busy stretch to one scale, and long quiet ones folded to a break mark with their length.

use std::time::Duration;

use lunch_contract::Moment;

use crate::span;

/// Nothing shorter is folded: a reader expects a few seconds to be as long as others.
const FOLD_MIN: Duration = Duration::from_secs(3);
/// Columns that are never given to break marks.
const SCALE_COLUMNS_MIN: usize = 12;
/// Columns of a stretch between two break marks, at least.
const PIECE_COLUMNS_MIN: usize = 2;
/// Columns between two tick labels, at least.
const TICK_COLUMNS: u64 = 10;

/// Where each moment stands.
#[derive(Debug)]
pub(super) struct Axis {
    pub(super) pieces: Vec<Piece>,
    /// How much time a column stands for, breaks apart.
    pub(super) per_column: Duration,
}

/// A run of columns.
#[derive(Debug)]
pub(super) struct Piece {
    from: Moment,
    to: Moment,
    /// The first of its columns.
    pub(super) start: usize,
    pub(super) columns: usize,
    /// The break mark, where the time is folded.
    pub(super) fold: Option<String>,
}

impl Axis {
    /// `active` is sorted and has no overlaps; there is at least one stretch and `columns` is more than a few.
    pub(super) fn new(active: &[(Moment, Moment)], columns: usize) -> Self {
        let (Some(first), Some(last)) = (active.first(), active.last()) else {
            return Self { pieces: Vec::new(), per_column: Duration::ZERO };
        };
        // A story of less than a few milliseconds still has a width.
        let end = last.1.max(first.0 + Duration::from_millis(10));
        let (gaps, span, room) = fold(active, end.since(first.0), columns);
        let per_column = span.div_f64(room.max(1) as f64);

        let mut pieces = Vec::new();
        let mut from = first.0;
        for gap in gaps {
            // A column of quiet stays on either side.
            let (quiet, busy) = (
                gap.0 + per_column,
                Moment::from_nanos(gap.1.as_nanos().saturating_sub(nanos(per_column))),
            );
            pieces.push(Piece { from, to: quiet, start: 0, columns: 0, fold: None });
            let mark = fold_mark(gap.1.since(gap.0));
            let columns = mark.chars().count();
            pieces.push(Piece { from: quiet, to: busy, start: 0, columns, fold: Some(mark) });
            from = busy;
        }
        pieces.push(Piece { from, to: end, start: 0, columns: 0, fold: None });
        share(&mut pieces, per_column, columns);
        Self { pieces, per_column }
    }

    /// The column in which that moment stands.
    pub(super) fn column(&self, at: Moment) -> usize {
        let piece = self.pieces.iter().find(|piece| at < piece.to).or_else(|| self.pieces.last());
        piece.map_or(0, |piece| piece.column(at))
    }

    /// Labels of round times, with the column that each belongs to.
    pub(super) fn ticks(&self, origin: Moment) -> Vec<(usize, String)> {
        let mut ticks = Vec::new();
        for piece in self.pieces.iter().filter(|piece| piece.fold.is_none()) {
            let (from, to) = (nanos(piece.from.since(origin)), nanos(piece.to.since(origin)));
            let columns = u64::try_from(piece.columns).unwrap_or(u64::MAX).max(1);
            let step = step(to.saturating_sub(from) * TICK_COLUMNS / columns);
            let first = from.div_ceil(step) * step;
            if first > to {
                // Too short for a round time: what it begins with is better than nothing.
                ticks.push((piece.start, tick(from, step.min(1_000_000_000))));
                continue;
            }
            let mut at = first;
            while at <= to {
                let moment = origin + Duration::from_nanos(at);
                ticks.push((piece.column(moment), tick(at, step)));
                at += step;
            }
        }
        ticks
    }
}

impl Piece {
    fn column(&self, at: Moment) -> usize {
        let (span, into) = (nanos(self.to.since(self.from)), nanos(at.since(self.from)));
        let last = self.columns.saturating_sub(1);
        let column = u128::from(into) * self.columns as u128 / u128::from(span.max(1));
        self.start + usize::try_from(column).unwrap_or(last).min(last)
    }
}

/// Chooses the gaps to fold, the longest first, while the mark is much narrower than the time would be. Answers with
/// the gaps in order, the time that is left and the columns that are left for it.
fn fold(
    active: &[(Moment, Moment)],
    mut span: Duration,
    columns: usize,
) -> (Vec<(Moment, Moment)>, Duration, usize) {
    let mut gaps: Vec<_> = active.windows(2).map(|pair| (pair[0].1, pair[1].0)).collect();
    gaps.sort_by_key(|gap| std::cmp::Reverse(gap.1.since(gap.0)));
    let mut room = columns;
    let mut folded = Vec::new();
    for gap in gaps {
        let length = gap.1.since(gap.0);
        let mark = fold_mark(length).chars().count();
        let drawn = length.as_secs_f64() / span.as_secs_f64().max(1e-9) * room as f64;
        // One piece more than there are marks.
        let pieces_min = (folded.len() + 2) * PIECE_COLUMNS_MIN;
        let is_full = room < SCALE_COLUMNS_MIN.max(pieces_min) + mark;
        if length < FOLD_MIN || drawn < mark as f64 * 1.5 || is_full {
            break;
        }
        span = span.saturating_sub(length);
        room -= mark;
        folded.push(gap);
    }
    folded.sort_unstable();
    (folded, span.max(Duration::from_millis(10)), room)
}

fn fold_mark(length: Duration) -> String {
    format!("~ {} ~", span::clock(length))
}

/// Gives the unfolded pieces their columns and all pieces their places; together they have all columns.
fn share(pieces: &mut [Piece], per_column: Duration, columns: usize) {
    let per_column = nanos(per_column).max(1);
    for piece in pieces.iter_mut().filter(|piece| piece.fold.is_none()) {
        let wanted = nanos(piece.to.since(piece.from)).div_ceil(per_column);
        piece.columns = usize::try_from(wanted).unwrap_or(columns).max(PIECE_COLUMNS_MIN);
    }
    // What they have too much or too little is the widest one's, as far as that is not the smallest by then.
    loop {
        let used: usize = pieces.iter().map(|piece| piece.columns).sum();
        let unfolded = pieces.iter_mut().filter(|piece| piece.fold.is_none());
        let Some(widest) = unfolded.max_by_key(|piece| piece.columns) else { break };
        let wanted = (widest.columns + columns).saturating_sub(used).max(PIECE_COLUMNS_MIN);
        if wanted == widest.columns {
            break;
        }
        widest.columns = wanted;
    }
    let mut start = 0;
    for piece in pieces {
        piece.start = start;
        start += piece.columns;
    }
}

/// The smallest round step of at least that many nanoseconds.
fn step(at_least: u64) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    const MINUTE: u64 = 60 * SECOND;
    const HOUR: u64 = 60 * MINUTE;
    let sub_second = (3..9).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    let rest = [
        SECOND,
        2 * SECOND,
        5 * SECOND,
        10 * SECOND,
        20 * SECOND,
        30 * SECOND,
        MINUTE,
        2 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        20 * MINUTE,
        30 * MINUTE,
        HOUR,
        2 * HOUR,
        6 * HOUR,
        12 * HOUR,
        24 * HOUR,
    ];
    sub_second.chain(rest).find(|step| *step >= at_least).unwrap_or(at_least)
}

/// The label of a tick, with the digits that its step needs.
fn tick(at: u64, step: u64) -> String {
    const SECOND: u64 = 1_000_000_000;
    let secs = Duration::from_nanos(at).as_secs_f64();
    if step >= SECOND || at >= 60 * SECOND {
        span::clock(Duration::from_nanos(at))
    } else if step >= SECOND / 10 {
        format!("{secs:.1}s")
    } else if step >= SECOND / 100 {
        format!("{secs:.2}s")
    } else {
        format!("{secs:.3}s")
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_quiet_stretches_there_are_the_axis_has_its_columns_and_no_more() {
        for quiet in 0..40_u64 {
            for columns in [24, 40, 67, 120] {
                // Busy for 300 ms to 2 s, then nothing for long.
                let active: Vec<_> = (0..=quiet)
                    .map(|at| (at * 600_000, at * 600_000 + 300 + 137 * (at % 13)))
                    .map(|(from, to)| (Moment::from_millis(from), Moment::from_millis(to)))
                    .collect();
                let axis = Axis::new(&active, columns);
                let used: usize = axis.pieces.iter().map(|piece| piece.columns).sum();
                assert_eq!(used, columns, "{quiet} quiet stretches in {columns}");
                let last = active.last().expect("there is one").1;
                assert!(axis.column(last) < columns);
                assert!(axis.ticks(Moment::ZERO).iter().all(|(column, _)| *column < columns));
            }
        }
    }
}
