//! Tables: what a pattern matches, and what is no pattern.

use serde_json::{Value, json};

use super::Pattern;

pub(super) fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(super) fn refused(text: &str) -> String {
    Pattern::parse(text).map(|read| panic!("{text}: {read:?}")).unwrap_err().to_string()
}

/// Patterns of the field `a`, with values of it that match, and values that do not.
const OF_A_FIELD: [(&str, &str, &str); 45] = [
    // Exactly, and one of several.
    (
        r#"["x"]"#,
        r#"["x", ["x"], ["y", "x"], [["x"]], [{"b": 1}, "x"]]"#,
        r#"["X", "xx", "", 1, null, true, [], {}, ["y"], {"a": "x"}]"#,
    ),
    (r#"["x", "y", 3]"#, r#"["x", "y", 3, [0, 3]]"#, r#"["z", "3", null]"#),
    (r#"[""]"#, r#"["", ["", "x"]]"#, r#"["x", null, [], {}, 0, false]"#),
    ("[null]", "[null, [null]]", r#"["null", "", 0, false, [], {}]"#),
    ("[true]", "[true, [false, true]]", r#"[false, "true", 1, null]"#),
    ("[false]", "[false]", r#"[true, "false", 0, null]"#),
    // Numbers are numbers, however they are written.
    ("[300]", "[300, 300.0, 3.0e2, [1, 300]]", r#"[301, -300, "300", 300.5, null]"#),
    ("[3.018e2]", "[301.8]", "[301, 302]"),
    ("[0]", "[0, -0.0, 0.0]", r#"[false, null, "", "0"]"#),
    // Greater than a float can tell from its neighbours.
    ("[9007199254740993]", "[9007199254740993]", "[9007199254740992, 9007199254740994]"),
    ("[18446744073709551615]", "[18446744073709551615]", "[18446744073709551614, -1]"),
    ("[-9223372036854775808]", "[-9223372036854775808]", "[9223372036854775807]"),
    // Prefix and suffix: of texts only.
    (
        r#"[{"prefix": "us-"}]"#,
        r#"["us-", "us-east-1", ["eu", "us-1"]]"#,
        r#"["us", "US-1", "eu-us-", 1, null, [], {}]"#,
    ),
    (r#"[{"prefix": ""}]"#, r#"["", "x"]"#, "[1, null, true, []]"),
    (r#"[{"prefix": "ü"}]"#, r#"["über"]"#, r#"["Über", "u"]"#),
    (
        r#"[{"suffix": ".png"}]"#,
        r#"[".png", "a.png", ["b", "a.png"]]"#,
        r#"["a.png ", "a.PNG", "png", 1, null]"#,
    ),
    (
        r#"[{"prefix": {"equals-ignore-case": "EventB"}}]"#,
        r#"["eventbridge", "EVENTB"]"#,
        r#"["event", 1]"#,
    ),
    (
        r#"[{"suffix": {"equals-ignore-case": "tBridge"}}]"#,
        r#"["EventBridge", "TBRIDGE"]"#,
        r#"["bridge", "tbridge!"]"#,
    ),
    (
        r#"[{"equals-ignore-case": "Alice"}]"#,
        r#"["alice", "ALICE", ["bob", "aLICE"]]"#,
        r#"["alic", "alices", "", null, 1]"#,
    ),
    (r#"[{"equals-ignore-case": "ÄÖ"}]"#, r#"["äö", "Äö"]"#, r#"["ao"]"#),
    (r#"[{"exactly": "x"}]"#, r#"["x"]"#, r#"["X", 1]"#),
    // Anything but: every leaf that is none of these, whatever its kind.
    (
        r#"[{"anything-but": "x"}]"#,
        r#"["y", "X", "", 1, null, true, ["x", "y"]]"#,
        r#"["x", ["x", "x"], [], {}, {"b": "y"}]"#,
    ),
    (
        r#"[{"anything-but": ["x", "y"]}]"#,
        r#"["z", 1, ["x", "z"]]"#,
        r#"["x", "y", ["x", "y"], []]"#,
    ),
    (r#"[{"anything-but": 5}]"#, r#"[6, "5", null, -5]"#, "[5, 5.0, 0.5e1, [5]]"),
    (r#"[{"anything-but": [1, 2.5]}]"#, "[3, 2]", "[1, 2.5, 1.0]"),
    (r#"[{"anything-but": ""}]"#, r#"["x", null]"#, r#"[""]"#),
    // Comparisons: of numbers only.
    (r#"[{"numeric": ["=", 5]}]"#, "[5, 5.0, 5e0]", r#"[4, "5", null, true, [], {}]"#),
    (r#"[{"numeric": ["<", 10]}]"#, "[9, 9.999, -1e9, [11, 9]]", r#"[10, 10.0, 11, "9"]"#),
    (r#"[{"numeric": ["<=", 10]}]"#, "[10, 9]", "[10.001, 11]"),
    (r#"[{"numeric": [">", 0]}]"#, "[1, 0.001, 1e300]", "[0, -0.0, -1]"),
    (r#"[{"numeric": [">=", -2.5]}]"#, "[-2.5, 0]", "[-2.6, -3]"),
    (r#"[{"numeric": [">", 0, "<=", 5]}]"#, "[1, 5, 0.1]", "[0, 5.1, 6, -1]"),
    (r#"[{"numeric": [">=", 100, "<", 200]}]"#, "[100, 199.9]", "[99, 200]"),
    // Both bounds are for one element: neither of these lies between them.
    (r#"[{"numeric": [">", 3, "<", 5]}]"#, "[4, [9, 4]]", "[[1, 9]]"),
    (r#"[{"numeric": [">", 9007199254740992]}]"#, "[9007199254740993]", "[9007199254740992]"),
    (r#"[{"numeric": [">", 1759999999999]}]"#, "[1760000000000]", "[1759999999999]"),
    // There at all: a leaf, of any kind.
    (
        r#"[{"exists": true}]"#,
        r#"["x", "", 0, null, false, ["x"], [[1]]]"#,
        r#"[[], {}, {"b": 1}, [{}], [[]]]"#,
    ),
    (
        r#"[{"exists": false}]"#,
        r#"[[], {}, {"b": 1}, [{}]]"#,
        r#"["x", "", 0, null, false, ["x"], [{}, 1]]"#,
    ),
    // Operators and values together.
    (r#"["x", {"prefix": "y"}, {"numeric": [">", 5]}]"#, r#"["x", "yes", 6]"#, r#"["z", 5, null]"#),
    (r#"[null, {"exists": false}]"#, "[null, []]", r#"["", 0]"#),
    (r#"[{"anything-but": "x"}, "x"]"#, r#"["x", "y"]"#, "[[], {}]"),
    // Objects, in arrays too.
    (
        r#"{"b": ["x"]}"#,
        r#"[{"b": "x"}, {"b": ["x"]}, [{"b": "y"}, {"b": "x"}], [[{"b": "x"}]], {"b": "x", "c": 1}]"#,
        r#"["x", {"b": {"b": "x"}}, {"c": "x"}, {}, [], null, ["b", "x"]]"#,
    ),
    // Of one and the same object.
    (
        r#"{"b": [1], "c": [2]}"#,
        r#"[{"b": 1, "c": 2}, [{"b": 0}, {"b": 1, "c": 2}]]"#,
        r#"[{"b": 1}, [{"b": 1}, {"c": 2}], [{"b": 1, "c": 9}, {"b": 9, "c": 2}]]"#,
    ),
    // No object here has it, and of something else it is absent too.
    (
        r#"{"b": [{"exists": false}]}"#,
        r#"[{}, [], "x", null, {"c": 1}, [{"c": 1}], {"b": {"c": 1}}]"#,
        r#"[{"b": 1}, [{"c": 1}, {"b": null}]]"#,
    ),
    (
        r#"{"b": [{"exists": false}], "c": [1]}"#,
        r#"[{"c": 1}, [{"c": 0}, {"c": 1}]]"#,
        r#"[{"b": 0, "c": 1}, {}, "x", [{"c": 1}, {"b": 2}]]"#,
    ),
];

#[test]
fn a_field_matches_as_aws_says() {
    for (field, matching, others) in OF_A_FIELD {
        let read = pattern(&format!(r#"{{"a": {field}}}"#));
        for (values, matches) in [(matching, true), (others, false)] {
            let values: Value = serde_json::from_str(values).unwrap();
            for value in values.as_array().expect("a list") {
                assert_eq!(read.matches(&json!({ "a": value })), matches, "{field} of {value}");
                let beside = json!({ "b": "z", "a": value, "c": { "a": "x" } });
                assert_eq!(read.matches(&beside), matches, "{field} of {beside}");
            }
        }
    }
}

#[test]
fn a_field_that_is_not_there_matches_only_where_it_must_not_be_there() {
    for (field, ..) in OF_A_FIELD {
        let survives = field.contains("false}]") && !field.contains(r#""c": [1]"#);
        let read = pattern(&format!(r#"{{"a": {field}}}"#));
        assert_eq!(read.matches(&json!({ "b": "x" })), survives, "{field}");
        for no_object in [json!([]), json!("a"), json!(null), json!([{ "a": "x" }])] {
            assert!(!read.matches(&no_object), "{field} of {no_object}");
        }
    }
}

#[test]
fn fields_are_anded_and_alternatives_ored() {
    let or = r#"{"s": [1], "$or": [{"m": ["c", "r"]}, {"t": ["m"], "n": ["e"]}, {"o": {"p": [{"exists": true}]}}]}"#;
    let both = r#"{"$or": [{"a": [1]}, {"b": [1]}], "d": {"$or": [{"a": [1]}, {"b": [1]}]}}"#;
    let nested = r#"{"$or": [{"a": [1], "$or": [{"b": [1]}, {"c": [1]}]}, {"d": [1]}]}"#;
    let in_array = r#"{"a": {"x": [1], "$or": [{"y": [1]}, {"z": [1]}]}}"#;
    for (text, event, matches) in [
        (r#"{"a": [1], "b": [2]}"#, json!({ "a": 1, "b": 2 }), true),
        (r#"{"a": [1], "b": [2]}"#, json!({ "a": 1, "b": 1 }), false),
        (r#"{"a": [1], "b": [2]}"#, json!({ "a": 1 }), false),
        (or, json!({ "s": 1, "m": "r" }), true),
        (or, json!({ "s": 1, "t": "m", "n": "e" }), true),
        (or, json!({ "s": 1, "o": { "p": null } }), true),
        (or, json!({ "s": 1, "t": "m" }), false),
        (or, json!({ "s": 2, "m": "r" }), false),
        (or, json!({ "m": "r" }), false),
        (both, json!({ "a": 1, "d": { "b": 1 } }), true),
        (both, json!({ "a": 1, "b": 1 }), false),
        (both, json!({ "d": { "a": 1, "b": 1 } }), false),
        (nested, json!({ "a": 1, "c": 1 }), true),
        (nested, json!({ "d": 1 }), true),
        (nested, json!({ "a": 1 }), false),
        (in_array, json!({ "a": [{ "x": 1, "z": 1 }] }), true),
        (in_array, json!({ "a": [{ "x": 1 }, { "z": 1 }] }), false),
        (r#"{"a": {"b": {"c": ["x"]}}}"#, json!({ "a": { "b": { "c": "x" } } }), true),
        (r#"{"a": {"b": {"c": ["x"]}}}"#, json!({ "a": { "c": "x" } }), false),
        (r#"{"a": {"b": {"c": ["x"]}}}"#, json!({ "a.b.c": "x", "a": { "b.c": "x" } }), false),
        (r#"{"a": {"b": {"c": [{"exists": false}]}}}"#, json!({ "a": { "b": 1 } }), true),
        (r#"{"": [1]}"#, json!({ "": 1 }), true),
        (r#"{"prefix": ["x"]}"#, json!({ "prefix": "x" }), true),
    ] {
        assert_eq!(pattern(text).matches(&event), matches, "{text} of {event}");
    }
}

#[test]
fn what_aws_would_refuse_is_refused_with_its_place() {
    for (text, words) in [
        ("", "it is no JSON"),
        ("null", "the pattern is `null`; it must be an object"),
        (r#""simple string""#, r#"the pattern is `"simple string"`"#),
        ("simple string", "no JSON: expected value at line 1 column 1"),
        (r#"[{"body": ["x"]}]"#, "the pattern is `[{"),
        ("{}", "the pattern is `{}`; it must be an object with something in it"),
        (r#"{"a": ["x"]} x"#, "trailing characters"),
        (
            r#"{"eventSource": "aws:sqs"}"#,
            r#"`eventSource` is `"aws:sqs"`; it must be an object, or a list of what it may be: `["aws:sqs"]`"#,
        ),
        (r#"{"eventSource": []}"#, "`eventSource` is `[]`; it must be a list with something in it"),
        (r#"{"body": {"a": {}}}"#, "`body.a` is `{}`"),
        (r#"{"body": {"a": 5}}"#, "`[5]`"),
        (r#"{"body": {"a": null}}"#, "`[null]`"),
        (r#"{"a": [["x"]]}"#, r#"`a` is `["x"]`; it must be a text, a number"#),
        (r#"{"a": [{}]}"#, "an object with one operator"),
        (r#"{"a": [{"prefix": "x", "suffix": "y"}]}"#, "an object with one operator"),
        (
            r#"{"body": {"a": [{"like": "x"}]}}"#,
            r#"`body.a` is `{"like":"x"}`; it must be one of the operators that Lambda has: `anything-but`"#,
        ),
        (r#"{"a": [{"wildcard": "x*"}]}"#, "operators that Lambda has"),
        (r#"{"a": [{"cidr": "10.0.0.0/8"}]}"#, "operators that Lambda has"),
        (r#"{"a": [{"b": ["x"]}]}"#, "operators that Lambda has"),
        (r#"{"a": [{"prefix": 5}]}"#, "`a.prefix` is `5`; it must be a text"),
        (r#"{"a": [{"suffix": ["x"]}]}"#, "`a.suffix`"),
        (r#"{"a": [{"prefix": {"equals-ignore-case": 5}}]}"#, "`a.prefix` is `5`"),
        (r#"{"a": [{"prefix": {"suffix": "x"}}]}"#, "`a.prefix`"),
        (r#"{"a": [{"equals-ignore-case": ["x"]}]}"#, "`a.equals-ignore-case`"),
        (r#"{"a": [{"exactly": 5}]}"#, "`a.exactly` is `5`"),
        (
            r#"{"a": [{"exists": "true"}]}"#,
            r#"`a.exists` is `"true"`; it must be `true` or `false`"#,
        ),
        (r#"{"a": [{"exists": null}]}"#, "`a.exists`"),
        (r#"{"a": [{"anything-but": null}]}"#, "`a.anything-but`"),
        (r#"{"a": [{"anything-but": true}]}"#, "`a.anything-but`"),
        (r#"{"a": [{"anything-but": []}]}"#, "`a.anything-but` is `[]`"),
        (r#"{"a": [{"anything-but": ["x", 5]}]}"#, "and not of both"),
        (r#"{"a": [{"anything-but": [null]}]}"#, "`a.anything-but`"),
        (
            r#"{"a": [{"anything-but": {"prefix": "x"}}]}"#,
            "all that Lambda has of what EventBridge has",
        ),
        (r#"{"a": [{"numeric": 5}]}"#, "`a.numeric` is `5`; it must be one comparison"),
        (r#"{"a": [{"numeric": []}]}"#, "`a.numeric`"),
        (r#"{"a": [{"numeric": [">"]}]}"#, "`a.numeric`"),
        (r#"{"a": [{"numeric": [">", "5"]}]}"#, "`a.numeric`"),
        (r#"{"a": [{"numeric": [5, ">"]}]}"#, "`a.numeric`"),
        (r#"{"a": [{"numeric": ["==", 5]}]}"#, "`a.numeric`"),
        (r#"{"a": [{"numeric": ["!=", 5]}]}"#, "`a.numeric`"),
        (r#"{"a": [{"numeric": ["<", 5, ">", 0]}]}"#, "with the lower bound first"),
        (r#"{"a": [{"numeric": ["=", 5, "<", 9]}]}"#, "`a.numeric`"),
        (r#"{"a": [{"numeric": [">", 5, ">", 9]}]}"#, "`a.numeric`"),
        (r#"{"a": [{"numeric": [">", 0, "<", 5, "<", 4]}]}"#, "`a.numeric`"),
        (r#"{"a": [{"numeric": [">", 5, "<", 5]}]}"#, "something between them"),
        (r#"{"a": [{"numeric": [">", 9, "<", 5]}]}"#, "something between them"),
        (r#"{"$or": {"a": ["x"]}}"#, "`$or` is `{"),
        (r#"{"$or": []}"#, "two objects or more"),
        (r#"{"$or": [{"a": ["x"]}]}"#, "two objects or more"),
        (r#"{"$or": [{"a": ["x"]}, "x"]}"#, "`$or.1` is `\"x\"`"),
        (r#"{"$or": [{"a": ["x"]}, {}]}"#, "`$or.1` is `{}`"),
        (r#"{"body": {"$or": [{"a": ["x"]}, {"b": 5}]}}"#, "`body.$or.1.b` is `5`"),
        (
            r#"{"a": {"$or": [{"prefix": ["x"]}, {"b": ["x"]}]}}"#,
            "`prefix` is an operator, which stands in a field's list",
        ),
        (r#"{"a\nb": 5}"#, r"`a\nb` is `5`"),
    ] {
        let said = refused(text);
        assert!(said.contains(words), "{text}: {said}");
        assert!(!said.contains('\n') && said.len() < 400, "{text}: {said}");
    }
}

#[test]
fn no_pattern_is_longer_than_aws_takes() {
    let of = |length: usize| format!(r#"{{"a": ["{}"]}}"#, "ü".repeat(length - 11));
    assert!(pattern(&of(4_096)).matches(&json!({ "a": "ü".repeat(4_085) })));
    assert_eq!(refused(&of(4_097)), "it has 4097 characters, and AWS takes 4096");
}
