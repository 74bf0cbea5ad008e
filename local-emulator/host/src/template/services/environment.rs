//! The variables and secrets of a container. D:task_definition_parameters.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Template;
use super::super::error::TemplateError;
use super::super::properties::Properties;
use super::super::variables::{Owner, Variable};

/// `Environment`: the variables, and the names of those whose values only AWS knows.
pub(super) fn variables(
    template: &mut Template,
    part: &Properties<'_>,
    container: &str,
) -> Result<(BTreeMap<String, String>, BTreeSet<String>), TemplateError> {
    const PATH: &str = "Environment";
    let owner = Owner {
        properties: part,
        whose: format!("container `{container}` of `{}`", part.id),
        path: PATH,
        hint: "",
    };
    let (mut variables, mut left_out) = (BTreeMap::new(), BTreeSet::new());
    for pair in part.parts(PATH)? {
        let name = name(&pair)?;
        let Some(value) = pair.find("Value")? else { continue };
        match owner.value(template, &name, value)? {
            Variable::Is(text) if text.contains('\0') => {
                return Err(pair.error(
                    "Value",
                    "one with a NUL in it",
                    "a text without",
                    value.span,
                ));
            }
            Variable::Is(text) => {
                variables.insert(name, text);
            }
            Variable::LeftOut => {
                left_out.insert(name);
            }
            Variable::Nothing => {}
        }
    }
    Ok((variables, left_out))
}

/// `Secrets`: where AWS would take the value of each from; what only AWS knows of that is said.
pub(super) fn secrets(
    template: &mut Template,
    part: &Properties<'_>,
    variables: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Option<String>>, TemplateError> {
    let mut secrets = BTreeMap::new();
    for pair in part.parts("Secrets")? {
        let name = name(&pair)?;
        if variables.contains_key(&name) || secrets.contains_key(&name) {
            let wanted = "a name that neither a variable nor another secret has, as AWS demands it";
            return Err(pair.error("Name", &format!("`{name}`"), wanted, pair.place("Name")));
        }
        if pair.find("ValueFrom")?.is_none() {
            return Err(
                pair.missing("ValueFrom", "the ARN of a secret or of a parameter, or its name")
            );
        }
        secrets.insert(name, pair.wish("ValueFrom", template)?);
    }
    Ok(secrets)
}

/// The name of a variable, which a process can have.
fn name(pair: &Properties<'_>) -> Result<String, TemplateError> {
    const WANTED: &str = "a name without `=`";
    let Some((name, at)) = pair.text("Name")? else { return Err(pair.missing("Name", WANTED)) };
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(pair.error("Name", &format!("`{}`", name.escape_debug()), WANTED, at));
    }
    Ok(name)
}
