//! What a template says of event source mappings: SAM's `SQS` events, and `AWS::Lambda::EventSourceMapping`.

use std::time::Duration;

use lunch_contract::sqs::QueueName;
use serde::{Deserialize, Serialize};

use super::error::TemplateError;
use super::node::{Node, Span};
use super::properties::Properties;
use super::resolve::{Resolved, Resolver};
use super::{Filters, Template, filters};

/// A mapping from a queue to a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Its logical id: its own, or the function's and the event's, as SAM puts them together.
    pub logical_id: String,
    /// The queue's name.
    pub queue: String,
    /// The function's name.
    pub function: String,
    /// The alias or the version of it that is called, if one is.
    pub qualifier: Option<String>,
    /// `BatchSize`.
    pub batch_size: u32,
    /// `MaximumBatchingWindowInSeconds`.
    pub window: Duration,
    /// `ScalingConfig.MaximumConcurrency`.
    pub concurrency_max: Option<u32>,
    /// `ProvisionedPollerConfig`.
    pub provisioned: Option<ProvisionedPollers>,
    /// Whether `FunctionResponseTypes` holds `ReportBatchItemFailures`.
    pub reports_failures: bool,
    /// `FilterCriteria`.
    pub filters: Filters,
    /// `Enabled`.
    pub enabled: bool,
    /// Where it stands.
    pub at: Span,
}

/// A `ProvisionedPollerConfig`. It is kept and told, and polls no other way. Facts 7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionedPollers {
    /// `MinimumPollers`.
    pub minimum: u32,
    /// `MaximumPollers`.
    pub maximum: u32,
}

impl ProvisionedPollers {
    /// The most that `MinimumPollers` may be.
    pub(crate) const MINIMUM_MAX: u32 = 200;
    /// The most that `MaximumPollers` may be.
    pub(crate) const MAXIMUM_MAX: u32 = 10_000;

    /// With AWS's defaults for what is not said; `None`: the one is above the other.
    pub(crate) fn of(minimum: Option<u32>, maximum: Option<u32>) -> Option<Self> {
        let (minimum, maximum) = (minimum.unwrap_or(2), maximum.unwrap_or(200));
        (minimum <= maximum).then_some(Self { minimum, maximum })
    }
}

/// Properties that are read and not served, with what that means.
const NOT_SERVED: [(&str, &str); 3] = [
    (
        "ProvisionedPollerConfig",
        "kept and told, and not emulated: it has five pollers and more, as any other",
    ),
    ("MetricsConfig", "without effect here"),
    ("KmsKeyArn", "without effect here"),
];

/// Adds such a resource, if it is one, and says whether it is.
pub(super) fn add(
    template: &mut Template,
    resolver: &Resolver<'_>,
    id: &str,
    resource: &Node,
) -> Result<bool, TemplateError> {
    const KIND: &str = "AWS::Lambda::EventSourceMapping";
    let Some(properties) = Properties::of_kind(KIND, id, resource, resolver) else {
        return Ok(false);
    };
    let at = resource.span;
    let Some(function) = properties.function("FunctionName", template)? else { return Ok(true) };
    read(template, &properties, "", "EventSourceArn", id.to_owned(), function, at)?;
    Ok(true)
}

/// Adds the `SQS` events of a function.
pub(super) fn of_function(
    template: &mut Template,
    properties: &Properties<'_>,
    function: &str,
) -> Result<(), TemplateError> {
    let Some(events) = properties.find("Events")? else { return Ok(()) };
    let named: Vec<_> = events
        .entries()
        .iter()
        .filter(|(_, event)| event.kind() == Some("SQS"))
        .map(|(name, event)| (name.clone(), event.span))
        .collect();
    // SAM has the alias called that it publishes.
    let alias = properties.text("AutoPublishAlias")?.map(|(alias, _)| alias);
    for (name, at) in named {
        let prefix = format!("Events.{name}.Properties.");
        let id = format!("{}{name}", properties.id);
        let called = (function.to_owned(), alias.clone());
        read(template, properties, &prefix, "Queue", id, called, at)?;
    }
    Ok(())
}

fn read(
    template: &mut Template,
    properties: &Properties<'_>,
    prefix: &str,
    source: &str,
    logical_id: String,
    (function, qualifier): (String, Option<String>),
    at: Span,
) -> Result<(), TemplateError> {
    let path = |name: &str| format!("{prefix}{name}");
    let Some(arn) = properties.wish(&path(source), template)? else { return Ok(()) };
    let Ok(queue) = QueueName::of_arn(&arn) else {
        let line = at.line;
        template.not_served.push(format!("line {line}: `{logical_id}`: `{arn}` is no queue, and nothing else is served as an event source yet"));
        return Ok(());
    };
    for (name, why) in NOT_SERVED {
        if let Some(node) = properties.find(&path(name))? {
            let line = node.span.line;
            template.not_served.push(format!("line {line}: `{name}` of `{logical_id}`: {why}"));
        }
    }
    let (size, seconds) = (path("BatchSize"), path("MaximumBatchingWindowInSeconds"));
    let is_fifo = queue.is_fifo();
    let batch_size = properties.number(&size, 1, if is_fifo { 10 } else { 10_000 })?.unwrap_or(10);
    let window = properties.number(&seconds, 0, if is_fifo { 0 } else { 300 })?.unwrap_or(0);
    if batch_size > 10 && window == 0 {
        let wanted = "at most 10 without a `MaximumBatchingWindowInSeconds`";
        return Err(properties.error(&size, &format!("`{batch_size}`"), wanted, at));
    }
    let concurrency_max = properties.number(&path("ScalingConfig.MaximumConcurrency"), 2, 1_000)?;
    let enabled = properties.text(&path("Enabled"))?.is_none_or(|(text, _)| {
        text != "false" && super::scalar::read_as(&text).as_deref() != Some("false")
    });
    if properties.find(&path("DestinationConfig"))?.is_some() {
        let wanted = "nothing: AWS takes no `DestinationConfig` for a queue, whose own dead-letter queue is meant for that";
        return Err(properties.error(&path("DestinationConfig"), "there", wanted, at));
    }
    let filters = filters::read(template, properties, &path("FilterCriteria"), &logical_id)?;
    template.mappings.push(Mapping {
        logical_id,
        queue: queue.as_str().to_owned(),
        function,
        qualifier,
        batch_size,
        window: Duration::from_secs(window.into()),
        concurrency_max,
        provisioned: provisioned(properties, prefix, concurrency_max, at)?,
        reports_failures: reports_failures(properties, &path("FunctionResponseTypes"))?,
        filters,
        enabled,
        at,
    });
    Ok(())
}

fn provisioned(
    properties: &Properties<'_>,
    prefix: &str,
    concurrency_max: Option<u32>,
    at: Span,
) -> Result<Option<ProvisionedPollers>, TemplateError> {
    let path = format!("{prefix}ProvisionedPollerConfig");
    let Some(node) = properties.find(&path)? else { return Ok(None) };
    let number = |name: &str, most| properties.number(&format!("{path}.{name}"), 1, most);
    let minimum = number("MinimumPollers", ProvisionedPollers::MINIMUM_MAX)?;
    let maximum = number("MaximumPollers", ProvisionedPollers::MAXIMUM_MAX)?;
    let wrong = |wanted| Err(properties.error(&path, "there", wanted, at));
    if concurrency_max.is_some() {
        return wrong("there without `ScalingConfig.MaximumConcurrency`: AWS takes one of them");
    }
    match ProvisionedPollers::of(minimum, maximum) {
        Some(pollers) => Ok(Some(pollers)),
        None => {
            let wanted = "with no more `MinimumPollers` than `MaximumPollers`";
            Err(properties.error(&path, "there", wanted, node.span))
        }
    }
}

fn reports_failures(properties: &Properties<'_>, path: &str) -> Result<bool, TemplateError> {
    const ONLY: &str = "ReportBatchItemFailures";
    let Some(node) = properties.find(path)? else { return Ok(false) };
    let resolved = properties.resolver.resolve(node)?;
    let all = if let Resolved::List(all) = resolved { all } else { vec![resolved] };
    for one in &all {
        if let Resolved::Text(text) = one
            && text != ONLY
        {
            return Err(properties.error(path, &format!("`{text}`"), ONLY, node.span));
        }
    }
    Ok(!all.is_empty())
}

/// Says of which mappings the queue or the function is not served, and refuses what AWS refuses of the others.
pub(super) fn settle(template: &mut Template) -> Result<(), TemplateError> {
    let mut settled: Vec<Mapping> = Vec::new();
    for mapping in std::mem::take(&mut template.mappings) {
        let Mapping { at, logical_id, queue, function, .. } = &mapping;
        let queued = template.queues.iter().find(|one| one.name == *queue);
        let served = template.functions.iter().find(|one| one.name == *function);
        let (Some(queued), Some(served)) = (queued, served) else {
            let what = if queued.is_none() {
                format!("the queue `{queue}` is not in this template")
            } else {
                format!("the function `{function}` is not served")
            };
            template.not_served.push(format!("line {}: `{logical_id}`: {what}", at.line));
            continue;
        };
        let visibility = queued.attributes.get("VisibilityTimeout");
        let visibility_s: u64 = visibility.and_then(|text| text.parse().ok()).unwrap_or(30);
        if served.timeout.as_secs() > visibility_s {
            return Err(TemplateError::Value {
                function: queued.logical_id.clone(),
                property: "`VisibilityTimeout`".to_owned(),
                got: format!("`{visibility_s}`"),
                wanted: format!(
                    "at least the timeout of `{function}`, which it is mapped to, {} s, as AWS demands it",
                    served.timeout.as_secs()
                ),
                at: *at,
            });
        }
        let same = |other: &&Mapping| {
            (&other.queue, &other.function, &other.qualifier)
                == (&mapping.queue, &mapping.function, &mapping.qualifier)
        };
        if let Some(other) = settled.iter().find(same) {
            return Err(TemplateError::Value {
                function: logical_id.clone(),
                property: "the mapping".to_owned(),
                got: format!(
                    "from `{queue}` to `{function}`, as `{}` is already",
                    other.logical_id
                ),
                wanted: "the only one of that queue and that function, as AWS demands it"
                    .to_owned(),
                at: *at,
            });
        }
        settled.push(mapping);
    }
    template.mappings = settled;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, sentence};

    const QUEUE: &str = "  Orders: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 60}}\n  Fifo: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}";

    #[test]
    fn an_event_and_a_mapping_say_the_same() {
        let event = "Events: {Order: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn, BatchSize: 20, MaximumBatchingWindowInSeconds: 5, FunctionResponseTypes: [ReportBatchItemFailures], ScalingConfig: {MaximumConcurrency: 2}}}}";
        let rest = format!(
            "{QUEUE}\n  Mapped: {{Type: AWS::Lambda::EventSourceMapping, Properties: {{EventSourceArn: !GetAtt Fifo.Arn, FunctionName: !GetAtt Tea.Arn, Enabled: false}}}}"
        );
        let template = of(event, &rest).expect("a template");
        let [event, mapping] = template.mappings.as_slice() else { panic!("{template:?}") };
        assert_eq!((event.logical_id.as_str(), event.queue.as_str()), ("TeaOrder", "lunch-Orders"));
        assert_eq!((event.batch_size, event.window.as_secs()), (20, 5));
        assert_eq!(
            (event.reports_failures, event.concurrency_max, event.enabled),
            (true, Some(2), true)
        );
        assert_eq!((mapping.function.as_str(), mapping.batch_size), ("Tea", 10));
        assert_eq!((mapping.queue.as_str(), mapping.enabled), ("lunch-Fifo.fifo", false));
        assert!(!template.not_served.iter().any(|line| line.contains("Order")), "{template:?}");
    }

    #[test]
    fn the_alias_that_is_published_is_called() {
        let event = "AutoPublishAlias: live, Events: {Order: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn}}}";
        let rest = format!(
            "{QUEUE}\n  Mapped: {{Type: AWS::Lambda::EventSourceMapping, Properties: {{EventSourceArn: !GetAtt Fifo.Arn, FunctionName: !Sub '${{Tea}}:live'}}}}"
        );
        let template = of(event, &rest).expect("a template");
        let called: Vec<_> =
            template.mappings.iter().map(|mapping| mapping.qualifier.as_deref()).collect();
        assert_eq!(called, [Some("live"); 2]);
    }

    #[test]
    fn what_aws_would_not_take_is_refused() {
        let event = |properties: &str| {
            let queue =
                if properties.contains("Fifo") { "" } else { "Queue: !GetAtt Orders.Arn, " };
            let event =
                format!("Events: {{Order: {{Type: SQS, Properties: {{{queue}{properties}}}}}}}");
            sentence(&event, QUEUE)
        };
        for (properties, word) in [
            ("BatchSize: 11", "at most 10 without"),
            ("BatchSize: 10001", "from 1 to 10000"),
            ("Queue: !GetAtt Fifo.Arn, BatchSize: 11", "from 1 to 10"),
            ("Queue: !GetAtt Fifo.Arn, MaximumBatchingWindowInSeconds: 1", "from 0 to 0"),
            ("ScalingConfig: {MaximumConcurrency: 1}", "from 2 to 1000"),
            ("FunctionResponseTypes: [Report]", "ReportBatchItemFailures"),
            ("DestinationConfig: {OnFailure: {Destination: x}}", "no `DestinationConfig`"),
            ("ProvisionedPollerConfig: {MinimumPollers: 201}", "from 1 to 200"),
            ("ProvisionedPollerConfig: {MaximumPollers: 1}", "no more `MinimumPollers`"),
            (
                "ProvisionedPollerConfig: {MinimumPollers: 3}, ScalingConfig: {MaximumConcurrency: 2}",
                "AWS takes one of them",
            ),
        ] {
            let said = event(properties);
            assert!(said.contains(word), "{properties}: {said}");
        }
        let twice = "  Again: {Type: AWS::Lambda::EventSourceMapping, Properties: {EventSourceArn: !GetAtt Orders.Arn, FunctionName: !Ref Tea}}";
        let once = "Events: {Order: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn}}}";
        let said = sentence(once, &format!("{QUEUE}\n{twice}"));
        assert!(said.contains("as `TeaOrder` is already"), "{said}");
        assert!(said.starts_with("line 8"), "{said}");
        let long =
            "Timeout: 61, Events: {Order: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn}}}";
        assert!(sentence(long, QUEUE).contains("at least the timeout of `Tea`"));
    }

    #[test]
    fn provisioned_pollers_are_kept_and_said_not_to_be_emulated() {
        let event = "Events: {Order: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn, ProvisionedPollerConfig: {MinimumPollers: 3}}}}";
        let template = of(event, QUEUE).expect("a template");
        let pollers = template.mappings[0].provisioned.expect("they are kept");
        assert_eq!((pollers.minimum, pollers.maximum), (3, 200));
        let told = template.not_served.join("\n");
        assert!(
            told.contains("`ProvisionedPollerConfig` of `TeaOrder`: kept and told, and not"),
            "{told}"
        );
    }
}
