//! Looking at what was logged: as our own lines, and as CloudWatch Logs has it, in groups and streams.

use lunch_contract::{FunctionId, Moment, names};

use super::Driver;
use crate::logs::{LogEvent, Stream, What};
use crate::wire::{LogKind, LogLine};

/// A log group that has a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogGroupView {
    pub(crate) name: String,
    /// When its first stream began, milliseconds since 1970.
    pub(crate) born_ms: i64,
    /// Of the messages that are kept.
    pub(crate) bytes: usize,
}

/// A stream of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogStreamView {
    pub(crate) name: String,
    /// When it began, milliseconds since 1970.
    pub(crate) born_ms: i64,
    /// When the first and the last of its events were logged, milliseconds since 1970.
    pub(crate) span_ms: Option<(i64, i64)>,
}

/// An event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoggedEvent {
    /// Its place in all that was logged.
    pub(crate) number: u64,
    pub(crate) stream: String,
    /// Milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// With its end of line, as Lambda sends it.
    pub(crate) message: String,
}

impl Driver {
    /// What was logged from the so-many-th line on, by that function or by all.
    pub(crate) fn log_lines(&self, from: u64, function: Option<FunctionId>) -> Vec<LogLine> {
        let world = &self.world;
        let wanted = world.logs.events(from).filter(|(_, stream, _)| {
            function.is_none_or(|function| stream.function == Some(function))
        });
        let lines = wanted.map(|(number, stream, event)| {
            let unix_ms = millis(world.clock.wall_of(event.at));
            LogLine {
                number,
                at: event.at,
                time: names::timestamp(unix_ms),
                kind: match event.what {
                    What::Line(_) => LogKind::Function,
                    What::Platform(_) | What::Written(_) => LogKind::Platform,
                },
                by: stream.by,
                function: stream.called.to_string(),
                stream: stream.name.clone(),
                request_id: event.request.map(|uuid| uuid.to_string()),
                text: event.text(stream, unix_ms),
            }
        });
        lines.collect()
    }

    /// The log groups, by name.
    pub(crate) fn log_groups(&self) -> Vec<LogGroupView> {
        let born_ms = self.unix_ms(Moment::ZERO);
        let mut groups: Vec<LogGroupView> = self
            .world
            .logs
            .groups()
            .iter()
            .map(|name| LogGroupView { name: name.clone(), born_ms, bytes: 0 })
            .collect();
        for stream in self.world.logs.streams() {
            if groups.iter().all(|group| *group.name != *stream.group) {
                let born_ms = self.unix_ms(stream.born);
                groups.push(LogGroupView { name: stream.group.to_string(), born_ms, bytes: 0 });
            }
        }
        groups.sort_by(|one, other| one.name.cmp(&other.name));
        for (_, stream, event) in self.world.logs.events(0) {
            let place = groups.binary_search_by(|group| group.name.as_str().cmp(&stream.group));
            let place = place.expect("each stream's group is there");
            groups[place].bytes += self.message(stream, event).len();
        }
        groups
    }

    /// The streams of a group, oldest first; `None`: there is no such group.
    pub(crate) fn log_streams(&self, group: &str) -> Option<Vec<LogStreamView>> {
        let streams = self.world.logs.streams().filter(|stream| *stream.group == *group);
        let shown = streams.map(|stream| LogStreamView {
            name: stream.name.clone(),
            born_ms: self.unix_ms(stream.born),
            span_ms: stream.span.map(|(first, last)| (self.unix_ms(first), self.unix_ms(last))),
        });
        let shown: Vec<_> = shown.collect();
        let is_there =
            !shown.is_empty() || self.world.logs.groups().iter().any(|name| name == group);
        is_there.then_some(shown)
    }

    /// The events of a group's streams that are wanted, oldest first.
    pub(crate) fn logged(&self, group: &str, wanted: impl Fn(&str) -> bool) -> Vec<LoggedEvent> {
        let events = self.world.logs.events(0);
        let events =
            events.filter(|(_, stream, _)| *stream.group == *group && wanted(&stream.name));
        let shown = events.map(|(number, stream, event)| LoggedEvent {
            number,
            stream: stream.name.clone(),
            at_ms: self.unix_ms(event.at),
            message: self.message(stream, event),
        });
        shown.collect()
    }

    fn message(&self, stream: &Stream, event: &LogEvent) -> String {
        event.text(stream, millis(self.world.clock.wall_of(event.at))) + "\n"
    }

    fn unix_ms(&self, at: Moment) -> i64 {
        i64::try_from(millis(self.world.clock.wall_of(at))).unwrap_or(i64::MAX)
    }
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
