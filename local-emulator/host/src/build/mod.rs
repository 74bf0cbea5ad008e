//! Builds a template's functions, and the programs that stand for containers, and stages what came out: Rust ones by one
//! cargo call for each workspace, those with a makefile by make, and zips by unpacking them.
//!
//! Staged is `.lunch/build/<LogicalId>/bootstrap` beside the template, alone in its folder: on AWS a function finds
//! what the build put there and nothing of its sources. Code that is taken as it is keeps what stands beside it. For a
//! container it is `.lunch/build/<LogicalId>.<container>/<container>`.
//! The call blocks. Ctrl-C reaches cargo itself, which runs in the caller's process group.

mod archive;
mod cargo;
mod containers;
mod error;
mod make;
mod program;
mod sources;
mod stage;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use archive::ArchiveError;
pub use containers::ContainerPrograms;
pub use error::BuildError;
use lunch_contract::names::LATEST;
pub use sources::Sources;

use crate::function::ServedFunction;
use crate::function_url::FunctionUrl;
use crate::published::{AliasTarget, Published};
use crate::template::{Build, Function, Template, folder};
use stage::Stage;

/// How functions are built.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
    /// Takes what was built before.
    pub no_build: bool,
    /// Lets cargo fetch nothing.
    pub offline: bool,
    /// Instances may still run of what this process has built before: what they have stays until the next time.
    pub again: bool,
    /// Builds nothing that stands for containers.
    pub functions_only: bool,
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
    /// A program is ready.
    Built {
        /// Its function's or its container's name.
        name: String,
        /// How long cargo ran until its program was there.
        took: Duration,
    },
}

/// What came out of a template.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// Its functions, in its order.
    pub functions: Vec<ServedFunction>,
    /// The programs that stand for containers, as far as there are.
    pub containers: ContainerPrograms,
}

/// A program that cargo has to make.
struct Wanted<'a> {
    whose: Whose<'a>,
    target: cargo::Target,
}

/// For whom cargo makes a program.
enum Whose<'a> {
    /// For the function at this place of the template.
    Function(usize, &'a Function),
    Container(containers::Place),
}

/// Builds all functions of a template, and what stands for its containers.
///
/// # Errors
/// If one of them cannot be built or run.
pub fn build(
    template: &Template,
    options: &BuildOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Built, BuildError> {
    let lunch = lunch_folder(template)?;
    let mut served = BTreeMap::new();
    let (mut wanted, mut making) = (Vec::new(), Vec::new());
    // What is missing is told before anything is built.
    let ways = template.functions.iter().map(way).collect::<Result<Vec<_>, _>>()?;
    for (place, (function, way)) in template.functions.iter().zip(ways).enumerate() {
        let stage = Stage::of(&lunch, function, options.again);
        match way {
            Way::InPlace => drop(served.insert(place, kept(function, &stage, progress)?)),
            Way::Zip => drop(served.insert(place, unpacked(function, &stage)?)),
            Way::Cargo | Way::Make if options.no_build => {
                served.insert(place, before(function, &stage)?);
            }
            Way::Make => making.push((place, function, stage)),
            Way::Cargo => wanted.push(wants(place, function, options, progress)?),
        }
    }
    let mut containers = ContainerPrograms::default();
    if options.functions_only {
        // Nobody runs them.
    } else if options.no_build {
        containers = containers::before(template, &lunch);
    } else {
        let found = containers::wanted(template, options)?.into_iter();
        wanted
            .extend(found.map(|(place, target)| Wanted { whose: Whose::Container(place), target }));
    }
    for (place, function, stage) in making {
        served.insert(place, by_make(function, &stage, progress)?);
    }
    for (whose, program, binary) in made(&wanted, &lunch, options, progress)? {
        match whose {
            Whose::Function(place, _) => drop(served.insert(*place, (program, Some(binary)))),
            Whose::Container(place) => containers.add(place, program),
        }
    }
    let all = template.functions.iter().zip(served.into_values());
    let served = all.map(|(function, (program, binary))| ServedFunction {
        published: published(template, &function.name),
        urls: urls(template, &function.name),
        ..serve(function, program, binary)
    });
    Ok(Built { functions: served.collect(), containers })
}

/// What cargo has to make of a function.
fn wants<'a>(
    place: usize,
    function: &'a Function,
    options: &BuildOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Wanted<'a>, BuildError> {
    if is_executable(&function.code.join("bootstrap")) {
        progress(Progress::Said(format!(
            "function `{}`: built from its `Cargo.toml`; the `bootstrap` beside it is not used",
            function.name
        )));
    }
    let target = cargo::target(function, options)?;
    Ok(Wanted { whose: Whose::Function(place, function), target })
}

/// What building a template would make for its containers; nothing is built.
///
/// # Errors
/// If cargo cannot read the workspace, or there are several binaries of a container's name in it.
pub fn container_programs(template: &Template) -> Result<ContainerPrograms, BuildError> {
    let lunch = lunch_folder(template)?;
    let mut programs = ContainerPrograms::default();
    for (place, _) in containers::wanted(template, &BuildOptions::default())? {
        programs.add(&place, place.stage(&lunch).program());
    }
    Ok(programs)
}

/// What the template publishes of a function.
fn published(template: &Template, function: &str) -> Published {
    let aliases = template.aliases.iter().filter(|alias| alias.function == function);
    let aliases: BTreeMap<_, _> = aliases
        .map(|alias| {
            let is_latest = alias.version.as_deref() == Some(LATEST);
            let target = if is_latest { AliasTarget::Latest } else { AliasTarget::Newest };
            (alias.name.clone(), target)
        })
        .collect();
    let leads_to_one = aliases.values().any(|target| *target == AliasTarget::Newest);
    let has_one = template.versions.iter().any(|version| version.function == function);
    Published { versions: has_one || leads_to_one, aliases }
}

/// The URLs that the template has for a function.
fn urls(template: &Template, function: &str) -> Vec<FunctionUrl> {
    let urls = template.urls.iter().filter(|url| url.function == function);
    urls.map(|url| url.config.clone()).collect()
}

/// How a function comes to its program.
enum Way {
    Cargo,
    Make,
    Zip,
    InPlace,
}

/// How this function comes to its program: as its template says, as far as there is what that takes.
fn way(function: &Function) -> Result<Way, BuildError> {
    let has = |name: &str| function.code.join(name).is_file();
    match function.build {
        Build::Zip => Ok(Way::Zip),
        Build::Cargo if has("Cargo.toml") => Ok(Way::Cargo),
        Build::Make if has("Makefile") => Ok(Way::Make),
        // `sam build` leaves a template like this one, with the built function in the folder.
        Build::Cargo | Build::Make if has("bootstrap") => Ok(Way::InPlace),
        Build::InPlace if has("bootstrap") || has("Cargo.toml") => Ok(Way::InPlace),
        Build::Cargo | Build::Make | Build::InPlace => {
            let file = if function.build == Build::Make { "Makefile" } else { "Cargo.toml" };
            let (function, code) = (function.name.clone(), function.code.clone());
            Err(BuildError::Nothing { function, code, file })
        }
    }
}

/// A program that stands in the code's folder.
fn in_place(function: &Function) -> Result<(PathBuf, Option<String>), BuildError> {
    let program = function.code.join("bootstrap");
    if !program.is_file() {
        let (function, code) = (function.name.clone(), function.code.clone());
        return Err(BuildError::NoBootstrap { function, code });
    }
    let program = std::path::absolute(&program).unwrap_or(program);
    runs_here(function, &program)?;
    Ok((program, function.binary.clone()))
}

/// A program that stands in the code's folder, in the copy that this revision keeps of it.
fn kept(
    function: &Function,
    stage: &Stage,
    progress: &mut dyn FnMut(Progress),
) -> Result<(PathBuf, Option<String>), BuildError> {
    let (program, binary) = in_place(function)?;
    let code = program.parent().unwrap_or(&function.code);
    match stage.keep(code) {
        Ok(()) => Ok((stage.program(), binary)),
        Err(why) => {
            progress(Progress::Said(format!(
                "function `{}`: no copy of its code is kept ({why}); what changes in `{}` changes under its instances",
                function.name,
                code.display()
            )));
            Ok((program, binary))
        }
    }
}

/// A program that stands in a zip.
fn unpacked(function: &Function, stage: &Stage) -> Result<(PathBuf, Option<String>), BuildError> {
    let archive = &function.code;
    let source = |source| BuildError::Archive {
        function: function.name.clone(),
        archive: archive.clone(),
        source,
    };
    staged(stage, |into| archive::unpack(archive, into).map_err(source))?;
    let program = stage.program();
    if !program.is_file() {
        let (function, archive) = (function.name.clone(), archive.clone());
        return Err(BuildError::NoneInZip { function, archive });
    }
    runs_here(function, &program)?;
    Ok((program, function.binary.clone()))
}

/// What building a function would say of its zip, if there is one; nothing is unpacked.
///
/// # Errors
/// If it cannot be unpacked, or holds no program of this machine.
pub fn check_zip(template: &Template, function: &Function) -> Result<(), BuildError> {
    if function.build != Build::Zip || !function.code.is_file() {
        return Ok(());
    }
    let (name, archive) = (function.name.clone(), function.code.clone());
    match archive::look(&archive) {
        Err(source) => Err(BuildError::Archive { function: name, archive, source }),
        Ok(looked) => match looked.bootstrap {
            None => Err(BuildError::NoneInZip { function: name, archive }),
            Some((is_executable, head)) => {
                let lunch = lunch_folder(template)?;
                let program = Stage::of(&lunch, function, false).program();
                judged(function, &program, is_executable, || program::of(&head))
            }
        },
    }
}

/// Where what is built is kept.
fn lunch_folder(template: &Template) -> Result<PathBuf, BuildError> {
    std::path::absolute(folder(&template.path).join(".lunch"))
        .map_err(|source| BuildError::Stage { path: template.path.clone(), source })
}

/// A program that make makes.
fn by_make(
    function: &Function,
    stage: &Stage,
    progress: &mut dyn FnMut(Progress),
) -> Result<(PathBuf, Option<String>), BuildError> {
    let took = staged(stage, |into| make::make(function, into, progress))?;
    let program = stage.program();
    if !program.is_file() {
        return Err(BuildError::NoneMade {
            function: function.name.clone(),
            logical_id: function.logical_id.clone(),
        });
    }
    runs_here(function, &program)?;
    progress(Progress::Built { name: function.name.clone(), took });
    Ok((program, function.binary.clone()))
}

/// Fills a stage; one that cannot be filled stays as it was.
fn staged<T>(
    stage: &Stage,
    fill: impl FnOnce(&Path) -> Result<T, BuildError>,
) -> Result<T, BuildError> {
    let failed = |source| BuildError::Stage { path: stage.program(), source };
    let fresh = stage.begin().map_err(failed)?;
    let filled = fill(&fresh).inspect_err(|_| drop(std::fs::remove_dir_all(&fresh)))?;
    stage.settle(&fresh).map_err(failed)?;
    Ok(filled)
}

/// That this machine can run a program.
fn runs_here(function: &Function, program: &Path) -> Result<(), BuildError> {
    judged(function, program, is_executable(program), || program::kind(program))
}

/// The same of what is known of a program that may not be there yet.
fn judged(
    function: &Function,
    program: &Path,
    is_executable: bool,
    kind: impl FnOnce() -> program::Kind,
) -> Result<(), BuildError> {
    let has_crate = function.code.join("Cargo.toml").is_file();
    let (build, function, path) = (function.build, function.name.clone(), program.to_owned());
    if !is_executable {
        let hint = match build {
            Build::Zip => "chmod +x bootstrap, and zip it again".to_owned(),
            Build::Cargo | Build::Make | Build::InPlace => {
                format!("chmod +x {}", program.display())
            }
        };
        return Err(BuildError::NotExecutable { function, program: path, hint });
    }
    match kind() {
        program::Kind::Ours => Ok(()),
        program::Kind::Foreign(machine) => {
            let hint = match build {
                Build::Cargo if has_crate => {
                    "cargo was told so, by `build.target` of its configuration or `CARGO_BUILD_TARGET`"
                }
                Build::Cargo | Build::Make | Build::Zip | Build::InPlace => {
                    "build it for this machine, as `lunch up` does of a `Cargo.toml`"
                }
            };
            Err(BuildError::OtherMachine { function, program: path, machine, hint })
        }
        program::Kind::Nothing(what) => {
            Err(BuildError::NoProgramFile { function, program: path, what })
        }
    }
}

/// A program that was built before.
fn before(function: &Function, stage: &Stage) -> Result<(PathBuf, Option<String>), BuildError> {
    let program = stage.program();
    if !program.is_file() {
        return Err(BuildError::NotStaged { function: function.name.clone(), program });
    }
    Ok((program, stage.binary().or_else(|| function.binary.clone())))
}

/// Lets cargo make programs, and stages them: for each one its path and name.
fn made<'w>(
    wanted: &'w [Wanted<'_>],
    lunch: &Path,
    options: &BuildOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<(&'w Whose<'w>, PathBuf, String)>, BuildError> {
    let mut workspaces: BTreeMap<&Path, Vec<&Wanted<'_>>> = BTreeMap::new();
    for one in wanted {
        workspaces.entry(&one.target.workspace).or_default().push(one);
    }
    let mut made = Vec::new();
    for (workspace, wanted) in workspaces {
        let targets = wanted.iter().map(|one| &one.target).collect::<Vec<_>>();
        let built = cargo::build(workspace, &targets, options, progress)?;
        for Wanted { whose, target } in wanted {
            let name = whose.name().to_owned();
            let found = built.get(&(target.package.clone(), target.binary.clone()));
            let found = found.ok_or_else(|| BuildError::NoProgram(name.clone()))?;
            let stage = whose.stage(lunch, options);
            stage
                .put(&found.program, &target.binary)
                .map_err(|source| BuildError::Stage { path: stage.program(), source })?;
            whose.runs_here(&stage.program())?;
            progress(Progress::Built { name, took: found.took });
            made.push((whose, stage.program(), target.binary.clone()));
        }
    }
    Ok(made)
}

impl Whose<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Function(_, function) => &function.name,
            Self::Container(place) => place.name(),
        }
    }

    fn stage(&self, lunch: &Path, options: &BuildOptions) -> Stage {
        match self {
            Self::Function(_, function) => Stage::of(lunch, function, options.again),
            Self::Container(place) => place.stage(lunch),
        }
    }

    fn runs_here(&self, program: &Path) -> Result<(), BuildError> {
        match self {
            Self::Function(_, function) => runs_here(function, program),
            Self::Container(place) => containers::runs_here(place, program),
        }
    }
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
        event_configs: function.event_configs.clone(),
        dead_letters: function.dead_letters.clone(),
        variables: function.variables.clone(),
        left_out: function.left_out.clone(),
        log_group: function.log_group.clone(),
        logging: function.logging,
        stamp: program.parent().map_or(0, sources::stamp),
        ..ServedFunction::new(&function.name, program)
    }
}
