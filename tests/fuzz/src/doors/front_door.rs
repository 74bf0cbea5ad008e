//! The front door: raw bytes, each over a connection of its own.

use super::Door;
use super::cloud::{Written, against};
use crate::case::Case;
use crate::corpus::corpus;
use crate::exchange::exchange;
use crate::street::echo;

pub(super) const DOOR: Door = Door {
    name: "front-door",
    corpus: || corpus("front-door"),
    words: &[
        "GET ",
        "POST ",
        "PUT ",
        "DELETE ",
        "HEAD ",
        "OPTIONS ",
        " HTTP/1.1",
        " HTTP/1.0",
        " HTTP/2",
        "\n",
        "\r\n",
        "\n\n",
        "transfer-encoding: chunked\n",
        "content-length: ",
        "expect: 100-continue\n",
        "connection: close\n",
        "connection: upgrade\nupgrade: h2c\n",
        "host: localhost\n",
        "origin: http://localhost\n",
        "x-amz-target: ",
        "x-amz-invocation-type: Event\n",
        "x-amz-invocation-type: DryRun\n",
        "x-amz-log-type: Tail\n",
        "x-amz-client-context: e30=\n",
        "x-amzn-trace-id: Root=1-\n",
        "authorization: AWS4-HMAC-SHA256 Credential=",
        "?Qualifier=",
        "%24LATEST",
        "$LATEST",
        "%00",
        "%",
        "%2F",
        "..",
        "//",
        "arn:aws:lambda:us-east-1:123456789012:function:",
        "/_lunch/",
        "advance",
        "evict",
        "redeploy",
        "logs?wait=true",
        "{\"ms\":",
        "{\"function\":",
        "{\"instance\":",
        "null",
        "\u{0}",
        "\u{ff}",
        "0\r\n\r\n",
        "ffffffffffffffff\r\n",
        "i-0000",
        "tea",
        "coffee",
    ],
    play,
};

const REQUESTS: usize = 24;

fn play(case: &Case) -> Result<(), String> {
    let own = case.clone();
    against(case, echo(), |address| async move {
        for _ in 0..REQUESTS {
            let sent = request(&own);
            own.gives(&sent);
            exchange(&address, &sent).await?;
        }
        Ok(())
    })
}

/// A request that is mostly one still: what is no HTTP at all never gets behind the library that reads it.
pub(super) fn request(case: &Case) -> Vec<u8> {
    let mut written = Written::of(&case.plain());
    match case.below(8) {
        0 => case.changed(written.raw()),
        1 => {
            let pipelined = [written.measured(), Written::of(&case.plain()).measured()].concat();
            case.changed(pipelined)
        }
        2 => {
            written.head = case.changed(written.head);
            written.raw()
        }
        3 | 4 => {
            written.body = case.changed(written.body);
            written.measured()
        }
        5 => {
            written.head = case.changed(written.head);
            written.body = case.changed(written.body);
            written.measured()
        }
        6 => {
            written.head = case.changed(written.head);
            written.measured()
        }
        _ => written.measured(),
    }
}
