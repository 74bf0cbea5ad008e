//! The Runtime API and the Extensions API: a process that says anything, while callers wait for it.

use std::cell::Cell;
use std::rc::Rc;

use lunch_contract::Exit;

use super::Door;
use super::cloud::against;
use super::front_door::request;
use crate::case::Case;
use crate::corpus::corpus;
use crate::exchange::exchange;
use crate::street::{Program, Started, echo, program};

pub(super) const DOOR: Door = Door {
    name: "runtime-api",
    corpus: || corpus("runtime-api"),
    words: &[
        "GET ",
        "POST ",
        "PUT ",
        "HEAD ",
        " HTTP/1.1",
        " HTTP/1.0",
        "\n",
        "\r\n",
        "\n\n",
        "transfer-encoding: chunked\n",
        "content-length: ",
        "trailer: lambda-runtime-function-error-type\n",
        "connection: close\n",
        "/2018-06-01/runtime/invocation/next",
        "/2018-06-01/runtime/invocation/{id}/response",
        "/2018-06-01/runtime/invocation/{id}/error",
        "/2018-06-01/runtime/init/error",
        "/2020-01-01/extension/register",
        "/2020-01-01/extension/event/next",
        "/2020-01-01/extension/init/error",
        "/2020-01-01/extension/exit/error",
        "lambda-extension-name: ledger\n",
        "lambda-extension-identifier: {extension}\n",
        "lambda-runtime-invocation-id: {id}\n",
        "lambda-runtime-function-error-type: A.B\n",
        "lambda-runtime-function-response-mode: streaming\n",
        "{id}",
        "{extension}",
        "\"errorType\":",
        "\"errorMessage\":",
        "\"stackTrace\":",
        "\"events\":",
        "\"INVOKE\"",
        "\"SHUTDOWN\"",
        "null",
        "0\r\n\r\n",
        "ffffffffffffffff\r\n",
        "\u{0}",
        "\u{ff}",
    ],
    play,
};

const CALLERS: usize = 3;
const REQUESTS: usize = 6;
const INVOKE: &str = "POST /2015-03-31/functions/coffee/invocations HTTP/1.1\r\nhost: localhost\r\nx-amz-log-type: Tail\r\ncontent-length: 2\r\n\r\n{}";

fn play(case: &Case) -> Result<(), String> {
    // Whether processes still say anything; afterwards they do as they should.
    let (is_wild, wild) = (Rc::new(Cell::new(true)), case.clone());
    let (found, is_over) = (Rc::new(Cell::new(None)), Rc::clone(&is_wild));
    let heard = Rc::clone(&found);
    let program: Program = program(move |started| {
        let (wild, is_wild, found) = (wild.clone(), Rc::clone(&is_wild), Rc::clone(&found));
        async move {
            if !is_wild.get() {
                return echo()(started).await;
            }
            if let Err(sentence) = say(&wild, &started).await {
                found.set(Some(sentence));
            }
            Exit::Code(i32::from(wild.below(2) == 0))
        }
    });
    against(case, program, |address| async move {
        for _ in 0..CALLERS {
            exchange(&address, INVOKE.as_bytes()).await?;
        }
        is_over.set(false);
        heard.take().map_or(Ok(()), Err)
    })
}

/// What one process says; mostly it has asked for an invocation before, and often it has an extension.
async fn say(case: &Case, started: &Started) -> Result<(), String> {
    let address = started.environment["AWS_LAMBDA_RUNTIME_API"].clone();
    let nobody = || "8f507cfc-xmpl-4697-b07a-ac58fc914c95".to_owned();
    let (mut id, mut extension) = (nobody(), nobody());
    let mut api = started.runtime_api().await;
    let has_extension = case.below(3) == 0;
    if has_extension {
        let named = [("lambda-extension-name", "audit")];
        let events = r#"{"events":["INVOKE"]}"#;
        let told = api.try_call("POST", "/2020-01-01/extension/register", &named, events).await;
        if let Ok(told) = told {
            extension = told.header("lambda-extension-identifier").to_owned();
        }
    }
    // With an extension nothing comes before that has asked, too.
    if !has_extension && case.below(4) != 0 {
        let next = "/2018-06-01/runtime/invocation/next";
        if let Ok(event) = api.try_call("GET", next, &[], "").await {
            id = event.header("lambda-runtime-aws-request-id").to_owned();
        }
    }
    for _ in 0..REQUESTS {
        let sent = named(&named(&request(case), "{id}", &id), "{extension}", &extension);
        case.gives(&sent);
        // A process that is ended meanwhile is hung up on.
        exchange(&address, &sent).await?;
    }
    Ok(())
}

/// With that name wherever the corpus has a place for it.
fn named(text: &[u8], place: &str, name: &str) -> Vec<u8> {
    let (mut all, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.windows(place.len()).position(|bytes| bytes == place.as_bytes()) {
        all.extend_from_slice(&rest[..at]);
        all.extend_from_slice(name.as_bytes());
        rest = &rest[at + place.len()..];
    }
    [&all[..], rest].concat()
}
