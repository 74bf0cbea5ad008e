//! Cloud Coffees: every order gets a stall and a barista of its own.
//!
//! The handler is stateless: all it knows stands in the order, and nothing is kept for the next customer,
//! because a stall may float away at any moment. It has no timeout of its own either: an order that takes too
//! long is thrown into the bin by the platform, at the function's configured `Timeout`.

use coffee::{Coffee, barista, log};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use menu::{Order, Receipt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let format = log::Format::from_env();
    log::init(format);
    let stall = Runtime::new(service_fn(serve));
    match format {
        // In JSON each line carries the request id, from the span that this layer opens.
        log::Format::Json => stall.layer(TracingLayer::new()).run().await,
        log::Format::Plain => stall.run().await,
    }
}

async fn serve(event: LambdaEvent<Order<Coffee>>) -> Result<Receipt, Error> {
    Ok(barista::serve(&event.payload).await)
}
