//! What a template says of the records of events: `DestinationConfig`, `DeadLetterQueue`, and
//! `AWS::Lambda::EventInvokeConfig`.

use lunch_cloud::asynchronous::EventConfig;
use lunch_contract::names::FunctionReference;
use lunch_contract::sqs::QueueName;

use super::Template;
use super::error::TemplateError;
use super::function::events;
use super::node::{Node, Span};
use super::properties::Properties;
use super::resolve::Resolver;
use crate::destinations::{Destination, Destinations};

/// What an `AWS::Lambda::EventInvokeConfig` says of a function.
#[derive(Clone, Debug)]
pub(super) struct EventInvokeConfig {
    function: String,
    events: EventConfig,
    destinations: Destinations,
    at: Span,
}

/// Adds such a resource, if it is one, and says whether it is.
pub(super) fn add(
    template: &mut Template,
    resolver: &Resolver<'_>,
    id: &str,
    resource: &Node,
) -> Result<bool, TemplateError> {
    if resource.get("Type").and_then(Node::text) != Some("AWS::Lambda::EventInvokeConfig") {
        return Ok(false);
    }
    let properties = Properties::of(id, resource, resolver);
    let Some(function) = properties.wish("FunctionName", template)? else { return Ok(true) };
    let function = FunctionReference::parse(&function)
        .map_or_else(|_| function.clone(), |reference| reference.name.to_owned());
    let config = EventInvokeConfig {
        function,
        events: events(&properties, "")?,
        destinations: Destinations {
            on_success: destination(template, &properties, "DestinationConfig.OnSuccess")?,
            on_failure: destination(template, &properties, "DestinationConfig.OnFailure")?,
            dead_letters: None,
        },
        at: resource.span,
    };
    template.event_configs.push(config);
    Ok(true)
}

/// What a function says of its own events.
pub(super) fn of_function(
    template: &mut Template,
    properties: &Properties<'_>,
) -> Result<Destinations, TemplateError> {
    let path = |name: &str| format!("EventInvokeConfig.DestinationConfig.{name}");
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
    Ok(Destinations {
        on_success: destination(template, properties, &path("OnSuccess"))?,
        on_failure: destination(template, properties, &path("OnFailure"))?,
        dead_letters,
    })
}

fn destination(
    template: &mut Template,
    properties: &Properties<'_>,
    path: &str,
) -> Result<Option<Destination>, TemplateError> {
    let Some(node) = properties.find(path)? else { return Ok(None) };
    let (line, id) = (node.span.line, properties.id);
    let Some(arn) = properties.wish(&format!("{path}.Destination"), template)? else {
        template.not_served.push(format!(
            "line {line}: `{path}` of `{id}`: what SAM makes where no `Destination` is named is not served: name one"
        ));
        return Ok(None);
    };
    if let Ok(queue) = QueueName::of_arn(&arn) {
        return Ok(Some(Destination::Queue(queue.as_str().to_owned())));
    }
    if arn.contains(":function:")
        && let Ok(function) = FunctionReference::parse(&arn)
    {
        return Ok(Some(Destination::Function(function.name.to_owned())));
    }
    template.not_served.push(format!(
        "line {line}: `{path}` of `{id}`: `{arn}` is no queue and no function, and nothing else is served"
    ));
    Ok(None)
}

/// Gives functions what other resources say of them, and refuses what AWS refuses.
pub(super) fn settle(template: &mut Template) -> Result<(), TemplateError> {
    for config in std::mem::take(&mut template.event_configs) {
        let EventInvokeConfig { function, events, destinations, at } = config;
        let known = template.functions.iter_mut().find(|known| known.name == function);
        if let Some(known) = known {
            known.events = events;
            known.destinations.on_success = destinations.on_success;
            known.destinations.on_failure = destinations.on_failure;
        } else {
            let line = at.line;
            template.not_served.push(format!(
                "line {line}: events of the function `{function}`, which is not served"
            ));
        }
    }
    let queues: Vec<_> = template.queues.iter().map(|queue| queue.name.clone()).collect();
    let functions: Vec<_> = template.functions.iter().map(|known| known.name.clone()).collect();
    for known in &mut template.functions {
        let (name, at) = (known.name.clone(), known.at);
        let Destinations { on_success, on_failure, dead_letters } = &mut known.destinations;
        let refused = |got: &str, wanted: &str| TemplateError::Value {
            function: name.clone(),
            property: "a destination of its events".to_owned(),
            got: format!("`{got}`"),
            wanted: wanted.to_owned(),
            at,
        };
        let mut gone = Vec::new();
        for one in [on_success, on_failure] {
            match one {
                Some(Destination::Queue(queue)) if is_fifo(queue) => {
                    return Err(refused(queue, "a standard queue: AWS takes no FIFO queue"));
                }
                Some(Destination::Function(function)) if *function == name => {
                    return Err(refused(function, "another function than itself"));
                }
                Some(Destination::Queue(queue)) if !queues.contains(queue) => {
                    gone.push(format!("the queue `{queue}`"));
                    *one = None;
                }
                Some(Destination::Function(function)) if !functions.contains(function) => {
                    gone.push(format!("the function `{function}`"));
                    *one = None;
                }
                Some(Destination::Queue(_) | Destination::Function(_)) | None => {}
            }
        }
        match dead_letters {
            Some(queue) if is_fifo(queue) => {
                return Err(refused(queue, "a standard queue: AWS takes no FIFO queue"));
            }
            Some(queue) if !queues.contains(queue) => {
                gone.push(format!("the queue `{queue}`"));
                *dead_letters = None;
            }
            Some(_) | None => {}
        }
        let line = at.line;
        template.not_served.extend(gone.into_iter().map(|what| {
            format!("line {line}: events of `{name}` go to {what}, which is not in this template")
        }));
    }
    Ok(())
}

fn is_fifo(queue: &str) -> bool {
    queue.ends_with(".fifo")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, sentence};
    use super::*;

    const QUEUES: &str = "  Dead: {Type: AWS::SQS::Queue}\n  Fifo: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}";

    #[test]
    fn the_records_of_a_functions_events_go_where_it_says() {
        let own = "EventInvokeConfig: {MaximumRetryAttempts: 1, DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dead.Arn}}}, DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Dead.Arn}";
        let template = of(own, QUEUES).expect("a template");
        let tea = &template.functions[0];
        let dead = "lunch-Dead".to_owned();
        assert_eq!(tea.events.retries_max, 1);
        assert_eq!(
            tea.destinations,
            Destinations {
                on_success: None,
                on_failure: Some(Destination::Queue(dead.clone())),
                dead_letters: Some(dead),
            }
        );
        assert!(!template.not_served.iter().any(|line| line.contains("D")), "{template:?}");
    }

    #[test]
    fn a_resource_of_its_own_says_the_same() {
        let config = format!(
            "{QUEUES}\n  Config: {{Type: AWS::Lambda::EventInvokeConfig, Properties: {{FunctionName: !Ref Tea, Qualifier: $LATEST, MaximumEventAgeInSeconds: 90, DestinationConfig: {{OnSuccess: {{Destination: !GetAtt Dead.Arn}}}}}}}}"
        );
        let template = of("Timeout: 3", &config).expect("a template");
        let tea = &template.functions[0];
        assert_eq!(tea.events.age_max.as_secs(), 90);
        assert_eq!(tea.destinations.on_success, Some(Destination::Queue("lunch-Dead".to_owned())));
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
