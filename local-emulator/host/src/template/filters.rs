//! What a template says of a mapping's filters: `FilterCriteria`.

use super::Template;
use super::error::TemplateError;
use super::node::Node;
use super::properties::Properties;
use super::resolve::Resolved;
use crate::event_source::filter::{Filters, FiltersError};

/// The filters at a path, for the mapping of that id; none, where only AWS knows one, which is said.
pub(super) fn read(
    template: &mut Template,
    properties: &Properties<'_>,
    path: &str,
    logical_id: &str,
) -> Result<Filters, TemplateError> {
    let Some(node) = properties.find(path)? else { return Ok(Filters::default()) };
    let at = node.span;
    let wanted = "`Filters`, a list of maps, each with a `Pattern`, which is a text of JSON";
    let wrong = |got: &str| properties.error(path, got, wanted, at);
    let patterns = match patterns(properties.resolver.resolve(node)?).map_err(wrong)? {
        Known::All(patterns) => patterns,
        Known::Not { why } => {
            let line = at.line;
            template.not_served.push(format!(
                "line {line}: `FilterCriteria` of `{logical_id}` is left out, so that every message is delivered: {why}"
            ));
            return Ok(Filters::default());
        }
    };
    let filters = Filters::read(patterns.iter().map(String::as_str)).map_err(|why| {
        let items = node.get("Filters").map(Node::items).unwrap_or_default();
        let at = match why {
            // Where some are left out by conditions, the place of one is not known.
            FiltersError::Pattern { index, .. } if items.len() == patterns.len() => {
                items[index].get("Pattern").map_or(at, |pattern| pattern.span)
            }
            FiltersError::Pattern { .. } | FiltersError::TooMany { .. } => at,
        };
        let (function, property) = (properties.id.to_owned(), format!("`{path}`"));
        TemplateError::Filters { function, property, why: Box::new(why), at }
    })?;
    for name in filters.ignored() {
        let (line, name) = (at.line, name.escape_debug());
        template.not_served.push(format!(
            "line {line}: `{name}` in `FilterCriteria` of `{logical_id}`: without effect, as AWS filters a queue's messages by their `body` alone"
        ));
    }
    Ok(filters)
}

/// The texts of the patterns, as far as they are known here.
enum Known {
    All(Vec<String>),
    Not { why: String },
}

fn patterns(criteria: Resolved) -> Result<Known, &'static str> {
    let filters = match criteria {
        Resolved::Map(members) => member(members, "Filters"),
        Resolved::Nothing => Resolved::Nothing,
        Resolved::Unknown { why, .. } => return Ok(Known::Not { why }),
        Resolved::Text(_) | Resolved::List(_) => return Err("no map"),
    };
    let filters = match filters {
        Resolved::List(filters) => filters,
        Resolved::Nothing => Vec::new(),
        Resolved::Unknown { why, .. } => return Ok(Known::Not { why }),
        Resolved::Text(_) | Resolved::Map(_) => return Err("without a list"),
    };
    let mut patterns = Vec::new();
    for filter in filters {
        let pattern = match filter {
            Resolved::Map(members) => member(members, "Pattern"),
            Resolved::Unknown { why, .. } => return Ok(Known::Not { why }),
            Resolved::Text(_) | Resolved::List(_) | Resolved::Nothing => {
                return Err("a list of something else");
            }
        };
        match pattern {
            Resolved::Text(text) => patterns.push(text),
            Resolved::Unknown { why, .. } => return Ok(Known::Not { why }),
            Resolved::Nothing => return Err("a filter without a `Pattern`"),
            Resolved::List(_) | Resolved::Map(_) => {
                return Err("a `Pattern` that is a list or a map: put it in quotes");
            }
        }
    }
    Ok(Known::All(patterns))
}

fn member(members: Vec<(String, Resolved)>, wanted: &str) -> Resolved {
    let found = members.into_iter().find(|(name, _)| name == wanted);
    found.map_or(Resolved::Nothing, |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::super::Template;
    use super::super::tests::{of, sentence};

    const QUEUE: &str = "  Orders: {Type: AWS::SQS::Queue}";

    fn event(criteria: &str) -> String {
        format!(
            "Events: {{Order: {{Type: SQS, Properties: {{Queue: !GetAtt Orders.Arn, FilterCriteria: {criteria}}}}}}}"
        )
    }

    fn template(criteria: &str) -> Template {
        of(&event(criteria), QUEUE).expect("a template")
    }

    #[test]
    fn an_event_and_a_mapping_have_their_filters() {
        let large = "{Filters: [{Pattern: '{\"body\": {\"size\": [\"large\"]}}'}]}";
        let rest = format!(
            "{QUEUE}\n  Others: {{Type: AWS::SQS::Queue}}\n  Mapped: {{Type: AWS::Lambda::EventSourceMapping, Properties: {{EventSourceArn: !GetAtt Others.Arn, FunctionName: !GetAtt Tea.Arn, FilterCriteria: {large}}}}}"
        );
        let template = of(&event(large), &rest).expect("a template");
        assert_eq!(template.mappings.len(), 2);
        for mapping in &template.mappings {
            assert_eq!(mapping.filters.count(), 1, "{mapping:?}");
            assert!(mapping.filters.pass(r#"{"size": "large"}"#), "{mapping:?}");
            assert!(!mapping.filters.pass(r#"{"size": "small"}"#), "{mapping:?}");
        }
        assert!(!template.not_served.iter().any(|line| line.contains("Filter")), "{template:?}");
    }

    #[test]
    fn without_filters_every_message_passes() {
        for criteria in ["{}", "{Filters: []}", "!Ref AWS::NoValue"] {
            let template = template(criteria);
            assert!(template.mappings[0].filters.pass("anything"), "{criteria}");
            assert_eq!(template.not_served, [""; 0], "{criteria}");
        }
    }

    #[test]
    fn filters_that_aws_would_not_take_are_refused_with_their_place() {
        let good = "{Pattern: '{\"body\": [\"x\"]}'}";
        for (criteria, words) in [
            (
                "{Filters: [{Pattern: '{\"body\": {\"size\": 5}}'}]}".to_owned(),
                "filter 1 is refused: `body.size` is `5`; it must be",
            ),
            (
                format!("{{Filters: [{good}, {{Pattern: 'large'}}]}}"),
                "filter 2 is refused: it is no JSON",
            ),
            (format!("{{Filters: [{}]}}", [good; 6].join(", ")), "6 filters are more than the 5"),
            ("{Filters: [{Pattern: {body: [x]}}]}".to_owned(), "put it in quotes"),
            ("{Filters: [{}]}".to_owned(), "a filter without a `Pattern`"),
            ("{Filters: [x]}".to_owned(), "a list of something else"),
            ("{Filters: {Pattern: x}}".to_owned(), "without a list"),
            ("[x]".to_owned(), "is no map; it must be `Filters`, a list"),
            ("x".to_owned(), "is no map"),
        ] {
            let said = sentence(&event(&criteria), QUEUE);
            assert!(said.contains(words), "{criteria}: {said}");
            assert!(said.starts_with("line "), "{criteria}: {said}");
            let named = "`Events.Order.Properties.FilterCriteria` of `Tea`";
            assert!(said.contains(named), "{criteria}: {said}");
        }
    }

    #[test]
    fn the_place_of_a_filter_is_its_patterns() {
        let criteria =
            "{Filters: [\n        {Pattern: '{\"body\": [\"x\"]}'},\n        {Pattern: '{}'}]}";
        let at = |criteria: &str| {
            let said = sentence(&event(criteria), QUEUE);
            let line = said.split(',').next().and_then(|line| line.strip_prefix("line "));
            line.and_then(|line| line.parse::<u32>().ok()).expect(&said)
        };
        assert_eq!(at(criteria), at("x") + 2);
    }

    #[test]
    fn what_has_no_effect_or_is_not_known_is_said() {
        let template = template(
            "{Filters: [{Pattern: '{\"body\": [\"x\"], \"messageAttributes\": {\"a\": [\"x\"]}}'}]}",
        );
        let said = template.not_served.join("\n");
        assert!(
            said.contains("`messageAttributes` in `FilterCriteria` of `TeaOrder`: without effect"),
            "{said}"
        );
        assert!(!template.mappings[0].filters.pass("y"));

        let unknown =
            "{Filters: [{Pattern: '{\"body\": [\"x\"]}'}, {Pattern: '{{resolve:ssm:pattern}}'}]}";
        let template = of(&event(unknown), QUEUE).expect("a template");
        let said = template.not_served.join("\n");
        assert!(said.contains("is left out, so that every message is delivered"), "{said}");
        assert!(template.mappings[0].filters.pass("y"));
    }
}
