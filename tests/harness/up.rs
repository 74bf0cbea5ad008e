//! The process of a cloud: `lunch up`, started, listened to and ended.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::pace::{PATIENCE, wait_until};

/// What the first line begins with.
const LISTENING: &str = "listening on http://127.0.0.1:";

/// Functions may have to be built first.
const START_PATIENCE: Duration = Duration::from_secs(300);

/// Why a cloud did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program cannot be run.
    #[error("cannot run `{program}`")]
    Run {
        /// Which program.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It ended and never listened.
    #[error("`lunch up` ended with {} before it listened\n{}", .0.status, .0.said)]
    Ended(Ended),
    /// Its first line is another one.
    #[error("the first line of `lunch up` is `{0}`, not where it listens")]
    Line(String),
    /// It says nothing.
    #[error("`lunch up` does not listen after {} s", START_PATIENCE.as_secs())]
    Silent,
}

/// How a `lunch` ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// All of its stderr.
    pub said: String,
}

/// A running `lunch up`.
#[derive(Debug)]
pub(crate) struct Up {
    child: Child,
    /// Its stderr, once all of it is there.
    said: Said,
    pub(crate) port: u16,
}

impl Up {
    pub(crate) fn start(mut command: Command) -> Result<Self, StartError> {
        let program = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|source| StartError::Run { program, source })?;
        let lines = lines(child.stdout.take().expect("stdout is piped"));
        let said = Said::hear(child.stderr.take().expect("stderr is piped"));
        let mut up = Self { child, said, port: 0 };
        let failure = match lines.recv_timeout(START_PATIENCE) {
            Ok(line) => {
                match line.strip_prefix(LISTENING).and_then(|port| port.trim().parse().ok()) {
                    Some(port) => {
                        up.port = port;
                        return Ok(up);
                    }
                    None => StartError::Line(line),
                }
            }
            Err(RecvTimeoutError::Disconnected) => StartError::Ended(up.wait()),
            Err(RecvTimeoutError::Timeout) => StartError::Silent,
        };
        up.kill();
        Err(failure)
    }

    /// What it has said on stderr so far.
    pub(crate) fn said(&self) -> String {
        self.said.so_far()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to this one process, which has not been reaped.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed());
        if let Err(error) = kill(pid, signal) {
            panic!("cannot send {signal} to `lunch`: {error}");
        }
    }

    /// Waits until it has ended by itself, as after a signal.
    #[track_caller]
    pub(crate) fn wait_for_end(&mut self) -> Ended {
        wait_until("`lunch` has ended", || match self.child.try_wait() {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err("it runs".to_owned()),
            Err(error) => Err(error.to_string()),
        });
        self.wait()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Ends it for good, where it did not end by itself.
    pub(crate) fn kill(&mut self) {
        // It fails where the process has been reaped, which is what is wanted.
        drop(self.child.kill());
        self.wait();
    }

    fn wait(&mut self) -> Ended {
        let status = self.child.wait().expect("a child can be waited for");
        let said = self.said.whole();
        Ended { status, said }
    }
}

/// The lines, as they come; they are read to their end so that the program never waits for a reader.
fn lines(stdout: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            drop(tell.send(line));
        }
    });
    lines
}

/// What a program says on stderr, as far as it has said it.
#[derive(Debug)]
struct Said {
    so_far: Arc<Mutex<Vec<u8>>>,
    /// Closed when there is no more; behind a lock, so that several threads of a test can use one cloud.
    ended: Mutex<Receiver<()>>,
}

impl Said {
    fn hear(mut stderr: impl Read + Send + 'static) -> Self {
        let (tell, ended) = mpsc::channel();
        let so_far = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&so_far);
        thread::spawn(move || {
            let mut piece = [0; 4_096];
            // What was read until an error is what there is to tell.
            while let Ok(bytes @ 1..) = stderr.read(&mut piece) {
                heard.lock().expect("nobody panics with it").extend_from_slice(&piece[..bytes]);
            }
            drop(tell);
        });
        Self { so_far, ended: Mutex::new(ended) }
    }

    fn so_far(&self) -> String {
        let heard = self.so_far.lock().expect("nobody panics with it");
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// All of it, when there is no more.
    fn whole(&self) -> String {
        let ended = self.ended.lock().expect("nobody panics with it");
        match ended.recv_timeout(PATIENCE) {
            Err(RecvTimeoutError::Timeout) => {
                "(something that it left behind holds its stderr open)".into()
            }
            Ok(()) | Err(RecvTimeoutError::Disconnected) => self.so_far(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_port_is_read_from_the_first_line() {
        let script = "echo listening on http://127.0.0.1:4711; echo more; exec tail -f /dev/null";
        let mut up = Up::start(shell(script)).unwrap();
        assert_eq!(up.port, 4711);
        assert!(!up.has_ended());
        up.signal(Signal::SIGTERM);
        assert!(!up.wait_for_end().status.success());
    }

    #[test]
    fn an_early_end_is_told_with_all_that_was_said() {
        let error = Up::start(shell("echo error: no template >&2; exit 3")).unwrap_err();
        let StartError::Ended(ended) = error else { panic!("{error}") };
        assert_eq!((ended.status.code(), ended.said.as_str()), (Some(3), "error: no template\n"));
    }

    #[test]
    fn another_first_line_is_shown() {
        let error = Up::start(shell("echo hello; exec tail -f /dev/null")).unwrap_err();
        assert!(matches!(&error, StartError::Line(line) if line == "hello"), "{error}");
    }
}
