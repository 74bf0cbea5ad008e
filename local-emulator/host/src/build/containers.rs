//! The programs of containers: where a task definition's `Metadata` names no command, the workspace's binary that is named
//! as the container.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::cargo::{self, Target};
use super::stage::Stage;
use super::{BuildError, BuildOptions, program};
use crate::template::{Container, Runs, Template, folder};

/// The programs of containers, by what a template calls them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerPrograms(BTreeMap<(String, String), PathBuf>);

impl ContainerPrograms {
    /// The program that stands for a container of the task definition with this logical id.
    #[must_use]
    pub fn of(&self, definition: &str, container: &str) -> Option<&Path> {
        self.0.get(&(definition.to_owned(), container.to_owned())).map(PathBuf::as_path)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn one(definition: &str, container: &str, program: PathBuf) -> Self {
        Self(BTreeMap::from([((definition.to_owned(), container.to_owned()), program)]))
    }

    pub(super) fn add(&mut self, place: &Place, program: PathBuf) {
        self.0.insert((place.definition.clone(), place.container.clone()), program);
    }
}

/// Whose program it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The task definition's logical id.
    definition: String,
    container: String,
}

impl Place {
    pub(super) fn stage(&self, lunch: &Path) -> Stage {
        Stage::of_container(lunch, &self.definition, &self.container)
    }

    /// What a human calls it.
    pub(super) fn name(&self) -> &str {
        &self.container
    }
}

/// The containers of a template that a binary may stand for.
pub(super) fn places(template: &Template) -> impl Iterator<Item = Place> {
    let by_binary = |one: &&Container| matches!(one.runs, Runs::Binary(_));
    template.task_definitions.iter().flat_map(move |definition| {
        let place = |container: &Container| Place {
            definition: definition.logical_id.clone(),
            container: container.name.clone(),
        };
        definition.containers.iter().filter(by_binary).map(place)
    })
}

/// The containers for which there is a binary in the workspace that the template is in.
///
/// # Errors
/// If cargo cannot read the workspace, or there are several binaries of that name in it.
pub(super) fn wanted(
    template: &Template,
    options: &BuildOptions,
) -> Result<Vec<(Place, Target)>, BuildError> {
    let mut places = places(template).peekable();
    let Some(manifest) = places.peek().and_then(|_| manifest(template)) else {
        return Ok(Vec::new());
    };
    let targets = cargo::targets(&manifest, options)?;
    let mut wanted = Vec::new();
    for place in places {
        let mut named = targets.iter().filter(|target| target.binary == place.container);
        match (named.next(), named.next()) {
            (None, _) => {}
            (Some(target), None) => wanted.push((place, target.clone())),
            (Some(one), Some(other)) => {
                return Err(BuildError::WhichContainer {
                    container: place.container,
                    candidates: format!("`{}`, `{}`", one.package, other.package),
                });
            }
        }
    }
    Ok(wanted)
}

/// The manifest of the template's folder, or of the nearest one above that has one, as cargo looks for it.
fn manifest(template: &Template) -> Option<PathBuf> {
    let folder = std::path::absolute(folder(&template.path)).ok()?;
    folder.ancestors().map(|folder| folder.join("Cargo.toml")).find(|manifest| manifest.is_file())
}

/// What was built of a container before.
pub(super) fn before(template: &Template, lunch: &Path) -> ContainerPrograms {
    let mut programs = ContainerPrograms::default();
    for place in places(template) {
        let program = place.stage(lunch).program();
        if program.is_file() {
            programs.add(&place, program);
        }
    }
    programs
}

/// That this machine can run it.
pub(super) fn runs_here(place: &Place, path: &Path) -> Result<(), BuildError> {
    match program::kind(path) {
        program::Kind::Ours => Ok(()),
        program::Kind::Foreign(machine) => Err(BuildError::ContainerOfOtherMachine {
            container: place.container.clone(),
            program: path.to_owned(),
            machine,
        }),
        program::Kind::Nothing(what) => Err(BuildError::NoContainerProgram {
            container: place.container.clone(),
            program: path.to_owned(),
            what,
        }),
    }
}
