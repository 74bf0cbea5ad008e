//! What is hardly HTTP any more: sent byte for byte.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use lunch_tests::{Cloud, Pace, program};
use serde_json::json;

fn cloud() -> Cloud {
    Cloud::builder().function("scripted", program("scripted")).start()
}

fn connect(cloud: &Cloud) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, cloud.port())).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a span");
    stream
}

/// All that comes until the other side ends.
fn all(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    // Who is cut off in the middle of sending may be told of it by a reset.
    drop(stream.read_to_end(&mut said));
    String::from_utf8_lossy(&said).into_owned()
}

/// The cloud goes on for others.
fn expect_served(cloud: &Cloud) {
    cloud.invoke("scripted", json!({})).expect_ok();
}

#[test]
fn who_is_refused_before_its_body_has_come_may_go_on_with_its_connection() {
    let cloud = cloud();
    for (head, refusal) in [
        ("POST /2015-03-31/functions/nobody/invocations", "404 Not Found"),
        ("POST /2015-03-31/functions/scripted/invocations HTTP/1.1\r\nx-amz-log-type: Head", "400"),
        ("PUT /2017-10-31/functions/nobody/concurrency", "404 Not Found"),
        ("PUT /2017-10-31/functions/scripted/concurrency", "400 Bad Request"),
        ("POST /nowhere", "HTTP/1.1 "),
    ] {
        let head = if head.contains("HTTP") { head.to_owned() } else { format!("{head} HTTP/1.1") };
        let mut stream = connect(&cloud);
        write!(stream, "{head}\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n").expect("open");
        // The head is looked at before there is a body.
        Pace::begin().wait_for(Duration::from_millis(30));
        write!(stream, "{{}}GET /_lunch/info HTTP/1.1\r\nHost: 127.0.0.1\r\n").expect("open");
        write!(stream, "Connection: close\r\n\r\n").expect("open");
        let said = all(stream);
        assert_eq!(said.matches("HTTP/1.1 ").count(), 2, "{head}: {said}");
        assert!(said.starts_with("HTTP/1.1 4") && said.contains(refusal), "{head}: {said}");
        assert!(said.contains("200 OK"), "{head}: {said}");
    }
}

#[test]
fn a_host_that_is_no_name_is_refused() {
    let cloud = cloud();
    for host in ["a b", "[::1", "127.0.0.1:port", "\u{7f}", ""] {
        let mut stream = connect(&cloud);
        write!(stream, "GET /_lunch/info HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            .expect("open");
        let said = all(stream);
        assert!(said.starts_with("HTTP/1.1 4"), "{host:?}: {said}");
    }
    expect_served(&cloud);
}

#[test]
fn headers_without_end_are_cut_off() {
    let cloud = cloud();
    let mut stream = connect(&cloud);
    write!(stream, "GET /_lunch/info HTTP/1.1\r\nHost: 127.0.0.1\r\n").expect("open");
    let header = format!("x-bean: {}\r\n", "o".repeat(8_000));
    // Far more than anybody keeps; the other side hangs up on the way.
    let sent = (0..1_000).take_while(|_| stream.write_all(header.as_bytes()).is_ok()).count();
    let said = all(stream);
    assert!(sent < 1_000 || said.starts_with("HTTP/1.1 431"), "{sent} headers: {said}");
    expect_served(&cloud);
}

#[test]
fn what_is_no_http_is_told_so() {
    let cloud = cloud();
    let mut stream = connect(&cloud);
    stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").expect("open");
    assert!(all(stream).starts_with("HTTP/1.1 400"), "as TLS begins");
    expect_served(&cloud);
}

#[test]
fn a_body_that_never_comes_keeps_nobody_from_being_served() {
    let cloud = cloud();
    let waits = |body: &str| {
        let mut stream = connect(&cloud);
        write!(stream, "POST /2015-03-31/functions/scripted/invocations HTTP/1.1\r\n")
            .expect("open");
        write!(stream, "Host: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{body}").expect("open");
        stream
    };
    let (nothing, half) = (waits(""), waits("{\"do\": ["));
    expect_served(&cloud);
    drop((nothing, half));
    expect_served(&cloud);
    assert_eq!(cloud.requests().len(), 2, "what was never whole was no request");
}
