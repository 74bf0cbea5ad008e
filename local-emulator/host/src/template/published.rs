//! What a template says of versions, aliases and log groups. Who serves them decides what becomes of them.

use std::collections::BTreeSet;

use lunch_contract::names::LATEST;

use super::Template;
use super::error::TemplateError;
use super::node::{Node, Span};
use super::properties::Properties;
use super::resolve::Resolver;

/// An `AWS::Lambda::Version`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its logical id.
    pub logical_id: String,
    /// The name of the function that it is of.
    pub function: String,
    /// What it is for.
    pub description: String,
    /// Where it stands.
    pub at: Span,
}

/// An `AWS::Lambda::Alias`, or the `AutoPublishAlias` of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Its logical id.
    pub logical_id: String,
    /// The name of the function that it is of.
    pub function: String,
    /// Its own name.
    pub name: String,
    /// The version that it leads to; `None`: the one that is published with it.
    pub version: Option<String>,
    /// Where it stands.
    pub at: Span,
}

/// An `AWS::Logs::LogGroup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// Its logical id.
    pub logical_id: String,
    /// Its name; `None`: AWS gives it one.
    pub name: Option<String>,
    /// Where it stands.
    pub at: Span,
}

/// Adds such a resource, if it is one, and says whether it is; what of it only AWS knows is said.
pub(super) fn add(
    template: &mut Template,
    resolver: &Resolver<'_>,
    id: &str,
    resource: &Node,
) -> Result<bool, TemplateError> {
    let at = resource.span;
    let properties = Properties::of(id, resource, resolver);
    let kind = resource.kind();
    for name in not_served(kind) {
        if let Some(node) = properties.find(name)? {
            let line = node.span.line;
            template.not_served.push(format!("line {line}: `{name}` of `{id}`: not served yet"));
        }
    }
    let logical_id = id.to_owned();
    match kind {
        Some("AWS::Lambda::Version") => {
            let named = properties.function("FunctionName", template)?;
            let Some((function, _)) = named else { return Ok(true) };
            let description = properties.wish("Description", template)?.unwrap_or_default();
            template.versions.push(Version { logical_id, function, description, at });
        }
        Some("AWS::Lambda::Alias") => {
            let function = properties.function("FunctionName", template)?;
            let alias = properties.wish("Name", template)?;
            let (Some((function, _)), Some(alias)) = (function, alias) else { return Ok(true) };
            let version = properties.wish("FunctionVersion", template)?;
            check_alias(&properties, "Name", &alias)?;
            check_version(&properties, version.as_deref())?;
            template.aliases.push(Alias { logical_id, function, name: alias, version, at });
        }
        Some("AWS::Logs::LogGroup") => {
            let name = properties.wish("LogGroupName", template)?;
            template.log_groups.push(LogGroup { logical_id, name, at });
        }
        Some(_) | None => return Ok(false),
    }
    Ok(true)
}

/// Properties of such a resource that are read and not served.
fn not_served(kind: Option<&str>) -> &'static [&'static str] {
    match kind {
        Some("AWS::Lambda::Version") => &["ProvisionedConcurrencyConfig", "RuntimePolicy"],
        Some("AWS::Lambda::Alias") => &["RoutingConfig", "ProvisionedConcurrencyConfig"],
        Some("AWS::Logs::LogGroup") => &["RetentionInDays", "KmsKeyId", "DataProtectionPolicy"],
        Some(_) | None => &[],
    }
}

/// That an alias has a name that AWS takes. M:lambda `Alias`.
fn check_alias(
    properties: &Properties<'_>,
    property: &str,
    name: &str,
) -> Result<(), TemplateError> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_name = (1..=128).contains(&name.len()) && name.bytes().all(is_word);
    if is_name && !name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    let wanted = "1 to 128 letters, digits, `-` and `_`, and not digits only, as versions are";
    Err(refused(properties, property, name, wanted))
}

/// That it is something that a version may be called. M:lambda `Version`.
fn check_version(properties: &Properties<'_>, version: Option<&str>) -> Result<(), TemplateError> {
    let is_version = |version: &str| {
        version == LATEST
            || (!version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match version {
        Some(version) if !is_version(version) => {
            let wanted = "`$LATEST` or the number of a version";
            Err(refused(properties, "FunctionVersion", version, wanted))
        }
        Some(_) | None => Ok(()),
    }
}

fn refused(properties: &Properties<'_>, property: &str, got: &str, wanted: &str) -> TemplateError {
    let found = properties.find(property).ok().flatten();
    let at = found.map_or(properties.node.span, |node| node.span);
    properties.error(property, &format!("`{got}`"), wanted, at)
}

/// Says which aliases lead to a version that a deployment of this template does not make.
fn doubt(template: &mut Template) {
    for alias in &template.aliases {
        let is_published = template.versions.iter().any(|one| one.function == alias.function)
            || template
                .aliases
                .iter()
                .any(|one| one.function == alias.function && one.version.is_none());
        let Some(version) = alias
            .version
            .as_deref()
            .filter(|version| *version != LATEST && !(is_published && *version == "1"))
        else {
            continue;
        };
        let (line, id, function) = (alias.at.line, &alias.logical_id, &alias.function);
        template.warnings.push(format!(
            "line {line}: `{id}` leads to version `{version}` of `{function}`, which this template does not make; here it leads to the newest\n(name an `AWS::Lambda::Version` by `!GetAtt NAME.Version`)"
        ));
    }
}

/// Says of which versions and aliases the function is not served, and leaves them out.
pub(super) fn settle(template: &mut Template) {
    let served: BTreeSet<_> =
        template.functions.iter().map(|function| function.name.clone()).collect();
    let mut not_served = Vec::new();
    let mut stays = |id: &str, kind: &str, function: &str, at: Span| {
        let stays = served.contains(function);
        if !stays {
            let line = at.line;
            not_served.push(format!("line {line}: `{id}` (`{kind}`): `{function}` is not served"));
        }
        stays
    };
    template
        .versions
        .retain(|one| stays(&one.logical_id, "AWS::Lambda::Version", &one.function, one.at));
    template
        .aliases
        .retain(|one| stays(&one.logical_id, "AWS::Lambda::Alias", &one.function, one.at));
    template.not_served.append(&mut not_served);
    doubt(template);
}

/// Adds the alias that a function is published under, by the id that SAM gives it.
pub(super) fn add_auto(
    template: &mut Template,
    properties: &Properties<'_>,
    function: &str,
) -> Result<(), TemplateError> {
    let Some(name) = properties.wish("AutoPublishAlias", template)? else { return Ok(()) };
    check_alias(properties, "AutoPublishAlias", &name)?;
    let at = properties.find("AutoPublishAlias")?.map_or(properties.node.span, |node| node.span);
    let logical_id = format!("{}Alias{name}", properties.id);
    let function = function.to_owned();
    template.aliases.push(Alias { logical_id, function, name, version: None, at });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::template::tests::of;

    #[test]
    fn an_alias_is_not_called_like_a_version() {
        let wanted = "it must be 1 to 128 letters, digits, `-` and `_`, and not digits only, as versions are";
        assert_eq!(
            of("AutoPublishAlias: '1'", "").unwrap_err().to_string(),
            format!("line 5, column 50: `AutoPublishAlias` of `Tea` is `1`; {wanted}")
        );
        let alias = |name: &str, version: &str| {
            of(
                "",
                &format!(
                    "  Live: {{Type: AWS::Lambda::Alias, Properties: {{FunctionName: !Ref Tea, Name: '{name}', FunctionVersion: {version}}}}}"
                ),
            )
        };
        for name in ["42", "a b", ""] {
            let error = alias(name, "$LATEST").unwrap_err().to_string();
            assert!(error.ends_with(&format!("`Name` of `Live` is `{name}`; {wanted}")), "{error}");
        }
        let error = alias("live", "newest").unwrap_err().to_string();
        assert!(error.contains("`FunctionVersion` of `Live` is `newest`"), "{error}");
    }

    #[test]
    fn what_is_published_and_served_is_no_placeholder() {
        let rest = "  One: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Tea}}\n  Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Tea, Name: live, FunctionVersion: !GetAtt One.Version}}\n  Lines: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /tea}}\n  Topic: {Type: AWS::SNS::Topic}\n  Soup:\n    Type: AWS::Serverless::Function\n    Properties: {CodeUri: soup, Environment: {Variables: {AA: !Ref Live, BB: !GetAtt One.FunctionArn, CC: !Ref Tea.Alias, DD: !Sub '${Tea.Version}', EE: !Ref Lines, FF: !Ref Topic}}}";
        let template = of("AutoPublishAlias: next", rest).unwrap();
        let told = template.placeholders.join("\n");
        assert_eq!(template.placeholders.len(), 1, "{told}");
        assert!(told.contains("`Topic` is `arn:aws:sns:"), "{told}");
        let one = "arn:aws:lambda:eu-central-2:123456789012:function:Tea:1";
        assert_eq!(template.functions[1].variables["BB"], one);
    }

    #[test]
    fn an_alias_of_a_version_that_there_is_not_is_doubtful() {
        let version = "  One: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Tea}}\n";
        let warnings = |version: &str, rest: &str| {
            let alias = format!(
                "  Live: {{Type: AWS::Lambda::Alias, Properties: {{FunctionName: !Ref Tea, Name: live, FunctionVersion: {version}}}}}\n{rest}"
            );
            of("", &alias).unwrap().warnings
        };
        for (number, rest) in [("'1'", version), ("!GetAtt One.Version", version), ("$LATEST", "")]
        {
            assert_eq!(warnings(number, rest), Vec::<String>::new(), "{number}");
        }
        for (number, rest) in [("'7'", version), ("'1'", "")] {
            let warnings = warnings(number, rest);
            assert!(warnings[0].starts_with("line 6: `Live` leads to version `"), "{warnings:?}");
        }
    }
}
