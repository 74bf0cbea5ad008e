//! Where an engine listens: a Unix socket, or a port of this machine.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// Where an engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A socket in the file system.
    Unix(PathBuf),
    /// A host and a port, without TLS.
    Tcp(String),
}

/// A text that names no place where an engine could be.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no place of a container engine\n(the form is `unix:///PATH` or `tcp://127.0.0.1:PORT`: containers share this machine's network, so the engine has to be here)"
)]
pub struct NoAddress(String);

impl Address {
    /// Where engines listen that nobody has named a place for: Docker's, then Podman's, each of the machine and of the
    /// user.
    pub(super) fn usual(user_folder: Option<&Path>) -> Vec<Self> {
        let of_user = |name| user_folder.map(|folder| folder.join(name));
        let all = [
            Some("/var/run/docker.sock".into()),
            of_user("docker.sock"),
            of_user("podman/podman.sock"),
            Some("/run/podman/podman.sock".into()),
        ];
        all.into_iter().flatten().map(Self::Unix).collect()
    }

    /// Connects to it.
    pub(super) async fn connect(&self) -> io::Result<Stream> {
        match self {
            Self::Unix(path) => UnixStream::connect(path).await.map(Stream::Unix),
            Self::Tcp(place) => TcpStream::connect(place).await.map(Stream::Tcp),
        }
    }
}

impl FromStr for Address {
    type Err = NoAddress;

    /// As `DOCKER_HOST` has it.
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let unix = text.strip_prefix("unix://").filter(|path| path.starts_with('/'));
        if let Some(path) = unix {
            return Ok(Self::Unix(path.into()));
        }
        let places = ["tcp://", "http://"].into_iter().find_map(|form| text.strip_prefix(form));
        let place = places.map(|place| place.trim_end_matches('/'));
        let has_port = |place: &&str| {
            place.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
            })
        };
        let place = place.filter(has_port).map(|place| Self::Tcp(place.to_owned()));
        place.ok_or_else(|| NoAddress(text.to_owned()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(place) => write!(f, "tcp://{place}"),
        }
    }
}

/// A connection to an engine.
#[derive(Debug)]
pub(super) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_docker_host_has_it_and_written_the_same() {
        for text in ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375"] {
            assert_eq!(text.parse::<Address>().expect(text).to_string(), text);
        }
        let with_slash = "http://localhost:2375/".parse::<Address>().expect("a place");
        assert_eq!(with_slash, Address::Tcp("localhost:2375".to_owned()));
    }

    #[test]
    fn what_is_no_place_on_this_machine_is_refused_in_one_sentence() {
        for text in ["", "ssh://me@there", "unix://here.sock", "tcp://127.0.0.1", "tcp://:2375"] {
            let told = text.parse::<Address>().expect_err(text).to_string();
            assert!(told.starts_with(&format!("`{text}` is no place")), "{told}");
        }
    }

    #[test]
    fn the_usual_places_are_dockers_and_podmans() {
        let places = Address::usual(Some(Path::new("/run/user/7")));
        let places: Vec<_> = places.iter().map(ToString::to_string).collect();
        assert_eq!(
            places,
            [
                "unix:///var/run/docker.sock",
                "unix:///run/user/7/docker.sock",
                "unix:///run/user/7/podman/podman.sock",
                "unix:///run/podman/podman.sock",
            ]
        );
        assert_eq!(Address::usual(None).len(), 2);
    }
}
