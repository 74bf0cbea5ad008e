//! `lunch advance`: lets the cloud's time pass, from wake to wake, without waiting for it.
//!
//! Before each step what is really under way comes to its end: the time of a function's own clock is never shifted.

use std::rc::Rc;
use std::time::Duration;

use lunch_cloud::Wake;
use lunch_cloud::drive::{Input, World};
use lunch_contract::Moment;

use super::{Driver, Shared};
use crate::store::NotSafe;
use crate::wire::{Advanced, Note};

/// A step of it.
enum Step {
    /// Something is under way, which is waited for.
    Unsettled,
    /// The cloud was woken for that.
    Woken(Moment, Wake),
    /// The target is reached.
    Arrived,
}

/// How far the cloud may be ahead of the machine: of its moments' 584 years the others are for its deadlines, which have
/// to lie ahead of it.
const CENTURY: Duration = Duration::from_hours(24 * 36_525);

/// Why time did not pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAdvanced {
    /// That were too much.
    #[error("{0}")]
    TooFar(String),
    /// It has passed, and a restart would not know.
    #[error(transparent)]
    NotSafe(#[from] NotSafe),
}

/// Lets so much time pass, and waits until that survives.
///
/// # Errors
/// If that were too much, or the store keeps nothing any more.
pub(crate) async fn advance(driver: &Shared, span: Duration) -> Result<Advanced, NotAdvanced> {
    let ahead = driver.borrow().world.clock.ahead();
    if ahead.saturating_add(span) > CENTURY {
        return Err(NotAdvanced::TooFar(format!(
            "`{} ms` cannot pass: the cloud may be ahead of this machine by at most a century, and is by `{} ms`\n(let \
             less time pass, or start the cloud anew)",
            millis(span),
            millis(ahead)
        )));
    }
    let (target, lines, told) = {
        let driver = driver.borrow();
        let world = &driver.world;
        (world.clock.now() + span, world.timeline.count(), Rc::clone(&world.told))
    };
    let before = driver.borrow().world.clock.ahead();
    let mut wakes = Vec::new();
    loop {
        // Asked for before it is looked at, so that nothing is told in between unseen.
        let told = told.notified();
        let step = driver.borrow_mut().step_towards(target);
        match step {
            Step::Unsettled => told.await,
            Step::Woken(at, wake) => wakes.push((at, wake)),
            Step::Arrived => break,
        }
    }
    let safe = driver.borrow_mut().clock_is_safe();
    if let Some(safe) = safe {
        safe.await?;
    }
    let driver = driver.borrow();
    let ahead = driver.world.clock.ahead();
    let (by_ms, ahead_ms) = (millis(ahead.saturating_sub(before)), millis(ahead));
    let now = driver.world.clock.now();
    driver.world.timeline.note(now, Note::Advanced { by_ms, ahead_ms });
    let happened = driver.timeline_from(lines);
    Ok(Advanced { by_ms, ahead_ms, wakes, happened })
}

impl Driver {
    fn step_towards(&mut self, target: Moment) -> Step {
        if !self.cloud.settled() {
            return Step::Unsettled;
        }
        let wake = self.cloud.poll_timeout().filter(|(at, _)| *at <= target);
        let to = wake.as_ref().map_or(target, |(at, _)| *at);
        let now = self.world.clock.now();
        self.world.clock.advance(to.since(now));
        // The timer waits by the machine's clock: it is armed anew whatever it was armed for.
        self.world.armed = None;
        match wake {
            Some((at, wake)) => {
                self.tell(Input::Timeout).expect("time that passes is not refused");
                Step::Woken(at, wake)
            }
            None => {
                let wake = self.world.wake;
                self.world.arm(wake);
                Step::Arrived
            }
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
