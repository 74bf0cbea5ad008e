//! One function of a template.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::TemplateError;
use super::node::{Node, Span, Value};
use super::properties::Properties;
use super::resolve::{Resolved, Resolver};
use super::{Template, destinations, folder, logging, mappings, merge, published, urls, variables};
use crate::destinations::EventInvokeConfig;
use crate::logs::Logging;

/// Where a function's program comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// Cargo makes it of the folder's crate, where there is one; else it stands there.
    Cargo,
    /// Make makes it by the folder's makefile, where there is one; else it stands there.
    Make,
    /// It stands in the zip that the code is.
    Zip,
    /// It stands in the folder: the template leaves its building to somebody else.
    InPlace,
}

/// A function of a template, as AWS would configure it.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its logical id.
    pub logical_id: String,
    /// Its name: `FunctionName`, else the logical id.
    pub name: String,
    /// The folder of its code, or the zip.
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
    /// The names of its variables whose values only AWS knows.
    pub left_out: BTreeSet<String>,
    /// What it is for.
    pub description: String,
    /// Where its lines go, if it says so.
    pub log_group: Option<String>,
    /// The form of its log.
    pub logging: Logging,
    /// How its events are tried again and where their records go, by what is called of it.
    pub event_configs: BTreeMap<String, EventInvokeConfig>,
    /// The queue, by name, that gets events that it failed at.
    pub dead_letters: Option<String>,
    /// The Rust program that it is made of, if the template names it.
    pub binary: Option<String>,
    /// Where that program comes from.
    pub build: Build,
    /// Where it stands.
    pub at: Span,
}

/// Properties that are read and not served.
const NOT_SERVED: [&str; 15] = [
    "Events",
    "Layers",
    "VpcConfig",
    "ProvisionedConcurrencyConfig",
    "Tracing",
    "TracingConfig",
    "FileSystemConfigs",
    "SnapStart",
    "DeploymentPreference",
    "CapacityProviderConfig",
    "DurableConfig",
    "KmsKeyArn",
    "CodeSigningConfigArn",
    "RecursiveLoop",
    "RuntimeManagementConfig",
];

/// Adds a function, or a sentence on why it is not served.
pub(super) fn add(
    template: &mut Template,
    resolver: &Resolver<'_>,
    globals: Option<&Node>,
    id: &str,
    resource: &Node,
) -> Result<(), TemplateError> {
    let at = resource.span;
    let is_sam = resource.kind() == Some("AWS::Serverless::Function");
    let nothing = Node { value: Value::Map(Vec::new()), span: at };
    let own = resource.get("Properties").unwrap_or(&nothing);
    let node = globals.filter(|_| is_sam).map_or_else(|| own.clone(), |all| merge(all, own));
    let properties = Properties::new(id, node, resolver);
    let made = made(&properties, if is_sam { "CodeUri" } else { "Code" }, resource, template)?;
    let Made { runtime, code, build } = match made {
        Ok(made) => made,
        Err(why) => {
            let line = at.line;
            let sentence = format!("line {line}: function `{id}` is not served: {why}");
            template.not_served.push(sentence);
            return Ok(());
        }
    };
    note(template, &properties)?;
    if build == Build::Make {
        note_places(template, id, resource);
    }
    let settings = resource.get("Metadata").and_then(|node| node.get("BuildProperties"));
    let binary = ["Binary", "ArtifactExecutableName"]
        .iter()
        .find_map(|name| settings.and_then(|node| node.get(name)).and_then(Node::text));
    let timeout = properties.number("Timeout", 1, 900)?.unwrap_or(3);
    let (variables, left_out) = variables::read(template, &properties)?;
    let function = Function {
        logical_id: id.to_owned(),
        name: name(template, &properties)?,
        code,
        runtime,
        handler: properties.or("Handler", "bootstrap")?,
        architecture: architecture(template, &properties, build)?,
        timeout: Duration::from_secs(timeout.into()),
        memory_mb: properties.number("MemorySize", 128, 32_768)?.unwrap_or(128),
        ephemeral_storage_mb: properties
            .number("EphemeralStorage.Size", 512, 32_768)?
            .unwrap_or(512),
        reserved: properties.number("ReservedConcurrentExecutions", 0, u32::MAX)?,
        variables,
        left_out,
        description: properties.wish("Description", template)?.unwrap_or_default(),
        log_group: properties.wish("LoggingConfig.LogGroup", template)?,
        logging: logging::read(&properties)?,
        event_configs: BTreeMap::new(),
        dead_letters: destinations::dead_letters(template, &properties)?,
        binary: binary.map(str::to_owned),
        build,
        at,
    };
    published::add_auto(template, &properties, &function.name)?;
    mappings::of_function(template, &properties, &function.name)?;
    urls::of_function(template, &properties, &function.name)?;
    destinations::of_function(template, &properties, &function.name)?;
    template.functions.push(function);
    Ok(())
}

/// What a function is made of.
struct Made {
    runtime: String,
    code: PathBuf,
    build: Build,
}

/// What a function is made of, or why that is not served.
fn made(
    properties: &Properties<'_>,
    code: &str,
    resource: &Node,
    template: &Template,
) -> Result<Result<Made, String>, TemplateError> {
    if properties.or("PackageType", "Zip")? == "Image" {
        return Ok(Err("its `PackageType` is `Image`".to_owned()));
    }
    let Some((runtime, _)) = properties.text("Runtime")? else {
        return Ok(Err("it has no `Runtime`".to_owned()));
    };
    if !runtime.starts_with("provided") {
        return Ok(Err(format!("its `Runtime` is `{runtime}`, not `provided.al2023`")));
    }
    let code_node = properties.find(code)?;
    let is_remote = code_node.is_some_and(|node| node.is_map() && node.intrinsic().is_none());
    if properties.find("InlineCode")?.is_some() || is_remote {
        return Ok(Err("its code stands in a bucket or in the template".to_owned()));
    }
    let code = properties.or(code, ".")?;
    if code.starts_with("s3://") {
        return Ok(Err(format!("its code is `{code}`, and only folders and zips are served")));
    }
    let is_zip = Path::new(&code).extension().is_some_and(|name| name.eq_ignore_ascii_case("zip"));
    // Without the `.` of `./tea`.
    let code = folder(&template.path).join(code).components().collect::<PathBuf>();
    if is_zip && !code.is_dir() {
        return Ok(Ok(Made { runtime, code, build: Build::Zip }));
    }
    Ok(build(resource, &code).map(|build| Made { runtime, code, build }))
}

/// Who builds it, as SAM's `Metadata` says, or why that is not served.
fn build(resource: &Node, code: &Path) -> Result<Build, String> {
    let metadata = resource.get("Metadata");
    let said = |name: &str| metadata.and_then(|node| node.get(name)).and_then(Node::text);
    let method = said("BuildMethod").filter(|method| *method != "rust-cargolambda");
    let skips = said("SkipBuild").and_then(boolean) == Some(true);
    match method {
        None if !skips => Ok(Build::Cargo),
        Some("makefile") if !skips => Ok(Build::Make),
        Some(method) if !code.join("bootstrap").is_file() => Err(format!(
            "its `BuildMethod` is `{method}`, and no `bootstrap` stands in `{}`",
            code.display()
        )),
        Some(_) | None => Ok(Build::InPlace),
    }
}

/// A yes or no, as YAML 1.1 has them.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// A function's name, which nobody else has.
fn name(template: &Template, properties: &Properties<'_>) -> Result<String, TemplateError> {
    let id = properties.id;
    let Some((name, at)) = properties.text("FunctionName")? else {
        return unique(template, id, id, properties.node.span);
    };
    let is_word = |char: char| char.is_ascii_alphanumeric() || char == '-' || char == '_';
    if !(1..=64).contains(&name.len()) || !name.chars().all(is_word) {
        let wanted = "1 to 64 letters, digits, `-` and `_`";
        let got = name.chars().take(80).collect::<String>();
        return Err(properties.error("FunctionName", &format!("`{got}`"), wanted, at));
    }
    unique(template, id, &name, at)
}

fn unique(template: &Template, id: &str, name: &str, at: Span) -> Result<String, TemplateError> {
    match template.functions.iter().find(|other| other.name == name) {
        None => Ok(name.to_owned()),
        Some(other) => Err(TemplateError::SameName {
            property: "FunctionName",
            name: name.to_owned(),
            other: other.logical_id.clone(),
            id: id.to_owned(),
            at,
        }),
    }
}

/// For which machines it is; the function's own wins over that of all functions.
fn architecture(
    template: &mut Template,
    properties: &Properties<'_>,
    build: Build,
) -> Result<String, TemplateError> {
    let default = || "x86_64".to_owned();
    let Some(node) = properties.find("Architectures")? else { return Ok(default()) };
    let (line, id) = (node.span.line, properties.id);
    let found = match properties.resolver.resolve(node)? {
        Resolved::List(mut items) => items.pop(),
        other @ (Resolved::Text(_)
        | Resolved::Map(_)
        | Resolved::Nothing
        | Resolved::Unknown { .. }) => Some(other),
    };
    let architecture = match found {
        Some(Resolved::Text(architecture)) => architecture,
        Some(Resolved::Unknown { why, .. }) => {
            let sentence = format!("line {line}: `Architectures` of `{id}` is left out: {why}");
            template.not_served.push(sentence);
            return Ok(default());
        }
        Some(Resolved::List(_) | Resolved::Map(_) | Resolved::Nothing) | None => default(),
    };
    if architecture != std::env::consts::ARCH.replace("aarch64", "arm64") {
        let instead = match build {
            Build::Cargo => "built and run for this machine instead",
            Build::Make => "it runs on this machine, so make has to build it for that",
            Build::Zip | Build::InPlace => {
                "it runs on this machine, if its `bootstrap` is for that"
            }
        };
        template.not_served.push(format!("line {line}: `{id}` is for `{architecture}`: {instead}"));
    }
    Ok(architecture)
}

/// Says of the places that SAM lets a makefile have that make runs where the code is.
fn note_places(template: &mut Template, id: &str, resource: &Node) {
    for name in ["ContextPath", "ProjectRootDirectory", "WorkingDirectory"] {
        if let Some(node) = resource.get("Metadata").and_then(|metadata| metadata.get(name)) {
            let line = node.span.line;
            template.not_served.push(format!(
                "line {line}: `Metadata.{name}` of `{id}`: not looked at, make runs in its `CodeUri`"
            ));
        }
    }
}

/// Says what of a function is not served.
fn note(template: &mut Template, properties: &Properties<'_>) -> Result<(), TemplateError> {
    let id = properties.id;
    for name in NOT_SERVED {
        if let Some(node) = properties.find(name)? {
            let line = node.span.line;
            if name == "Events" && node.intrinsic().is_none() && !node.entries().is_empty() {
                for (event, node) in node.entries() {
                    let line = node.span.line;
                    let kind = node.kind().unwrap_or("without a `Type`");
                    if kind == "SQS" {
                        continue;
                    }
                    template.not_served.push(format!(
                        "line {line}: event `{event}` (`{kind}`) of `{id}`: not served yet"
                    ));
                }
                continue;
            }
            template.not_served.push(format!("line {line}: `{name}` of `{id}`: not served yet"));
        }
    }
    Ok(())
}
