//! One function of a template.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lunch_contract::environment::{BYTES_MAX, VariableRefusal, check_name};

use super::error::TemplateError;
use super::node::{Node, Span, Value};
use super::resolve::{Resolved, Resolver};
use super::{Template, folder, merge};

/// A function of a template, as AWS would configure it.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its logical id.
    pub logical_id: String,
    /// Its name: `FunctionName`, else the logical id.
    pub name: String,
    /// The folder of its code.
    pub code: PathBuf,
    /// As `provided.al2023`.
    pub runtime: String,
    /// As `bootstrap`.
    pub handler: String,
    /// As `x86_64`.
    pub architecture: String,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// MB in AWS's sense.
    pub memory_mb: u32,
    /// The size of `/tmp`, MB in AWS's sense.
    pub ephemeral_storage_mb: u32,
    /// Its reserved concurrency.
    pub reserved: Option<u32>,
    /// Its variables.
    pub variables: BTreeMap<String, String>,
    /// What it is for.
    pub description: String,
    /// Where its lines go, if it says so.
    pub log_group: Option<String>,
    /// The Rust program that it is made of, if the template names it.
    pub binary: Option<String>,
    /// Where it stands.
    pub at: Span,
}

/// Properties that are read and not served.
const NOT_SERVED: [&str; 16] = [
    "Events",
    "Layers",
    "VpcConfig",
    "FunctionUrlConfig",
    "AutoPublishAlias",
    "DeadLetterQueue",
    "DeadLetterConfig",
    "EventInvokeConfig",
    "ProvisionedConcurrencyConfig",
    "Tracing",
    "TracingConfig",
    "FileSystemConfigs",
    "SnapStart",
    "DeploymentPreference",
    "CapacityProviderConfig",
    "DurableConfig",
];

struct Properties<'a> {
    id: &'a str,
    node: Node,
    resolver: &'a Resolver<'a>,
}

impl Properties<'_> {
    fn error(&self, property: &str, got: &str, wanted: &str, at: Span) -> TemplateError {
        let (function, property) = (self.id.to_owned(), format!("`{property}`"));
        TemplateError::Value {
            function,
            property,
            got: got.to_owned(),
            wanted: wanted.to_owned(),
            at,
        }
    }

    /// A text that is needed, if it is there.
    fn text(&self, path: &str) -> Result<Option<(String, Span)>, TemplateError> {
        let node = path.split('.').try_fold(&self.node, |node, name| node.get(name));
        let Some(node) = node else { return Ok(None) };
        match self.resolver.resolve(node)? {
            Resolved::Text { text, .. } => Ok(Some((text, node.span))),
            Resolved::Nothing => Ok(None),
            Resolved::Unknown { why, at } => Err(TemplateError::Unresolved {
                function: self.id.to_owned(),
                property: format!("`{path}`"),
                why,
                at,
            }),
            Resolved::List(_) | Resolved::Map(_) => {
                Err(self.error(path, "a list or a map", "one value", node.span))
            }
        }
    }

    fn number(&self, path: &str, least: u32, most: u32) -> Result<Option<u32>, TemplateError> {
        let Some((text, at)) = self.text(path)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        let wanted = format!("a whole number from {least} to {most}");
        number.map(Some).ok_or_else(|| self.error(path, &format!("`{text}`"), &wanted, at))
    }

    fn or(&self, path: &str, default: &str) -> Result<String, TemplateError> {
        Ok(self.text(path)?.map_or_else(|| default.to_owned(), |(text, _)| text))
    }
}

/// Adds a function, or a sentence on why it is not served.
pub(super) fn add(
    template: &mut Template,
    resolver: &Resolver<'_>,
    globals: Option<&Node>,
    id: &str,
    resource: &Node,
) -> Result<(), TemplateError> {
    let at = resource.span;
    let is_sam = resource.get("Type").and_then(Node::text) == Some("AWS::Serverless::Function");
    let nothing = Node { value: Value::Map(Vec::new()), span: at };
    let own = resource.get("Properties").unwrap_or(&nothing);
    let node = globals.filter(|_| is_sam).map_or_else(|| own.clone(), |all| merge(all, own));
    let properties = Properties { id, node, resolver };
    let mut refuse = |why: &str| {
        template.not_served.push(format!("line {}: function `{id}` is not served: {why}", at.line));
        Ok(())
    };
    if properties.or("PackageType", "Zip")? == "Image" {
        return refuse("its `PackageType` is `Image`");
    }
    let Some((runtime, _)) = properties.text("Runtime")? else {
        return refuse("it has no `Runtime`");
    };
    if !runtime.starts_with("provided") {
        return refuse(&format!("its `Runtime` is `{runtime}`, not `provided.al2023`"));
    }
    let code = if is_sam { "CodeUri" } else { "Code" };
    let code_node = properties.node.get(code);
    let is_remote = code_node.is_some_and(|node| node.is_map() && node.intrinsic().is_none());
    if properties.node.get("InlineCode").is_some() || is_remote {
        return refuse("its code stands in a bucket or in the template");
    }
    let code = properties.or(code, ".")?;
    if code.starts_with("s3://") || code.ends_with(".zip") {
        return refuse(&format!("its code is `{code}`, and only folders are served yet"));
    }
    note(template, &properties)?;
    let metadata = resource.get("Metadata").and_then(|node| node.get("BuildProperties"));
    let binary = ["Binary", "ArtifactExecutableName"]
        .iter()
        .find_map(|name| metadata.and_then(|node| node.get(name)).and_then(Node::text));
    let timeout = properties.number("Timeout", 1, 900)?.unwrap_or(3);
    let variables = variables(template, &properties)?;
    template.functions.push(Function {
        logical_id: id.to_owned(),
        name: properties.or("FunctionName", id)?,
        code: folder(&template.path).join(code),
        runtime,
        handler: properties.or("Handler", "bootstrap")?,
        architecture: architecture(&properties)?,
        timeout: Duration::from_secs(timeout.into()),
        memory_mb: properties.number("MemorySize", 128, 32_768)?.unwrap_or(128),
        ephemeral_storage_mb: properties
            .number("EphemeralStorage.Size", 512, 32_768)?
            .unwrap_or(512),
        reserved: properties.number("ReservedConcurrentExecutions", 0, u32::MAX)?,
        variables,
        description: properties.or("Description", "").unwrap_or_default(),
        log_group: properties
            .text("LoggingConfig.LogGroup")
            .unwrap_or_default()
            .map(|(text, _)| text),
        binary: binary.map(str::to_owned),
        at,
    });
    Ok(())
}

fn architecture(properties: &Properties<'_>) -> Result<String, TemplateError> {
    let node = properties.node.get("Architectures");
    let listed = node.map(|node| properties.resolver.resolve(node)).transpose()?;
    Ok(match listed {
        Some(Resolved::List(items)) => match items.last() {
            Some(Resolved::Text { text, .. }) => text.clone(),
            _ => "x86_64".to_owned(),
        },
        _ => "x86_64".to_owned(),
    })
}

/// Says what of a function is not served.
fn note(template: &mut Template, properties: &Properties<'_>) -> Result<(), TemplateError> {
    let id = properties.id;
    for name in NOT_SERVED {
        if let Some(node) = properties.node.get(name) {
            let line = node.span.line;
            template.not_served.push(format!("line {line}: `{name}` of `{id}`: not served yet"));
        }
    }
    if architecture(properties)? != std::env::consts::ARCH.replace("aarch64", "arm64") {
        let line = properties.node.get("Architectures").map_or(0, |node| node.span.line);
        template.not_served.push(format!(
            "line {line}: `{id}` is for `{}`: built and run for this machine instead",
            architecture(properties)?
        ));
    }
    Ok(())
}

fn variables(
    template: &mut Template,
    properties: &Properties<'_>,
) -> Result<BTreeMap<String, String>, TemplateError> {
    let mut variables = BTreeMap::new();
    let id = properties.id;
    let node = properties.node.get("Environment").and_then(|node| node.get("Variables"));
    let Some(node) = node else { return Ok(variables) };
    for (name, value) in node.entries() {
        let line = value.span.line;
        match properties.resolver.resolve(value)? {
            Resolved::Text { text, plain } => {
                let wanted = match check_name(name) {
                    Ok(()) => {
                        variables.insert(name.clone(), scalar(&text, plain));
                        continue;
                    }
                    Err(VariableRefusal::Reserved) => "another name: AWS sets this one itself",
                    Err(VariableRefusal::Malformed) => {
                        "two characters or more: a letter, then letters, digits and `_`"
                    }
                };
                let property = "Environment.Variables";
                return Err(properties.error(property, &format!("`{name}`"), wanted, value.span));
            }
            Resolved::Unknown { why, .. } => template
                .not_served
                .push(format!("line {line}: variable `{name}` of `{id}` is left out: {why}")),
            Resolved::Nothing => {}
            Resolved::List(_) | Resolved::Map(_) => {
                return Err(properties.error(name, "a list or a map", "a text", value.span));
            }
        }
    }
    let bytes: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > BYTES_MAX {
        let (got, wanted) = (format!("{bytes} bytes long"), format!("at most {BYTES_MAX} bytes"));
        return Err(properties.error("Environment.Variables", &got, &wanted, node.span));
    }
    Ok(variables)
}

/// A plain `yes` is `true`, as in YAML 1.1.
fn scalar(text: &str, plain: bool) -> String {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" if plain => "true".to_owned(),
        "false" | "no" | "off" if plain => "false".to_owned(),
        _ => text.to_owned(),
    }
}
