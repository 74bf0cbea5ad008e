//! `lunch advance 10m`: a running cloud's time passes, from deadline to deadline.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use lunch_cloud::{Cause, Phase, Record};

use tokio::time::timeout;

use crate::args;
use crate::door::Door;
use crate::failure::{Code, Failure};
use crate::say;
use crate::span;
use crate::story::ahead;
use crate::summary::retired;
use lunch_host::wire::{Advance, Advanced, Happened};

pub(crate) async fn run(asked: args::Advance) -> Result<Code, Failure> {
    let door = Door::new(asked.door.port);
    let ms = u64::try_from(asked.span.as_millis()).unwrap_or(u64::MAX);
    let advance = Advance { ms };
    let asked_for = door.ask("/_lunch/advance", &advance);
    tokio::pin!(asked_for);
    let advanced: Advanced = match timeout(PATIENCE, &mut asked_for).await {
        Ok(advanced) => advanced,
        Err(_) => {
            say::beside("waiting for what is really under way: a function's work is never skipped");
            asked_for.await
        }
    }?;
    say::answer(render(asked.span, &advanced));
    if let Some(ahead) = ahead(advanced.ahead_ms) {
        say::beside(ahead);
    }
    Ok(Code::Done)
}

/// Whoever waits longer is told for what.
const PATIENCE: Duration = Duration::from_secs(1);

fn render(span: Duration, advanced: &Advanced) -> String {
    let mut gone: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for line in &advanced.happened {
        if let Happened::Record(Record::Phase {
            instance, from, cause: Cause::Retired(why), ..
        }) = &line.happened
            && *from != Phase::Stopping
        {
            gone.entry(retired(*why)).or_default().push(instance.to_string());
        }
    }
    let mut text = passed(span, Duration::from_millis(advanced.by_ms));
    for (why, instances) in &gone {
        let (count, names) = (instances.len(), few(instances));
        writeln!(text, "{count} reclaimed ({why}): {names}")
            .expect("a string takes what is written");
    }
    if gone.is_empty() {
        text.push_str("no instance was reclaimed\n");
    }
    text
}

/// What passed, and how much of it was real time. Less than half a second of that is the asking itself.
fn passed(span: Duration, skipped: Duration) -> String {
    let waited = span.saturating_sub(skipped);
    if waited < Duration::from_millis(500) {
        return format!("{} passed\n", span::clock(span));
    }
    format!(
        "{} passed: {} were skipped, and {} went by as real work was waited for\n",
        span::clock(span),
        span::clock(skipped),
        span::clock(waited)
    )
}

/// All of a few names; of many the first ones.
pub(crate) fn few(names: &[String]) -> String {
    const SHOWN: usize = 8;
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{} and {more} more", names[..SHOWN].join(", ")),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use lunch_cloud::Retirement;
    use lunch_contract::{InstanceId, Moment};

    use super::*;
    use lunch_host::wire::TimelineLine;

    fn advanced(instances: u32) -> Advanced {
        let happened = (0..instances).map(|serial| TimelineLine {
            at: Moment::ZERO,
            function: None,
            about: None,
            happened: Happened::Record(Record::Phase {
                instance: InstanceId { serial, index: serial },
                from: Phase::Frozen,
                to: Phase::Stopping,
                cause: Cause::Retired(Retirement::FunctionIdle),
            }),
        });
        Advanced {
            by_ms: 660_000,
            ahead_ms: 660_000,
            wakes: Vec::new(),
            happened: happened.collect(),
        }
    }

    #[test]
    fn it_says_what_was_skipped_and_what_was_waited_for() {
        let worked = Advanced { by_ms: 648_000, ..advanced(0) };
        let told = render(Duration::from_secs(660), &worked);
        let first =
            "11m passed: 10m 48s were skipped, and 12s went by as real work was waited for\n";
        assert!(told.starts_with(first), "{told}");
    }

    #[test]
    fn it_says_who_went_and_why() {
        let span = Duration::from_secs(660);
        insta::assert_snapshot!(render(span, &advanced(10)), @r"
        11m passed
        10 reclaimed (function idle): i-0000, i-0001, i-0002, i-0003, i-0004, i-0005, i-0006, i-0007 and 2 more
        ");
        insta::assert_snapshot!(render(span, &advanced(0)), @r"
        11m passed
        no instance was reclaimed
        ");
    }
}
