//! How the cloud behaves, in words, where a setting alone says too little.

use lunch_cloud::sqs::Mischief;
use lunch_cloud::{Pace, Settings, ecs};
use lunch_contract::Limits;

use crate::span;

const FROM_A_FILE: &str = "as the file of settings has it";

/// What `check` says of the settings beside their figures: a name, and what it comes to.
pub(crate) fn in_words(settings: &Settings) -> Vec<(String, String)> {
    let mischief = mischief(settings).unwrap_or_else(|| "none".to_owned());
    let all = [
        ("refusals", refusals(settings).to_owned()),
        ("pauses", pauses(settings).to_owned()),
        ("mischief", mischief),
    ];
    all.map(|(name, words)| (name.to_owned(), words)).into()
}

/// What a cloud does that nobody expects who has not asked for it, a sentence each.
pub(crate) fn unusual(settings: &Settings) -> Vec<String> {
    let paused = pace_of(settings) != Some(Pace::Fast);
    let pauses = paused.then(|| format!("pauses are {}", pauses(settings)));
    let mischief = mischief(settings).map(|words| format!("mischief: {words}"));
    pauses.into_iter().chain(mischief).collect()
}

/// What `--mischief` decides; `None`: nothing.
fn mischief(settings: &Settings) -> Option<String> {
    let Mischief { duplicate, reorder, late } = settings.sqs.mischief;
    let twice = (duplicate > 0.0).then(|| format!("twice with probability {duplicate}"));
    let order = (reorder > 0).then(|| format!("out of order by up to {reorder} places"));
    let late = (!late.is_zero()).then(|| format!("late by up to {}", span::show(late)));
    let parts: Vec<_> = [twice, order, late].into_iter().flatten().collect();
    let seed = settings.sqs.seed;
    (!parts.is_empty())
        .then(|| format!("standard queues deliver {}; by seed {seed}", parts.join(", ")))
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
fn pauses(settings: &Settings) -> &'static str {
    match pace_of(settings) {
        Some(Pace::Fast) => "fast, without AWS's own",
        Some(Pace::Aws) => {
            "as AWS: 60 s after DeleteQueue and after PurgeQueue; pollers back off where batches fail; a task counts as healthy after 40 s, and starts that fail wait for up to 27 min"
        }
        None => FROM_A_FILE,
    }
}

/// The pace at which all pauses are; `None`: a file has set some.
fn pace_of(settings: &Settings) -> Option<Pace> {
    let is_at = |pace: &Pace| {
        let services = ecs::Settings::of(*pace);
        settings.sqs.pace == *pace
            && settings.sources.pace == *pace
            && settings.ecs.healthy_after == services.healthy_after
            && settings.ecs.throttle == services.throttle
    };
    [Pace::Fast, Pace::Aws].into_iter().find(is_at)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_limits_and_pace_come_to_is_told_in_words() {
        let mut settings = Settings::default();
        assert_eq!(refusals(&settings), "strict, as AWS for a new account");
        assert_eq!(pauses(&settings), "fast, without AWS's own");
        settings.limits = Limits::relaxed();
        (settings.sqs.pace, settings.sources.pace) = (Pace::Aws, Pace::Aws);
        assert_eq!(pauses(&settings), FROM_A_FILE, "those of services are short");
        settings.ecs = ecs::Settings::of(Pace::Aws);
        assert!(refusals(&settings).starts_with("relaxed,"));
        assert!(pauses(&settings).starts_with("as AWS: 60 s"));
        settings.limits.account_concurrency = Some(7);
        settings.sqs.pace = Pace::Fast;
        assert_eq!([refusals(&settings), pauses(&settings)], [FROM_A_FILE; 2]);
    }

    #[test]
    fn what_nobody_expects_is_told_and_nothing_else() {
        let mut settings = Settings::default();
        assert_eq!(unusual(&settings), [""; 0]);
        (settings.sqs.pace, settings.sources.pace) = (Pace::Aws, Pace::Aws);
        settings.ecs = ecs::Settings::of(Pace::Aws);
        settings.sqs.seed = 7;
        settings.sqs.mischief =
            Mischief { duplicate: 0.1, reorder: 5, late: Duration::from_secs(10) };
        let told = unusual(&settings);
        assert!(told[0].starts_with("pauses are as"), "{told:?}");
        assert_eq!(
            told[1],
            "mischief: standard queues deliver twice with probability 0.1, out of order by up to 5 places, late by up \
             to 10.0 s; by seed 7"
        );
    }
}
