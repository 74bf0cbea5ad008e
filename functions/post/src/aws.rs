//! Where AWS is and as whom to call it, as the variables say: for everything of the street that calls SQS.

use std::error::Error;
use std::iter::successors;

use aws_sdk_sqs::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use thiserror::Error;

/// A variable that AWS sets is not there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the variable `{0}` is missing, without which no queue can be reached\n(Lambda, ECS on Fargate and `lunch up` set it; outside of them, set it)"
)]
pub struct MissingVariable(pub &'static str);

/// The SDK's settings but for credentials and timeouts. `AWS_ENDPOINT_URL_SQS` goes before `AWS_ENDPOINT_URL`, as in every
/// AWS SDK.
///
/// # Errors
/// Without `AWS_REGION`.
pub fn config(variable: &impl Fn(&str) -> Option<String>) -> Result<Builder, MissingVariable> {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().tls_provider(tls).build_https())
        .region(Region::new(needed("AWS_REGION", variable)?));
    config.set_endpoint_url(
        variable("AWS_ENDPOINT_URL_SQS").or_else(|| variable("AWS_ENDPOINT_URL")),
    );
    Ok(config)
}

/// The environment's own keys.
///
/// # Errors
/// Without `AWS_ACCESS_KEY_ID` or `AWS_SECRET_ACCESS_KEY`.
pub fn keys(variable: &impl Fn(&str) -> Option<String>) -> Result<Credentials, MissingVariable> {
    let key_id = needed("AWS_ACCESS_KEY_ID", variable)?;
    let secret = needed("AWS_SECRET_ACCESS_KEY", variable)?;
    Ok(Credentials::new(key_id, secret, variable("AWS_SESSION_TOKEN"), None, "environment"))
}

fn needed(
    name: &'static str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<String, MissingVariable> {
    variable(name).ok_or(MissingVariable(name))
}

/// All that an error says: the SDK's errors say the least first, and what happened last.
#[must_use]
pub fn sentence(error: &dyn Error) -> String {
    let chain = successors(Some(error), |&error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
