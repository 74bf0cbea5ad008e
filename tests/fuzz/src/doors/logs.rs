//! CloudWatch Logs: bodies that are mostly JSON still, and filter patterns of any words.

use serde_json::json;

use super::Door;
use super::cloud::against;
use crate::case::Case;
use crate::corpus::corpus;
use crate::exchange::exchange;
use crate::street::echo;

pub(super) const DOOR: Door = Door {
    name: "logs",
    corpus: || corpus("logs"),
    words: &[
        "logGroupName",
        "logGroupIdentifier",
        "logGroupNamePrefix",
        "logGroupNamePattern",
        "logStreamName",
        "logStreamNames",
        "logStreamNamePrefix",
        "orderBy",
        "LastEventTime",
        "descending",
        "startTime",
        "endTime",
        "startFromHead",
        "filterPattern",
        "limit",
        "nextToken",
        "/aws/lambda/coffee",
        "f/",
        "b/",
        "null",
        "true",
        "[]",
        "{}",
        ":",
        ",",
        "\\\"",
        "\\",
        "\"",
        "?",
        "-",
        "%",
        "{ $.level = \"ERROR\" }",
        "[a, b]",
        "START",
        "\u{2603}",
        "\\ud800",
    ],
    play,
};

const CALLS: [&str; 4] =
    ["DescribeLogGroups", "DescribeLogStreams", "GetLogEvents", "FilterLogEvents"];
const REQUESTS: usize = 48;
const INVOKE: &str = "POST /2015-03-31/functions/coffee/invocations HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}";

fn play(case: &Case) -> Result<(), String> {
    let own = case.clone();
    against(case, echo(), |address| async move {
        // So that there is something to read.
        exchange(&address, INVOKE.as_bytes()).await?;
        for _ in 0..REQUESTS {
            let sent = request(&own);
            own.gives(&sent);
            for answer in exchange(&address, &sent).await? {
                if !matches!(answer.status, 200 | 400) {
                    return Err(format!("CloudWatch Logs has no status {}", answer.status));
                }
            }
        }
        Ok(())
    })
}

fn request(case: &Case) -> Vec<u8> {
    let call = CALLS[case.below(CALLS.len())];
    let body = if case.below(3) == 0 {
        let pattern = String::from_utf8_lossy(&case.text()).into_owned();
        let body = json!({ "logGroupName": "/aws/lambda/coffee", "filterPattern": pattern });
        body.to_string().into_bytes()
    } else {
        case.text()
    };
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: Logs_20140328.{call}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}
