//! The environment variables of a function.

use std::collections::{BTreeMap, BTreeSet};

use lunch_contract::environment::{BYTES_MAX, VariableRefusal, check_name};

use super::error::TemplateError;
use super::node::{Node, Span, Value};
use super::properties::Properties;
use super::resolve::{Lack, Resolved};
use super::{Template, scalar};

/// The variables that a function's configuration sets, and the names of those whose values only AWS knows.
///
/// A scalar is kept as it is written, for nothing is typed here: `yes` stays `yes`, `0123` stays `0123`. That `sam build`
/// makes something else of it is a warning. (A *property* that is a yes or no understands all of YAML 1.1's words.)
pub(super) fn read(
    template: &mut Template,
    properties: &Properties<'_>,
) -> Result<(BTreeMap<String, String>, BTreeSet<String>), TemplateError> {
    let (mut variables, mut left_out) = (BTreeMap::new(), BTreeSet::new());
    let id = properties.id;
    for path in ["Environment", "Environment.Variables"] {
        let intrinsic = properties.find(path)?.filter(|node| node.intrinsic().is_some());
        if let Some(node) = intrinsic {
            let line = node.span.line;
            let sentence =
                format!("line {line}: `{path}` of `{id}` is left out: it is not known here");
            template.not_served.push(sentence);
            return Ok((variables, left_out));
        }
    }
    let Some(node) = properties.find("Environment.Variables")? else {
        return Ok((variables, left_out));
    };
    let owner = Owner {
        properties,
        whose: format!("`{id}`"),
        path: "Environment.Variables",
        hint: " (`--env-vars` can give it)",
    };
    for (name, value) in node.entries() {
        match owner.value(template, name, value)? {
            Variable::Is(text) => {
                let wanted = match check_name(name) {
                    Ok(()) => {
                        variables.insert(name.clone(), text);
                        continue;
                    }
                    Err(VariableRefusal::Reserved) => "another name: AWS sets this one itself",
                    Err(VariableRefusal::Malformed) => {
                        "two characters or more: a letter, then letters, digits and `_`"
                    }
                };
                let got = format!("`{name}`");
                return Err(properties.error(owner.path, &got, wanted, value.span));
            }
            Variable::LeftOut => {
                left_out.insert(name.clone());
            }
            Variable::Nothing => {}
        }
    }
    check_size(properties, &variables, node.span)?;
    Ok((variables, left_out))
}

/// Whose variables are read.
pub(super) struct Owner<'a> {
    pub(super) properties: &'a Properties<'a>,
    /// As a sentence names it.
    pub(super) whose: String,
    /// Where they stand.
    pub(super) path: &'a str,
    /// What to do about one that is left out.
    pub(super) hint: &'a str,
}

/// What a variable came to.
pub(super) enum Variable {
    Is(String),
    /// Only AWS knows, which was said.
    LeftOut,
    /// As if it were not there.
    Nothing,
}

impl Owner<'_> {
    pub(super) fn value(
        &self,
        template: &mut Template,
        name: &str,
        value: &Node,
    ) -> Result<Variable, TemplateError> {
        let Self { properties, whose, path, hint } = self;
        let line = value.span.line;
        if let Value::Scalar { text, plain: true } = &value.value
            && let Some(read) = scalar::read_as(text)
        {
            template.warnings.push(format!(
                "line {line}: variable `{name}` of {whose} is `{text}` here, and `{read}` once `sam build` has read \
                 it: quote it"
            ));
        }
        match properties.resolver.resolve(value)? {
            Resolved::Text(text) => Ok(Variable::Is(text)),
            Resolved::Nothing => Ok(Variable::Nothing),
            Resolved::Unknown { why, lack: lack @ Lack::Parameter(_), at } => {
                Err(properties.unresolved(&format!("{path}.{name}"), why, &lack, at))
            }
            // It may come from elsewhere, and many do without.
            Resolved::Unknown { why, .. } => {
                template.not_served.push(format!(
                    "line {line}: variable `{name}` of {whose} is left out: {why}{hint}"
                ));
                Ok(Variable::LeftOut)
            }
            Resolved::List(_) | Resolved::Map(_) => {
                let path = format!("{path}.{name}");
                Err(properties.error(&path, "a list or a map", "a text", value.span))
            }
        }
    }
}

/// That AWS takes so many bytes of variables.
fn check_size(
    properties: &Properties<'_>,
    variables: &BTreeMap<String, String>,
    at: Span,
) -> Result<(), TemplateError> {
    let bytes: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > BYTES_MAX {
        let (got, wanted) = (format!("{bytes} bytes long"), format!("at most {BYTES_MAX} bytes"));
        return Err(properties.error("Environment.Variables", &got, &wanted, at));
    }
    Ok(())
}
