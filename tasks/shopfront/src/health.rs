//! How a shop is asked whether it is well, from beside it: what a task definition's health check runs in the shop's own
//! container, where there is neither a shell nor a `curl`.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use thiserror::Error;

use crate::settings::{Absurd, listen};

/// The argument with which a shop's program asks the shop that is open for its health.
pub const HEALTH: &str = "health";

/// A shop that has not answered by then is not well. ECS gives a check five seconds if a task definition says nothing.
const PATIENCE: Duration = Duration::from_secs(4);

/// Why a shop counts as unwell.
#[derive(Debug, Error)]
pub enum Unwell {
    /// It is not said where it is.
    #[error(transparent)]
    Nowhere(#[from] Absurd),
    /// Nobody is there, or takes too long.
    #[error("the shop at {at} does not answer: {why}")]
    Silent {
        /// Where it was asked.
        at: SocketAddr,
        /// Why.
        why: io::Error,
    },
    /// It says something else.
    #[error("the shop at {at} says `{said}`")]
    Says {
        /// Where it was asked.
        at: SocketAddr,
        /// Its answer's first line.
        said: String,
    },
}

/// Asks the shop that was opened with these variables, of which `LISTEN` says where. Blocks for a few seconds at most.
///
/// # Errors
/// If it does not answer that it is well.
pub fn check(variable: impl Fn(&'static str) -> Option<String>) -> Result<(), Unwell> {
    ask(listen(&variable)?)
}

fn ask(listen: SocketAddr) -> Result<(), Unwell> {
    let at = SocketAddr::new(reachable(listen.ip()), listen.port());
    let said = answer(at).map_err(|why| Unwell::Silent { at, why })?;
    if said.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    Err(Unwell::Says { at, said: said.lines().next().unwrap_or_default().to_owned() })
}

/// Whoever listens at any address can be asked at loopback's.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(any) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(any) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) | IpAddr::V6(_) => address,
    }
}

fn answer(at: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&at, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET /health HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(64 << 10).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A shop at any address that says that, once.
    fn shop(says: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("0.0.0.0:0").expect("there is a port");
        let at = listener.local_addr().expect("it is bound");
        thread::spawn(move || {
            let (mut visitor, _) = listener.accept().expect("somebody comes");
            let mut request = [0; 1_024];
            drop(visitor.read(&mut request));
            visitor.write_all(says.as_bytes()).expect("somebody listens");
        });
        at
    }

    #[test]
    fn only_who_says_that_he_is_well_is() {
        ask(shop("HTTP/1.1 200 OK\r\n\r\n{}")).expect("it is well");
        let unwell = ask(shop("HTTP/1.1 500 Oh\r\n\r\n")).expect_err("it is not").to_string();
        assert!(unwell.ends_with("says `HTTP/1.1 500 Oh`"), "{unwell}");
        let gone = TcpListener::bind("127.0.0.1:0").and_then(|gone| gone.local_addr());
        let silent = ask(gone.expect("it was bound")).expect_err("nobody is there").to_string();
        assert!(silent.contains("does not answer"), "{silent}");
    }
}
