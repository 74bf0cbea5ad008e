//! What cargo is asked, and what it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{BuildError, BuildOptions, Progress};
use crate::template::Function;

/// A program of a package.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) workspace: PathBuf,
    pub(super) package: String,
    pub(super) binary: String,
}

fn cargo(options: &BuildOptions) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    if options.offline {
        cargo.arg("--offline");
    }
    cargo
}

/// What cargo knows of the workspace that a manifest is in.
fn metadata(manifest: &Path, options: &BuildOptions) -> Result<Value, BuildError> {
    let output = cargo(options)
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(manifest)
        .output()
        .map_err(BuildError::Cargo)?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BuildError::Metadata { status: output.status, output: words });
    }
    serde_json::from_slice(&output.stdout).map_err(BuildError::Answer)
}

/// All programs of the workspace that a manifest is in.
pub(super) fn targets(manifest: &Path, options: &BuildOptions) -> Result<Vec<Target>, BuildError> {
    let answer = metadata(manifest, options)?;
    let workspace = answer["workspace_root"].as_str().unwrap_or_default();
    let all = packages_of(&answer).iter().flat_map(programs);
    Ok(all
        .map(|(package, binary)| Target { workspace: workspace.into(), package, binary })
        .collect())
}

/// The program that a function is made of.
pub(super) fn target(function: &Function, options: &BuildOptions) -> Result<Target, BuildError> {
    let manifest = function.code.join("Cargo.toml");
    let answer = metadata(&manifest, options)?;
    let manifest = manifest.canonicalize().unwrap_or(manifest);
    let programs = programs_at(&answer, &manifest);
    let is_meant = |(_, name): &&(String, String)| {
        function.binary.as_ref().is_none_or(|binary| binary == name)
    };
    let list = |programs: &[&(String, String)]| {
        programs.iter().map(|(_, name)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    match programs.iter().filter(is_meant).collect::<Vec<_>>().as_slice() {
        [(package, binary)] => Ok(Target {
            workspace: answer["workspace_root"].as_str().unwrap_or_default().into(),
            package: package.clone(),
            binary: binary.clone(),
        }),
        [] => Err(BuildError::NoBinary {
            function: function.name.clone(),
            manifest,
            binary: function.binary.clone(),
            hint: if programs.is_empty() {
                "a function is a program: add a `src/main.rs`, or correct its `CodeUri`".to_owned()
            } else {
                let all = list(&programs.iter().collect::<Vec<_>>());
                format!("name one of these in its `Metadata.BuildProperties.Binary`: {all}")
            },
        }),
        several => Err(BuildError::WhichBinary {
            function: function.name.clone(),
            candidates: list(several),
        }),
    }
}

fn packages_of(answer: &Value) -> &[Value] {
    answer["packages"].as_array().map_or(&[][..], Vec::as_slice)
}

/// The programs of that crate, each with its package; of all crates, where that one is none but a workspace.
fn programs_at(answer: &Value, manifest: &Path) -> Vec<(String, String)> {
    let packages = packages_of(answer);
    let is_own =
        |package: &&Value| package["manifest_path"].as_str().map(Path::new) == Some(manifest);
    match packages.iter().find(is_own) {
        Some(own) => programs(own),
        None => packages.iter().flat_map(programs).collect(),
    }
}

/// A package's programs, each with the package's id.
fn programs(package: &Value) -> Vec<(String, String)> {
    let is_bin = |target: &&Value| {
        target["kind"].as_array().is_some_and(|kinds| kinds.contains(&"bin".into()))
    };
    let targets = package["targets"].as_array().map_or(&[][..], Vec::as_slice);
    let named = targets.iter().filter(is_bin).filter_map(|target| {
        Some((package["id"].as_str()?.to_owned(), target["name"].as_str()?.to_owned()))
    });
    named.collect()
}

/// A program that cargo made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) program: PathBuf,
    /// How long cargo ran until it was there.
    pub(super) took: Duration,
}

/// What cargo says while it runs.
enum Said {
    /// To us: a line of JSON.
    Message(String),
    /// To the human.
    Words(String),
}

/// Builds programs of one workspace; where each one is, as cargo says.
pub(super) fn build(
    workspace: &Path,
    targets: &[&Target],
    options: &BuildOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<BTreeMap<(String, String), Made>, BuildError> {
    let total = packages(workspace, targets, options);
    let mut command = cargo(options);
    command.args(["build", "--release", "--quiet", "--message-format=json-render-diagnostics"]);
    command.arg("--manifest-path").arg(workspace.join("Cargo.toml")).current_dir(workspace);
    command.args(flags("-p", targets.iter().map(|target| &target.package)));
    command.args(flags("--bin", targets.iter().map(|target| &target.binary)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let began = Instant::now();
    let mut child = command.spawn().map_err(BuildError::Cargo)?;
    let (to_us, said) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        tell_lines(out, to_us.clone(), Said::Message);
    }
    if let Some(err) = child.stderr.take() {
        tell_lines(err, to_us.clone(), Said::Words);
    }
    drop(to_us);
    let (mut built, mut done) = (BTreeMap::new(), BTreeSet::new());
    for said in said {
        let message = match said {
            Said::Words(words) => {
                progress(Progress::Said(words));
                continue;
            }
            Said::Message(line) => serde_json::from_str::<Value>(&line).unwrap_or_default(),
        };
        if message["reason"] != "compiler-artifact" {
            continue;
        }
        let package = message["package_id"].as_str().unwrap_or_default().to_owned();
        let name = message["target"]["name"].as_str().unwrap_or_default().to_owned();
        if let Some(program) = message["executable"].as_str() {
            let made = Made { program: program.into(), took: began.elapsed() };
            built.insert((package.clone(), name.clone()), made);
        }
        done.insert(package);
        let total = total.filter(|total| *total >= done.len());
        progress(Progress::Compiling { what: name, done: done.len(), total });
    }
    let status = child.wait().map_err(BuildError::Cargo)?;
    if status.success() { Ok(built) } else { Err(BuildError::Failed(status)) }
}

fn flags<'a>(flag: &str, names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let names = names.collect::<BTreeSet<_>>();
    names.into_iter().flat_map(|name| [flag.to_owned(), name.clone()]).collect()
}

/// Sends on every line, as it comes, from a thread of its own that ends with the stream.
fn tell_lines(
    from: impl Read + Send + 'static,
    to: mpsc::Sender<Said>,
    kind: impl Fn(String) -> Said + Send + 'static,
) {
    std::thread::spawn(move || {
        let mut lines = BufReader::new(from).split(b'\n');
        while let Some(Ok(line)) = lines.next() {
            if to.send(kind(String::from_utf8_lossy(&line).into_owned())).is_err() {
                break;
            }
        }
    });
}

/// How many packages the programs are made of, by cargo's own graph: with the features of this build, for this
/// machine, without what only tests need. `None` if cargo does not tell.
fn packages(workspace: &Path, targets: &[&Target], options: &BuildOptions) -> Option<usize> {
    let mut command = cargo(options);
    command.args(["tree", "--quiet", "--edges", "normal,build", "--prefix", "none"]);
    command.args(["--format", "{p}", "--manifest-path"]).arg(workspace.join("Cargo.toml"));
    command.args(flags("-p", targets.iter().map(|target| &target.package)));
    let output = command.current_dir(workspace).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let lines = text.lines().map(|line| line.trim_end_matches(" (*)"));
    Some(lines.filter(|line| !line.is_empty()).collect::<BTreeSet<_>>().len())
}
