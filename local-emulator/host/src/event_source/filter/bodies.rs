//! What a message's body passes, and that nothing untrusted breaks it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{pattern, refused};
use super::{Filters, FiltersError, Pattern};

#[test]
fn a_body_passes_as_aws_says() {
    let json = r#"{"body": {"size": ["large"]}}"#;
    let text = r#"{"body": ["large", {"prefix": "x"}]}"#;
    let absent = r#"{"body": {"size": [{"exists": false}]}}"#;
    let either = r#"{"$or": [{"body": ["large"]}, {"body": {"size": ["large"]}}]}"#;
    for (filter, body, passes) in [
        // Both JSON.
        (json, r#"{"size": "large"}"#, true),
        (json, " \n{\"size\": [\"small\", \"large\"], \"cups\": 2}\n", true),
        (json, r#"{"size": "small"}"#, false),
        (json, "{}", false),
        (json, r#"[{"size": "small"}, {"size": "large"}]"#, true),
        (json, "[]", false),
        // The pattern is for JSON, and the body is none.
        (json, "large", false),
        (json, "", false),
        (json, r#"{"size": "large""#, false),
        (json, r#""size""#, false),
        (absent, "{}", true),
        (absent, r#"{"size": "large"}"#, false),
        (absent, "large", false),
        (absent, "5", false),
        // Both text.
        (text, "large", true),
        (text, "xl", true),
        (text, "small", false),
        (text, "", false),
        (r#"{"body": [""]}"#, "", true),
        (r#"{"body": ["5"]}"#, "5", true),
        (r#"{"body": [5]}"#, "5", false),
        (r#"{"body": ["{"]}"#, "{", true),
        (r#"{"body": [{"exists": true}]}"#, "large", true),
        (r#"{"body": [{"exists": false}]}"#, "large", false),
        (r#"{"body": [{"anything-but": "large"}]}"#, "small", true),
        (r#"{"body": [{"anything-but": "large"}]}"#, "large", false),
        // The pattern is for text, and the body is JSON.
        (text, r#"{"size": "large"}"#, false),
        (text, r#"["large"]"#, false),
        (r#"{"body": [{"exists": false}]}"#, "{}", false),
        (r#"{"body": [{"exists": false}]}"#, "[]", false),
        (r#"{"body": [{"anything-but": "large"}]}"#, r#"["small"]"#, false),
        (r#"{"body": ["{}"]}"#, "{}", false),
        // Each alternative for itself.
        (either, "large", true),
        (either, r#"{"size": "large"}"#, true),
        (either, r#"["large"]"#, false),
        (either, "small", false),
        // Other keys are as if they were not there.
        (r#"{"eventSource": ["other"]}"#, "x", true),
        (
            r#"{"messageAttributes": {"a": ["x"]}, "body": {"size": ["large"]}}"#,
            r#"{"size": "large"}"#,
            true,
        ),
        (r#"{"messageAttributes": {"a": ["x"]}, "body": {"size": ["large"]}}"#, "{}", false),
        (r#"{"eventSource": [{"exists": false}], "body": ["x"]}"#, "y", false),
    ] {
        let filters = Filters::read([filter]).expect("a filter");
        assert_eq!(filters.pass(body), passes, "{filter} of {body}");
    }
}

#[test]
fn one_filter_of_several_is_enough_and_without_any_all_pass() {
    let (one, other) = (r#"{"body": {"size": ["large"]}}"#, r#"{"body": [{"prefix": "l"}]}"#);
    let filters = Filters::read([one, other]).expect("filters");
    assert_eq!(filters.count(), 2);
    for (body, passes) in
        [("large", true), (r#"{"size": "large"}"#, true), ("small", false), ("{}", false)]
    {
        assert_eq!(filters.pass(body), passes, "{body}");
    }
    assert!(Filters::default().pass("x") && Filters::default().pass("{}"));
}

#[test]
fn five_filters_are_taken_and_the_one_that_is_wrong_is_told() {
    let good = r#"{"body": ["x"]}"#;
    assert_eq!(Filters::read([good; 5]).expect("five").count(), 5);
    let error = Filters::read([good; 6]).unwrap_err();
    assert_eq!(error.to_string(), "6 filters are more than the 5 that a mapping may have");
    let error = Filters::read([good, "{}"]).unwrap_err();
    assert!(matches!(error, FiltersError::Pattern { index: 1, .. }), "{error:?}");
    assert!(error.to_string().starts_with("filter 2 is refused: the pattern is `{}`"), "{error}");
}

#[test]
fn keys_without_effect_are_told() {
    let or = r#"{"$or": [{"body": ["x"]}, {"messageId": ["x"]}], "awsRegion": ["x"]}"#;
    let filters = Filters::read([or, r#"{"body": {"awsRegion": ["x"], "other": ["x"]}}"#]);
    assert_eq!(filters.expect("filters").ignored(), ["awsRegion", "messageId"]);
}

#[test]
fn what_is_deep_is_refused_or_plain_text_and_overflows_no_stack() {
    let within = |depth: usize| format!("{}[1]{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    assert!(refused(&within(600)).contains("recursion limit"));
    let or = |depth: usize| {
        let (before, after) = (r#"{"$or":[{"b":[1]},"#.repeat(depth), "]}".repeat(depth));
        format!(r#"{before}{{"a":[1]}}{after}"#)
    };
    assert!(refused(&or(100)).contains("recursion limit"));
    let deep = pattern(&within(120));
    let event: Value = serde_json::from_str(&within(120)).unwrap();
    assert!(deep.matches(&event));
    assert!(pattern(&or(60)).matches(&json!({ "a": 1 })));
    let lists = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let lists = json!({ "a": serde_json::from_str::<Value>(&lists).unwrap() });
    assert!(pattern(r#"{"a": [1]}"#).matches(&lists));

    let body = "[".repeat(1 << 20);
    assert!(!Filters::read([r#"{"body": {"a": [1]}}"#]).expect("a filter").pass(&body));
    assert!(Filters::read([r#"{"body": [{"prefix": "["}]}"#]).expect("a filter").pass(&body));
}

#[test]
fn a_large_body_is_looked_at_once_by_each_rule() {
    let body =
        format!(r#"{{"a": [{}{{"b": 1}}]}}"#, r#"{"b": 0, "c": {"d": [0]}},"#.repeat(40_000));
    let absent =
        r#"{"body": {"a": {"b": [1], "c": {"e": [{"exists": false}]}, "d": [{"exists": false}]}}}"#;
    assert!(Filters::read([absent; 5]).expect("filters").pass(&body));
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("body".to_owned()),
        Just("$or".to_owned()),
        Just("prefix".to_owned()),
        Just("exists".to_owned()),
        Just("numeric".to_owned()),
        Just("anything-but".to_owned()),
        Just("<".to_owned()),
        ".{0,3}",
    ]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        texts().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((texts(), inner), 0..4)
                .prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

/// A pattern that a value matches: what it is, each leaf in a list.
fn of(value: &Value) -> Option<Value> {
    match value {
        Value::Object(members) => {
            let fields = members.iter().filter(|(name, _)| *name != "$or");
            let fields: serde_json::Map<_, _> =
                fields.filter_map(|(name, value)| Some((name.clone(), of(value)?))).collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        Value::Array(elements) => elements.iter().find_map(of),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(json!([value])),
    }
}

proptest! {
    #[test]
    fn anything_is_a_pattern_or_a_sentence(pattern in values(), event in values(), text in ".{0,40}") {
        let whole = json!({ "body": pattern });
        for text in [text, pattern.to_string(), whole.to_string()] {
            match Filters::read([text.as_str()]) {
                Ok(filters) => {
                    let read = Pattern::parse(&text).expect("it was one");
                    let said = || (filters.pass(&event.to_string()), read.matches(&event));
                    prop_assert_eq!(said(), said());
                }
                Err(error) => prop_assert!(!error.to_string().contains('\n'), "{error}"),
            }
        }
    }

    #[test]
    fn what_an_event_says_of_itself_matches_it(event in values()) {
        if let Some(pattern) = of(&event).filter(|pattern| pattern.is_object() && event.is_object()) {
            let text = pattern.to_string();
            let read = Pattern::parse(&text).expect("a pattern");
            prop_assert!(read.matches(&event), "{text} of {event}");
            let filters = Filters::read([json!({ "body": pattern }).to_string().as_str()]);
            prop_assert!(filters.expect("a filter").pass(&event.to_string()), "{text} of {event}");
        }
    }
}
