//! A running cloud.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lunch_host::wire::{
    Advance, Advanced, AnsweredRequest, Evict, Evicted, Info, LogKind, LogLine, Ps, Redeploy,
    Redeployed, TimelineLine,
};
use nix::sys::signal::Signal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::builder::Builder;
use crate::call::{Call, with_causes};
use crate::describe::last_lines;
use crate::door::{Answer, Door, Request};
use crate::folder::Folder;
use crate::invocation::Invocation;
use crate::pace::wait_until;
use crate::survivors::survivors;
use crate::up::{Ended, Up};

/// A cloud of a test's own: the process `lunch up` on a free port. Dropping it ends the process, and fails the test if
/// it does not end well or leaves anything behind.
#[derive(Debug)]
pub struct Cloud {
    up: Up,
    door: Arc<Door>,
    folder: Folder,
    token: String,
    has_ended: bool,
}

impl Cloud {
    /// Describes a cloud.
    pub fn builder() -> Builder {
        Builder::default()
    }

    #[track_caller]
    pub(crate) fn new(up: Up, folder: Folder, token: String) -> Self {
        let door = match Door::new(up.port) {
            Ok(door) => Arc::new(door),
            Err(error) => panic!("no thread for calls: {error}"),
        };
        Self { up, door, folder, token, has_ended: false }
    }

    /// Where it listens, on `127.0.0.1` and `[::1]`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.door.port
    }

    /// Its address, for clients that take an endpoint URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// The process id of `lunch`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.up.pid()
    }

    /// The folder of its template, settings and functions; it is gone with the cloud.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The copy that the first function's revision keeps of its code.
    #[must_use]
    pub fn code(&self) -> PathBuf {
        self.folder().join(".lunch/build/Function0")
    }

    /// What only processes of this cloud's functions have in their environment.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }
}

/// Calling functions.
impl Cloud {
    /// Calls a function and waits for its answer.
    #[track_caller]
    pub fn invoke(&self, function: &str, payload: impl Serialize) -> Invocation {
        self.begin(function, payload).wait()
    }

    /// Calls a function with headers of one's own: `x-amz-invocation-type`, `x-amz-log-type`, ...
    #[track_caller]
    pub fn invoke_with(
        &self,
        function: &str,
        payload: impl Serialize,
        headers: &[(&str, &str)],
    ) -> Invocation {
        let mut request = Request::invoke(function, json(&payload));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.send(function, vec![request]).pop().expect("one request is one call").wait()
    }

    /// Calls a function and does not wait yet.
    #[track_caller]
    pub fn begin(&self, function: &str, payload: impl Serialize) -> Call {
        self.begin_all(function, [payload]).pop().expect("one request is one call")
    }

    /// Calls a function several times at once: all connect first, and then all are sent.
    #[track_caller]
    pub fn begin_all<P: Serialize>(
        &self,
        function: &str,
        payloads: impl IntoIterator<Item = P>,
    ) -> Vec<Call> {
        let request = |payload| Request::invoke(function, json(&payload));
        self.send(function, payloads.into_iter().map(request).collect())
    }

    /// Calls a function several times at once and waits for all answers.
    #[track_caller]
    pub fn invoke_all<P: Serialize>(
        &self,
        function: &str,
        payloads: impl IntoIterator<Item = P>,
    ) -> Vec<Invocation> {
        self.begin_all(function, payloads).into_iter().map(Call::wait).collect()
    }

    fn send(&self, function: &str, requests: Vec<Request>) -> Vec<Call> {
        let call = |pending| Call::new(function, Arc::clone(&self.door), pending);
        self.door.begin(requests).into_iter().map(call).collect()
    }

    /// Any request, byte for byte.
    ///
    /// # Panics
    /// If there is no answer.
    #[track_caller]
    pub fn http(&self, request: Request) -> Answer {
        let path = request.path.clone();
        self.door.call(request).unwrap_or_else(|error| panic!("`{path}`: {}", with_causes(&error)))
    }
}

/// Looking and disturbing, by the cloud's own routes.
impl Cloud {
    /// What runs here and how it is set.
    #[must_use]
    #[track_caller]
    pub fn info(&self) -> Info {
        self.read(Request::get("/_lunch/info"))
    }

    /// The functions and the living instances.
    #[must_use]
    #[track_caller]
    pub fn ps(&self) -> Ps {
        self.read(Request::get("/_lunch/ps"))
    }

    /// What `lunch` has said on stderr so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.up.said()
    }

    /// All that happened.
    #[must_use]
    #[track_caller]
    pub fn timeline(&self) -> Vec<TimelineLine> {
        self.lines("/_lunch/timeline")
    }

    /// What the functions wrote.
    #[must_use]
    #[track_caller]
    pub fn logs(&self) -> Vec<LogLine> {
        let mut lines = self.whole_log();
        lines.retain(|line| line.kind == LogKind::Function);
        lines
    }

    /// What the functions wrote, and what AWS would write about them.
    #[must_use]
    #[track_caller]
    pub fn whole_log(&self) -> Vec<LogLine> {
        self.lines("/_lunch/logs")
    }

    /// The requests that were answered.
    #[must_use]
    #[track_caller]
    pub fn requests(&self) -> Vec<AnsweredRequest> {
        self.lines("/_lunch/requests")
    }

    /// Lets the cloud's time pass, from wake to wake; work in progress is waited for.
    #[track_caller]
    pub fn advance(&self, span: Duration) -> Advanced {
        let ms = u64::try_from(span.as_millis()).expect("a span that a test waits for is short");
        self.read(Request::post("/_lunch/advance", json(&Advance { ms })))
    }

    /// Takes all instances of a function away; the next request is cold.
    #[track_caller]
    pub fn evict(&self, function: &str) -> Evicted {
        self.read(Request::post("/_lunch/evict", json(&Evict::Function(function.to_owned()))))
    }

    /// Takes one instance away, as `i-0004`.
    #[track_caller]
    pub fn evict_instance(&self, instance: &str) -> Evicted {
        self.read(Request::post("/_lunch/evict", json(&Evict::Instance(instance.to_owned()))))
    }

    /// Puts new code in a function's place, which is the same program again.
    #[track_caller]
    pub fn redeploy(&self, function: &str) -> Redeployed {
        let what = Redeploy { function: function.to_owned() };
        self.read(Request::post("/_lunch/redeploy", json(&what)))
    }

    /// Waits until the timeline has a line for which `is_it` is true, and gives that line.
    ///
    /// # Panics
    /// If none comes.
    #[track_caller]
    pub fn wait_for(&self, what: &str, is_it: impl Fn(&TimelineLine) -> bool) -> TimelineLine {
        wait_until(what, || {
            let timeline = self.timeline();
            let line = timeline.iter().find(|line| is_it(line)).cloned();
            line.ok_or_else(|| last_lines(&timeline))
        })
    }

    #[track_caller]
    fn read<T: DeserializeOwned>(&self, request: Request) -> T {
        self.door.read(request).unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn lines<T: DeserializeOwned>(&self, path: &str) -> Vec<T> {
        self.door.read_lines(path).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Ending.
impl Cloud {
    /// Asks it to end by that signal, waits until it has, and says how.
    ///
    /// # Panics
    /// If it does not end.
    #[track_caller]
    pub fn end(mut self, signal: Signal) -> Ended {
        self.has_ended = true;
        self.up.signal(signal);
        self.up.wait_for_end()
    }

    /// Ends `lunch` as the kernel does that is out of memory: by SIGKILL. What it leaves behind is the test's to see.
    #[track_caller]
    pub fn kill(mut self) -> Ended {
        self.has_ended = true;
        self.up.signal(Signal::SIGKILL);
        self.up.wait_for_end()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        if thread::panicking() {
            // The test has failed already, and its message is the one to be read.
            self.up.kill();
            return;
        }
        assert!(!self.up.has_ended(), "`lunch` ended by itself before the test did");
        self.up.signal(Signal::SIGTERM);
        let ended = self.up.wait_for_end();
        assert!(ended.status.success(), "`lunch` ended with {}\n{}", ended.status, ended.said);
        let left = survivors(&self.token);
        assert!(left.is_empty(), "`lunch` ended and left behind: {left:?}");
    }
}

fn json(payload: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec::<Value>(&serde_json::to_value(payload).expect("a payload is plain data"))
        .expect("JSON can be written")
}
