//! All that was logged: a stream per instance, which outlives it, in the group of its function.
//!
//! One queue for all streams, in the order in which things were logged, so that one bound holds for everything and the
//! oldest is forgotten first, whoever logged it.

use std::collections::VecDeque;
use std::rc::Rc;

use lunch_contract::{FunctionId, Moment};

use super::logging::Logging;
use super::platform::PlatformEvent;
use crate::uuid::Uuid;
use crate::wire::Writer;

/// So many bytes are kept.
const KEPT_BYTES: usize = 16 * 1024 * 1024;

/// So many streams are known; those of the oldest instances are forgotten, with what they logged.
const KEPT_STREAMS: usize = 10_000;

/// Everything that was logged and is not forgotten yet.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    /// Groups that are there without a stream.
    groups: Vec<String>,
    streams: VecDeque<Stream>,
    /// The first of them that is known.
    first_stream: u32,
    events: VecDeque<LogEvent>,
    /// The number of the first of them that is kept.
    first_event: u64,
    bytes: usize,
    /// From this number on nothing is forgotten.
    whole_from: u64,
}

/// A stream: by number, of which there are never two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamId(u32);

/// What one instance logs, or one container.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) group: Rc<str>,
    pub(crate) by: Writer,
    /// The instance's.
    pub(crate) function: Option<FunctionId>,
    /// The function's name, or the container's with what its task is for, as `burger/kitchen`.
    pub(crate) called: Rc<str>,
    pub(crate) logging: Logging,
    pub(crate) born: Moment,
    /// When the first and the last of its events were logged.
    pub(crate) span: Option<(Moment, Moment)>,
}

/// Something that was logged. Three of them stand for most requests, and the memory that they are written to has long
/// left the caches: it is as small as it can be.
#[derive(Debug)]
pub(crate) struct LogEvent {
    pub(crate) at: Moment,
    stream: StreamId,
    /// The request that the instance had in hand, or had last.
    pub(crate) request: Option<Uuid>,
    pub(crate) what: What,
}

const _: () = assert!(size_of::<LogEvent>() == 64);

/// By whom, and what.
#[derive(Debug)]
pub(crate) enum What {
    /// A line of the function's own, without its end.
    Line(Box<str>),
    /// A line of AWS's.
    Platform(PlatformEvent),
    /// A line of AWS's that is told but seldom.
    Written(Box<str>),
}

impl Logs {
    /// Nothing yet, with groups that are there all the same.
    pub(crate) fn with(groups: Vec<String>) -> Self {
        Self { groups, ..Self::default() }
    }

    /// The groups that are there without a stream.
    pub(crate) fn groups(&self) -> &[String] {
        &self.groups
    }

    /// A new instance's stream.
    pub(crate) fn open(&mut self, stream: Stream) -> StreamId {
        if self.streams.len() >= KEPT_STREAMS {
            self.streams.pop_front();
            self.first_stream += 1;
            self.whole_from = self.next();
        }
        self.streams.push_back(stream);
        StreamId(self.first_stream + u32::try_from(self.streams.len() - 1).expect("there are few"))
    }

    /// Logs something, and forgets what is oldest to stay within the bound. Gives its number.
    ///
    /// In a stream time never goes back: what is told late of an earlier moment stands at the last one.
    pub(crate) fn push(
        &mut self,
        at: Moment,
        id: StreamId,
        request: Option<Uuid>,
        what: What,
    ) -> u64 {
        let number = self.next();
        let Some(place) = self.place(id) else { return number };
        let stream = &mut self.streams[place];
        let (first, last) = stream.span.unwrap_or((at, at));
        let at = at.max(last);
        stream.span = Some((first, at));
        let event = LogEvent { at, stream: id, request, what };
        self.bytes += event.bytes();
        self.events.push_back(event);
        while self.bytes > KEPT_BYTES
            && let Some(forgotten) = self.events.pop_front()
        {
            self.bytes -= forgotten.bytes();
            self.first_event += 1;
        }
        number
    }

    /// The number that the next event will have.
    pub(crate) fn next(&self) -> u64 {
        self.first_event + self.events.len() as u64
    }

    /// The number from which on nothing is forgotten.
    pub(crate) fn whole_from(&self) -> u64 {
        self.whole_from.max(self.first_event)
    }

    /// The streams, oldest first.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.streams.iter()
    }

    /// The events from the so-many-th on, each with its number and its stream.
    pub(crate) fn events(&self, from: u64) -> impl Iterator<Item = (u64, &Stream, &LogEvent)> {
        let skipped = usize::try_from(from.saturating_sub(self.first_event)).unwrap_or(usize::MAX);
        let numbered = (self.first_event..).zip(&self.events).skip(skipped);
        numbered.filter_map(|(number, event)| {
            let place = self.place(event.stream)?;
            Some((number, &self.streams[place], event))
        })
    }

    fn place(&self, id: StreamId) -> Option<usize> {
        let place = usize::try_from(id.0.checked_sub(self.first_stream)?).ok()?;
        (place < self.streams.len()).then_some(place)
    }
}

impl LogEvent {
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + match &self.what {
                What::Line(text) | What::Written(text) => text.len(),
                What::Platform(_) => 0,
            }
    }

    /// What stands in the stream; `unix_ms` is the cloud's wall-clock time of the event.
    pub(crate) fn text(&self, stream: &Stream, unix_ms: u64) -> String {
        match &self.what {
            What::Line(text) | What::Written(text) => text.to_string(),
            What::Platform(event) => {
                let request = self.request.map(Uuid::text);
                event.line(stream.logging.format, request.as_deref().unwrap_or_default(), unix_ms)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lunch_contract::InstanceId;

    use super::*;

    fn stream(index: u32) -> Stream {
        Stream {
            name: index.to_string(),
            group: "/aws/lambda/coffee".into(),
            by: InstanceId { serial: index, index }.into(),
            function: Some(FunctionId(0)),
            called: "coffee".into(),
            logging: Logging::default(),
            born: Moment::ZERO,
            span: None,
        }
    }

    fn line(text: &str) -> What {
        What::Line(text.into())
    }

    #[test]
    fn events_are_numbered_and_found_from_a_number_on() {
        let mut logs = Logs::default();
        let (one, other) = (logs.open(stream(0)), logs.open(stream(1)));
        for (number, id) in (0..).zip([one, other, one]) {
            assert_eq!(logs.push(Moment::ZERO, id, None, line("grind")), number);
        }
        let found: Vec<_> =
            logs.events(1).map(|(number, stream, _)| (number, stream.name.as_str())).collect();
        assert_eq!(found, [(1, "1"), (2, "0")]);
        assert_eq!(logs.events(logs.next()).count(), 0);
    }

    #[test]
    fn in_a_stream_time_never_goes_back() {
        let mut logs = Logs::default();
        let id = logs.open(stream(0));
        let later = Moment::ZERO + Duration::from_secs(1);
        logs.push(later, id, None, line("read late"));
        logs.push(Moment::ZERO, id, None, line("told of an earlier moment"));
        assert!(logs.events(0).all(|(.., event)| event.at == later));
        assert_eq!(logs.streams().next().and_then(|stream| stream.span), Some((later, later)));
    }

    #[test]
    fn what_is_oldest_is_forgotten_first() {
        let mut logs = Logs::default();
        let id = logs.open(stream(0));
        let text = "x".repeat(KEPT_BYTES / 8);
        for _ in 0..100 {
            logs.push(Moment::ZERO, id, None, line(&text));
        }
        let kept: Vec<_> = logs.events(0).map(|(number, ..)| number).collect();
        assert_eq!(kept, (93..100).collect::<Vec<_>>());
        assert_eq!(logs.whole_from(), 93);
        assert!(logs.bytes <= KEPT_BYTES);
    }

    #[test]
    fn the_streams_of_the_oldest_are_forgotten_with_what_they_logged() {
        let mut logs = Logs::default();
        let oldest = logs.open(stream(0));
        logs.push(Moment::ZERO, oldest, None, line("grind"));
        for index in 1..=u32::try_from(KEPT_STREAMS).expect("it is small") {
            logs.open(stream(index));
        }
        assert_eq!(logs.whole_from(), 1);
        assert_eq!(logs.streams().count(), KEPT_STREAMS);
        assert_eq!(logs.events(0).count(), 0);
        logs.push(Moment::ZERO, oldest, None, line("nobody's"));
        assert_eq!(logs.events(0).count(), 0);
    }
}
