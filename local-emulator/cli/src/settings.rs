//! How the cloud is set: the defaults at a pace, over them a file's settings, over them the flags that set one thing each.

use std::fs;
use std::path::{Path, PathBuf};

use lunch_cloud::{Pace, Settings};
use lunch_contract::Limits;
use serde_json::{Map, Value, json};

use crate::args::{Cloud, FreezeAfter};

/// Why a file of settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// It cannot be read.
    #[error("the settings `{}` cannot be read", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// It is no JSON.
    #[error("the settings `{}` are not JSON", path.display())]
    NotJson { path: PathBuf, source: serde_json::Error },
    /// It names what is no setting.
    #[error("`{key}` in `{}` is no setting\n(there {}: {})", path.display(),
        if known.len() == 1 { "is" } else { "are" }, known.join(", "))]
    Unknown { path: PathBuf, key: String, known: Vec<String> },
    /// A value is of another kind than the setting's.
    #[error("`{key}` in `{}` is {found}, and has to be {wanted}\n(the default is `{default}`)", path.display())]
    Kind { path: PathBuf, key: String, found: &'static str, wanted: &'static str, default: String },
    /// A value does not fit.
    #[error("`{key}` in `{}` does not fit", path.display())]
    Misfit { path: PathBuf, key: String, source: serde_json::Error },
    /// It is JSON of another kind.
    #[error("`{}` is {found}, and has to be an object of settings\n(such as {{\"choice\": \"oldest\"}})", path.display())]
    NoSettings { path: PathBuf, found: &'static str },
}

/// All settings, by the flags and the file that they name.
pub(crate) fn settings(asked: &Cloud) -> Result<Settings, SettingsError> {
    // What a file says of pauses wins over a pace, which sets many of them.
    let paced = paced(asked.pace.map(Into::into));
    let mut settings = match &asked.settings {
        Some(path) => read(path, paced)?,
        None => paced,
    };
    if let Some(seed) = asked.seed {
        settings.seed = seed;
        settings.sqs.seed = seed;
    }
    if let Some(mischief) = asked.mischief {
        settings.sqs.mischief = mischief;
    }
    if let Some(choice) = asked.choice {
        settings.choice = choice;
    }
    if let Some(reclaim) = asked.reclaim {
        settings.reclaim = reclaim;
    }
    if let Some(FreezeAfter(span)) = asked.freeze_after {
        settings.freeze_after = span;
    }
    if let Some(name) = asked.limits {
        // Exactly what the two differ in; a file's other limits stay.
        let limits = Limits::of(name.into());
        settings.limits.account_concurrency = limits.account_concurrency;
        settings.limits.scaling_instances = limits.scaling_instances;
        settings.limits.requests_per_second_per_concurrency =
            limits.requests_per_second_per_concurrency;
    }
    Ok(settings)
}

/// The defaults at that pace.
fn paced(pace: Option<Pace>) -> Settings {
    let mut settings = Settings::default();
    if let Some(pace) = pace {
        (settings.sqs.pace, settings.sources.pace) = (pace, pace);
        settings.ecs = lunch_cloud::ecs::Settings::of(pace);
    }
    settings
}

fn read(path: &Path, settings: Settings) -> Result<Settings, SettingsError> {
    let text = fs::read_to_string(path)
        .map_err(|source| SettingsError::Read { path: path.into(), source })?;
    merged(path, &text, settings)
}

/// These settings with what the text says in their place.
fn merged(path: &Path, text: &str, mut settings: Settings) -> Result<Settings, SettingsError> {
    let said: Value = serde_json::from_str(text)
        .map_err(|source| SettingsError::NotJson { path: path.into(), source })?;
    let Value::Object(said) = said else {
        return Err(SettingsError::NoSettings { path: path.into(), found: kind(&said) });
    };
    let mut all = shown(&settings);
    // One after the other, so that the one that does not fit can be named.
    for (key, value) in said {
        let alone = Value::Object(Map::from_iter([(key.clone(), value)]));
        merge(path, "", &mut all, alone)?;
        settings = serde_json::from_value(all.clone()).map_err(|source| SettingsError::Misfit {
            path: path.into(),
            key,
            source,
        })?;
    }
    Ok(settings)
}

fn shown(settings: &Settings) -> Value {
    serde_json::to_value(settings).expect("settings are plain data")
}

fn merge(path: &Path, key: &str, into: &mut Value, said: Value) -> Result<(), SettingsError> {
    match (&mut *into, said) {
        (Value::Object(known), Value::Object(said)) => {
            if is_span(known) {
                // `{"secs": 1}` is one second, whatever the default has of nanoseconds.
                *known = Map::from_iter([("secs".into(), json!(0)), ("nanos".into(), json!(0))]);
            }
            for (name, value) in said {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                let Some(into) = known.get_mut(&name) else {
                    let known = known.keys().map(|name| format!("`{name}`")).collect();
                    return Err(SettingsError::Unknown { path: path.into(), key, known });
                };
                merge(path, &key, into, value)?;
            }
        }
        // Without, or with what may be without: whether it may is the type's own business.
        (_, Value::Null) => *into = Value::Null,
        (known, said) if known.is_null() || kind(known) == kind(&said) => *known = said,
        (known, said) => {
            return Err(SettingsError::Kind {
                path: path.into(),
                key: key.to_owned(),
                found: kind(&said),
                wanted: kind(known),
                default: known.to_string(),
            });
        }
    }
    Ok(())
}

/// Whether it is a span of time, as serde writes one.
fn is_span(known: &Map<String, Value>) -> bool {
    known.len() == 2 && known.contains_key("secs") && known.contains_key("nanos")
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::FromArgMatches as _;
    use lunch_cloud::sqs::Mischief;
    use lunch_cloud::{Choice, ReclaimPolicy};

    use super::*;
    use crate::args;

    fn of(text: &str) -> Result<Settings, SettingsError> {
        merged(Path::new("my.json"), text, Settings::default())
    }

    fn asked(flags: &[&str]) -> Cloud {
        let words = ["lunch", "up"].iter().chain(flags);
        let matches = args::parser().try_get_matches_from(words).expect("sound flags");
        match args::Arguments::from_arg_matches(&matches).expect("sound flags").command {
            Some(args::Command::Up(up)) => up.cloud,
            other => panic!("`up` was asked for, not {other:?}"),
        }
    }

    #[test]
    fn a_part_of_the_settings_leaves_the_rest_as_it_is() {
        let text = r#"{"freeze_after": null, "limits": {"init": {"secs": 1}}, "gap_wait": {"secs": 2},
            "choice": "oldest", "reclaim": {"life": null}}"#;
        let read = of(text).expect("sound settings");
        let mut expected = Settings {
            freeze_after: None,
            gap_wait: Duration::from_secs(2),
            choice: Choice::Oldest,
            ..Settings::default()
        };
        expected.limits.init = Duration::from_secs(1);
        expected.reclaim.life = None;
        assert_eq!(read, expected);
    }

    #[test]
    fn all_that_a_cloud_shows_is_taken_back() {
        let settings = Settings { seed: 7, reclaim: ReclaimPolicy::never(), ..Settings::default() };
        let shown = serde_json::to_string(&settings).expect("plain data");
        assert_eq!(of(&shown).expect("its own"), settings);
    }

    #[test]
    fn what_is_no_setting_is_refused_by_its_name() {
        let error = of(r#"{"limits": {"inti": {"secs": 1}}}"#).expect_err("a typo");
        assert!(
            error.to_string().starts_with("`limits.inti` in `my.json` is no setting"),
            "{error}"
        );
        assert!(error.to_string().contains("`init`"), "{error}");
    }

    #[test]
    fn a_value_of_another_kind_is_refused_with_what_it_has_to_be() {
        let told = |text| of(text).expect_err(text).to_string();
        insta::assert_snapshot!(told(r#"{"limits": {"init": 1}}"#), @r#"
        `limits.init` in `my.json` is a number, and has to be an object
        (the default is `{"nanos":0,"secs":10}`)
        "#);
        insta::assert_snapshot!(told("[]"), @r#"
        `my.json` is a list, and has to be an object of settings
        (such as {"choice": "oldest"})
        "#);
        insta::assert_snapshot!(told("{"), @"the settings `my.json` are not JSON");
        insta::assert_snapshot!(told(r#"{"seed": -1}"#), @"`seed` in `my.json` does not fit");
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        let path = std::env::temp_dir().join(format!("lunch-settings-{}", std::process::id()));
        let text =
            r#"{"seed": 7, "choice": "oldest", "limits": {"unreserved_concurrency_min": 5}}"#;
        fs::write(&path, text).expect("the folder for temporary files can be written");
        let file = path.to_str().expect("a plain path");
        let both =
            settings(&asked(&["--settings", file, "--choice", "lru", "--limits", "relaxed"]));
        let both = both.expect("sound settings");
        fs::remove_file(&path).expect("it is ours");

        assert_eq!((both.seed, both.choice), (7, Choice::LeastRecentlyUsed));
        assert_eq!(both.limits.account_concurrency, None);
        assert_eq!(both.limits.unreserved_concurrency_min, 5, "that stays");
    }

    #[test]
    fn what_a_file_says_of_a_pause_stays_at_whatever_pace() {
        let path = std::env::temp_dir().join(format!("lunch-paced-{}", std::process::id()));
        let text = r#"{"ecs": {"provisioning": {"secs": 20}, "healthy_after": {"secs": 3}},
            "sqs": {"pace": "fast"}}"#;
        fs::write(&path, text).expect("the folder for temporary files can be written");
        let file = path.to_str().expect("a plain path");
        let both = settings(&asked(&["--settings", file, "--pace", "aws"]));
        fs::remove_file(&path).expect("it is ours");
        let mut expected = paced(Some(Pace::Aws));
        expected.ecs.provisioning = Duration::from_secs(20);
        expected.ecs.healthy_after = Duration::from_secs(3);
        expected.sqs.pace = Pace::Fast;
        assert_eq!(both.expect("sound settings"), expected);
        assert_eq!(expected.ecs.throttle, lunch_cloud::ecs::ThrottlePolicy::aws_2026());
    }

    #[test]
    fn every_flag_reaches_its_setting() {
        let flags = ["--seed", "3", "--choice", "random", "--reclaim", "aws-2019"];
        let more =
            ["--freeze-after", "never", "--limits", "relaxed", "--pace", "aws", "--mischief"];
        let set = settings(&asked(&[flags.as_slice(), more.as_slice()].concat())).expect("sound");
        let mut expected = Settings {
            seed: 3,
            limits: Limits::relaxed(),
            choice: Choice::Random,
            reclaim: ReclaimPolicy::aws_2019(),
            freeze_after: None,
            ..Settings::default()
        };
        expected.sqs.seed = 3;
        expected.sqs.mischief =
            Mischief { duplicate: 0.1, reorder: 5, late: Duration::from_secs(1) };
        (expected.sqs.pace, expected.sources.pace) = (Pace::Aws, Pace::Aws);
        expected.ecs = lunch_cloud::ecs::Settings::of(Pace::Aws);
        assert_eq!(set, expected);
        assert_eq!(settings(&asked(&[])).expect("sound"), Settings::default());
    }
}
