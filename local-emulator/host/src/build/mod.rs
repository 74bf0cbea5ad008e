//! Builds a template's Rust functions by one cargo call for each workspace, and stages what came out.
//!
//! The call blocks. Ctrl-C reaches cargo itself, which runs in the caller's process group.

mod cargo;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::function::ServedFunction;
use crate::template::{Function, Template, folder};

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
    },
    /// A line of the compiler's own.
    Said(String),
    /// A function is ready.
    Built {
        /// Its name.
        function: String,
    },
}

/// Why functions cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no cargo.
    #[error("cannot run `cargo`\n(install Rust, or take what was built before with `--no-build`)")]
    Cargo(#[source] io::Error),
    /// A code folder holds nothing to build or run.
    #[error("function `{function}`: `{}` has neither a `Cargo.toml` nor a `bootstrap`\n(correct its `CodeUri`)", code.display())]
    NoCrate {
        /// The function.
        function: String,
        /// Where it was looked.
        code: PathBuf,
    },
    /// A program cannot be run.
    #[error("function `{function}`: `{}` is not executable\n(chmod +x {})", program.display(), program.display())]
    NotExecutable {
        /// The function.
        function: String,
        /// The program.
        program: PathBuf,
    },
    /// It is not clear which program is meant.
    #[error(
        "function `{function}` could be any of these programs: {candidates}\n(name one in its `Metadata.BuildProperties.Binary`)"
    )]
    WhichBinary {
        /// The function.
        function: String,
        /// The programs there are.
        candidates: String,
    },
    /// Cargo failed.
    #[error("`cargo {what}` failed: {status}\n{output}")]
    Failed {
        /// The subcommand.
        what: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The compiler's own words.
        output: String,
    },
    /// Cargo's answer is not understood.
    #[error("cargo's answer is not understood")]
    Answer(#[source] serde_json::Error),
    /// Cargo named no program for a function.
    #[error("cargo built no program for function `{0}`")]
    NoProgram(String),
    /// Nothing was built before.
    #[error("function `{function}` was not built before: there is no `{}`\n(leave `--no-build` out once)", program.display())]
    NotStaged {
        /// The function.
        function: String,
        /// Where it was looked for.
        program: PathBuf,
    },
    /// A program cannot be put where it is run.
    #[error("cannot write `{}`", path.display())]
    Stage {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
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
        let name = || function.name.clone();
        let program = lunch.join("build").join(&function.logical_id).join("bootstrap");
        let taken = function.code.join("bootstrap");
        let has_crate = function.code.join("Cargo.toml").is_file();
        if !has_crate && !taken.is_file() {
            return Err(BuildError::NoCrate { function: name(), code: function.code.clone() });
        }
        if !has_crate {
            let mode = taken.metadata().map_or(0, |data| data.permissions().mode());
            if mode & 0o111 == 0 {
                return Err(BuildError::NotExecutable { function: name(), program: taken });
            }
            served.insert(
                place,
                (std::path::absolute(&taken).unwrap_or(taken), function.binary.clone()),
            );
        } else if options.no_build {
            if !program.is_file() {
                return Err(BuildError::NotStaged { function: name(), program });
            }
            served.insert(place, (program, function.binary.clone()));
        } else {
            wanted.push((place, function, cargo::target(function, options)?, program));
        }
    }
    let mut workspaces: BTreeMap<PathBuf, Vec<cargo::Target>> = BTreeMap::new();
    for (_, _, target, _) in &wanted {
        workspaces.entry(target.workspace.clone()).or_default().push(target.clone());
    }
    for (workspace, targets) in workspaces {
        let built = cargo::build(&workspace, &targets, options, progress)?;
        for (place, function, target, program) in &wanted {
            if target.workspace != workspace {
                continue;
            }
            let found = built.get(&(target.package.clone(), target.binary.clone()));
            let from = found.ok_or_else(|| BuildError::NoProgram(function.name.clone()))?;
            stage(from, program, &lunch)
                .map_err(|source| BuildError::Stage { path: program.clone(), source })?;
            progress(Progress::Built { function: function.name.clone() });
            served.insert(*place, (program.clone(), Some(target.binary.clone())));
        }
    }
    let all = template.functions.iter().zip(served.into_values());
    Ok(all.map(|(function, (program, binary))| serve(function, program, binary)).collect())
}

/// Puts a program where it is run, so that one that is running is not disturbed.
fn stage(from: &Path, program: &Path, lunch: &Path) -> io::Result<()> {
    std::fs::create_dir_all(program.parent().unwrap_or(lunch))?;
    std::fs::write(lunch.join(".gitignore"), "*\n")?;
    let fresh = program.with_extension(format!("new-{}", std::process::id()));
    if fresh.exists() {
        std::fs::remove_file(&fresh)?;
    }
    if std::fs::hard_link(from, &fresh).is_err() {
        std::fs::copy(from, &fresh)?;
    }
    std::fs::rename(&fresh, program)?;
    // Two names of one file: the rename above then did nothing.
    if fresh.exists() { std::fs::remove_file(&fresh) } else { Ok(()) }
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
        ..ServedFunction::new(&function.name, program)
    }
}
