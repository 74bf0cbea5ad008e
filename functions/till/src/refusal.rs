//! Why an order is not taken, in words for the customer.

use lambda_runtime::Diagnostic;
use menu::Shop;
use thiserror::Error;

/// An order that no shop gets. Whoever sends it again unchanged is refused again.
#[derive(Debug, Error)]
pub enum Refusal {
    /// A request without a body.
    #[error("there is no order: send one as the request's body, in JSON")]
    NoBody,
    /// Bytes that are no text, or characters that no queue takes.
    #[error(
        "the order is not text that a queue takes: send UTF-8, without the characters U+FFFE and U+FFFF"
    )]
    NoText,
    /// Not what an order looks like.
    #[error(
        "this is no order: {0} (one is `{{\"shop\": \"coffee\", \"customer\": \"Ada\", \"item\": {{\"drink\": \"latte\"}}}}`)"
    )]
    NoOrder(serde_json::Error),
    /// A shop that nobody stands in.
    #[error("the {0} shop is not open yet")]
    NotOpenYet(Shop),
    /// Not what this shop makes.
    #[error("the {shop} shop does not make this: {why}")]
    NotOnTheMenu {
        /// Who does not make it.
        shop: Shop,
        /// What is wrong with it.
        why: serde_json::Error,
    },
    /// More than a message can hold.
    #[error(
        "the order has {bytes} bytes, and a queue takes at most {bytes_max}: order less at once"
    )]
    TooLong {
        /// The length of the message that it would be.
        bytes: usize,
        /// The longest that SQS takes.
        bytes_max: usize,
    },
}

impl From<Refusal> for Diagnostic {
    fn from(refusal: Refusal) -> Self {
        Self { error_type: "Refused".to_owned(), error_message: refusal.to_string() }
    }
}
