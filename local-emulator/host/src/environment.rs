//! The environment of a function's process: built from nothing, of AWS's variables and the developer's files.
//!
//! Nothing comes from the shell that started the program. Which variables are AWS's own stands in the contract.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lunch_contract::environment::{DEFAULTS, TASK_ROOT, check_name};
use lunch_contract::names::LATEST;

use crate::function::ServedFunction;
use crate::function_url;
use crate::logs::LogFormat;
use crate::template::{Container, Function, TaskDefinition};

/// Variables that the developer keeps in files: SAM's JSON by function, and `NAME=value` lines for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvironmentFiles {
    by_function: BTreeMap<String, BTreeMap<String, String>>,
    parameters: BTreeMap<String, String>,
    for_all: BTreeMap<String, String>,
}

/// A file of variables that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentFileError {
    /// It cannot be read.
    #[error("cannot read the variables in `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no JSON of SAM's form.
    #[error(
        "`{}` does not hold variables by function\n(the form is SAM's: {{\"CoffeeFunction\": {{\"STREET\": \"Lime Street\"}}, \"Parameters\": {{}}}})",
        path.display()
    )]
    Form {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// A line is no variable.
    #[error("line {line} of `{}` is no variable\n(a line is `NAME=value`, empty, or begins with `#`)", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
    },
}

impl EnvironmentFiles {
    /// Adds SAM's `--env-vars` file: JSON, an object by function name or logical id, and `Parameters` for whichever
    /// function's template has a variable of that name.
    ///
    /// # Errors
    /// If it cannot be read or has another form.
    pub fn add_json(&mut self, path: &Path) -> Result<(), EnvironmentFileError> {
        let text = read(path)?;
        let functions: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
            serde_json::from_str(&text)
                .map_err(|source| EnvironmentFileError::Form { path: path.into(), source })?;
        for (function, variables) in functions {
            let variables = variables.into_iter().map(|(name, value)| (name, plain(&value)));
            if function == "Parameters" {
                self.parameters.extend(variables);
            } else {
                self.by_function.entry(function).or_default().extend(variables);
            }
        }
        Ok(())
    }

    /// Adds an `--env-file`: lines of `NAME=value`, `export` before and quotes around allowed, `#` begins a comment.
    ///
    /// # Errors
    /// If it cannot be read or a line is none of these.
    pub fn add_lines(&mut self, path: &Path) -> Result<(), EnvironmentFileError> {
        for (number, line) in (1..).zip(read(path)?.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line = line.strip_prefix("export ").unwrap_or(line);
            let Some((name, value)) = line.split_once('=') else {
                return Err(EnvironmentFileError::Line { path: path.into(), line: number });
            };
            self.for_all.insert(name.trim().to_owned(), unquoted(value.trim()).to_owned());
        }
        Ok(())
    }

    /// The variables of a template's function, as its processes have them.
    #[must_use]
    pub fn variables_of(&self, function: &Function) -> BTreeMap<String, String> {
        let Function { logical_id, name, variables, left_out, .. } = function;
        self.laid_over([logical_id, name], variables, left_out)
    }

    /// Lays the files' variables over those of task definitions' containers, with the precedence that functions have. A
    /// section is called as the task definition, by its logical id or family, and is for all of its containers, or as
    /// `DEFINITION/CONTAINER`, which wins. A variable in place of a secret needs no value of that.
    pub fn lay_over(&self, definitions: &mut [TaskDefinition]) {
        for definition in definitions {
            let TaskDefinition { logical_id, family, containers, .. } = definition;
            for container in containers {
                let [by_id, by_family] =
                    [&*logical_id, &*family].map(|one| format!("{one}/{}", container.name));
                let sections = [&*logical_id, &*family, &by_id, &by_family];
                let Container { variables, left_out, secrets, .. } = container;
                let is_defined = |name: &String| {
                    variables.contains_key(name)
                        || left_out.contains(name)
                        || secrets.contains_key(name)
                };
                let over: BTreeMap<_, _> = self.over(&sections, is_defined).collect();
                secrets.retain(|name, _| !over.contains_key(name));
                let layers = self.for_all.iter().chain(&*variables).chain(over);
                *variables = layers.map(|(name, value)| (name.clone(), value.clone())).collect();
            }
        }
    }

    /// Names in the files that none of these has: whose variables those are is not known.
    #[must_use]
    pub fn strangers(&self, functions: &[Function], definitions: &[TaskDefinition]) -> Vec<&str> {
        let is_function =
            |name: &str| functions.iter().any(|one| one.logical_id == name || one.name == name);
        let is_task = |name: &str| {
            let (of, container) =
                name.split_once('/').map_or((name, None), |(of, one)| (of, Some(one)));
            let has = |definition: &TaskDefinition| {
                container
                    .is_none_or(|name| definition.containers.iter().any(|one| one.name == name))
            };
            let is_it = |one: &TaskDefinition| one.logical_id == of || one.family == of;
            definitions.iter().any(|one| is_it(one) && has(one))
        };
        let names = self.by_function.keys().map(String::as_str);
        names.filter(|name| !is_function(name) && !is_task(name)).collect()
    }

    /// What lies over the template's variables: whatever is for all, then the sections, one after the other.
    fn over<'a>(
        &'a self,
        sections: &[&String],
        is_defined: impl Fn(&String) -> bool,
    ) -> impl Iterator<Item = (&'a String, &'a String)> {
        let sections: Vec<_> =
            sections.iter().filter_map(|name| self.by_function.get(*name)).flatten().collect();
        self.parameters.iter().filter(move |(name, _)| is_defined(name)).chain(sections)
    }

    /// The template's variables with the files' laid over them, but for the lines, which lie below.
    ///
    /// Names that AWS would refuse are left out.
    fn laid_over(
        &self,
        sections: [&String; 2],
        own: &BTreeMap<String, String>,
        left_out: &BTreeSet<String>,
    ) -> BTreeMap<String, String> {
        let is_defined = |name: &String| own.contains_key(name) || left_out.contains(name);
        let layers = self.for_all.iter().chain(own).chain(self.over(&sections, is_defined));
        let allowed = layers.filter(|(name, _)| check_name(name).is_ok());
        allowed.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

fn read(path: &Path) -> Result<String, EnvironmentFileError> {
    std::fs::read_to_string(path)
        .map_err(|source| EnvironmentFileError::Read { path: path.into(), source })
}

/// A JSON value as a variable holds it.
fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    value
}

/// What a process is told of where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The region.
    pub(crate) region: &'a str,
    /// The door's address, as a URL.
    pub(crate) endpoint: &'a str,
    /// The instance's Runtime API, as `127.83.4.190:40123`.
    pub(crate) runtime_api: &'a str,
    /// The instance's log stream.
    pub(crate) log_stream: &'a str,
    /// The instance's temporary folder. `None`: it has folders of its own, its code at `/var/task` among them.
    pub(crate) temporary: Option<&'a Path>,
}

/// The variables that are the same for all processes of a function, the developer's among them.
///
/// SAM's file wins, then the template's own, then the lines', then AWS's unreserved defaults.
pub(crate) fn of_function(
    function: &ServedFunction,
    files: &EnvironmentFiles,
) -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> =
        DEFAULTS.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let ServedFunction { logical_id, name, variables: own, left_out, .. } = function;
    variables.extend(files.laid_over([logical_id, name], own, left_out));
    variables
}

/// The whole environment of one process. URLs of queues and functions lead to this cloud: there are clients that call a queue where its
/// URL says, and not where they are told by `AWS_ENDPOINT_URL`.
pub(crate) fn of_process(
    function: &ServedFunction,
    variables: &BTreeMap<String, String>,
    place: Place<'_>,
) -> Vec<(String, String)> {
    let code = match place.temporary {
        None => TASK_ROOT.to_owned(),
        Some(_) => function.code.display().to_string(),
    };
    let memory_mb = function.memory_mb.to_string();
    let log_group = function.log_group();
    let reserved = [
        ("_HANDLER", function.handler.as_str()),
        ("AWS_ACCESS_KEY_ID", DUMMY_ACCESS_KEY_ID),
        ("AWS_DEFAULT_REGION", place.region),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory_mb),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", LATEST),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", place.log_stream),
        ("AWS_LAMBDA_RUNTIME_API", place.runtime_api),
        ("AWS_REGION", place.region),
        ("AWS_SECRET_ACCESS_KEY", DUMMY_SECRET),
        ("AWS_SESSION_TOKEN", DUMMY_SECRET),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("LAMBDA_TASK_ROOT", &code),
    ];
    let temporary = place.temporary.map(|temporary| temporary.display().to_string());
    let mut environment: BTreeMap<&str, &str> =
        BTreeMap::from([("AWS_ENDPOINT_URL", place.endpoint), ("PWD", &code)]);
    environment.extend(temporary.iter().map(|temporary| ("TMPDIR", temporary.as_str())));
    environment.extend(variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    environment.extend(reserved);
    if function.logging.format == LogFormat::Json {
        let level = function.logging.application_level.name();
        environment.extend([("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", level)]);
    }
    let here = |(name, value): (&str, &str)| {
        (name.to_owned(), localised(value, place.region, place.endpoint))
    };
    environment.into_iter().map(here).collect()
}

/// A value with the URLs of queues and functions leading to this cloud.
pub(crate) fn localised(value: &str, region: &str, endpoint: &str) -> String {
    let aws = format!("https://sqs.{region}.amazonaws.com/");
    function_url::bound(&value.replace(&aws, &format!("{endpoint}/")), endpoint)
}

/// Credentials that open nothing, so that an SDK inside a function has some and none of the developer's.
pub(crate) const DUMMY_ACCESS_KEY_ID: &str = "AKIALUNCHLUNCHLUNCH0";
pub(crate) const DUMMY_SECRET: &str = "lunch-has-no-secrets";

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place<'static> {
        Place {
            region: "eu-west-1",
            endpoint: "http://127.0.0.1:9000",
            runtime_api: "127.0.0.1:40123",
            log_stream: "stream",
            temporary: None,
        }
    }

    fn built(function: &ServedFunction, files: &EnvironmentFiles) -> BTreeMap<String, String> {
        of_process(function, &of_function(function, files), place()).into_iter().collect()
    }

    #[test]
    fn awss_own_variables_are_there_and_nothing_of_the_shell() {
        let function = ServedFunction::new("coffee", "/code/bootstrap");
        let environment = built(&function, &EnvironmentFiles::default());
        assert_eq!(environment["AWS_LAMBDA_RUNTIME_API"], "127.0.0.1:40123");
        assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "coffee");
        assert_eq!(environment["LAMBDA_TASK_ROOT"], "/var/task");
        assert!(!environment.contains_key("TMPDIR"), "AWS sets none");
        assert_eq!(environment["AWS_ENDPOINT_URL"], "http://127.0.0.1:9000");
        assert_eq!(environment["TZ"], ":UTC");
        assert!(!environment.contains_key("HOME") && !environment.contains_key("CARGO_HOME"));
        assert!(!environment.contains_key("AWS_EXECUTION_ENV"), "not for provided.*");
        assert!(!environment.contains_key("_X_AMZN_TRACE_ID"), "not for provided.*");
    }

    #[test]
    fn without_folders_of_its_own_a_process_is_told_where_it_is() {
        let function = ServedFunction::new("coffee", "/code/bootstrap");
        let place = Place { temporary: Some(Path::new("/tmp/lunch-0")), ..place() };
        let variables = of_function(&function, &EnvironmentFiles::default());
        let environment: BTreeMap<_, _> =
            of_process(&function, &variables, place).into_iter().collect();
        assert_eq!(environment["LAMBDA_TASK_ROOT"], "/code");
        assert_eq!(environment["PWD"], "/code");
        assert_eq!(environment["TMPDIR"], "/tmp/lunch-0");
    }

    #[test]
    fn a_functions_section_wins_then_parameters_the_template_the_lines_and_the_defaults() {
        let of = |names: &[&str], value: &str| -> BTreeMap<String, String> {
            names.iter().map(|name| ((*name).to_owned(), value.to_owned())).collect()
        };
        let mut function = ServedFunction::new("coffee", "/code/bootstrap");
        function.variables = of(&["AA", "BB", "CC"], "template");
        function.left_out.insert("DD".into());
        let files = EnvironmentFiles {
            by_function: BTreeMap::from([("coffee".to_owned(), of(&["AA", "EE"], "section"))]),
            parameters: of(&["AA", "BB", "DD", "EE", "FF"], "parameters"),
            for_all: of(&["AA", "CC", "GG", "TZ"], "lines"),
        };
        let environment = built(&function, &files);
        for (name, value) in [
            ("AA", "section"),
            ("BB", "parameters"),
            ("CC", "template"),
            ("DD", "parameters"),
            ("EE", "section"),
            ("GG", "lines"),
            ("TZ", "lines"),
        ] {
            assert_eq!(environment[name], value, "{name}");
        }
        assert!(!environment.contains_key("FF"), "the template defines none of that name");
    }

    #[test]
    fn containers_have_the_files_variables_with_the_precedence_of_functions() {
        let text = "Resources:\n  Kitchen:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Family: burger\n      Memory: \"512\"\n      \
             ContainerDefinitions:\n        - {Name: grill, Image: grill, Environment: [{Name: AA, Value: template}, \
             {Name: BB, Value: template}, {Name: CC, Value: template}], Secrets: [{Name: RECIPE, ValueFrom: r}, {Name: KEY, ValueFrom: k}]}\n        \
             - {Name: till, Image: till}\n";
        let path = std::env::temp_dir().join(format!("lunch-lay-{}.yaml", std::process::id()));
        std::fs::write(&path, text).expect("the folder for temporary files can be written");
        let options = crate::template::Options {
            path: path.clone(),
            parameter_overrides: Vec::new(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            stack_name: None,
        };
        let template = crate::template::read(&options);
        std::fs::remove_file(&path).expect("it is ours");
        let mut definitions = template.expect("it is a template").task_definitions;
        let of = |names: &[&str], value: &str| -> BTreeMap<String, String> {
            names.iter().map(|name| ((*name).to_owned(), value.to_owned())).collect()
        };
        let sections = [
            ("Kitchen", of(&["AA", "EE"], "definition")),
            ("burger/grill", of(&["AA", "RECIPE"], "container")),
            ("burger/oven", of(&["AA"], "nobody's")),
            ("Kitchens", of(&["AA"], "nobody's")),
        ];
        let files = EnvironmentFiles {
            by_function: sections.map(|(name, section)| (name.to_owned(), section)).into(),
            parameters: of(&["AA", "BB", "FF"], "parameters"),
            for_all: of(&["CC", "GG", "KEY"], "lines"),
        };
        assert_eq!(files.strangers(&[], &definitions), ["Kitchens", "burger/oven"]);
        files.lay_over(&mut definitions);
        let [grill, till] = definitions[0].containers.as_slice() else { panic!("there are two") };
        let expected = [
            ("AA", "container"),
            ("BB", "parameters"),
            ("CC", "template"),
            ("EE", "definition"),
            ("GG", "lines"),
            ("KEY", "lines"),
            ("RECIPE", "container"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(grill.variables, expected.into());
        let secrets: Vec<_> = grill.secrets.keys().collect();
        assert_eq!(secrets, ["KEY"], "lines lie below, and a section needs no secret");
        assert_eq!(till.variables["AA"], "definition");
        assert!(!till.variables.contains_key("BB"), "it defines none of that name");
    }

    #[test]
    fn nobody_sets_what_is_awss_own() {
        let mut function = ServedFunction::new("coffee", "/code/bootstrap");
        function.variables.insert("AWS_REGION".into(), "mars-north-1".into());
        function.variables.insert("_SECRET".into(), "x".into());
        let environment = built(&function, &EnvironmentFiles::default());
        assert_eq!(environment["AWS_REGION"], "eu-west-1");
        assert!(!environment.contains_key("_SECRET"));
    }

    #[test]
    fn files_are_read_in_both_forms_and_say_where_they_are_wrong() {
        let folder = std::env::temp_dir().join(format!("lunch-environment-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
        let (json, lines) = (folder.join("env.json"), folder.join(".env"));
        std::fs::write(&json, r#"{"coffee": {"CUPS": 3}, "Parameters": {"STREET": "Lime"}}"#)
            .expect("it can be written");
        std::fs::write(&lines, "# comment\n\nexport A1=\"one two\"\nB2='x'\n")
            .expect("it can be written");
        let mut files = EnvironmentFiles::default();
        files.add_json(&json).expect("the form is right");
        files.add_lines(&lines).expect("the form is right");
        let mut function = ServedFunction::new("coffee", "/code/bootstrap");
        function.variables.insert("STREET".into(), "template".into());
        let environment = built(&function, &files);
        assert_eq!(environment["CUPS"], "3");
        assert_eq!(environment["STREET"], "Lime");
        assert_eq!((environment["A1"].as_str(), environment["B2"].as_str()), ("one two", "x"));

        std::fs::write(&lines, "GOOD=1\nwhat\n").expect("it can be written");
        let error = files.add_lines(&lines).expect_err("the second line is no variable");
        assert!(error.to_string().starts_with("line 2 of "), "{error}");
        std::fs::write(&json, "[1]").expect("it can be written");
        assert!(matches!(files.add_json(&json), Err(EnvironmentFileError::Form { .. })));
        std::fs::remove_dir_all(&folder).expect("it is ours");
    }
}
