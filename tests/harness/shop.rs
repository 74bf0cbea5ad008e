//! A shop's process that no cloud starts: what it says, its door, and its end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::pace::wait_until;

/// A shop's process; ended when it is dropped.
#[derive(Debug)]
pub struct Shop {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    /// What it says when it does not come to logging.
    stderr: Arc<Mutex<String>>,
}

impl Shop {
    /// Starts the program with these variables and no others, but those by which it finds AWS at that address. Its door is
    /// anywhere, unless `LISTEN` says where.
    ///
    /// # Panics
    /// If it cannot be run.
    #[must_use]
    #[track_caller]
    pub fn start(program: &Path, endpoint_url: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program);
        command.env_clear().env("AWS_ENDPOINT_URL", endpoint_url).envs([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("LISTEN", "127.0.0.1:0"),
        ]);
        command.envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the shop starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut stderr = child.stderr.take().expect("stderr is piped");
        let shop = Self { child, lines: Arc::default(), stderr: Arc::default() };
        let heard = Arc::clone(&shop.lines);
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                heard.lock().expect("nobody panics with it").push(line);
            }
        });
        let heard = Arc::clone(&shop.stderr);
        thread::spawn(move || {
            let mut said = String::new();
            drop(stderr.read_to_string(&mut said));
            heard.lock().expect("nobody panics with it").push_str(&said);
        });
        shop
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far, line by line.
    ///
    /// # Panics
    /// If a line is no JSON.
    #[must_use]
    #[track_caller]
    pub fn said(&self) -> Vec<Value> {
        let lines = self.lines.lock().expect("nobody panics with it");
        lines.iter().map(|line| serde_json::from_str(line).expect("a log line is JSON")).collect()
    }

    /// Waits for a log line with that in its message, and gives the message.
    ///
    /// # Panics
    /// If none comes.
    #[must_use]
    #[track_caller]
    pub fn says(&self, what: &str) -> String {
        wait_until(&format!("the shop says `{what}`"), || {
            let said = self.said();
            let mut messages = said.iter().filter_map(|line| line["message"].as_str());
            let message = messages.find(|message| message.contains(what)).map(str::to_owned);
            message.ok_or_else(|| format!("{said:?}"))
        })
    }

    /// Asks at its door.
    ///
    /// # Panics
    /// If it does not answer with 200 and JSON.
    #[must_use]
    #[track_caller]
    pub fn ask(&self, path: &str) -> Value {
        let open = self.says("its door is at ");
        let door = open.rsplit(' ').next().expect("an address");
        let mut stream = TcpStream::connect(door).expect("the door is open");
        let request = format!("GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON")
    }

    /// Sends it a signal, and waits until it has ended.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn end(&mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).expect("it runs");
        self.ended()
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        wait_until("the shop has ended", || match self.child.try_wait() {
            Ok(Some(status)) => Ok(status),
            Ok(None) => Err("it runs".to_owned()),
            Err(error) => Err(error.to_string()),
        })
    }

    /// What it wrote on stderr, once it has ended.
    ///
    /// # Panics
    /// If there is nothing.
    #[must_use]
    #[track_caller]
    pub fn last_words(&self) -> String {
        wait_until("the shop's last words", || {
            let said = self.stderr.lock().expect("nobody panics with it").clone();
            if said.is_empty() { Err("nothing".to_owned()) } else { Ok(said) }
        })
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // It fails where the process has been reaped, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
