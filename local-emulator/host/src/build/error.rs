//! Why functions cannot be built: sentences.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use super::archive::ArchiveError;
use super::program::this_machine;

/// Why functions cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no cargo.
    #[error("cannot run `cargo`\n(install Rust, or take what was built before with `--no-build`)")]
    Cargo(#[source] io::Error),
    /// A code folder holds nothing to build or run.
    #[error("function `{function}`: `{}` has neither a `{file}` nor a `bootstrap`\n(correct its `CodeUri`)", code.display())]
    Nothing {
        /// The function.
        function: String,
        /// Where it was looked.
        code: PathBuf,
        /// What it would be built by.
        file: &'static str,
    },
    /// A template leaves the building to somebody else, who did not build.
    #[error("function `{function}`: no `bootstrap` stands in `{}`\n(its template says `SkipBuild`: build it, or leave that out)", code.display())]
    NoBootstrap {
        /// The function.
        function: String,
        /// Where it was looked.
        code: PathBuf,
    },
    /// A program cannot be run.
    #[error("function `{function}`: `{}` is not executable\n({hint})", program.display())]
    NotExecutable {
        /// The function.
        function: String,
        /// The program.
        program: PathBuf,
        /// What to do.
        hint: String,
    },
    /// A program is for another machine.
    #[error("function `{function}`: `{}` is for `{machine}`, and this machine is `{}`\n({hint})", program.display(), this_machine())]
    OtherMachine {
        /// The function.
        function: String,
        /// The program.
        program: PathBuf,
        /// The machine that it is for.
        machine: String,
        /// What to do.
        hint: &'static str,
    },
    /// A program is none.
    #[error("function `{function}`: `{}` cannot be run: it is {what}\n(a `bootstrap` is a program of Linux for `{}`, or a script)", program.display(), this_machine())]
    NoProgramFile {
        /// The function.
        function: String,
        /// The file.
        program: PathBuf,
        /// What it seems to be.
        what: &'static str,
    },
    /// A zip is not unpacked.
    #[error("function `{function}`: the zip `{}` cannot be used", archive.display())]
    Archive {
        /// The function.
        function: String,
        /// The zip.
        archive: PathBuf,
        /// Why.
        #[source]
        source: ArchiveError,
    },
    /// A zip has no program.
    #[error("function `{function}`: no `bootstrap` stands in `{}`\n(it has to be at the top, in no folder: `cd` there, then `zip code.zip bootstrap`)", archive.display())]
    NoneInZip {
        /// The function.
        function: String,
        /// The zip.
        archive: PathBuf,
    },
    /// There is no make.
    #[error("cannot run `make`\n(install it, or take what was built before with `--no-build`)")]
    Make(#[source] io::Error),
    /// A makefile's target failed; what it said was told as [`Progress::Said`](super::Progress::Said) while it ran.
    #[error(
        "function `{function}`: `make {target}` failed: {status}\n(`BuildMethod: makefile` runs that target in its `CodeUri`)"
    )]
    MakeFailed {
        /// The function.
        function: String,
        /// The target.
        target: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A makefile's target made no program.
    #[error(
        "function `{function}`: `make build-{logical_id}` left no `bootstrap` in the folder `$ARTIFACTS_DIR`\n(copy it there in that target)"
    )]
    NoneMade {
        /// The function.
        function: String,
        /// Its logical id.
        logical_id: String,
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
    /// There is no program of the name that is meant, or none at all.
    #[error("function `{function}`: `{}` makes no program{}\n({hint})", manifest.display(),
        binary.as_ref().map(|binary| format!(" `{binary}`")).unwrap_or_default())]
    NoBinary {
        /// The function.
        function: String,
        /// The crate.
        manifest: PathBuf,
        /// What its template names.
        binary: Option<String>,
        /// What to do.
        hint: String,
    },
    /// Cargo does not understand a crate.
    #[error("`cargo metadata` failed: {status}\n{}", output.trim_end())]
    Metadata {
        /// How it ended.
        status: ExitStatus,
        /// Cargo's own words.
        output: String,
    },
    /// The functions do not compile; why, was told as [`Progress::Said`](super::Progress::Said) while it ran.
    #[error("`cargo build` failed: {0}")]
    Failed(ExitStatus),
    /// Cargo's answer is not understood.
    #[error("cargo's answer is not understood")]
    Answer(#[source] serde_json::Error),
    /// Cargo named no program for a function or a container.
    #[error("cargo built no program for `{0}`")]
    NoProgram(String),
    /// Nothing was built before.
    #[error("function `{function}` was not built before: there is no `{}`\n(leave `--no-build` out once)", program.display())]
    NotStaged {
        /// The function.
        function: String,
        /// Where it was looked for.
        program: PathBuf,
    },
    /// Several crates of the workspace have a program that is named as a container.
    #[error(
        "container `{container}`: several crates have a program of this name: {candidates}\n(say what its process runs by a `Command` in `Metadata.Lunch.Containers.{container}`)"
    )]
    WhichContainer {
        /// The container.
        container: String,
        /// The crates.
        candidates: String,
    },
    /// A container's program is for another machine.
    #[error("container `{container}`: `{}` is for `{machine}`, and this machine is `{}`\n(cargo was told so, by `build.target` of its configuration or `CARGO_BUILD_TARGET`)", program.display(), this_machine())]
    ContainerOfOtherMachine {
        /// The container.
        container: String,
        /// The program.
        program: PathBuf,
        /// The machine that it is for.
        machine: String,
    },
    /// A container's program is none.
    #[error("container `{container}`: `{}` cannot be run: it is {what}", program.display())]
    NoContainerProgram {
        /// The container.
        container: String,
        /// The file.
        program: PathBuf,
        /// What it seems to be.
        what: &'static str,
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
