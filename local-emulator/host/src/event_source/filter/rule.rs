//! What a pattern demands of an event, compiled: fields that must all hold, and tests of which one must.
//!
//! Every element of the event is looked at once by each rule for its place: nothing is tried again.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

/// Fields of one object: all of them must hold, and of each `$or` one of its alternatives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) named: Vec<(String, Rule)>,
    pub(super) either: Vec<Vec<Self>>,
}

/// What is demanded of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// An object; where the event has an array, one of its objects.
    Within(Fields),
    /// One test that holds; where the event has an array, for one of its elements.
    OneOf(Vec<Test>),
}

/// A test of a leaf: of a value that is neither an object nor an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// A text, number, truth value or `null`.
    Is(Value),
    /// Neither of these.
    AnythingBut(Vec<Value>),
    /// Every comparison, of one or two.
    Numeric(Vec<(Comparison, Number)>),
    /// Any leaf.
    Exists,
    /// No leaf at this place of the whole event; its number among [`super::Pattern`]'s absences.
    Absent(usize),
    Prefix(String),
    Suffix(String),
    IgnoreCase(String),
    PrefixIgnoreCase(String),
    SuffixIgnoreCase(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Fields {
    /// Whether they hold for an object; `None`: for one that is not there, which only absences survive.
    pub(super) fn hold(&self, object: Option<&Map<String, Value>>, absent: &[bool]) -> bool {
        let field = |name: &str| object.and_then(|members| members.get(name));
        self.named.iter().all(|(name, rule)| rule.holds(field(name), absent))
            && self.either.iter().all(|all| all.iter().any(|one| one.hold(object, absent)))
    }
}

impl Rule {
    pub(super) fn holds(&self, value: Option<&Value>, absent: &[bool]) -> bool {
        match self {
            Self::Within(fields) => {
                value.is_some_and(|value| {
                    any(value, &|one| match one {
                        Value::Object(members) => fields.hold(Some(members), absent),
                        Value::Null
                        | Value::Bool(_)
                        | Value::Number(_)
                        | Value::String(_)
                        | Value::Array(_) => false,
                    })
                }) || fields.hold(None, absent)
            }
            Self::OneOf(tests) => tests.iter().any(|test| match test {
                Test::Absent(number) => absent.get(*number).is_some_and(|is_absent| *is_absent),
                Test::Is(_)
                | Test::AnythingBut(_)
                | Test::Numeric(_)
                | Test::Exists
                | Test::Prefix(_)
                | Test::Suffix(_)
                | Test::IgnoreCase(_)
                | Test::PrefixIgnoreCase(_)
                | Test::SuffixIgnoreCase(_) => {
                    value.is_some_and(|value| any(value, &|one| is_leaf(one) && test.holds(one)))
                }
            }),
        }
    }
}

impl Test {
    fn holds(&self, leaf: &Value) -> bool {
        let text = |holds: &dyn Fn(&str) -> bool| leaf.as_str().is_some_and(holds);
        match self {
            Self::Is(wanted) => same(leaf, wanted),
            Self::AnythingBut(all) => !all.iter().any(|one| same(leaf, one)),
            Self::Numeric(all) => leaf.as_number().is_some_and(|number| {
                all.iter().all(|(comparison, bound)| comparison.holds(order(number, bound)))
            }),
            Self::Exists => true,
            Self::Absent(_) => false,
            Self::Prefix(start) => text(&|text| text.starts_with(start)),
            Self::Suffix(end) => text(&|text| text.ends_with(end)),
            Self::IgnoreCase(wanted) => text(&|text| lower(text).eq(lower(wanted))),
            Self::PrefixIgnoreCase(start) => text(&|text| begins(lower(text), lower(start))),
            Self::SuffixIgnoreCase(end) => {
                text(&|text| begins(lower(text).rev(), lower(end).rev()))
            }
        }
    }
}

impl Comparison {
    /// As it is written.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "=" => Some(Self::Equal),
            "<" => Some(Self::Less),
            "<=" => Some(Self::LessOrEqual),
            ">" => Some(Self::Greater),
            ">=" => Some(Self::GreaterOrEqual),
            _ => None,
        }
    }

    const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// Whether no leaf of the event stands at the end of a path, whichever elements of arrays it leads through.
pub(super) fn is_absent(path: &[String], value: &Value) -> bool {
    !any(value, &|one| match (path, one) {
        ([], one) => is_leaf(one),
        ([name, rest @ ..], Value::Object(members)) => {
            members.get(name).is_some_and(|member| !is_absent(rest, member))
        }
        ([_, ..], _) => false,
    })
}

/// Which of two numbers is the larger, as numbers: `3e2` is `300`.
pub(super) fn order(one: &Number, other: &Number) -> Ordering {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => one.cmp(&other),
        (_, _) => {
            let float = |number: &Number| number.as_f64().unwrap_or_default();
            float(one).partial_cmp(&float(other)).unwrap_or(Ordering::Less)
        }
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => order(one, other).is_eq(),
        (one, other) => one == other,
    }
}

fn is_leaf(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// Whether it is so for a value, or where it is an array for one of its elements, however deep arrays lie in arrays.
fn any(value: &Value, is_so: &dyn Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(|element| any(element, is_so)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            is_so(value)
        }
    }
}

fn lower(text: &str) -> impl DoubleEndedIterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

fn begins(mut text: impl Iterator<Item = char>, mut start: impl Iterator<Item = char>) -> bool {
    start.all(|wanted| text.next() == Some(wanted))
}
