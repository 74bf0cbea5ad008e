//! The environment variables of a function.

use std::collections::{BTreeMap, BTreeSet};

use lunch_contract::environment::{BYTES_MAX, VariableRefusal, check_name};

use super::error::TemplateError;
use super::node::{Span, Value};
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
    for (name, value) in node.entries() {
        let line = value.span.line;
        if let Value::Scalar { text, plain: true } = &value.value
            && let Some(read) = scalar::read_as(text)
        {
            template.warnings.push(format!(
                "line {line}: variable `{name}` of `{id}` is `{text}` here, and `{read}` once `sam build` has read \
                 it: quote it"
            ));
        }
        match properties.resolver.resolve(value)? {
            Resolved::Text(text) => {
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
                let property = "Environment.Variables";
                return Err(properties.error(property, &format!("`{name}`"), wanted, value.span));
            }
            Resolved::Unknown { why, lack: lack @ Lack::Parameter(_), at } => {
                let property = format!("Environment.Variables.{name}");
                return Err(properties.unresolved(&property, why, &lack, at));
            }
            // It may come by `--env-vars`, and many functions do without.
            Resolved::Unknown { why, .. } => {
                template.not_served.push(format!(
                    "line {line}: variable `{name}` of `{id}` is left out: {why} (`--env-vars` can give it)"
                ));
                left_out.insert(name.clone());
            }
            Resolved::Nothing => {}
            Resolved::List(_) | Resolved::Map(_) => {
                return Err(properties.error(name, "a list or a map", "a text", value.span));
            }
        }
    }
    check_size(properties, &variables, node.span)?;
    Ok((variables, left_out))
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
