//! What comes in by the doors and is not meant well: found by `infra/test fuzz`, a test each.

use std::rc::Rc;
use std::time::Duration;

use hyper::StatusCode;
use lunch_contract::{Exit, Limits};
use lunch_host::{Config, ServedFunction};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::street::{Client, coffee, echo, program, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const PING: &str = "/2018-06-01/ping";

#[test]
fn time_is_let_pass_for_a_century_at_most_and_the_cloud_serves_on() {
    with_cloud(Config::new(vec![coffee()]), echo(), |mut client, _| async move {
        for ms in [u64::MAX, 660_002_147_483_648, 3_155_760_000_001] {
            let body = format!("{{\"ms\": {ms}}}");
            let answer = client.call("POST", "/_lunch/advance", &[], body).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST);
            let sentence = answer.json()["error"].as_str().map(str::to_owned).unwrap_or_default();
            assert!(sentence.contains("at most a century"), "{sentence}");
        }
        let century = "{\"ms\": 3155760000000}";
        let answer = client.call("POST", "/_lunch/advance", &[], century).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let answer = client.call("POST", "/_lunch/advance", &[], century).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "all together: {}", answer.text());
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "1");
    });
}

#[test]
fn what_is_reserved_is_summed_up_as_far_as_a_number_goes() {
    let tea = ServedFunction::new("tea", "/code/bootstrap");
    let mut config = Config::new(vec![coffee(), tea]);
    config.settings.limits = Limits::relaxed();
    with_cloud(config, echo(), |mut client, _| async move {
        for name in ["coffee", "tea"] {
            let path = format!("/2017-10-31/functions/{name}/concurrency");
            let all = "{\"ReservedConcurrentExecutions\": 4294967295}";
            assert_eq!(client.call("PUT", &path, &[], all).await.status, StatusCode::OK);
        }
        let account = client.call("GET", "/2016-08-19/account-settings/", &[], "").await;
        assert_eq!(account.json()["AccountLimit"]["UnreservedConcurrentExecutions"], 0);
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "1");
    });
}

#[test]
fn a_trace_id_that_is_no_text_is_nobodys_and_another_one_is_made() {
    let config = Config::new(vec![coffee()]);
    with_cloud(config, echo(), |client, _| async move {
        let mut stream = TcpStream::connect(client.address()).await.expect("somebody listens");
        let head: [&[u8]; 3] = [
            b"POST /2015-03-31/functions/coffee/invocations HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n",
            b"x-amzn-trace-id: Root=1-\xd4\r\n",
            b"content-length: 1\r\n\r\n1",
        ];
        stream.write_all(&head.concat()).await.expect("it is sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("it is answered");
        let answer = String::from_utf8(answer).expect("an answer is text");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("\r\nx-amzn-trace-id: Root=1-"), "{answer}");
    });
}

#[test]
fn a_stranger_who_asks_for_what_is_next_takes_nobodys_event_and_nobodys_connection() {
    let both_wait = Rc::new(Notify::new());
    let told = Rc::clone(&both_wait);
    let program = program(move |started| {
        let told = Rc::clone(&told);
        async move {
            let mut runtime = started.runtime_api().await;
            answer_one(&mut runtime).await;
            let mut stranger = started.runtime_api().await;
            let mut onlooker = started.runtime_api().await;
            // When an onlooker hears, whoever has asked before was heard.
            let asks = async {
                onlooker.call("GET", PING, &[], "").await;
                let asked = stranger.try_call("GET", NEXT, &[], "");
                let looks_on = async {
                    onlooker.call("GET", PING, &[], "").await;
                    onlooker.call("GET", PING, &[], "").await;
                    told.notify_one();
                };
                let (asked, ()) = tokio::join!(asked, looks_on);
                assert!(asked.is_err(), "a stranger gets nothing");
            };
            tokio::join!(answer_one(&mut runtime), asks);
            answer_one(&mut runtime).await;
            Exit::Code(0)
        }
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "1");
        both_wait.notified().await;
        for event in ["2", "3"] {
            let answer = client.call("POST", INVOKE, &[], event).await;
            assert_eq!((answer.text(), answer.header("x-lunch-start")), (event, "warm"));
        }
    });
}

/// Waits for an event and answers it with itself.
async fn answer_one(runtime: &mut Client) {
    let event = runtime.call("GET", NEXT, &[], "").await;
    let id = event.header("lambda-runtime-aws-request-id").to_owned();
    let path = format!("/2018-06-01/runtime/invocation/{id}/response");
    runtime.call("POST", &path, &[], event.body).await;
}

const HEAD: &str = "POST /2015-03-31/functions/coffee/invocations HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";

#[test]
fn a_body_that_breaks_off_or_is_none_is_called_that() {
    with_cloud(Config::new(vec![coffee()]), echo(), |client, _| async move {
        for rest in [
            "transfer-encoding: chunked\r\n\r\nzz\r\n1\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n3\r\n12",
            "content-length: 10\r\n\r\n123",
        ] {
            let mut stream = TcpStream::connect(client.address()).await.expect("somebody listens");
            stream.write_all(format!("{HEAD}{rest}").as_bytes()).await.expect("it is sent");
            stream.shutdown().await.expect("no more comes");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("it is answered");
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
            assert!(
                answer.contains("x-amzn-errortype: InvalidRequestContentException"),
                "{answer}"
            );
            assert!(answer.contains("body broke off"), "{answer}");
        }
    });
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    with_cloud(Config::new(vec![coffee()]), echo(), |mut client, _| async move {
        let mut streams = Vec::new();
        for announced in ["content-length: 10\r\n\r\n", "content-length: 99999999999999\r\n\r\n"] {
            let mut stream = TcpStream::connect(client.address()).await.expect("somebody listens");
            stream.write_all(format!("{HEAD}{announced}").as_bytes()).await.expect("it is sent");
            streams.push(stream);
        }
        // When these are answered the others have been heard.
        for _ in 0..2 {
            assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "1");
        }
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(10)).await;
        tokio::time::resume();
        for (mut stream, status) in streams.into_iter().zip(["408", "413"]) {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("it is answered");
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        }
    });
}

#[test]
fn a_header_without_an_end_is_told_so_and_who_sends_nothing_is_not_waited_for() {
    with_cloud(Config::new(vec![coffee()]), echo(), |mut client, _| async move {
        let mut streams = Vec::new();
        for begun in ["", "POST / HTT", HEAD] {
            let mut stream = TcpStream::connect(client.address()).await.expect("somebody listens");
            stream.write_all(begun.as_bytes()).await.expect("it is sent");
            streams.push((begun, stream));
        }
        // When these are answered the others have been heard.
        for _ in 0..2 {
            assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "1");
        }
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(10)).await;
        tokio::time::resume();
        for (begun, mut stream) in streams {
            let mut answer = String::new();
            drop(stream.read_to_string(&mut answer).await);
            if begun.is_empty() {
                assert_eq!(answer, "");
            } else {
                assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
                assert!(answer.contains("header had no end after 10 s"), "{answer}");
            }
        }
        // Who was answered may think for as long as it likes.
        assert_eq!(client.call("POST", INVOKE, &[], "2").await.text(), "2");
    });
}

#[test]
fn what_http_itself_refuses_is_refused_with_a_sentence() {
    with_cloud(Config::new(vec![coffee()]), echo(), |client, _| async move {
        let long = "x".repeat(70_000);
        let many = "a: b\r\n".repeat(101);
        let kept = HEAD.replace("connection: close\r\n", "");
        for (request, status, word) in [
            (format!("GET /{long} HTTP/1.1\r\nhost: localhost\r\n\r\n"), "414", "path is longer"),
            (format!("{HEAD}{many}\r\n"), "431", "more than 100 lines"),
            (
                format!("{HEAD}a: {}\r\n\r\n", "x".repeat(1_000_000)),
                "431",
                "more than 100 lines, or more",
            ),
            (format!("{HEAD}no colon\r\n\r\n"), "400", "is not HTTP/1.1's"),
            ("\u{1}\u{2}\r\n\r\n".to_owned(), "400", "is not HTTP/1.1's"),
            (
                format!("{kept}content-length: 1\r\n\r\n1no request\r\n\r\n"),
                "200",
                "is not HTTP/1.1's",
            ),
            (format!("{HEAD}content-length: 1, 2\r\n\r\n1"), "400", "is not HTTP/1.1's"),
        ] {
            let mut stream = TcpStream::connect(client.address()).await.expect("somebody listens");
            drop(stream.write_all(request.as_bytes()).await);
            let mut answer = Vec::new();
            // What it goes on sending may end the connection before all is read.
            drop(stream.read_to_end(&mut answer).await);
            let answer = String::from_utf8(answer).expect("an answer is text");
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{word}: {answer}");
            assert!(answer.contains(word), "{answer}");
        }
    });
}

#[test]
fn the_small_calls_wait_for_no_body_either_and_take_no_large_one() {
    with_cloud(Config::new(vec![coffee()]), echo(), |mut client, _| async move {
        let routes = [
            "POST /_lunch/advance",
            "PUT /2017-10-31/functions/coffee/concurrency",
            "POST /",
            "POST /nowhere",
        ];
        let mut streams = Vec::new();
        for route in routes {
            let mut stream = TcpStream::connect(client.address()).await.expect("somebody listens");
            let head =
                format!("{route} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{{");
            stream.write_all(head.as_bytes()).await.expect("it is sent");
            streams.push(stream);
            let answer = client.call("POST", "/_lunch/advance", &[], "1".repeat(70_000)).await;
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
            assert!(answer.text().contains("longer than 65536 bytes"), "{}", answer.text());
        }
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(10)).await;
        tokio::time::resume();
        for mut stream in streams {
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.expect("it is answered");
            assert_eq!(&answer, b"HTTP/1.1 408");
        }
    });
}

#[test]
fn a_request_with_two_hosts_is_nobodys() {
    with_cloud(Config::new(vec![coffee()]), echo(), |client, _| async move {
        let mut stream = TcpStream::connect(client.address()).await.expect("somebody listens");
        let request = format!("{HEAD}host: evil.example\r\ncontent-length: 1\r\n\r\n1");
        stream.write_all(request.as_bytes()).await.expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it is answered");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains("more than one `Host` header"), "{answer}");
    });
}
