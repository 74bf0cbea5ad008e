//! A SAM or CloudFormation template: its functions, and a list of what in it is not served.
//!
//! Nothing is built or run here; see [`crate::build`].

mod error;
mod function;
mod node;
mod resolve;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use error::TemplateError;
pub use function::Function;
pub use node::Span;

use node::{Node, Value};
use resolve::{Resolved, Resolver};

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
    /// The order file that its `Metadata.Lunch.Orders` names.
    pub orders: Option<PathBuf>,
    /// What it has and is not served, in sentences.
    pub not_served: Vec<String>,
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
    "AWS::CloudFormation::",
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
    parse(&bytes, options)
}

fn parse(bytes: &[u8], options: &Options) -> Result<Template, TemplateError> {
    let path = options.path.clone();
    let broken = |at, words| TemplateError::Broken { path: path.clone(), at, words };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        broken(Span { line: line as u64, column: 1 }, "it is not UTF-8 text".to_owned())
    })?;
    let (root, warnings) = node::compose(text).map_err(|error| broken(error.span, error.words))?;
    let Some(resources) = root.get("Resources").filter(|node| node.is_map()) else {
        return Err(TemplateError::NotATemplate { path });
    };
    let resolver = Resolver::new(&root, parameters(&root, options)?, options);
    let scalar = |node: Option<&Node>| node.and_then(Node::text).map(str::to_owned);
    let lunch = root.get("Metadata").and_then(|node| node.get("Lunch"));
    let orders = scalar(lunch.and_then(|node| node.get("Orders")));
    let mut template = Template {
        orders: orders.map(|orders| folder(&path).join(orders)),
        path,
        description: scalar(root.get("Description")).unwrap_or_default(),
        functions: Vec::new(),
        not_served: Vec::new(),
        warnings,
    };
    let globals = root.get("Globals").and_then(|globals| globals.get("Function"));
    let mut without_effect: BTreeMap<&str, usize> = BTreeMap::new();
    for (id, resource) in resources.entries() {
        if let Some(name) = resource.get("Condition").and_then(Node::text) {
            match resolver.condition(name, resource.span)? {
                Some(true) => {}
                Some(false) => continue,
                None => template.warnings.push(format!(
                    "line {}: whether `{name}` holds is not known; `{id}` is taken to be there",
                    resource.span.line
                )),
            }
        }
        let kind = resource.get("Type").and_then(Node::text).unwrap_or("nothing named");
        if resolve::is_function(resource) {
            function::add(&mut template, &resolver, globals, id, resource)?;
        } else if NO_EFFECT.iter().any(|prefix| kind.starts_with(prefix)) {
            *without_effect.entry(kind).or_default() += 1;
        } else {
            let line = resource.span.line;
            template.not_served.push(format!("line {line}: `{id}` is an `{kind}`: not served yet"));
        }
    }
    if !without_effect.is_empty() {
        let kinds = without_effect.iter().map(|(kind, count)| format!("{count} `{kind}`"));
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        template.not_served.push(format!("without effect here: {kinds}"));
    }
    Ok(template)
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

fn parameters(root: &Node, options: &Options) -> Result<BTreeMap<String, Resolved>, TemplateError> {
    let mut values = BTreeMap::new();
    let mut names = Vec::new();
    for (name, declared) in root.get("Parameters").map_or(&[][..], Node::entries) {
        let given = options.parameter_overrides.iter().rev().find(|(key, _)| key == name);
        let kind = declared.get("Type").and_then(Node::text).unwrap_or("String");
        let default = declared.get("Default").and_then(Node::text);
        let Some(value) = given.map(|(_, value)| value.as_str()).or(default) else {
            names.push(name.clone());
            continue;
        };
        let allowed = declared.get("AllowedValues").map_or(&[][..], Node::items);
        if !allowed.is_empty() && !allowed.iter().any(|node| node.text() == Some(value)) {
            let allowed = allowed.iter().filter_map(Node::text).map(|text| format!("`{text}`"));
            return Err(TemplateError::NotAllowed {
                name: name.clone(),
                value: value.to_owned(),
                allowed: allowed.collect::<Vec<_>>().join(", "),
                at: declared.span,
            });
        }
        let text = |text: &str| Resolved::Text { text: text.to_owned(), plain: false };
        let value = if kind.starts_with("AWS::SSM::") && given.is_none() {
            let why = format!("parameter `{name}` stands in AWS's parameter store");
            Resolved::Unknown { why, at: declared.span }
        } else if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            Resolved::List(value.split(',').map(str::trim).map(text).collect())
        } else {
            text(value)
        };
        values.insert(name.clone(), value);
    }
    if names.is_empty() { Ok(values) } else { Err(TemplateError::NoValue { names }) }
}

/// SAM's merge: maps merge, lists concatenate, of all else the function's own counts.
fn merge(global: &Node, own: &Node) -> Node {
    let value = match (&global.value, &own.value) {
        (Value::Map(all), Value::Map(own)) => {
            let mut merged = all.clone();
            for (name, node) in own {
                match merged.iter_mut().find(|(other, _)| other == name) {
                    Some((_, there)) => *there = merge(there, node),
                    None => merged.push((name.clone(), node.clone())),
                }
            }
            Value::Map(merged)
        }
        (Value::List(all), Value::List(own)) => Value::List([&all[..], &own[..]].concat()),
        _ => own.value.clone(),
    };
    Node { value, span: own.span }
}
