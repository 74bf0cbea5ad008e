//! What a template says of function URLs: SAM's `FunctionUrlConfig`, and `AWS::Lambda::Url`. Facts 8.

use super::Template;
use super::error::TemplateError;
use super::function::boolean;
use super::generated;
use super::node::{Node, Span};
use super::properties::{Properties, function_of};
use super::resolve::{Resolved, Resolver, text};
use crate::function_url::{self, Cors, FunctionUrl, UrlAuth};

/// A function URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Its logical id: its own, or the function's with `Url` behind it, as SAM puts them together.
    pub logical_id: String,
    /// The function's name.
    pub function: String,
    /// What it is.
    pub config: FunctionUrl,
    /// Where it stands.
    pub at: Span,
}

const KIND: &str = "AWS::Lambda::Url";

/// Adds such a resource, if it is one, and says whether it is.
pub(super) fn add(
    template: &mut Template,
    resolver: &Resolver<'_>,
    id: &str,
    resource: &Node,
) -> Result<bool, TemplateError> {
    let Some(properties) = Properties::of_kind(KIND, id, resource, resolver) else {
        return Ok(false);
    };
    let named = properties.function("TargetFunctionArn", template)?;
    let Some((function, named)) = named else { return Ok(true) };
    let qualifier = properties.wish("Qualifier", template)?.or(named);
    let config = read(template, &properties, "", id, qualifier)?;
    let (logical_id, at) = (id.to_owned(), resource.span);
    template.urls.push(Url { logical_id, function, config, at });
    Ok(true)
}

/// Adds the `FunctionUrlConfig` of a function; with an `AutoPublishAlias` it is that alias's.
pub(super) fn of_function(
    template: &mut Template,
    properties: &Properties<'_>,
    function: &str,
) -> Result<(), TemplateError> {
    const CONFIG: &str = "FunctionUrlConfig";
    let Some(at) = properties.find(CONFIG)?.map(|node| node.span) else { return Ok(()) };
    let alias = template.aliases.iter().find(|alias| {
        alias.logical_id.strip_prefix(properties.id) == Some(&format!("Alias{}", alias.name))
    });
    let qualifier = alias.map(|alias| alias.name.clone());
    let logical_id = format!("{}Url", properties.id);
    let config = read(template, properties, "FunctionUrlConfig.", &logical_id, qualifier)?;
    template.urls.push(Url { logical_id, function: function.to_owned(), config, at });
    Ok(())
}

fn read(
    template: &mut Template,
    properties: &Properties<'_>,
    prefix: &str,
    id: &str,
    qualifier: Option<String>,
) -> Result<FunctionUrl, TemplateError> {
    let path = |name: &str| format!("{prefix}{name}");
    let auth = path("AuthType");
    let auth = match properties.text(&auth)? {
        Some((text, _)) if text == "NONE" => UrlAuth::None,
        Some((text, _)) if text == "AWS_IAM" => UrlAuth::AwsIam,
        Some((text, at)) => {
            return Err(properties.error(&auth, &format!("`{text}`"), AUTH_TYPES, at));
        }
        None => return Err(properties.error(&auth, "not there", AUTH_TYPES, properties.node.span)),
    };
    let mode = path("InvokeMode");
    let streams = match properties.text(&mode)? {
        Some((text, at)) if text == "RESPONSE_STREAM" => {
            let line = at.line;
            template.not_served.push(format!(
                "line {line}: `InvokeMode` of `{id}` is `RESPONSE_STREAM`: served buffered, its answers come whole"
            ));
            true
        }
        Some((text, at)) if text != "BUFFERED" => {
            let wanted = "`BUFFERED` or `RESPONSE_STREAM`";
            return Err(properties.error(&mode, &format!("`{text}`"), wanted, at));
        }
        Some(_) | None => false,
    };
    let cors = path("Cors");
    let cors = match properties.find(&cors)? {
        Some(_) => Some(cors_of(properties, &cors)?),
        None => None,
    };
    Ok(FunctionUrl { qualifier, auth, cors, streams })
}

const AUTH_TYPES: &str = "`NONE` or `AWS_IAM`";

fn cors_of(properties: &Properties<'_>, cors: &str) -> Result<Cors, TemplateError> {
    let path = |name: &str| format!("{cors}.{name}");
    let list = |name: &str, most| words(properties, &path(name), most);
    let methods = list("AllowMethods", Cors::METHODS_MAX)?;
    if let Some(strange) = methods.iter().find(|method| !Cors::METHODS.contains(&method.as_str())) {
        let at =
            properties.find(&path("AllowMethods"))?.map_or(properties.node.span, |one| one.span);
        let wanted = "one of GET, PUT, HEAD, POST, PATCH, DELETE and `*`: OPTIONS is the URL's own";
        return Err(properties.error(&path("AllowMethods"), &format!("`{strange}`"), wanted, at));
    }
    let credentials = match properties.text(&path("AllowCredentials"))? {
        None => false,
        Some((text, at)) => boolean(&text).ok_or_else(|| {
            let got = format!("`{text}`");
            properties.error(&path("AllowCredentials"), &got, "`true` or `false`", at)
        })?,
    };
    Ok(Cors {
        credentials,
        origins: list("AllowOrigins", Cors::ITEMS_MAX)?,
        methods,
        headers: list("AllowHeaders", Cors::ITEMS_MAX)?,
        exposed: list("ExposeHeaders", Cors::ITEMS_MAX)?,
        max_age_s: properties.number(&path("MaxAge"), 0, Cors::MAX_AGE_S)?,
    })
}

/// A list of texts that can be part of a header.
fn words(
    properties: &Properties<'_>,
    path: &str,
    most: usize,
) -> Result<Vec<String>, TemplateError> {
    let Some(node) = properties.find(path)? else { return Ok(Vec::new()) };
    let resolved = properties.resolver.resolve(node)?;
    let all = if let Resolved::List(all) = resolved { all } else { vec![resolved] };
    let mut words = Vec::new();
    for one in all {
        match one {
            Resolved::Text(word) if function_url::is_word(&word) => {
                words.push(word);
            }
            Resolved::Nothing => {}
            Resolved::Unknown { why, lack, at } => {
                return Err(properties.unresolved(path, why, &lack, at));
            }
            Resolved::Text(_) | Resolved::List(_) | Resolved::Map(_) => {
                let wanted = "a list of words of ASCII";
                return Err(properties.error(path, "something else", wanted, node.span));
            }
        }
    }
    if words.len() > most {
        let (got, wanted) = (format!("{} long", words.len()), format!("at most {most} long"));
        return Err(properties.error(path, &got, &wanted, node.span));
    }
    Ok(words)
}

/// Says of which URLs the function or the alias is not served, and refuses two of one.
pub(super) fn settle(template: &mut Template) -> Result<(), TemplateError> {
    let mut settled: Vec<Url> = Vec::new();
    for url in std::mem::take(&mut template.urls) {
        let Url { logical_id, function, config, at } = &url;
        let is_served = template.functions.iter().any(|one| one.name == *function);
        let qualifier = config.qualifier.as_deref();
        let is_there = qualifier.is_none_or(|name| {
            template.aliases.iter().any(|alias| alias.function == *function && alias.name == name)
        });
        if !is_served || !is_there {
            let what = if is_served {
                format!("`{}` is no alias of `{function}`", qualifier.unwrap_or_default())
            } else {
                format!("the function `{function}` is not served")
            };
            template.not_served.push(format!("line {}: `{logical_id}`: {what}", at.line));
            continue;
        }
        let same = |other: &&Url| {
            other.function == *function && other.config.qualifier == config.qualifier
        };
        if let Some(other) = settled.iter().find(same) {
            return Err(TemplateError::Value {
                function: logical_id.clone(),
                property: "the function".to_owned(),
                got: format!("`{function}`, whose URL is `{}` already", other.logical_id),
                wanted: "a function or an alias without a URL: each has one at most".to_owned(),
                at: *at,
            });
        }
        settled.push(url);
    }
    template.urls = settled;
    Ok(())
}

impl Resolver<'_> {
    /// What `Ref` and `Fn::GetAtt` give of a function URL; `None`: whose it is is not known.
    pub(super) fn of_url(
        &self,
        id: &str,
        attribute: Option<&str>,
        at: Span,
    ) -> Result<Option<Resolved>, TemplateError> {
        let known = |node: Option<&Node>| -> Result<Option<String>, TemplateError> {
            let Some(node) = node else { return Ok(None) };
            let resolved = self.within(id, at, || self.resolve(node))?;
            Ok(if let Resolved::Text(text) = resolved { Some(text) } else { None })
        };
        let (function, qualifier) = if let Some(resource) = self.resource(id) {
            let property = |name| resource.get("Properties").and_then(|all| all.get(name));
            let Some(target) = known(property("TargetFunctionArn"))? else { return Ok(None) };
            let (function, named) = function_of(&target);
            (function, known(property("Qualifier"))?.or(named))
        } else {
            let owner = id.strip_suffix("Url").unwrap_or(id);
            let Some(resource) = self.resource(owner) else { return Ok(None) };
            let Resolved::Text(name) = self.function_name(owner, resource, at)? else {
                return Ok(None);
            };
            (name, known(generated::alias(self.root, resource))?)
        };
        let (region, account) = (&self.region, &self.account);
        Ok(match attribute {
            Some("FunctionUrl") => {
                Some(text(function_url::unbound(&function, qualifier.as_deref())))
            }
            Some("FunctionArn") | None => {
                let arn = lunch_contract::names::function_arn(
                    region,
                    account,
                    &function,
                    qualifier.as_deref(),
                );
                Some(text(arn))
            }
            Some(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, sentence};
    use super::*;

    #[test]
    fn a_config_and_a_resource_say_the_same() {
        let own = "FunctionUrlConfig: {AuthType: AWS_IAM, InvokeMode: RESPONSE_STREAM, Cors: {AllowOrigins: ['https://a.example', '*'], AllowMethods: [GET], AllowHeaders: [x-a], ExposeHeaders: [x-b], AllowCredentials: true, MaxAge: 60}}, Environment: {Variables: {URL: !GetAtt SoupUrl.FunctionUrl, OWN: !Sub '${TeaUrl.FunctionUrl}menu'}}";
        let rest = "  Soup: {Type: AWS::Serverless::Function, Properties: {CodeUri: soup, AutoPublishAlias: live}}\n  SoupUrl: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref Soup.Alias, AuthType: NONE}}";
        let template = of(own, rest).expect("a template");
        let [tea, soup] = template.urls.as_slice() else { panic!("{template:?}") };
        assert_eq!((tea.logical_id.as_str(), tea.function.as_str()), ("TeaUrl", "Tea"));
        assert_eq!((tea.config.auth, tea.config.streams), (UrlAuth::AwsIam, true));
        let cors = tea.config.cors.as_ref().expect("it has some");
        assert_eq!(cors.origins, ["https://a.example", "*"]);
        assert_eq!((cors.methods[0].as_str(), cors.headers[0].as_str()), ("GET", "x-a"));
        assert_eq!((cors.exposed[0].as_str(), cors.max_age_s), ("x-b", Some(60)));
        assert!(cors.credentials);
        assert_eq!((soup.function.as_str(), soup.config.auth), ("Soup", UrlAuth::None));
        assert_eq!(soup.config.qualifier.as_deref(), Some("live"));
        let variables = &template.functions[0].variables;
        assert_eq!(variables["URL"], function_url::unbound("Soup", Some("live")));
        assert_eq!(variables["OWN"], function_url::unbound("Tea", None) + "menu");
        assert_eq!(template.placeholders, Vec::<String>::new());
        let [streams] = template.not_served.as_slice() else { panic!("{template:?}") };
        assert!(streams.contains("`RESPONSE_STREAM`: served buffered"), "{streams}");
    }

    #[test]
    fn a_function_that_publishes_has_its_url_for_its_alias() {
        let template = of("AutoPublishAlias: live, FunctionUrlConfig: {AuthType: NONE}", "");
        let template = template.expect("a template");
        assert_eq!(template.urls[0].config.qualifier.as_deref(), Some("live"));
    }

    #[test]
    fn a_url_of_what_is_not_served_is_said() {
        let url = |properties: &str| {
            let rest = format!(
                "  U: {{Type: AWS::Lambda::Url, Properties: {{AuthType: NONE, {properties}}}}}"
            );
            let template = of("", &rest).expect("a template");
            assert_eq!(template.urls, []);
            template.not_served.join("\n")
        };
        assert!(url("TargetFunctionArn: Nobody").contains("the function `Nobody` is not served"));
        assert!(
            url("TargetFunctionArn: !Ref Tea, Qualifier: live")
                .contains("`live` is no alias of `Tea`")
        );
    }

    #[test]
    fn a_url_that_aws_would_not_make_is_refused() {
        for (config, word) in [
            ("{}", "it must be `NONE` or `AWS_IAM`"),
            ("{AuthType: JWT}", "it must be `NONE` or `AWS_IAM`"),
            ("{AuthType: NONE, InvokeMode: FAST}", "`BUFFERED` or `RESPONSE_STREAM`"),
            ("{AuthType: NONE, Cors: {AllowMethods: [OPTIONS]}}", "OPTIONS is the URL's own"),
            ("{AuthType: NONE, Cors: {MaxAge: 86401}}", "from 0 to 86400"),
            ("{AuthType: NONE, Cors: {AllowCredentials: perhaps}}", "`true` or `false`"),
            ("{AuthType: NONE, Cors: {AllowHeaders: [\"a\\nb\"]}}", "words of ASCII"),
        ] {
            let said = sentence(&format!("FunctionUrlConfig: {config}"), "");
            assert!(said.contains(word), "{config}: {said}");
        }
        let twice = "  U: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !GetAtt Tea.Arn, AuthType: NONE}}";
        let said = sentence("FunctionUrlConfig: {AuthType: NONE}", twice);
        assert!(said.contains("already"), "{said}");
    }
}
