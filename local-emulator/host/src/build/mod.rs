//! Builds a template's Rust functions by one cargo call for each workspace, and stages what came out.
//!
//! Staged is `.lunch/build/<LogicalId>/bootstrap` beside the template, alone in its folder: on AWS a function finds
//! what the build put there and nothing of its sources. Code that is taken in place keeps what stands beside it.
//! The call blocks. Ctrl-C reaches cargo itself, which runs in the caller's process group.

mod cargo;
mod error;
mod stage;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::BuildError;

use crate::function::ServedFunction;
use crate::template::{Build, Function, Template, folder};
use stage::Stage;

/// How functions are built.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
    /// Takes what was built before.
    pub no_build: bool,
    /// Lets cargo fetch nothing.
    pub offline: bool,
}

/// What a build is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many packages are done.
    Compiling {
        /// The last one.
        what: String,
        /// How many.
        done: usize,
        /// Of how many; `None`: cargo does not say.
        total: Option<usize>,
    },
    /// A line of the compiler's own, as it comes, or one on what is built.
    Said(String),
    /// A function is ready.
    Built {
        /// Its name.
        function: String,
        /// How long cargo ran until its program was there.
        took: Duration,
    },
}

/// A function that cargo has to make.
struct Wanted<'a> {
    place: usize,
    function: &'a Function,
    target: cargo::Target,
}

/// Builds all functions of a template.
///
/// # Errors
/// If one of them cannot be built or run.
pub fn build(
    template: &Template,
    options: &BuildOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<ServedFunction>, BuildError> {
    let lunch = std::path::absolute(folder(&template.path).join(".lunch"))
        .map_err(|source| BuildError::Stage { path: template.path.clone(), source })?;
    let mut served = BTreeMap::new();
    let mut wanted = Vec::new();
    for (place, function) in template.functions.iter().enumerate() {
        let taken = function.code.join("bootstrap");
        let has_crate = function.code.join("Cargo.toml").is_file();
        if !has_crate && !taken.is_file() {
            let (function, code) = (function.name.clone(), function.code.clone());
            return Err(BuildError::NoCrate { function, code });
        }
        if !has_crate || function.build == Build::InPlace {
            served.insert(place, in_place(function, taken)?);
        } else if options.no_build {
            served.insert(place, before(function, &Stage::of(&lunch, function))?);
        } else {
            if is_executable(&taken) {
                progress(Progress::Said(format!(
                    "function `{}`: built from its `Cargo.toml`; the `bootstrap` beside it is not used",
                    function.name
                )));
            }
            let target = cargo::target(function, options)?;
            wanted.push(Wanted { place, function, target });
        }
    }
    for (place, program, binary) in made(&wanted, &lunch, options, progress)? {
        served.insert(place, (program, Some(binary)));
    }
    let all = template.functions.iter().zip(served.into_values());
    Ok(all.map(|(function, (program, binary))| serve(function, program, binary)).collect())
}

/// A program that stands in the code's folder.
fn in_place(
    function: &Function,
    program: PathBuf,
) -> Result<(PathBuf, Option<String>), BuildError> {
    if !program.is_file() {
        let (function, code) = (function.name.clone(), function.code.clone());
        return Err(BuildError::NoBootstrap { function, code });
    }
    if !is_executable(&program) {
        return Err(BuildError::NotExecutable { function: function.name.clone(), program });
    }
    Ok((std::path::absolute(&program).unwrap_or(program), function.binary.clone()))
}

/// A program that was built before.
fn before(function: &Function, stage: &Stage) -> Result<(PathBuf, Option<String>), BuildError> {
    let program = stage.program();
    if !program.is_file() {
        return Err(BuildError::NotStaged { function: function.name.clone(), program });
    }
    Ok((program, stage.binary().or_else(|| function.binary.clone())))
}

/// Lets cargo make programs, and stages them: for each one its place, path and name.
fn made(
    wanted: &[Wanted<'_>],
    lunch: &Path,
    options: &BuildOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<(usize, PathBuf, String)>, BuildError> {
    let mut workspaces: BTreeMap<&Path, Vec<&Wanted<'_>>> = BTreeMap::new();
    for one in wanted {
        workspaces.entry(&one.target.workspace).or_default().push(one);
    }
    let mut made = Vec::new();
    for (workspace, wanted) in workspaces {
        let targets = wanted.iter().map(|one| &one.target).collect::<Vec<_>>();
        let built = cargo::build(workspace, &targets, options, progress)?;
        for Wanted { place, function, target } in wanted {
            let found = built.get(&(target.package.clone(), target.binary.clone()));
            let found = found.ok_or_else(|| BuildError::NoProgram(function.name.clone()))?;
            let stage = Stage::of(lunch, function);
            stage
                .put(&found.program, &target.binary)
                .map_err(|source| BuildError::Stage { path: stage.program(), source })?;
            progress(Progress::Built { function: function.name.clone(), took: found.took });
            made.push((*place, stage.program(), target.binary.clone()));
        }
    }
    Ok(made)
}

fn is_executable(program: &Path) -> bool {
    program.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn serve(function: &Function, program: PathBuf, binary: Option<String>) -> ServedFunction {
    ServedFunction {
        logical_id: function.logical_id.clone(),
        binary,
        description: function.description.clone(),
        runtime: function.runtime.clone(),
        handler: function.handler.clone(),
        architecture: function.architecture.clone(),
        timeout: function.timeout,
        memory_mb: function.memory_mb,
        ephemeral_storage_mb: function.ephemeral_storage_mb,
        reserved: function.reserved,
        variables: function.variables.clone(),
        log_group: function.log_group.clone(),
        logging: function.logging,
        ..ServedFunction::new(&function.name, program)
    }
}
