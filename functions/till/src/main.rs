//! The till's program: what [`till::take`] accepts goes to its shop's queue, and the customer hears its number.
//!
//! The answer comes when the queue has the order. When the queue does not take it, that is a failure of the function:
//! HTTP 502 by its URL.

use std::env;

use coffee::log;
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, Runtime, service_fn};
use post::{Letter, Post};
use serde_json::Value;
use till::{Accepted, Door, Queues};
use tracing::info;

struct Till {
    queues: Queues,
    post: Post,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let format = log::Format::from_env();
    log::init(format);
    let till = Till { queues: Queues::from(|name| env::var(name).ok()), post: Post::from_env()? };
    let till = &till;
    let runtime = Runtime::new(service_fn(async |event| till.serve(event).await));
    match format {
        log::Format::Json => runtime.layer(TracingLayer::new()).run().await,
        log::Format::Plain => runtime.run().await,
    }
}

impl Till {
    async fn serve(&self, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
        let LambdaEvent { payload, context } = event;
        let door = Door::of(&payload);
        match till::take(&payload, &context.request_id, &self.queues) {
            Ok(accepted) => self.pass_on(door, accepted).await,
            Err(refusal) => {
                info!("refused: {refusal}");
                Ok(door.refused(refusal)?)
            }
        }
    }

    async fn pass_on(&self, door: Door, accepted: Accepted) -> Result<Value, Diagnostic> {
        let Accepted { id, shop, queue_url, body } = accepted;
        let sent = self.post.send(Letter { queue_url, body, turn: None }).await;
        sent.map_err(|error| Diagnostic {
            error_type: "NotSent".to_owned(),
            error_message: error.to_string(),
        })?;
        info!("order {id} is in the {shop} shop's queue");
        Ok(door.accepted(id))
    }
}
