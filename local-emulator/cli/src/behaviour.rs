//! How the cloud behaves, in words, where a setting alone says too little.

use lunch_cloud::{Pace, Settings};
use lunch_contract::Limits;

const FROM_A_FILE: &str = "as the file of settings has it";

/// What `check` says of the settings beside their figures: a name, and what it comes to.
pub(crate) fn in_words(settings: &Settings) -> Vec<(String, String)> {
    [("refusals", refusals(settings)), ("pauses", pauses(settings))]
        .map(|(name, words)| (name.to_owned(), words.to_owned()))
        .into()
}

/// What `--limits` decides.
fn refusals(settings: &Settings) -> &'static str {
    let decided = |limits: &Limits| {
        (
            limits.account_concurrency,
            limits.scaling_instances,
            limits.requests_per_second_per_concurrency,
        )
    };
    let set = decided(&settings.limits);
    if set == decided(&Limits::strict()) {
        "strict, as AWS for a new account"
    } else if set == decided(&Limits::relaxed()) {
        "relaxed, without rates and without the account's concurrency"
    } else {
        FROM_A_FILE
    }
}

/// What `--pace` decides.
const fn pauses(settings: &Settings) -> &'static str {
    match (settings.sqs.pace, settings.sources.pace) {
        (Pace::Fast, Pace::Fast) => "fast, without AWS's own",
        (Pace::Aws, Pace::Aws) => {
            "as AWS: 60 s after DeleteQueue and after PurgeQueue; pollers back off where batches fail"
        }
        (Pace::Fast, Pace::Aws) | (Pace::Aws, Pace::Fast) => FROM_A_FILE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_limits_and_pace_come_to_is_told_in_words() {
        let mut settings = Settings::default();
        assert_eq!(refusals(&settings), "strict, as AWS for a new account");
        assert_eq!(pauses(&settings), "fast, without AWS's own");
        settings.limits = Limits::relaxed();
        (settings.sqs.pace, settings.sources.pace) = (Pace::Aws, Pace::Aws);
        assert!(refusals(&settings).starts_with("relaxed,"));
        assert!(pauses(&settings).starts_with("as AWS: 60 s"));
        settings.limits.account_concurrency = Some(7);
        settings.sqs.pace = Pace::Fast;
        assert_eq!([refusals(&settings), pauses(&settings)], [FROM_A_FILE; 2]);
    }
}
