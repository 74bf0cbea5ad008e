//! A floor: a cold start by hand. Starts the function, gives it one event and takes its answer, and nothing else.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeVal;

use crate::failure::Failure;
use crate::http::{Connection, PATIENCE};
use crate::programs::Function;

/// A Runtime API for one function at a time.
#[derive(Debug)]
pub(crate) struct ByHand {
    listener: TcpListener,
    runtime_api: String,
    function: PathBuf,
}

impl ByHand {
    pub(crate) fn listen(function: PathBuf) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(Failure::to("listen"))?;
        let patience = TimeVal::new(PATIENCE.as_secs().cast_signed(), 0);
        setsockopt(&listener, sockopt::ReceiveTimeout, &patience)
            .map_err(Failure::to("wait for a function no longer than that"))?;
        let address = listener.local_addr().map_err(Failure::to("listen"))?;
        Ok(Self { listener, runtime_api: address.to_string(), function })
    }

    /// From before the process is started until its whole answer has come. The process is gone afterwards.
    pub(crate) fn cold(&self, event: &str) -> Result<Duration, Failure> {
        let silent = |source| Failure::Silent { whom: "the function", source };
        let since = Instant::now();
        let function = Function::start(&self.function, &self.runtime_api)?;
        let (stream, _) = self.listener.accept().map_err(silent)?;
        let mut connection = Connection::of(stream).map_err(silent)?;
        connection.read().map_err(silent)?;
        connection.write(&delivery(event)).map_err(silent)?;
        let (_, answer) = connection.read().map_err(silent)?;
        let took = since.elapsed();
        let is_right = answer == event.as_bytes();
        drop(function);
        if is_right {
            Ok(took)
        } else {
            Err(Failure::Premise("the function's answer is wrong".into()))
        }
    }
}

/// What `/next` is answered with.
fn delivery(event: &str) -> Vec<u8> {
    let deadline = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default() + PATIENCE;
    format!(
        "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: {}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:::function:bench\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{event}",
        deadline.as_millis(),
        event.len()
    )
    .into_bytes()
}
