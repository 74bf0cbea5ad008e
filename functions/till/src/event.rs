//! How an order came, and how its answer goes back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use menu::OrderId;
use serde_json::{Value, json};

use crate::refusal::Refusal;

/// Where a customer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The function's URL: the event is an HTTP request (payload format 2.0, F 8), and so is the answer.
    Url,
    /// A direct invocation: the event is the order.
    Direct,
}

impl Door {
    /// The door that an event came by. No order has a `requestContext`.
    pub fn of(event: &Value) -> Self {
        if event.pointer("/requestContext/http").is_some() { Self::Url } else { Self::Direct }
    }

    /// The answer to an order that is in its shop's queue: `{"order": 7}`. By HTTP it is a 202, since nothing is made yet.
    pub fn accepted(self, id: OrderId) -> Value {
        let answer = json!({ "order": id });
        match self {
            Self::Url => response(202, &answer),
            Self::Direct => answer,
        }
    }

    /// The answer to an order that is refused: by HTTP a 400 with a sentence, and an error of the function where there is
    /// no status.
    pub fn refused(self, refusal: Refusal) -> Result<Value, Refusal> {
        match self {
            Self::Url => Ok(response(400, &json!({ "message": refusal.to_string() }))),
            Self::Direct => Err(refusal),
        }
    }
}

fn response(status: u16, body: &Value) -> Value {
    let headers = json!({ "content-type": "application/json" });
    json!({ "statusCode": status, "headers": headers, "body": body.to_string() })
}

/// The body of an HTTP request. The URL encodes what it does not know to be text, such as what `curl -d` says it sends.
pub(crate) fn body(event: &Value) -> Result<String, Refusal> {
    let body = event["body"].as_str().filter(|body| !body.is_empty()).ok_or(Refusal::NoBody)?;
    if event["isBase64Encoded"] != true {
        return Ok(body.to_owned());
    }
    let bytes = STANDARD.decode(body).map_err(|_no_base64| Refusal::NoText)?;
    String::from_utf8(bytes).map_err(|_no_utf8| Refusal::NoText)
}
