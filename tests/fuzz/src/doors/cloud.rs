//! A cloud for one case, its processes tasks of the case, and what has to hold of it when the case is over.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use hyper::StatusCode;
use lunch_contract::Limits;
use lunch_host::wire::Info;
use lunch_host::{Config, ServedFunction};

use crate::case::Case;
use crate::street::{Client, Program, coffee, with_cloud};

/// A request as it stands in the corpus: a head with plain line ends, a blank line, a body.
pub(super) struct Written {
    pub(super) head: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl Written {
    pub(super) fn of(text: &[u8]) -> Self {
        match text.windows(2).position(|bytes| bytes == b"\n\n") {
            Some(end) => Self { head: text[..end].to_vec(), body: text[end + 2..].to_vec() },
            None => Self { head: text.to_vec(), body: Vec::new() },
        }
    }

    /// As it goes over the wire; with the length of the body in its head.
    pub(super) fn measured(&self) -> Vec<u8> {
        let length = format!("\ncontent-length: {}", self.body.len());
        Self { head: [&self.head[..], length.as_bytes()].concat(), body: self.body.clone() }.raw()
    }

    /// As it goes over the wire; with what the head has.
    pub(super) fn raw(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for line in self.head.split(|byte| *byte == b'\n') {
            all.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            all.extend_from_slice(b"\r\n");
        }
        all.extend_from_slice(b"\r\n");
        all.extend_from_slice(&self.body);
        all
    }
}

/// A cloud with two functions, `coffee` and `tea`, that have a tenth of a second; in half of the cases its limits are lax.
fn config(case: &Case) -> Config {
    let timeout = Duration::from_millis(100);
    let coffee = ServedFunction { timeout, ..coffee() };
    let tea = ServedFunction { timeout, ..ServedFunction::new("tea", "/code/bootstrap") };
    let mut config = Config::new(vec![coffee, tea]);
    if case.below(2) == 0 {
        config.settings.limits = Limits::relaxed();
    }
    config.settings.limits.init = Duration::from_millis(300);
    config
}

/// Plays something against a cloud of that program, for that case; afterwards it has to serve, and to have no faults.
pub(super) fn against<Fut>(
    case: &Case,
    program: Program,
    play: impl FnOnce(String) -> Fut + 'static,
) -> Result<(), String>
where
    Fut: Future<Output = Result<(), String>> + 'static,
{
    let result = Rc::new(RefCell::new(Ok(())));
    let told = Rc::clone(&result);
    with_cloud(config(case), program, |client, _| async move {
        let address = client.address().to_owned();
        let played = match play(address.clone()).await {
            Ok(()) => serves(&address).await,
            Err(found) => Err(found),
        };
        *told.borrow_mut() = played;
    });
    result.replace(Ok(()))
}

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const CONCURRENCY: &str = "/2017-10-31/functions/coffee/concurrency";
/// What an instance did wrong before may be told to the next caller, and a bad second one to the one after.
const TRIES: u32 = 5;

async fn serves(address: &str) -> Result<(), String> {
    let mut client = Client::connect(address).await;
    let info = client.call("GET", "/_lunch/info", &[], "").await;
    let info: Info = serde_json::from_slice(&info.body).map_err(|error| error.to_string())?;
    if !info.faults.is_empty() {
        return Err(format!("the cloud has faults: {:?}", info.faults));
    }
    // It may have been told to serve nobody.
    client.call("DELETE", CONCURRENCY, &[], "").await;
    let mut last = String::new();
    for _ in 0..TRIES {
        let answer = client.call("POST", INVOKE, &[], r#"{"cup":1}"#).await;
        if answer.status == StatusCode::OK && answer.body == r#"{"cup":1}"# {
            return Ok(());
        }
        last = format!("{} {}", answer.status, answer.body.escape_ascii());
    }
    Err(format!("the cloud does not serve afterwards: {last}"))
}
