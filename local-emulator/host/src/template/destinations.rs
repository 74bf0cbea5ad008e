//! What a template says of events: `EventInvokeConfig` of a function, `AWS::Lambda::EventInvokeConfig`, and
//! `DeadLetterQueue`. Facts 6.

use lunch_contract::names::LATEST;
use lunch_contract::sqs::QueueName;

use super::Template;
use super::error::TemplateError;
use super::node::{Node, Span};
use super::properties::Properties;
use super::resolve::Resolver;
use crate::destinations::{Destination, EventInvokeConfig};

/// What is said of events for a function, its version or its alias.
#[derive(Clone, Debug)]
pub(super) struct Said {
    logical_id: String,
    function: String,
    qualifier: String,
    config: EventInvokeConfig,
    at: Span,
}

/// Adds such a resource, if it is one, and says whether it is.
pub(super) fn add(
    template: &mut Template,
    resolver: &Resolver<'_>,
    id: &str,
    resource: &Node,
) -> Result<bool, TemplateError> {
    const KIND: &str = "AWS::Lambda::EventInvokeConfig";
    let Some(properties) = Properties::of_kind(KIND, id, resource, resolver) else {
        return Ok(false);
    };
    let named = properties.function("FunctionName", template)?;
    let Some((function, named)) = named else { return Ok(true) };
    let qualifier = properties.wish("Qualifier", template)?.or(named);
    let said = Said {
        logical_id: id.to_owned(),
        function,
        qualifier: qualifier.unwrap_or_else(|| LATEST.to_owned()),
        config: read(template, &properties, "")?,
        at: resource.span,
    };
    template.event_configs.push(said);
    Ok(true)
}

/// Adds the `EventInvokeConfig` of a function; with an `AutoPublishAlias` it is that alias's, as SAM makes it.
pub(super) fn of_function(
    template: &mut Template,
    properties: &Properties<'_>,
    function: &str,
) -> Result<(), TemplateError> {
    const CONFIG: &str = "EventInvokeConfig";
    let Some(at) = properties.find(CONFIG)?.map(|node| node.span) else { return Ok(()) };
    let alias = properties.text("AutoPublishAlias")?.map(|(alias, _)| alias);
    let said = Said {
        logical_id: format!("{}{CONFIG}", properties.id),
        function: function.to_owned(),
        qualifier: alias.unwrap_or_else(|| LATEST.to_owned()),
        config: read(template, properties, "EventInvokeConfig.")?,
        at,
    };
    template.event_configs.push(said);
    Ok(())
}

/// The queue that a function's `DeadLetterQueue` names, or its `DeadLetterConfig`.
pub(super) fn dead_letters(
    template: &mut Template,
    properties: &Properties<'_>,
) -> Result<Option<String>, TemplateError> {
    let mut dead_letters = None;
    for name in ["DeadLetterQueue", "DeadLetterConfig"] {
        let Some(node) = properties.find(name)? else { continue };
        let line = node.span.line;
        if let Some(arn) = properties.wish(&format!("{name}.TargetArn"), template)? {
            match QueueName::of_arn(&arn) {
                Ok(queue) => dead_letters = Some(queue.as_str().to_owned()),
                Err(_) => template.not_served.push(format!(
                    "line {line}: `{name}` of `{}`: `{arn}` is no queue, and nothing else is served",
                    properties.id
                )),
            }
        }
    }
    Ok(dead_letters)
}

fn read(
    template: &mut Template,
    properties: &Properties<'_>,
    prefix: &str,
) -> Result<EventInvokeConfig, TemplateError> {
    let path = |name: &str| format!("{prefix}{name}");
    Ok(EventInvokeConfig {
        retries_max: properties.number(&path("MaximumRetryAttempts"), 0, 2)?,
        age_max_s: properties.number(&path("MaximumEventAgeInSeconds"), 60, 21_600)?,
        on_success: destination(template, properties, &path("DestinationConfig.OnSuccess"))?,
        on_failure: destination(template, properties, &path("DestinationConfig.OnFailure"))?,
    })
}

fn destination(
    template: &mut Template,
    properties: &Properties<'_>,
    path: &str,
) -> Result<Option<String>, TemplateError> {
    let Some(node) = properties.find(path)? else { return Ok(None) };
    let (line, id) = (node.span.line, properties.id);
    let Some(arn) = properties.wish(&format!("{path}.Destination"), template)? else {
        template.not_served.push(format!(
            "line {line}: `{path}` of `{id}`: what SAM makes where no `Destination` is named is not served: name one"
        ));
        return Ok(None);
    };
    if Destination::of_arn(&arn).is_some() {
        return Ok(Some(arn));
    }
    template.not_served.push(format!(
        "line {line}: `{path}` of `{id}`: `{arn}` is no queue and no function, and nothing else is served"
    ));
    Ok(None)
}

/// Gives functions what is said of their events, and refuses what AWS refuses.
pub(super) fn settle(template: &mut Template) -> Result<(), TemplateError> {
    for said in std::mem::take(&mut template.event_configs) {
        let Said { logical_id, function, qualifier, mut config, at } = said;
        let line = at.line;
        if let Some(what) = nobody(template, &function, &qualifier) {
            template.not_served.push(format!("line {line}: `{logical_id}`: {what}"));
            continue;
        }
        for arn in [&mut config.on_success, &mut config.on_failure] {
            let Some(to) = arn.as_deref().and_then(Destination::of_arn) else { continue };
            refuse(&function, &to, at)?;
            if let Some(gone) = missing(template, &to) {
                *arn = None;
                let told = format!(
                    "line {line}: events of `{function}` go to {gone}, which is not in this template"
                );
                template.not_served.push(told);
            }
        }
        let Some(known) = template.functions.iter_mut().find(|known| known.name == function) else {
            continue;
        };
        if known.event_configs.insert(qualifier.clone(), config).is_some() {
            return Err(TemplateError::Value {
                function: logical_id,
                property: "the function".to_owned(),
                got: format!(
                    "`{function}`, whose `{qualifier}` has an `EventInvokeConfig` already"
                ),
                wanted: "a function, a version or an alias without one: each has one at most"
                    .to_owned(),
                at,
            });
        }
    }
    settle_dead_letters(template)
}

/// Why there is nobody whose events these could be.
fn nobody(template: &Template, function: &str, qualifier: &str) -> Option<String> {
    if !template.functions.iter().any(|known| known.name == function) {
        return Some(format!("the function `{function}` is not served"));
    }
    let is_there = qualifier == LATEST
        || qualifier.bytes().all(|byte| byte.is_ascii_digit())
        || template
            .aliases
            .iter()
            .any(|alias| alias.function == function && alias.name == qualifier);
    (!is_there).then(|| format!("`{qualifier}` is no alias of `{function}`"))
}

fn settle_dead_letters(template: &mut Template) -> Result<(), TemplateError> {
    for place in 0..template.functions.len() {
        let known = &template.functions[place];
        let Some(to) = known.dead_letters.clone().map(Destination::Queue) else { continue };
        let (name, at) = (known.name.clone(), known.at);
        refuse(&name, &to, at)?;
        if let Some(gone) = missing(template, &to) {
            template.functions[place].dead_letters = None;
            let line = at.line;
            template.not_served.push(format!(
                "line {line}: events of `{name}` go to {gone}, which is not in this template"
            ));
        }
    }
    Ok(())
}

/// Refuses whom AWS refuses.
fn refuse(function: &str, to: &Destination, at: Span) -> Result<(), TemplateError> {
    let (got, wanted) = match to {
        Destination::Queue(queue) if queue.ends_with(".fifo") => {
            (queue, "a standard queue: AWS takes no FIFO queue")
        }
        Destination::Function(other) if other == function => {
            (other, "another function than itself")
        }
        Destination::Queue(_) | Destination::Function(_) => return Ok(()),
    };
    Err(TemplateError::Value {
        function: function.to_owned(),
        property: "a destination of its events".to_owned(),
        got: format!("`{got}`"),
        wanted: wanted.to_owned(),
        at,
    })
}

/// Who it is, if it is not here.
fn missing(template: &Template, to: &Destination) -> Option<String> {
    match to {
        Destination::Queue(queue) => {
            let is_here = template.queues.iter().any(|known| known.name == *queue);
            (!is_here).then(|| format!("the queue `{queue}`"))
        }
        Destination::Function(function) => {
            let is_here = template.functions.iter().any(|known| known.name == *function);
            (!is_here).then(|| format!("the function `{function}`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, sentence};
    use super::*;

    const QUEUES: &str = "  Dead: {Type: AWS::SQS::Queue}\n  Fifo: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}";
    const DEAD: &str = "arn:aws:sqs:eu-central-2:123456789012:lunch-Dead";

    #[test]
    fn the_records_of_a_functions_events_go_where_it_says() {
        let own = "EventInvokeConfig: {MaximumRetryAttempts: 1, DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dead.Arn}}}, DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Dead.Arn}";
        let template = of(own, QUEUES).expect("a template");
        let tea = &template.functions[0];
        let config = EventInvokeConfig {
            retries_max: Some(1),
            on_failure: Some(DEAD.to_owned()),
            ..EventInvokeConfig::default()
        };
        assert_eq!(tea.event_configs, [(LATEST.to_owned(), config)].into());
        assert_eq!(tea.dead_letters.as_deref(), Some("lunch-Dead"));
        assert!(!template.not_served.iter().any(|line| line.contains("D")), "{template:?}");
    }

    #[test]
    fn a_resource_of_its_own_says_the_same() {
        let config = format!(
            "{QUEUES}\n  Config: {{Type: AWS::Lambda::EventInvokeConfig, Properties: {{FunctionName: !Ref Tea, Qualifier: $LATEST, MaximumEventAgeInSeconds: 90, DestinationConfig: {{OnSuccess: {{Destination: !GetAtt Dead.Arn}}}}}}}}"
        );
        let template = of("Timeout: 3", &config).expect("a template");
        let tea = &template.functions[0].event_configs[LATEST];
        assert_eq!(tea.age_max_s, Some(90));
        assert_eq!(tea.on_success.as_deref(), Some(DEAD));
    }

    #[test]
    fn what_is_said_of_an_alias_is_that_aliass() {
        let config = "  Config: {Type: AWS::Lambda::EventInvokeConfig, Properties: {FunctionName: !Ref Tea, Qualifier: $LATEST, MaximumRetryAttempts: 2}}\n  Nobody: {Type: AWS::Lambda::EventInvokeConfig, Properties: {FunctionName: !Ref Tea, Qualifier: dead}}";
        let own = "AutoPublishAlias: live, EventInvokeConfig: {MaximumRetryAttempts: 0}";
        let template = of(own, config).expect("a template");
        let configs = &template.functions[0].event_configs;
        assert_eq!((configs["live"].retries_max, configs[LATEST].retries_max), (Some(0), Some(2)));
        let told = template.not_served.join("\n");
        assert!(told.contains("`Nobody`: `dead` is no alias of `Tea`"), "{told}");
        let twice = sentence("EventInvokeConfig: {MaximumRetryAttempts: 0}", config);
        assert!(twice.contains("has an `EventInvokeConfig` already"), "{twice}");
    }

    #[test]
    fn who_cannot_take_a_record_is_refused_or_listed() {
        let to = |arn: &str| {
            format!(
                "EventInvokeConfig: {{DestinationConfig: {{OnFailure: {{Destination: {arn}}}}}}}"
            )
        };
        let fifo = sentence(&to("!GetAtt Fifo.Arn"), QUEUES);
        assert!(fifo.contains("no FIFO queue"), "{fifo}");
        let listed = |arn: &str| of(&to(arn), QUEUES).expect("a template").not_served.join("\n");
        let topic = listed("arn:aws:sns:us-east-1:123456789012:topic");
        assert!(topic.contains("is no queue and no function"), "{topic}");
        let elsewhere = listed("arn:aws:sqs:us-east-1:123456789012:elsewhere");
        assert!(elsewhere.contains("`elsewhere`, which is not in this template"), "{elsewhere}");
    }
}
