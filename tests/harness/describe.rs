//! The timeline in words, a line for each thing that happened: what a failed expectation shows.

use lunch_cloud::{Cause, ColdCause, Record, Start};
use lunch_host::wire::{Happened, Note, TimelineLine};

/// How many lines a failure shows.
const LAST: usize = 20;

/// The last lines of a timeline, for a failure's message.
#[must_use]
pub fn last_lines(timeline: &[TimelineLine]) -> String {
    let first = timeline.len().saturating_sub(LAST);
    let lines = timeline[first..].iter().map(|line| format!("  {}\n", describe(line)));
    format!("the timeline's last lines:\n{}", lines.collect::<String>())
}

/// One thing that happened, in a line.
#[must_use]
pub fn describe(line: &TimelineLine) -> String {
    let words = match &line.happened {
        Happened::Record(record) => of_record(record),
        Happened::Note(note) => of_note(note),
    };
    format!("{}  {}  {words}", line.at, line.function.as_deref().unwrap_or("-"))
}

fn of_record(record: &Record) -> String {
    match record {
        Record::Born { instance, cause, .. } => format!("{instance} is born: {}", of_cold(*cause)),
        Record::Phase { instance, from, to, cause } => {
            format!("{instance} goes from {from:?} to {to:?}: {}", of_cause(*cause))
        }
        Record::Arrived { request, .. } => format!("{request} arrives"),
        Record::Waits { request } => format!("{request} waits for an instance to ask for more"),
        Record::Started { request, instance, start } => {
            format!("{instance} takes {request}: {}", of_start(*start))
        }
        Record::Answered { request, instance: Some(instance), outcome } => {
            format!("{request} is answered by {instance}: {outcome:?}")
        }
        Record::Answered { request, instance: None, outcome } => {
            format!("{request} is answered by nobody: {outcome:?}")
        }
        Record::Ended { request, instance, status, duration, billed_ms, .. } => {
            format!(
                "{request} ends in {instance}: {status:?} after {duration:?}, {billed_ms} ms billed"
            )
        }
        Record::InitFailed { process, failure, duration, .. } => {
            format!("INIT of {process} fails after {duration:?}: {failure:?}")
        }
        Record::CallerLeft { request } => format!("the caller of {request} hangs up"),
        Record::Queue(record) => record.to_string(),
        Record::Ecs(record) => record.to_string(),
    }
}

fn of_cold(cause: ColdCause) -> String {
    match cause {
        ColdCause::First => "the first".to_owned(),
        ColdCause::AllBusy => "all others are busy".to_owned(),
        ColdCause::AfterRetirement(retirement) => format!("the one before went, {retirement:?}"),
    }
}

fn of_start(start: Start) -> String {
    match start {
        Start::Cold(cause) => format!("cold, {}", of_cold(cause)),
        Start::Warm => "warm".to_owned(),
        Start::Reinitialized(cause) => format!("after another INIT, {cause:?}"),
    }
}

fn of_cause(cause: Cause) -> String {
    match cause {
        Cause::Invoked(request) => format!("{request} came"),
        Cause::Ended(request) => format!("{request} has ended"),
        Cause::TimedOut(request) => format!("{request} timed out"),
        Cause::Exited(exit) => exit.to_string(),
        Cause::Placed
        | Cause::InitDone
        | Cause::InitFailed(_)
        | Cause::Unused
        | Cause::Retired(_) => {
            format!("{cause:?}")
        }
    }
}

fn of_note(note: &Note) -> String {
    match note {
        Note::EventRetried { request, attempts, after, .. } => {
            format!("event {request} comes again in {after:?}, after {attempts} attempts")
        }
        Note::EventDropped { request, outcome, condition, .. } => {
            format!("event {request} is dropped, {condition:?}: {outcome:?}")
        }
        Note::EventRecorded { request, to, why, .. } => {
            let how = why.as_ref().map_or_else(String::new, |why| format!(", in vain: {why}"));
            format!("event {request} is told to {to}{how}")
        }
        Note::NotStarted { process, why } => format!("{process} did not start: {why}"),
        Note::ContainerNotStarted { run, failure, why } => {
            format!("{run} did not start: {}", failure.reason(why))
        }
        Note::InPlace { instance, why } => format!("{instance} runs in place: {why}"),
        Note::LessApart { why } => format!("less apart than elsewhere: {why}"),
        Note::ExtensionFailed { process, extension, error_type } => {
            format!("extension `{extension}` of {process} failed: {error_type}")
        }
        Note::MemoryExceeded { process, used_mb, memory_mb } => {
            format!("{process} has had {used_mb} MB of memory, more than {memory_mb} MB")
        }
        Note::ContainerMemoryExceeded { run, used_mib, memory_mib } => {
            format!("{run} has had {used_mib} MiB of memory, more than {memory_mib} MiB")
        }
        Note::Forgotten { lines } => format!("{lines} older lines are forgotten"),
        Note::Advanced { by_ms, ahead_ms } => {
            format!("time goes ahead by {by_ms} ms, {ahead_ms} ms in all")
        }
        Note::Fault(sentence) => format!("FAULT: {sentence}"),
    }
}
