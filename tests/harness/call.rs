//! A request whose answer is not waited for yet.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use crate::door::{CallError, Door, Pending};
use crate::invocation::Invocation;

/// A request on its way. Dropping it hangs up, as [`Call::hang_up`] says more plainly.
#[must_use = "a call that is dropped hangs up"]
pub struct Call {
    function: String,
    door: Arc<Door>,
    pending: Pending,
    began: Instant,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("function", &self.function).finish_non_exhaustive()
    }
}

impl Call {
    pub(crate) fn new(function: &str, door: Arc<Door>, pending: Pending) -> Self {
        Self { function: function.to_owned(), door, pending, began: Instant::now() }
    }

    /// Waits for the answer.
    ///
    /// # Panics
    /// If the connection breaks, or nothing comes for a minute longer than any function here may take.
    #[track_caller]
    pub fn wait(self) -> Invocation {
        let patience = Duration::from_secs(120);
        match self.pending.answer.recv_timeout(patience) {
            Ok(Ok(answer)) => {
                Invocation::new(self.function, answer, self.began.elapsed(), self.door)
            }
            Ok(Err(error)) => panic!("calling `{}`: {}", self.function, with_causes(&error)),
            Err(RecvTimeoutError::Timeout) => {
                panic!("`{}` gave no answer for {} s", self.function, patience.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => {
                panic!("calling `{}`: the client's thread is gone", self.function)
            }
        }
    }

    /// Waits for the end of a call that the cloud itself may end.
    ///
    /// # Errors
    /// If there was no answer.
    pub fn wait_for_any_end(self) -> Result<Invocation, CallError> {
        let answer = self.pending.answer.recv().unwrap_or(Err(CallError::HungUp))?;
        Ok(Invocation::new(self.function, answer, self.began.elapsed(), self.door))
    }

    /// Closes the connection without waiting for the answer.
    pub fn hang_up(self) {
        drop(self);
    }
}

/// An error with what caused it.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}, because {cause}"))
}
