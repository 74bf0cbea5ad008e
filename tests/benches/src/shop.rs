//! The long-lived shops as programs that are measured: over the queues of a `lunch`, and heard as they serve.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::failure::Failure;
use crate::http::PATIENCE;
use crate::programs::Place;

/// A shop's process, with what it says and when it said it.
#[derive(Debug)]
pub(crate) struct Shop {
    child: Child,
    name: &'static str,
    said: Receiver<(Instant, String)>,
    door: String,
    /// When its door was open.
    pub(crate) opened: Instant,
}

impl Shop {
    /// Starts it over its queues there, and waits until it is open.
    pub(crate) fn open(
        place: &Place,
        name: &'static str,
        lunch: u16,
        variables: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let mut command = Command::new(place.program(name));
        let queue = |queue: &str| format!("http://127.0.0.1:{lunch}/123456789012/{queue}");
        command.env_clear().envs([
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{lunch}")),
            ("ORDERS_QUEUE_URL", queue(name)),
            ("DEAD_LETTERS_QUEUE_URL", queue("dead")),
            ("RECEIPTS_QUEUE_URL", queue("receipts.fifo")),
        ]);
        command.envs([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("LISTEN", "127.0.0.1:0"),
        ]);
        command.envs(variables.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped());
        let run = |source| Failure::Run { program: name.to_owned(), source };
        let mut child = command.spawn().map_err(run)?;
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (say, said) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).unwrap_or_default();
                let message = line["message"].as_str().unwrap_or_default().to_owned();
                drop(say.send((Instant::now(), message)));
            }
        });
        let opened = Instant::now();
        let mut shop = Self { child, name, said, door: String::new(), opened };
        let (opened, line) = shop.next(|line| line.contains("its door is at "))?;
        shop.opened = opened;
        shop.door = line.rsplit(' ').next().unwrap_or_default().to_owned();
        Ok(shop)
    }

    /// The next line that is like this.
    fn next(&self, is_it: impl Fn(&str) -> bool) -> Result<(Instant, String), Failure> {
        loop {
            let said = self.said.recv_timeout(PATIENCE);
            let told = || Failure::Premise(format!("the {} shop has fallen silent", self.name));
            let (at, line) = said.map_err(|_silent| told())?;
            if is_it(&line) {
                return Ok((at, line));
            }
        }
    }

    /// When each of the next orders was served: its receipt sent, and its message deleted.
    pub(crate) fn served(&self, count: usize) -> Result<Vec<Instant>, Failure> {
        (0..count).map(|_| Ok(self.next(|line| line.ends_with(" is served"))?.0)).collect()
    }

    /// What `/status` shows.
    pub(crate) fn status(&self) -> Result<Value, Failure> {
        let mut stream = TcpStream::connect(&self.door)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /status HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).map_err(|_no_json| {
            Failure::Premise(format!("the {} shop's status is `{answer}`", self.name))
        })
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let since = Instant::now();
        // It fails where the shop has ended by itself.
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM).ok();
        while matches!(self.child.try_wait(), Ok(None)) {
            if since.elapsed() > PATIENCE {
                drop(self.child.kill());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}
