//! The functions that a cloud serves, and who is meant by a name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lunch_cloud::{DelayModel, FunctionConfig};
use lunch_contract::{FunctionId, names};

use crate::destinations::EventInvokeConfig;
use crate::function_url::FunctionUrl;
use crate::logs::Logging;
use crate::published::Published;

/// A function that can be invoked: what the host has to know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedFunction {
    /// Its name.
    pub name: String,
    /// Its logical id in the template.
    pub logical_id: String,
    /// The Rust program that it is made of, where it is one.
    pub binary: Option<String>,
    /// The program to run, absolute.
    pub program: PathBuf,
    /// The folder that its code is in, absolute.
    pub code: PathBuf,
    /// What the template says that it is for.
    pub description: String,
    /// As in the template, as `provided.al2023`.
    pub runtime: String,
    /// As in the template, as `bootstrap`.
    pub handler: String,
    /// As in the template, as `x86_64`.
    pub architecture: String,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// MB in AWS's sense.
    pub memory_mb: u32,
    /// The size of `/tmp`, MB in AWS's sense.
    pub ephemeral_storage_mb: u32,
    /// Its reserved concurrency.
    pub reserved: Option<u32>,
    /// The template's own variables for it.
    pub variables: BTreeMap<String, String>,
    /// The names of the template's variables for it whose values only AWS knows.
    pub left_out: BTreeSet<String>,
    /// Where its lines go, if not to `/aws/lambda/NAME`.
    pub log_group: Option<String>,
    /// The form of its log.
    pub logging: Logging,
    /// Its versions and aliases.
    pub published: Published,
    /// Its URLs.
    pub urls: Vec<FunctionUrl>,
    /// Another one where the code is another: what its files are, as the file system has it.
    pub stamp: u64,
    /// How much longer its cold starts take than the host's.
    pub delay: DelayModel,
    /// How its events are tried again and where their records go, by what is called of it: `$LATEST`, a version or an
    /// alias.
    pub event_configs: BTreeMap<String, EventInvokeConfig>,
    /// The queue of its `DeadLetterConfig`, by name: it gets the events themselves that it failed at.
    pub dead_letters: Option<String>,
}

impl ServedFunction {
    /// A function of that name and program, all else as AWS has it where nothing is said.
    #[must_use]
    pub fn new(name: &str, program: impl Into<PathBuf>) -> Self {
        let program = program.into();
        Self {
            name: name.to_owned(),
            logical_id: name.to_owned(),
            binary: None,
            code: program.parent().unwrap_or_else(|| Path::new("/")).to_owned(),
            program,
            description: String::new(),
            runtime: "provided.al2023".to_owned(),
            handler: "bootstrap".to_owned(),
            architecture: "x86_64".to_owned(),
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            ephemeral_storage_mb: 512,
            reserved: None,
            variables: BTreeMap::new(),
            left_out: BTreeSet::new(),
            log_group: None,
            logging: Logging::default(),
            published: Published::default(),
            urls: Vec::new(),
            stamp: 0,
            delay: DelayModel::default(),
            event_configs: BTreeMap::new(),
            dead_letters: None,
        }
    }

    /// Where its lines go.
    pub(crate) fn log_group(&self) -> String {
        self.log_group.clone().unwrap_or_else(|| names::log_group(&self.name))
    }

    /// What the cloud has to know of it.
    pub(crate) const fn config(&self) -> FunctionConfig {
        FunctionConfig { timeout: self.timeout, slots: 1, delay: self.delay }
    }
}

/// Who is meant by a name.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// A function's name: what AWS would know it by.
    by_name: BTreeMap<String, FunctionId>,
    /// A logical id or a program's name, by which it may be called too.
    aliases: BTreeMap<String, Vec<FunctionId>>,
    all: Vec<String>,
}

/// Why nobody is meant by a name: a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NameError {
    /// There is nobody of that name; what there is.
    Unknown(String),
    /// There is more than one; who they are.
    Ambiguous(String),
}

/// What `cargo lambda invoke` calls a function that it was given no name for.
const ANY: &str = "_";

impl Names {
    /// The names of functions in the order of their ids, each with whether it is served: who is not cannot be meant.
    pub(crate) fn of<'a>(functions: impl Iterator<Item = (&'a ServedFunction, bool)>) -> Self {
        let mut names = Self::default();
        for (id, (function, is_served)) in (0..).map(FunctionId).zip(functions) {
            names.all.push(function.name.clone());
            if !is_served {
                continue;
            }
            names.by_name.insert(function.name.clone(), id);
            for alias in
                [Some(&function.logical_id), function.binary.as_ref()].into_iter().flatten()
            {
                let owners = names.aliases.entry(alias.clone()).or_default();
                if !owners.contains(&id) {
                    owners.push(id);
                }
            }
        }
        names
    }

    /// The function of that name; else of that logical id or program.
    pub(crate) fn resolve(&self, name: &str) -> Result<FunctionId, NameError> {
        if let Some(id) = self.by_name.get(name) {
            return Ok(*id);
        }
        match self.aliases.get(name).map(Vec::as_slice) {
            Some([id]) => Ok(*id),
            Some(owners @ [_, _, ..]) => Err(NameError::Ambiguous(self.ambiguous(name, owners))),
            Some([]) | None => match self.by_name.values().next() {
                Some(only) if name == ANY && self.by_name.len() == 1 => Ok(*only),
                Some(_) | None => Err(NameError::Unknown(self.there_is())),
            },
        }
    }

    /// The functions' names, by id.
    pub(crate) fn all(&self) -> &[String] {
        &self.all
    }

    fn ambiguous(&self, name: &str, owners: &[FunctionId]) -> String {
        let owners = owners.iter().map(|id| format!("`{}`", self.all[id.0 as usize]));
        let owners = owners.collect::<Vec<_>>().join(" and ");
        format!("`{name}` may be {owners}\n(use the function's name)")
    }

    fn there_is(&self) -> String {
        let served = self.all.iter().filter(|name| self.by_name.contains_key(*name));
        let served: Vec<_> = served.take(20).map(|name| format!("`{name}`")).collect();
        match served.as_slice() {
            [] => "the template has no function that is served".to_owned(),
            served => format!("there is {}", served.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mut one = ServedFunction::new("coffee-stack-1", "/a/bootstrap");
        one.logical_id = "CoffeeFunction".into();
        one.binary = Some("coffee".into());
        let mut two = ServedFunction::new("tea", "/b/bootstrap");
        two.logical_id = "TeaFunction".into();
        two.binary = Some("coffee".into());
        Names::of([(&one, true), (&two, true)].into_iter())
    }

    #[test]
    fn a_function_is_known_by_name_and_by_logical_id() {
        assert_eq!(names().resolve("coffee-stack-1"), Ok(FunctionId(0)));
        assert_eq!(names().resolve("CoffeeFunction"), Ok(FunctionId(0)));
        assert_eq!(names().resolve("tea"), Ok(FunctionId(1)));
    }

    #[test]
    fn a_program_of_two_functions_is_refused_with_both() {
        let Err(NameError::Ambiguous(sentence)) = names().resolve("coffee") else {
            panic!("it may be either");
        };
        assert_eq!(
            sentence,
            "`coffee` may be `coffee-stack-1` and `tea`\n(use the function's name)"
        );
    }

    #[test]
    fn an_unknown_name_is_answered_with_what_there_is() {
        assert_eq!(
            names().resolve("burger"),
            Err(NameError::Unknown("there is `coffee-stack-1`, `tea`".to_owned()))
        );
    }

    #[test]
    fn the_only_function_needs_no_name() {
        let coffee = ServedFunction::new("coffee", "/a/bootstrap");
        let tea = ServedFunction::new("tea", "/b/bootstrap");
        let one = Names::of([(&tea, false), (&coffee, true)].into_iter());
        assert_eq!(one.resolve("_"), Ok(FunctionId(1)));
        assert_eq!(one.resolve("tea"), Err(NameError::Unknown("there is `coffee`".to_owned())));
        names().resolve("_").expect_err("there are two");
    }
}
