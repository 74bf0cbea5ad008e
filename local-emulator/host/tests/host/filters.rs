//! A mapping's filters at the door: what passes reaches the function, and the rest is deleted and never seen.

use std::rc::Rc;

use lunch_host::Config;
use lunch_host::template::{Filters, Mapping};
use serde_json::Value;

use crate::queues::{is_empty, keeping, mapping, queue, send, to_dead, until, with_queues};
use crate::street::with_cloud;

fn filtered(patterns: &[&str]) -> Mapping {
    let filters = Filters::read(patterns.iter().copied()).expect("filters");
    Mapping { filters, ..mapping(false) }
}

/// The bodies that a function was called with while these were sent, once the queue is empty and no letter is dead.
fn seen(mapping: Mapping, sent: &'static [&'static str]) -> Vec<String> {
    let events = Rc::default();
    let program = keeping(&events, |_| Value::Null);
    let policy = to_dead("dead");
    let orders = queue("orders", &[("RedrivePolicy", &policy)]);
    let config =
        Config { mappings: vec![mapping], ..with_queues(vec![queue("dead", &[]), orders]) };
    let seen = Rc::clone(&events);
    with_cloud(config, program, move |mut client, _| async move {
        for body in sent {
            send(&mut client, body).await;
        }
        let all = until(&mut client, |all| is_empty(&all[1])).await;
        assert!(is_empty(&all[0]), "what is filtered out is no dead letter: {all}");
    });
    let records = |event: &Value| event["Records"].as_array().cloned().unwrap_or_default();
    let mut bodies: Vec<_> = seen
        .borrow()
        .iter()
        .flat_map(records)
        .map(|record| record["body"].as_str().unwrap_or_default().to_owned())
        .collect();
    bodies.sort();
    bodies
}

#[test]
fn a_message_that_passes_no_filter_is_deleted_and_never_seen() {
    let large = filtered(&[r#"{"body": {"size": ["large"]}}"#]);
    let sent = &[r#"{"size": "large"}"#, r#"{"size": "small"}"#];
    assert_eq!(seen(large, sent), [r#"{"size": "large"}"#]);
}

#[test]
fn a_message_passes_that_one_filter_matches_and_text_is_none_for_json() {
    let several = filtered(&[
        r#"{"body": {"cups": [{"numeric": [">", 1]}]}}"#,
        r#"{"body": [{"prefix": "flat"}]}"#,
    ]);
    let sent = &["flat white", "espresso", r#"{"cups": 2}"#, r#"{"cups": 1}"#, r#"["flat"]"#];
    assert_eq!(seen(several, sent), ["flat white", r#"{"cups": 2}"#]);
}

#[test]
fn a_function_is_not_called_where_nothing_passes() {
    let none = filtered(&[r#"{"body": {"size": [{"exists": false}]}}"#]);
    assert_eq!(seen(none, &["large", r#"{"size": null}"#]), [""; 0]);
}
