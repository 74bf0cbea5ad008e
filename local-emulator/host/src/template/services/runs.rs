//! What a process runs that stands for a container: `Metadata.Lunch.Containers`, which AWS does not look at.

use super::super::error::TemplateError;
use super::super::node::{Node, Span};
use super::container::Container;

/// What a process runs that stands for a container. Whether there is such a program is for who runs it to find out; where
/// there is none, the container is run as a container only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// A program and its arguments, as the task definition's `Metadata` says; paths start from the template's folder.
    Command(Vec<String>),
    /// The Rust binary of this name, the container's, in the workspace that the template is in.
    Binary(String),
}

const PLACE: &str = "Metadata.Lunch.Containers";

/// Gives containers the commands that the task definition's `Metadata` has for them.
pub(super) fn read(
    id: &str,
    resource: &Node,
    containers: &mut [Container],
) -> Result<(), TemplateError> {
    let below = |node: &'_ Node, name: &str| node.get(name).cloned();
    let metadata = resource.get("Metadata").and_then(|node| below(node, "Lunch"));
    let Some(all) = metadata.and_then(|node| below(&node, "Containers")) else { return Ok(()) };
    let wrong = |path: &str, got: &str, wanted: &str, at: Span| {
        Err(TemplateError::Value {
            function: id.to_owned(),
            property: format!("`{PLACE}{path}`"),
            got: got.to_owned(),
            wanted: wanted.to_owned(),
            at,
        })
    };
    if !all.is_map() {
        return wrong("", "no map", "a map from containers' names to a `Command` each", all.span);
    }
    for (name, node) in all.entries() {
        let names = containers.iter().map(|one| format!("`{}`", one.name)).collect::<Vec<_>>();
        let Some(container) = containers.iter_mut().find(|one| one.name == *name) else {
            let got = format!("with `{}` in it", name.chars().take(80).collect::<String>());
            let wanted = format!("of the task definition's containers only, {}", names.join(", "));
            return wrong("", &got, &wanted, node.span);
        };
        let (path, wanted) = (format!(".{name}.Command"), "a list of texts, the program first");
        let Some(command) = node.get("Command") else {
            return wrong(&path, "not there", wanted, node.span);
        };
        let words: Option<Vec<_>> =
            command.items().iter().map(|word| word.text().map(str::to_owned)).collect();
        match words {
            Some(words) if words.first().is_some_and(|program| !program.is_empty()) => {
                container.runs = Runs::Command(words);
            }
            Some(_) | None => return wrong(&path, "something else", wanted, command.span),
        }
    }
    Ok(())
}
