//! Which resources need which others to be made first. CloudFormation refuses those that need themselves.
//!
//! What SAM makes a resource of its own (an event, a stage, an alias) is nothing that the function or API itself needs.

use std::collections::BTreeMap;

use super::error::TemplateError;
use super::node::{Node, Span};
use super::resolve::Resolver;
use super::{generated, merge};

/// Properties that SAM makes resources of, which need the function or API, and which it does not need.
const APART: [&str; 14] = [
    "Events",
    "EventInvokeConfig",
    "FunctionUrlConfig",
    "DeploymentPreference",
    "ProvisionedConcurrencyConfig",
    "AutoPublishAlias",
    "AccessLogSetting",
    "Variables",
    "StageVariables",
    "Domain",
    "CanarySetting",
    "MethodSettings",
    "DefaultRouteSettings",
    "RouteSettings",
];

/// Beginnings of the ids of what SAM makes once for a whole template.
const OF_SAM: [&str; 2] = ["Serverless", "CodeDeployServiceRole"];

/// Refuses resources that need themselves, and a `DependsOn` of what is not there.
pub(super) fn check(root: &Node, resolver: &Resolver<'_>) -> Result<(), TemplateError> {
    let resources = root.get("Resources").map_or(&[][..], Node::entries);
    let graph = Graph {
        places: resources.iter().zip(0..).map(|((id, _), place)| (id.as_str(), place)).collect(),
        resolver,
    };
    let globals = root.get("Globals").and_then(|globals| globals.get("Function"));
    let mut needs = Vec::new();
    for (id, resource) in resources {
        needs.push(if graph.is_there(resource) {
            let mut needs = graph.ordered(root, id, resource)?;
            graph.referred(globals, resource, &mut needs);
            needs
        } else {
            Vec::new()
        });
    }
    let ids = resources.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>();
    circle(&needs).map_or(Ok(()), |circle| {
        let (first, at) = (circle[0].0, circle[0].1);
        let chain = circle.iter().map(|(place, _)| *place).chain([first]);
        let chain = chain.map(|place| format!("`{}`", ids[place])).collect::<Vec<_>>();
        Err(TemplateError::Circle { chain: chain.join(" -> "), at })
    })
}

struct Graph<'a> {
    places: BTreeMap<&'a str, usize>,
    resolver: &'a Resolver<'a>,
}

impl<'a> Graph<'a> {
    /// Whether the resource's condition does not say that it is left out.
    fn is_there(&self, resource: &Node) -> bool {
        let name = resource.get("Condition").and_then(Node::text);
        let holds = name.map(|name| self.resolver.condition(name, resource.span));
        !matches!(holds, Some(Ok(Ok(false))))
    }

    /// What its `DependsOn` names.
    fn ordered(
        &self,
        root: &Node,
        id: &str,
        resource: &Node,
    ) -> Result<Vec<(usize, Span)>, TemplateError> {
        let Some(depends) = resource.get("DependsOn") else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for node in std::iter::once(depends).chain(depends.items()) {
            let Some(name) = node.text() else { continue };
            match self.place(name) {
                Some(place) => found.push((place, node.span)),
                None if self.may_be_made(root, name) => {}
                None => {
                    let known_names = self.places.keys().map(|id| (*id).to_owned()).collect();
                    let (id, name) = (id.to_owned(), name.to_owned());
                    return Err(TemplateError::NoResource { id, name, known_names, at: node.span });
                }
            }
        }
        Ok(found)
    }

    /// Whether SAM, or a loop that stays as it is, may make a resource of that id.
    fn may_be_made(&self, root: &Node, name: &str) -> bool {
        let resources = root.get("Resources");
        let is_sams = |id: &str| {
            let kind = || resources?.get(id)?.get("Type")?.text();
            // Looked up only where the name begins so: that goes through all resources.
            name.starts_with(id) && kind().is_some_and(|kind| kind.starts_with("AWS::Serverless::"))
        };
        OF_SAM.iter().any(|beginning| name.starts_with(beginning))
            || generated::kind(root, name).is_some()
            || self.places.keys().any(|id| id.starts_with("Fn::") || is_sams(id))
    }

    /// What its properties refer to.
    fn referred(&self, globals: Option<&Node>, resource: &Node, needs: &mut Vec<(usize, Span)>) {
        let Some(properties) = resource.get("Properties") else { return };
        let kind = resource.kind().unwrap_or_default();
        let is_sams = kind.starts_with("AWS::Serverless::");
        let merged = globals.filter(|_| kind == "AWS::Serverless::Function");
        let merged = merged.map(|globals| merge(globals, properties));
        let properties = merged.as_ref().unwrap_or(properties);
        let has_role = properties.get("Role").is_some();
        for (name, node) in properties.entries() {
            let is_apart = APART.contains(&name.as_str()) || (name == "Policies" && has_role);
            if !(is_sams && is_apart) {
                self.walk(node, needs);
            }
        }
    }

    fn walk(&self, node: &Node, needs: &mut Vec<(usize, Span)>) {
        // A branch that a condition has decided against needs nothing.
        let Ok(Some(node)) = self.resolver.chosen(node) else { return };
        match node.intrinsic() {
            Some(("Ref", argument)) => self.need(argument.text(), node.span, needs),
            Some(("Fn::GetAtt", argument)) => {
                let of = argument.text().or_else(|| argument.items().first()?.text());
                self.need(of, node.span, needs);
            }
            Some(("Fn::Sub", argument)) => self.substituted(argument, node.span, needs),
            Some(_) | None => {}
        }
        node.items().iter().for_each(|item| self.walk(item, needs));
        node.entries().iter().for_each(|(_, item)| self.walk(item, needs));
    }

    /// The names in a text's `${…}` that the text does not bring with it.
    fn substituted(&self, argument: &Node, at: Span, needs: &mut Vec<(usize, Span)>) {
        let (pattern, own) = match argument.items() {
            [pattern, own] => (pattern.text(), Some(own)),
            _ => (argument.text(), None),
        };
        for part in pattern.unwrap_or_default().split("${").skip(1) {
            let name = part.split_once('}').map_or("!", |(name, _)| name.trim());
            if own.is_none_or(|own| own.get(name).is_none()) {
                self.need(Some(name), at, needs);
            }
        }
    }

    fn need(&self, name: Option<&str>, at: Span, needs: &mut Vec<(usize, Span)>) {
        needs.extend(name.and_then(|name| self.place(name)).map(|place| (place, at)));
    }

    /// The resource that a name or `Name.Attribute` means; a literal or a parameter means none.
    fn place(&self, name: &str) -> Option<usize> {
        let of = name.split_once('.').map_or(name, |(of, _)| of);
        self.places.get(of).copied()
    }
}

/// The first resources that need each other in a circle, each with where it says that it needs the one after it.
fn circle(needs: &[Vec<(usize, Span)>]) -> Option<Vec<(usize, Span)>> {
    let mut is_done = vec![false; needs.len()];
    let mut is_open = vec![false; needs.len()];
    for start in 0..needs.len() {
        // Whoever is on the way, and how many of his needs were followed.
        let mut way = vec![(start, 0)];
        while let Some((place, followed)) = way.last_mut() {
            let place = *place;
            is_open[place] = true;
            match needs[place].get(*followed).filter(|_| !is_done[place]) {
                Some((next, _)) if is_open[*next] => {
                    let from = way.iter().position(|(on_it, _)| on_it == next)?;
                    let on_it = &way[from..];
                    return Some(
                        on_it
                            .iter()
                            .enumerate()
                            .map(|(index, (place, followed))| {
                                let taken = if index + 1 == on_it.len() {
                                    *followed
                                } else {
                                    *followed - 1
                                };
                                (*place, needs[*place][taken].1)
                            })
                            .collect(),
                    );
                }
                Some((next, _)) => {
                    *followed += 1;
                    way.push((*next, 0));
                }
                None => {
                    is_done[place] = true;
                    is_open[place] = false;
                    way.pop();
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::template::tests::of;

    const TWO: &str = "  Soup:\n    Type: AWS::Lambda::Function\n    Properties: {Code: soup, Runtime: provided.al2023, Role: r, Environment: {Variables: {XX: !GetAtt Tea.Arn}}}";

    fn refused(properties: &str, rest: &str) -> String {
        of(properties, rest).unwrap_err().to_string()
    }

    fn variable(value: &str) -> String {
        format!("Environment: {{Variables: {{XX: {value}}}}}")
    }

    #[test]
    fn functions_that_need_each_other_are_told_with_the_chain_and_its_place() {
        assert_eq!(
            refused(&variable("!GetAtt Soup.Arn"), TWO),
            "line 5, column 62: `Tea` -> `Soup` -> `Tea` is a circular dependency, which CloudFormation refuses\n(take one of these references out: give the value in a parameter, or what it is for in the request)"
        );
        of(&variable("x"), TWO).unwrap();
    }

    #[test]
    fn every_way_to_need_oneself_is_refused() {
        for value in [
            "!Ref Tea",
            "!GetAtt Tea.Arn",
            "{'Fn::GetAtt': [Tea, Arn]}",
            "!Sub 'a-${Tea.Arn}'",
            "!Sub ['${A}', {A: !Ref Tea}]",
            "!Join ['-', [a, !Ref Tea]]",
            "!Ref Tea.Version",
        ] {
            let error = refused(&variable(value), "");
            assert!(error.contains("`Tea` -> `Tea` is a circular dependency"), "{value}: {error}");
        }
        let queue = "  Queue: {Type: AWS::SQS::Queue, DependsOn: [Tea]}";
        let error = refused(&variable("!Ref Queue"), queue);
        assert!(error.contains("`Tea` -> `Queue` -> `Tea`"), "{error}");
    }

    #[test]
    fn what_only_looks_like_a_circle_is_none() {
        for value in ["!Sub '${!Tea}'", "!Sub ['${Tea}', {Tea: x}]", "Tea", "!If [No, !Ref Tea, x]"]
        {
            of(&variable(value), "Conditions: {No: !Equals [a, b]}").unwrap();
        }
        // SAM makes a permission of an event: the function itself does not need the API.
        let api = "  Api: {Type: AWS::Serverless::Api, Properties: {StageName: a, Auth: {Authorizers: {A: {FunctionArn: !GetAtt Tea.Arn}}}}}";
        let events =
            "Events: {Get: {Type: Api, Properties: {Path: /, Method: get, RestApiId: !Ref Api}}}";
        of(events, api).unwrap();
        let left_out = "  Queue: {Type: AWS::SQS::Queue, Condition: No, DependsOn: Tea}\nConditions: {No: !Equals [a, b]}";
        of(&variable("!Ref Queue"), left_out).unwrap();
    }

    #[test]
    fn a_dependency_on_what_is_not_there_is_refused() {
        let queue = |on: &str| format!("  Queue: {{Type: AWS::SQS::Queue, DependsOn: {on}}}");
        assert_eq!(
            refused("", &queue("[Tea, Coffee]")),
            "line 6, column 51: `DependsOn` of `Queue` names `Coffee`, which is no resource of the template\n(there is `Queue`, `Tea`)"
        );
        of("", &queue("Tea")).unwrap();
        // What SAM makes beside the function.
        of("", &queue("TeaRole")).unwrap();
    }

    #[test]
    fn a_long_chain_is_followed_to_its_end() {
        let chain = (0..20_000).map(|index| {
            format!("  Q{index}: {{Type: AWS::SQS::Queue, DependsOn: Q{}}}\n", index + 1)
        });
        let chain = chain.collect::<String>();
        of("", &format!("{chain}  Q20000: {{Type: AWS::SQS::Queue}}")).unwrap();
        let error =
            refused("", &format!("{chain}  Q20000: {{Type: AWS::SQS::Queue, DependsOn: Q19999}}"));
        assert!(error.contains("`Q19999` -> `Q20000` -> `Q19999` is"), "{error}");
    }
}
