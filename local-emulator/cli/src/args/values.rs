//! What flags take that is more than a text or a number.

use std::time::Duration;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use lunch_cloud::{Delay, Pace, Profile};
use lunch_contract::Strictness;

use crate::span;

/// How many refusals of AWS are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LimitsName {
    /// As AWS for a new account
    Strict,
    /// Without the request rate, the rate of new instances and the account's concurrency
    Relaxed,
}

impl From<LimitsName> for Strictness {
    fn from(name: LimitsName) -> Self {
        match name {
            LimitsName::Strict => Self::Strict,
            LimitsName::Relaxed => Self::Relaxed,
        }
    }
}

/// How many pauses of AWS are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PaceName {
    /// As fast as it goes
    Fast,
    /// As AWS: 60 s after DeleteQueue before its name is free, 60 s between two PurgeQueue, pollers that back off where
    /// batches fail, and services that wait for their tasks and between failed starts
    Aws,
}

impl From<PaceName> for Pace {
    fn from(name: PaceName) -> Self {
        match name {
            PaceName::Fast => Self::Fast,
            PaceName::Aws => Self::Aws,
        }
    }
}

/// What a task's container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TasksAs {
    /// A process of this machine, of a program that stands for it
    Process,
    /// A container of its image
    Container,
}

/// A delay, with the word that the user knows it by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NamedDelay {
    pub(crate) name: String,
    pub(crate) delay: Delay,
}

impl NamedDelay {
    /// The default of `rush`: what the street's own functions take on AWS.
    pub(crate) fn rust_al2023() -> Self {
        Self { name: "rust-al2023".to_owned(), delay: Delay::Profile(Profile::RustAl2023) }
    }
}

/// Whether and when an unused instance is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FreezeAfter(pub(crate) Option<Duration>);

/// One of these by its name.
pub(super) fn named<T, const N: usize>(
    all: [(&'static str, T); N],
) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    PossibleValuesParser::new(all.map(|(name, _)| name)).map(move |chosen| {
        let found = all.into_iter().find(|(name, _)| *name == chosen);
        found.expect("only these names are possible").1
    })
}

pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    // SAM takes CloudFormation's own form too.
    let long = text.strip_prefix("ParameterKey=").and_then(|it| it.split_once(",ParameterValue="));
    if let Some((key, value)) = long {
        return Ok((key.to_owned(), value.to_owned()));
    }
    let (key, value) =
        text.split_once('=').ok_or_else(|| format!("`{text}` has no `=`\n(write KEY=VALUE)"))?;
    Ok((key.to_owned(), value.to_owned()))
}

pub(super) fn freeze_after(text: &str) -> Result<FreezeAfter, String> {
    match text {
        "never" => Ok(FreezeAfter(None)),
        span => span::parse(span)
            .map(|span| FreezeAfter(Some(span)))
            .map_err(|_| format!("`{span}` is neither a span such as `5ms` nor `never`")),
    }
}

pub(super) fn delay(text: &str) -> Result<NamedDelay, String> {
    let profile = Profile::ALL.iter().find(|(name, _)| *name == text);
    let delay = match (text, profile) {
        ("none", _) => Delay::None,
        (_, Some((_, profile))) => Delay::Profile(*profile),
        (_, None) => Delay::Fixed(span::parse(text).map_err(|_| {
            let known = Profile::ALL.map(|(name, _)| name).join("`, `");
            format!(
                "`{text}` is neither `none`, nor a profile (`{known}`), nor a span such as `200ms`"
            )
        })?),
    };
    Ok(NamedDelay { name: text.to_owned(), delay })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_none_or_a_profile_or_a_span() {
        assert_eq!(delay("none").expect("none").delay, Delay::None);
        assert_eq!(delay("rust-al2023"), Ok(NamedDelay::rust_al2023()));
        assert_eq!(delay("200ms").expect("a span").delay, Delay::Fixed(Duration::from_millis(200)));
        let error = delay("rust").expect_err("no profile");
        assert!(error.contains("rust-al2023"), "{error}");
    }
}
