//! A plain function: an event of its own type in, an answer of its own type out.

use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    command: String,
}

#[derive(Serialize)]
struct Response {
    req_id: String,
    msg: String,
}

async fn handle(event: LambdaEvent<Request>) -> Result<Response, Error> {
    let command = event.payload.command;
    if command == "fail" {
        return Err(Error::from("this command is not known"));
    }
    tracing::info!(%command, "a command");
    Ok(Response { req_id: event.context.request_id, msg: format!("Command {command}.") })
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(service_fn(handle)).await
}
