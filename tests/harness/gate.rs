//! A gate: a function stands before it and waits, until the test opens. So a request is held open without a sleep.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::pace::wait_until;

/// Where functions wait. `scripted` does so at its step `{"gate": "127.0.0.1:port"}`.
#[derive(Debug)]
pub struct Gate {
    listener: TcpListener,
    address: SocketAddr,
}

/// One function that waits; dropping this lets it pass.
#[derive(Debug)]
#[must_use = "a visitor that is dropped has passed"]
pub struct Visitor {
    _stream: TcpStream,
}

impl Gate {
    /// Makes a gate, shut.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    #[track_caller]
    pub fn shut() -> Self {
        let made = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        });
        made.unwrap_or_else(|error| panic!("no port for a gate: {error}"))
    }

    /// The step by which `scripted` stands before this gate.
    #[must_use]
    pub fn step(&self) -> Value {
        json!({"gate": self.address.to_string()})
    }

    /// Waits until somebody stands there.
    ///
    /// # Panics
    /// If nobody comes.
    #[track_caller]
    pub fn visitor(&self) -> Visitor {
        wait_until("a function stands before the gate", || match self.listener.accept() {
            Ok((stream, _)) => Ok(Visitor { _stream: stream }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err("nobody came".into()),
            Err(error) => panic!("the gate broke: {error}"),
        })
    }
}

impl Visitor {
    /// Lets the function pass.
    pub fn pass(self) {
        drop(self);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_visitor_waits_until_it_is_let_pass() {
        let gate = Gate::shut();
        let mut stream = TcpStream::connect(gate.step()["gate"].as_str().unwrap()).unwrap();
        let visitor = gate.visitor();
        stream.set_nonblocking(true).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        visitor.pass();
        stream.set_nonblocking(false).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
}
