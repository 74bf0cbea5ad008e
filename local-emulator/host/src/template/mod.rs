//! A SAM or CloudFormation template: its functions, and a list of what in it is not served.
//!
//! Nothing is built or run here; see [`crate::build`].

mod condition;
mod dependencies;
mod destinations;
mod error;
mod filters;
mod follow;
mod function;
mod generated;
#[cfg(test)]
mod hostile;
mod intrinsics;
mod logging;
mod mappings;
mod node;
mod parameters;
mod placeholder;
mod properties;
mod published;
mod queues;
mod quiet;
mod resolve;
mod scalar;
mod services;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
mod unroll;
mod urls;
mod variables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use crate::event_source::filter::{Filters, FiltersError, Pattern, PatternError};
pub use error::TemplateError;
pub use follow::{Follow, NotAPointer, Outcomes, Pointer};
pub use function::{Build, Function};
pub use mappings::{Mapping, ProvisionedPollers};
pub use node::Span;
pub use published::{Alias, LogGroup, Version};
pub use queues::Queue;
pub use services::{
    Breaker, Check, Cluster, Container, Dependency, Log, PortMapping, Runs, Service, TaskDefinition,
};
pub use urls::Url;

use condition::Doubt;
use node::{Entries, Node, Value};
use resolve::{Lack, Placeholder, Resolver};
use unroll::Unrolled;

/// How a template is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// Values of parameters, which win over their defaults.
    pub parameter_overrides: Vec<(String, String)>,
    /// What `AWS::Region` is.
    pub region: String,
    /// What `AWS::AccountId` is.
    pub account: String,
    /// What `AWS::StackName` is; `lunch` where nothing is said.
    pub stack_name: Option<String>,
}

/// A template that was read.
#[derive(Clone, Debug)]
pub struct Template {
    /// The file.
    pub path: PathBuf,
    /// What it says that it is for.
    pub description: String,
    /// The functions that can be served.
    pub functions: Vec<Function>,
    /// The versions that it publishes.
    pub versions: Vec<Version>,
    /// The aliases that it has, those of `AutoPublishAlias` too.
    pub aliases: Vec<Alias>,
    /// The log groups that it has.
    pub log_groups: Vec<LogGroup>,
    /// The queues that it has.
    pub queues: Vec<Queue>,
    /// The event source mappings that it has.
    pub mappings: Vec<Mapping>,
    /// What is said of functions' events apart from them, until it is theirs.
    event_configs: Vec<destinations::Said>,
    /// The function URLs that it has.
    pub urls: Vec<Url>,
    /// The ECS clusters that it has.
    pub clusters: Vec<Cluster>,
    /// The ECS task definitions that it has.
    pub task_definitions: Vec<TaskDefinition>,
    /// The ECS services that it has, of those task definitions.
    pub services: Vec<Service>,
    /// Policies of queues, by name, until they are settled.
    queue_policies: Vec<(String, String)>,
    /// The order file that its `Metadata.Lunch.Orders` names.
    pub orders: Option<PathBuf>,
    /// How the outcomes of such orders are found that a function only passes on: `Metadata.Lunch.Follow`.
    pub follow: Option<Follow>,
    /// What it has and is not served, in sentences.
    pub not_served: Vec<String>,
    /// The values that stand in for what is not there, in sentences.
    pub placeholders: Vec<String>,
    /// What is doubtful in it, in sentences.
    pub warnings: Vec<String>,
}

/// Types whose resources change nothing on a developer's machine.
const NO_EFFECT: [&str; 8] = [
    "AWS::IAM::",
    "AWS::Logs::",
    "AWS::CloudWatch::",
    "AWS::Lambda::Permission",
    "AWS::KMS::",
    "AWS::SSM::",
    "AWS::CloudFormation::WaitCondition",
    "AWS::ApplicationAutoScaling::",
];

/// Reads a template.
///
/// # Errors
/// If there is none, it is broken, or a value that is needed is only known to AWS.
pub fn read(options: &Options) -> Result<Template, TemplateError> {
    let path = options.path.clone();
    let bytes = std::fs::read(&path).map_err(|source| {
        if source.kind() == std::io::ErrorKind::NotFound {
            TemplateError::Missing { hint: nearby(&path), path: path.clone() }
        } else {
            TemplateError::Read { path: path.clone(), source }
        }
    })?;
    parse(&bytes, options).map_err(|why| why.within(path))
}

fn parse(bytes: &[u8], options: &Options) -> Result<Template, TemplateError> {
    let path = options.path.clone();
    let broken = |at, words| TemplateError::Broken { path: path.clone(), at, words };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        broken(Span { line: line as u64, column: 1 }, "it is not UTF-8 text".to_owned())
    })?;
    let (root, warnings) = node::compose(text).map_err(|error| broken(error.span, error.words))?;
    if root.get("Resources").is_none_or(|node| !node.is_map()) {
        return Err(TemplateError::NotATemplate { path });
    }
    let parameters = parameters::read(&root, options)?;
    let looped = Resolver::new(&root, parameters.clone(), options);
    let Unrolled { root, not_served, warnings: more } = unroll::unroll(&root, &looped)?;
    let resolver = Resolver::new(&root, parameters, options);
    dependencies::check(&root, &resolver)?;
    let scalar = |node: Option<&Node>| node.and_then(Node::text).map(str::to_owned);
    let lunch = root.get("Metadata").and_then(|node| node.get("Lunch"));
    let orders = scalar(lunch.and_then(|node| node.get("Orders")));
    let mut template = Template {
        orders: orders.map(|orders| folder(&path).join(orders)),
        follow: None,
        path,
        description: scalar(root.get("Description")).unwrap_or_default(),
        functions: Vec::new(),
        versions: Vec::new(),
        aliases: Vec::new(),
        log_groups: Vec::new(),
        queues: Vec::new(),
        mappings: Vec::new(),
        event_configs: Vec::new(),
        urls: Vec::new(),
        clusters: Vec::new(),
        task_definitions: Vec::new(),
        services: Vec::new(),
        queue_policies: Vec::new(),
        not_served,
        placeholders: Vec::new(),
        warnings: [warnings, more].concat(),
    };
    let globals = root.get("Globals").and_then(|globals| globals.get("Function"));
    let mut without_effect: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (id, resource) in root.get("Resources").map_or(&[][..], Node::entries) {
        if let Some(kind) = add(&mut template, &resolver, globals, id, resource)? {
            without_effect.entry(kind).or_default().push(format!("`{id}`"));
        }
    }
    published::settle(&mut template);
    queues::settle(&mut template)?;
    mappings::settle(&mut template)?;
    destinations::settle(&mut template)?;
    urls::settle(&mut template)?;
    services::settle(&mut template);
    template.follow = follow::read(&template, lunch)?;
    template.not_served.extend(sections(&root));
    for (kind, ids) in without_effect {
        template.not_served.push(format!("without effect here: {} (`{kind}`)", ids.join(", ")));
    }
    template.placeholders = placeholders(&template, &resolver);
    Ok(template)
}

/// The sections of a template that are not served, in sentences.
fn sections(root: &Node) -> impl Iterator<Item = String> {
    ["Rules", "Hooks"].into_iter().filter_map(|section| {
        let line = root.get(section)?.span.line;
        Some(format!("line {line}: `{section}`: not served yet"))
    })
}

/// Which values stand in for resources that are not served, each where it is asked for first.
fn placeholders(template: &Template, resolver: &Resolver<'_>) -> Vec<String> {
    // A function's version and alias are noted as `Name.Version` and `Name.Alias`.
    let owner = |id: &str| id.split_once('.').map_or(id, |(owner, _)| owner).to_owned();
    let is_served = |id: &str| {
        let groups = template.log_groups.iter().filter(|one| one.name.is_some());
        template.functions.iter().any(|one| one.logical_id == owner(id))
            || template.versions.iter().any(|one| one.logical_id == id)
            || template.aliases.iter().any(|one| one.logical_id == id)
            || template.queues.iter().any(|one| one.logical_id == id)
            || template.urls.iter().any(|one| one.logical_id == id)
            || template.clusters.iter().any(|one| one.logical_id == id)
            || template.task_definitions.iter().any(|one| one.logical_id == id)
            || template.services.iter().any(|one| one.logical_id == id)
            || groups.into_iter().any(|one| one.logical_id == id)
    };
    let all = resolver.placeholders().into_iter().filter(|(_, one)| !is_served(&one.id));
    let mut all = all.collect::<Vec<_>>();
    all.sort_by_key(|(_, one)| (one.at.line, one.at.column));
    let sentence = |(expression, one): (String, Placeholder)| {
        format!("line {}: `{expression}` is `{}`", one.at.line, one.value)
    };
    all.into_iter().map(sentence).collect()
}

/// Adds a resource, or says why it is not served; its type, if that has no effect here.
fn add<'a>(
    template: &mut Template,
    resolver: &Resolver<'_>,
    globals: Option<&Node>,
    id: &str,
    resource: &'a Node,
) -> Result<Option<&'a str>, TemplateError> {
    let (at, line) = (resource.span, resource.span.line);
    if id.starts_with(unroll::LOOP) {
        return Ok(None);
    }
    if id.starts_with("Fn::") {
        template.not_served.push(format!("line {line}: `{id}`: what it makes only AWS knows"));
        return Ok(None);
    }
    if !is_logical_id(id) {
        return Err(TemplateError::LogicalId { id: id.chars().take(64).collect(), at });
    }
    if let Some(name) = resource.get("Condition").and_then(Node::text) {
        match resolver.condition(name, at)? {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(Doubt { why, lack }) => {
                let hint =
                    if lack == Lack::Aws { String::new() } else { format!("\n({})", lack.hint()) };
                template.warnings.push(format!(
                    "line {line}: whether `{name}` holds is not known: {why}; `{id}` is taken to be there{hint}"
                ));
            }
        }
    }
    if resolve::is_function(resource) {
        function::add(template, resolver, globals, id, resource)?;
        return Ok(None);
    }
    if published::add(template, resolver, id, resource)?
        || queues::add(template, resolver, id, resource)?
        || mappings::add(template, resolver, id, resource)?
        || destinations::add(template, resolver, id, resource)?
        || urls::add(template, resolver, id, resource)?
        || services::add(template, resolver, id, resource)?
    {
        return Ok(None);
    }
    let Some(kind) = resource.kind() else {
        template.not_served.push(format!("line {line}: `{id}` has no `Type`"));
        return Ok(None);
    };
    if NO_EFFECT.iter().any(|prefix| kind.starts_with(prefix)) {
        return Ok(Some(kind));
    }
    let is_nested = matches!(kind, "AWS::Serverless::Application" | "AWS::CloudFormation::Stack");
    let why = if is_nested { nested(resource) } else { "not served yet".to_owned() };
    template.not_served.push(format!("line {line}: `{id}` (`{kind}`): {why}"));
    Ok(None)
}

/// What is said of a nested application.
fn nested(resource: &Node) -> String {
    let properties = resource.get("Properties");
    let place = |name| properties.and_then(|all| all.get(name)).and_then(Node::text);
    match place("Location").or_else(|| place("TemplateURL")) {
        Some(place) => format!("nested, and not served; `--template {place}` serves it by itself"),
        None => "nested, and not served".to_owned(),
    }
}

/// AWS's rule. What is built is staged in a folder of this name, so it must be no path.
fn is_logical_id(id: &str) -> bool {
    (1..=255).contains(&id.len()) && id.chars().all(|char| char.is_ascii_alphanumeric())
}

/// The folder that a template's paths start from.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn nearby(path: &Path) -> String {
    let others = ["template.yaml", "template.yml", "template.json", ".aws-sam/build/template.yaml"];
    let there = others.iter().map(|name| folder(path).join(name)).filter(|other| other.is_file());
    let there = there.map(|other| format!("`{}`", other.display())).collect::<Vec<_>>();
    if there.is_empty() {
        "lunch looks for `template.yaml` in this folder; name another with `--template FILE`"
            .to_owned()
    } else {
        format!("there is {}; name it with `--template FILE`", there.join(", "))
    }
}

/// SAM's merge: maps merge, lists concatenate, of all else (an intrinsic function too) the function's own counts.
fn merge(global: &Node, own: &Node) -> Node {
    let is_whole = global.intrinsic().is_some() || own.intrinsic().is_some();
    let value = match (&global.value, &own.value) {
        (Value::Map(all), Value::Map(own)) if !is_whole => {
            let mut merged = Entries::default();
            all.iter().for_each(|(name, node)| merged.put(name.clone(), node.clone()));
            for (name, node) in own {
                let node = merged.get(name).map_or_else(|| node.clone(), |all| merge(all, node));
                merged.put(name.clone(), node);
            }
            Value::Map(merged.done())
        }
        (Value::List(all), Value::List(own)) => Value::List([&all[..], &own[..]].concat()),
        _ => own.value.clone(),
    };
    Node { value, span: own.span }
}
