//! The programs that tests run: `lunch` itself and this workspace's functions and tasks, built once per test run.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// What is built, all by one call.
const PACKAGES: [&str; 7] =
    ["lunch-cli", "scripted", "coffee", "till", "takeaway", "burger", "salad"];

/// The root of this workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are in a folder of the workspace")
}

/// The `lunch` that is tested: what the variable `LUNCH` names, else this workspace's own.
#[must_use]
#[track_caller]
pub fn lunch() -> PathBuf {
    env::var_os("LUNCH").map_or_else(|| program("lunch"), PathBuf::from)
}

/// A program of this workspace, by its binary's name.
///
/// # Panics
/// If it does not build, or there is none of that name.
#[must_use]
#[track_caller]
pub fn program(name: &str) -> PathBuf {
    static PROGRAMS: OnceLock<Result<BTreeMap<String, PathBuf>, String>> = OnceLock::new();
    match PROGRAMS.get_or_init(build) {
        Ok(programs) => programs.get(name).cloned().unwrap_or_else(|| {
            let known = programs.keys().map(String::as_str).collect::<Vec<_>>().join("`, `");
            panic!("no program `{name}` is built for tests, but `{known}`")
        }),
        Err(error) => panic!("the programs for the tests do not build: {error}"),
    }
}

/// Cargo knows what is stale; where nothing is, this takes a fraction of a second.
fn build() -> Result<BTreeMap<String, PathBuf>, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace()).args(["build", "--quiet"]);
    command.args(["--message-format", "json-render-diagnostics"]);
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let built = command.stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    if !built.status.success() {
        return Err(format!("{command:?} ended with {}", built.status));
    }
    let text = String::from_utf8_lossy(&built.stdout);
    Ok(text.lines().filter_map(executable).collect())
}

/// A program that one of cargo's messages tells of.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let path = message["executable"].as_str()?;
    Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
}
