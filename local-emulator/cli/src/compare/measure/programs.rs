//! The programs that are compared: the shops and the functions of this workspace, built as `lunch up` builds functions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::failure::{Code, Failure, OrFail as _};
use crate::say;

/// The packages; each has a program of its name.
const PACKAGES: [&str; 4] = ["burger", "salad", "coffee", "scripted"];

/// Where they are.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) burger: PathBuf,
    pub(crate) salad: PathBuf,
    pub(crate) coffee: PathBuf,
    pub(crate) scripted: PathBuf,
}

impl Programs {
    /// Builds them in a checkout of lunch.
    pub(crate) fn build(workspace: &Path) -> Result<Self, Failure> {
        say::beside("building the shops and the functions");
        let mut cargo = cargo();
        cargo.args(["build", "--release", "--quiet"]).current_dir(workspace);
        cargo.args(["--message-format", "json-render-diagnostics"]);
        cargo.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
        let built = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let built = built.or_fail_with(Code::Build, || {
            "`cargo` does not run, and what is compared has to be built\n(install Rust, or name a folder of built programs by `--programs`)"
        })?;
        if !built.status.success() {
            let sentence = format!(
                "the shops and the functions do not build in `{}`: cargo ended with {}\n(run it in a checkout of lunch, or name one by `--workspace`; `--programs` takes built ones)",
                workspace.display(),
                built.status
            );
            return Err(Failure::new(Code::Build, sentence));
        }
        let messages = String::from_utf8_lossy(&built.stdout);
        let made: BTreeMap<_, _> = messages.lines().filter_map(made).collect();
        Self::of(|name| made.get(name).cloned())
    }

    /// Takes them from a folder, as they are.
    pub(crate) fn taken(folder: &Path) -> Result<Self, Failure> {
        let folder = std::path::absolute(folder).or_fail(Code::Input)?;
        Self::of(|name| Some(folder.join(name)).filter(|program| program.is_file()))
    }

    fn of(find: impl Fn(&str) -> Option<PathBuf>) -> Result<Self, Failure> {
        let find = |name: &str| find(name).ok_or_else(|| missing(name));
        Ok(Self {
            burger: find("burger")?,
            salad: find("salad")?,
            coffee: find("coffee")?,
            scripted: find("scripted")?,
        })
    }
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn missing(name: &str) -> Failure {
    let sentence = format!(
        "there is no program `{name}` to compare\n(build it by `cargo build --release --package {name}` in a checkout of lunch)"
    );
    Failure::new(Code::Input, sentence)
}

/// A program that one of cargo's messages tells of.
fn made(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let path = message["executable"].as_str()?;
    Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_named_with_how_to_build_it() {
        let error = Programs::taken(Path::new("/nowhere")).expect_err("there is none");
        insta::assert_snapshot!(error.render(false), @r"
        error: there is no program `burger` to compare
        (build it by `cargo build --release --package burger` in a checkout of lunch)
        ");
    }

    #[test]
    fn cargo_says_where_a_program_is() {
        let message =
            r#"{"reason":"compiler-artifact","target":{"name":"salad"},"executable":"/t/salad"}"#;
        assert_eq!(made(message), Some(("salad".to_owned(), "/t/salad".into())));
        assert_eq!(made(r#"{"reason":"build-finished"}"#), None);
    }
}
