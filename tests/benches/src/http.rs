//! The least of HTTP/1.1 that a caller and a Runtime API need: blocking, one connection that stays open.
//!
//! It costs the same whoever is called, which is why it is our own.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::failure::Failure;

/// Longer than anything that is measured; then nothing comes any more.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A message: where its head ends and its body ends, in the bytes that were read.
#[derive(Debug)]
struct Message {
    body: usize,
    end: usize,
}

/// One side of a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    bytes: Box<[u8]>,
}

impl Connection {
    pub(crate) fn of(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, bytes: vec![0; 256 * 1024].into_boxed_slice() })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The other side's next message: its head with the empty line, and its body.
    pub(crate) fn read(&mut self) -> io::Result<(&[u8], &[u8])> {
        let Message { body, end } = self.receive()?;
        let (head, rest) = self.bytes.split_at(body);
        Ok((head, &rest[..end - body]))
    }

    fn receive(&mut self) -> io::Result<Message> {
        let (mut filled, mut message) = (0, None);
        loop {
            if filled == self.bytes.len() {
                return Err(io::Error::other("the message is too long"));
            }
            let got = self.stream.read(&mut self.bytes[filled..])?;
            if got == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += got;
            if message.is_none() {
                message = message_in(&self.bytes[..filled])?;
            }
            if let Some(message) = message.take_if(|message| message.end <= filled) {
                return Ok(message);
            }
        }
    }
}

/// The message that begins here, once its head is complete.
fn message_in(bytes: &[u8]) -> io::Result<Option<Message>> {
    let Some(empty_line) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let mut length = 0;
    for line in bytes[..empty_line].split(|&byte| byte == b'\n') {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let digits = str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            length = digits.ok_or_else(|| io::Error::other("the length is no number"))?;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            return Err(io::Error::other("the body is chunked, which is not read here"));
        }
    }
    let body = empty_line + 4;
    Ok(Some(Message { body, end: body + length }))
}

/// A caller with one connection.
#[derive(Debug)]
pub(crate) struct Client {
    connection: Connection,
    whom: &'static str,
    port: u16,
}

impl Client {
    /// Connects to a program on this machine.
    pub(crate) fn connect(whom: &'static str, port: u16) -> Result<Self, Failure> {
        let connect = || Connection::of(TcpStream::connect(("127.0.0.1", port))?);
        let connection = connect().map_err(|source| Failure::Silent { whom, source })?;
        Ok(Self { connection, whom, port })
    }

    /// A request with all its bytes, made once and sent as often as wanted.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        self.request_with(method, path, "", body)
    }

    /// The same, with more header lines, each with its end.
    pub(crate) fn request_with(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Vec<u8> {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/json\r\n\
             {headers}content-length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .into_bytes()
    }

    /// Sends it and takes the answer: its status and its body.
    pub(crate) fn call(&mut self, request: &[u8]) -> Result<(u16, &[u8]), Failure> {
        let whom = self.whom;
        let silent = |source| Failure::Silent { whom, source };
        self.connection.write(request).map_err(silent)?;
        let (head, body) = self.connection.read().map_err(silent)?;
        let digits = head.get(9..12).and_then(|digits| str::from_utf8(digits).ok());
        let status = digits.and_then(|digits| digits.parse().ok());
        let status = status.ok_or_else(|| silent(io::Error::other("this is not HTTP")))?;
        Ok((status, body))
    }

    /// Sends it and takes the answer, which must be this one.
    pub(crate) fn expect(&mut self, request: &[u8], expected: &[u8]) -> Result<(), Failure> {
        let whom = self.whom;
        let (status, body) = self.call(request)?;
        if status == 200 && body == expected {
            return Ok(());
        }
        Err(Failure::Answer { whom, status, body: String::from_utf8_lossy(body).into_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_long_as_it_says() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\nabc";
        let message = message_in(bytes).unwrap().unwrap();
        assert_eq!((&bytes[message.body..message.end], message.end), (&b"abc"[..], bytes.len()));
        assert!(message_in(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n").unwrap().is_none());
        assert_eq!(message_in(b"GET / HTTP/1.1\r\na: b\r\n\r\n").unwrap().unwrap().end, 24);
    }

    #[test]
    fn a_length_that_cannot_be_known_is_refused() {
        message_in(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n").unwrap_err();
        message_in(b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n").unwrap_err();
    }
}
