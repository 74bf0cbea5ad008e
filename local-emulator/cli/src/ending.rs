//! How a running cloud is asked to end: Ctrl-C, SIGTERM, or a terminal that closes.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{Code, Failure, OrFail as _};

/// Hears it. From here on these signals do nothing else.
#[derive(Debug)]
pub(crate) struct Ending {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Ending {
    /// Begins to listen.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let on = |kind| signal(kind).or_fail(Code::Fault);
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    /// Waits until somebody asks, each time anew; says by what.
    pub(crate) async fn asked(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hangup.recv() => "SIGHUP",
        }
    }
}
