//! A function that is told when its instance ends, though it has no extension of its own.

use lambda_runtime::{Error, LambdaEvent, service_fn, spawn_graceful_shutdown_handler, tracing};
use serde_json::Value;

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    Ok(event.payload)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    spawn_graceful_shutdown_handler(|| async { println!("the lights are out") }).await;
    lambda_runtime::run(service_fn(handle)).await
}
