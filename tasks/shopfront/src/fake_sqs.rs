//! A small SQS for tests: the few calls that a shop makes, over real HTTP, and a look at what was called.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::sqs::Sqs;

/// What may take a while in a test.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub(crate) struct FakeSqs(Arc<Inner>);

struct Inner {
    pub(crate) url: String,
    state: Mutex<State>,
    /// Rung after every change.
    changed: Notify,
}

#[derive(Default)]
pub(crate) struct State {
    /// The orders' queue.
    messages: Vec<Message>,
    /// All calls but ReceiveMessage: the action and what it was given.
    pub(crate) calls: Vec<(String, Value)>,
    /// Of each ReceiveMessage, how many messages it asked for at most, and how many it got.
    pub(crate) received: Vec<(usize, usize)>,
    pub(crate) has_no_orders_queue: bool,
}

struct Message {
    number: usize,
    body: String,
    reply_to: Option<String>,
    count: usize,
    visible_at: Instant,
}

impl FakeSqs {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (state, changed) = (Mutex::new(State::default()), Notify::new());
        let fake = Self(Arc::new(Inner { url, state, changed }));
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| fake.answer(request));
                    drop(
                        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await,
                    );
                });
            }
        });
        fake
    }

    pub(crate) fn client(&self) -> Sqs {
        let variables = BTreeMap::from([
            ("AWS_REGION", "eu-central-2"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL", self.0.url.as_str()),
        ]);
        let wait = Duration::from_secs(20);
        Sqs::from(wait, |name| variables.get(name).map(|&value| value.to_owned())).expect("all set")
    }

    pub(crate) fn queue(&self, name: &str) -> String {
        format!("{}/1/{name}", self.0.url)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("nobody panics with it")
    }

    /// A customer comes.
    pub(crate) fn order(&self, body: impl Into<String>, reply_to: Option<&str>) {
        let mut state = self.state();
        let number = state.messages.len();
        state.messages.push(Message {
            number,
            body: body.into(),
            reply_to: reply_to.map(str::to_owned),
            count: 0,
            visible_at: Instant::now(),
        });
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// The orders' queue is made.
    pub(crate) fn make_orders_queue(&self) {
        self.state().has_no_orders_queue = false;
    }

    /// Delivers a message once more, as a standard queue may.
    pub(crate) fn again(&self, number: usize) {
        let mut state = self.state();
        let message = state.messages.iter_mut().find(|message| message.number == number);
        message.expect("there is one").visible_at = Instant::now();
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// Waits until something is so.
    pub(crate) async fn until<T>(&self, what: &str, is_so: impl Fn(&State) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let changed = self.0.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(seen) = is_so(&self.state()) {
                    return seen;
                }
                changed.await;
            }
        };
        let seen = timeout(PATIENCE, waiting).await;
        seen.unwrap_or_else(|_| panic!("in vain until {what}: {:?}", self.state().calls))
    }

    /// Waits for so many calls of an action, and tells what they were given.
    pub(crate) async fn calls(&self, action: &str, count: usize) -> Vec<Value> {
        self.until(&format!("{count} x {action}"), |state| {
            let calls = state.of(action);
            (calls.len() >= count).then_some(calls)
        })
        .await
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let target = request.headers()["x-amz-target"].to_str().expect("text").to_owned();
        let action = target.strip_prefix("AmazonSQS.").expect("SQS").to_owned();
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        let given: Value = serde_json::from_slice(&body).expect("JSON");
        let answered = if action == "ReceiveMessage" {
            self.receive(&given).await
        } else {
            self.state().calls.push((action.clone(), given.clone()));
            self.other(&action, &given)
        };
        self.0.changed.notify_waiters();
        let (status, answer) = match answered {
            Some(answer) => (200, answer),
            None => {
                (400, json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"}))
            }
        };
        let response = Response::builder().status(status);
        let response = response.header("content-type", "application/x-amz-json-1.0");
        Ok(response.body(Full::new(answer.to_string().into())).expect("a response"))
    }

    async fn receive(&self, given: &Value) -> Option<Value> {
        let most = usize::try_from(given["MaxNumberOfMessages"].as_u64()?).ok()?;
        let wait = Instant::now() + Duration::from_secs(given["WaitTimeSeconds"].as_u64()?);
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.state();
                if state.has_no_orders_queue {
                    return None;
                }
                let messages = state.hand_out(most, given);
                if !messages.is_empty() || Instant::now() >= wait {
                    state.received.push((most, messages.len()));
                    return Some(json!({ "Messages": messages }));
                }
            }
            drop(timeout(wait.saturating_duration_since(Instant::now()), changed).await);
        }
    }

    fn other(&self, action: &str, given: &Value) -> Option<Value> {
        match action {
            "SendMessage" => Some(json!({"MessageId": "sent", "MD5OfMessageBody": "0"})),
            "GetQueueUrl" => {
                let name = given["QueueName"].as_str()?;
                (name != "nowhere").then(|| json!({"QueueUrl": self.queue(name)}))
            }
            "DeleteMessage" => Some(json!({})),
            "ChangeMessageVisibilityBatch" => Some(json!({"Successful": [], "Failed": []})),
            _ => panic!("a shop does not call `{action}`"),
        }
    }
}

impl State {
    pub(crate) fn of(&self, action: &str) -> Vec<Value> {
        let calls = self.calls.iter().filter(|(known, _)| known == action);
        calls.map(|(_, given)| given.clone()).collect()
    }

    fn hand_out(&mut self, most: usize, given: &Value) -> Vec<Value> {
        let now = Instant::now();
        let invisible_s = given["VisibilityTimeout"].as_u64().expect("the shop says it");
        assert_eq!(given["MessageSystemAttributeNames"], json!(["ApproximateReceiveCount"]));
        let visible = self.messages.iter_mut().filter(|message| message.visible_at <= now);
        let hand_out = |message: &mut Message| {
            message.count += 1;
            // Nothing comes back by itself here: `again` is for that.
            message.visible_at =
                now + Duration::from_secs(3_600) * u32::try_from(invisible_s.max(1)).unwrap_or(1);
            message.json()
        };
        visible.take(most).map(hand_out).collect()
    }
}

impl Message {
    fn json(&self) -> Value {
        let Self { number, body, reply_to, count, .. } = self;
        let mut message = json!({
            "MessageId": format!("m-{number}"),
            "ReceiptHandle": format!("h-{number}-{count}"),
            "Body": body,
            "Attributes": {"ApproximateReceiveCount": count.to_string()},
        });
        if let Some(name) = reply_to {
            message["MessageAttributes"] =
                json!({"reply_to": {"DataType": "String", "StringValue": name}});
        }
        message
    }
}
