//! What happens before the first event is asked for, and after the last.
//!
//! The attempts of one instance are counted in a file, because the process of a failed attempt is gone and the
//! temporary folder is what an instance keeps.

use std::env;
use std::fs;
use std::io;
use std::path::PathBuf;

use lambda_runtime::Error;

use crate::play::{Play, Played};
use crate::state;
use crate::step::{Init, Step};

/// Plays `SCRIPTED_INIT`, if there is one.
pub(crate) async fn play() -> Result<(), Error> {
    let Ok(text) = env::var("SCRIPTED_INIT") else {
        return Ok(());
    };
    let init: Init = serde_json::from_str(&text)
        .map_err(|error| format!("`SCRIPTED_INIT` is not a list of steps: {error}"))?;
    let attempt = next_attempt()?;
    state::remember_init_attempt(attempt);
    let steps = init.steps(usize::try_from(attempt).unwrap_or(usize::MAX));
    match Play::of_init().steps(steps).await {
        Played::Through | Played::Answered(_) => Ok(()),
        Played::Failed(failure) => {
            Err(format!("{}: {}", failure.error_type, failure.message).into())
        }
    }
}

/// Counts this attempt; the first is 1.
fn next_attempt() -> io::Result<u64> {
    let file = attempts_file();
    let before = match fs::read_to_string(&file) {
        Ok(text) => text.trim().parse().unwrap_or(0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    fs::write(&file, format!("{}\n", before + 1))?;
    Ok(before + 1)
}

fn attempts_file() -> PathBuf {
    env::temp_dir().join("scripted-init-attempts")
}

/// Registers `lambda_runtime`'s graceful shutdown where `SCRIPTED_GRACEFUL` asks for it.
pub(crate) async fn register_shutdown() -> Result<(), Error> {
    let Ok(text) = env::var("SCRIPTED_GRACEFUL") else {
        return Ok(());
    };
    let steps = match text.as_str() {
        "" | "0" => return Ok(()),
        "1" => vec![Step::Print("closing the stall".into())],
        steps => serde_json::from_str(steps).map_err(|error| {
            format!("`SCRIPTED_GRACEFUL` is neither `1` nor a list of steps: {error}")
        })?,
    };
    lambda_runtime::spawn_graceful_shutdown_handler(|| async move {
        Play::of_init().steps(&steps).await;
    })
    .await;
    Ok(())
}
