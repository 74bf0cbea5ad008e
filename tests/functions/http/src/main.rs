//! A function behind an HTTP API: a request in, a response out, and the crate between them and API Gateway's events.

use lambda_http::{Body, Error, Request, RequestExt as _, Response, run, service_fn, tracing};

async fn handle(request: Request) -> Result<Response<Body>, Error> {
    let query = request.query_string_parameters_ref();
    let who = query.and_then(|query| query.first("name")).unwrap_or("world");
    let answer = Response::builder().status(200).header("content-type", "text/html");
    Ok(answer.body(format!("Hello {who}, this is {}", request.uri().path()).into())?)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(service_fn(handle)).await
}
