//! What comes in by the doors and is not meant well: found by `infra/test fuzz`, a test each.

use hyper::StatusCode;
use lunch_contract::Limits;
use lunch_host::{Config, ServedFunction};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::street::{coffee, echo, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";

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
