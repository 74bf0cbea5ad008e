//! Something at a port that answers as a test says: for what a real cloud does rarely or never.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde::Serialize;

/// Opens a door where method, path and body are answered with the bytes that are given back; its port. No bytes: the
/// connection is closed.
pub(crate) fn open(answer: impl Fn(&str, &str, &str) -> String + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            // A caller that has gone away is none any more.
            thread::spawn(move || drop(serve(&stream, &answer)));
        }
    });
    port
}

/// An answer of AWS's API: every one has a request id.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nx-amzn-requestid: one\r\n{headers}\r\n{body}"
    )
}

/// An answer of our own routes.
pub(crate) fn json(value: &impl Serialize) -> String {
    answer(200, "", &serde_json::to_string(value).expect("plain data"))
}

fn serve(stream: &TcpStream, answer: &impl Fn(&str, &str, &str) -> String) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        reader.read_line(&mut head)?;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some(told) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = told.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let bytes = answer(method, path, &String::from_utf8_lossy(&body));
        if bytes.is_empty() {
            return Ok(());
        }
        (&*stream).write_all(bytes.as_bytes())?;
    }
}
