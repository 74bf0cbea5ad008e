//! The takeaway's program: a mapping hands it batches of the orders' queue, and it says which of them have to come again.

use std::env;
use std::time::{Duration, SystemTime};

use coffee::log;
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use post::Post;
use takeaway::{Batch, Failures};

const RECEIPTS: &str = "RECEIPTS_QUEUE_URL";

struct Stall {
    receipts_url: String,
    post: Post,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let format = log::Format::from_env();
    log::init(format);
    let receipts_url = env::var(RECEIPTS).map_err(|why| {
        format!("the variable `{RECEIPTS}` says no queue: {why} (the template has to set it)")
    })?;
    let stall = Stall { receipts_url, post: Post::from_env()? };
    let stall = &stall;
    let runtime = Runtime::new(service_fn(async |event| stall.serve(event).await));
    match format {
        log::Format::Json => runtime.layer(TracingLayer::new()).run().await,
        log::Format::Plain => runtime.run().await,
    }
}

impl Stall {
    async fn serve(&self, event: LambdaEvent<Batch>) -> Result<Failures, Error> {
        let deadline = event.context.deadline();
        let time_left = || deadline.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO);
        let send = async |letter| self.post.send(letter).await;
        Ok(takeaway::serve(&event.payload, &self.receipts_url, time_left, send).await)
    }
}
