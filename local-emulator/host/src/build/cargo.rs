//! What cargo is asked, and what it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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

/// The program that a function is made of.
pub(super) fn target(function: &Function, options: &BuildOptions) -> Result<Target, BuildError> {
    let manifest = function.code.join("Cargo.toml");
    let output = cargo(options)
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(&manifest)
        .output()
        .map_err(BuildError::Cargo)?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BuildError::Failed { what: "metadata", status: output.status, output: words });
    }
    let answer: Value = serde_json::from_slice(&output.stdout).map_err(BuildError::Answer)?;
    let manifest = manifest.canonicalize().unwrap_or(manifest);
    let packages = answer["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let is_own =
        |package: &&Value| package["manifest_path"].as_str().map(Path::new) == Some(&manifest);
    let own = packages.iter().filter(is_own).collect::<Vec<_>>();
    let packages = if own.is_empty() { packages.iter().collect() } else { own };
    let mut programs = Vec::new();
    for package in packages {
        for target in package["targets"].as_array().map_or(&[][..], Vec::as_slice) {
            let is_bin =
                target["kind"].as_array().is_some_and(|kinds| kinds.contains(&"bin".into()));
            if let (true, Some(id), Some(name)) =
                (is_bin, package["id"].as_str(), target["name"].as_str())
            {
                programs.push((id.to_owned(), name.to_owned()));
            }
        }
    }
    let is_meant = |(_, name): &&(String, String)| {
        function.binary.as_ref().is_none_or(|binary| binary == name)
    };
    match programs.iter().filter(is_meant).collect::<Vec<_>>().as_slice() {
        [(package, binary)] => Ok(Target {
            workspace: answer["workspace_root"].as_str().unwrap_or_default().into(),
            package: package.clone(),
            binary: binary.clone(),
        }),
        _ => {
            let names = programs.iter().map(|(_, name)| format!("`{name}`")).collect::<Vec<_>>();
            let candidates = if names.is_empty() { "(none)".to_owned() } else { names.join(", ") };
            Err(BuildError::WhichBinary { function: function.name.clone(), candidates })
        }
    }
}

/// Builds programs of one workspace; where each one is, as cargo says.
pub(super) fn build(
    workspace: &Path,
    targets: &[Target],
    options: &BuildOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<BTreeMap<(String, String), PathBuf>, BuildError> {
    let mut command = cargo(options);
    command.args(["build", "--release", "--quiet", "--message-format=json-render-diagnostics"]);
    command.arg("--manifest-path").arg(workspace.join("Cargo.toml")).current_dir(workspace);
    let flags = |flag: &str, names: BTreeSet<&String>| {
        names.into_iter().flat_map(|name| [flag.to_owned(), name.clone()]).collect::<Vec<String>>()
    };
    command.args(flags("-p", targets.iter().map(|target| &target.package).collect()));
    command.args(flags("--bin", targets.iter().map(|target| &target.binary).collect()));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(BuildError::Cargo)?;
    let mut words = child.stderr.take();
    let reader = std::thread::spawn(move || {
        let mut output = Vec::new();
        let read = words.as_mut().map(|words| words.read_to_end(&mut output));
        drop(read);
        String::from_utf8_lossy(&output).into_owned()
    });
    let (mut built, mut done) = (BTreeMap::new(), BTreeSet::new());
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line.map_err(BuildError::Cargo)?;
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        if message["reason"] != "compiler-artifact" {
            continue;
        }
        let package = message["package_id"].as_str().unwrap_or_default().to_owned();
        let name = message["target"]["name"].as_str().unwrap_or_default().to_owned();
        if let Some(program) = message["executable"].as_str() {
            built.insert((package.clone(), name.clone()), program.into());
        }
        done.insert(package);
        progress(Progress::Compiling { what: name, done: done.len() });
    }
    let status = child.wait().map_err(BuildError::Cargo)?;
    let output = reader.join().unwrap_or_default();
    if !status.success() {
        return Err(BuildError::Failed { what: "build", status, output });
    }
    output.lines().for_each(|line| progress(Progress::Said(line.to_owned())));
    Ok(built)
}
