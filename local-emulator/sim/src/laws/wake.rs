//! No wake in the past, and no waking again and again for nothing.

use lunch_cloud::drive::Input;
use lunch_contract::Moment;

use super::{Law, Step, Verdict, require};

/// So many wakes at one moment with nothing to show for them are a spin.
const SPIN: u32 = 100;

#[derive(Clone, Debug, Default)]
pub(super) struct Wakes {
    idle: (Moment, u32),
}

impl Law for Wakes {
    fn name(&self) -> &'static str {
        "wake"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        if let Some((at, wake)) = step.wakes[1] {
            require(at >= step.now, || format!("{wake} at {at} is past, it is {}", step.now))?;
        }
        let nothing = step.commands.is_empty() && step.records.is_empty();
        if matches!(step.input, Input::Timeout) && nothing {
            let (at, count) = self.idle;
            self.idle = (step.now, if at == step.now { count + 1 } else { 1 });
            require(self.idle.1 < SPIN, || format!("woken {SPIN} times at {at} for nothing"))?;
        }
        Ok(())
    }
}
