//! The function that benches call: answers with its own event, so that its own work is next to nothing.
//!
//! Three events ask for more. A queue's, with `{"tell": port}` as a message's body, has a datagram sent to that port as
//! soon as the handler is reached. `{"hold_ms": n}` is answered so much later, so that several at once come to as many
//! instances. `{"watch": port}` is never answered: the function connects to that port, sends its deadline
//! (milliseconds since 1970, eight bytes, big end first) and waits to be ended; the connection's end tells when.

use std::net::UdpSocket;
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

async fn answer(event: LambdaEvent<Value>) -> Result<Value, Error> {
    if let Some(hold) = event.payload.get("hold_ms").and_then(Value::as_u64) {
        tokio::time::sleep(Duration::from_millis(hold)).await;
    }
    if let Some(port) = event.payload.get("watch").and_then(Value::as_u64) {
        let mut watcher = TcpStream::connect(("127.0.0.1", u16::try_from(port)?)).await?;
        watcher.write_all(&event.context.deadline.to_be_bytes()).await?;
        std::future::pending::<()>().await;
    }
    if let Some(body) = event.payload["Records"][0]["body"].as_str()
        && let Some(port) = serde_json::from_str::<Value>(body)?.get("tell").and_then(Value::as_u64)
    {
        let teller = UdpSocket::bind("127.0.0.1:0")?;
        teller.send_to(b"reached", ("127.0.0.1", u16::try_from(port)?))?;
    }
    Ok(event.payload)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}
