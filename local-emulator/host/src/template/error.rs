//! Why a template cannot be used: sentences.

use std::borrow::Cow;
use std::path::PathBuf;

use super::node::Span;
use crate::event_source::filter::FiltersError;

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// There is none.
    #[error("there is no template at `{}`\n({hint})", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// What to do.
        hint: String,
    },
    /// It cannot be read.
    #[error("cannot read the template `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is neither YAML nor JSON.
    #[error("`{}` is broken at line {}, column {}: {}", path.display(), at.line, at.column, short(words))]
    Broken {
        /// The file.
        path: PathBuf,
        /// Where.
        at: Span,
        /// The reader's own words.
        words: String,
    },
    /// Something in it is wrong.
    #[error("`{}`, {why}", path.display())]
    Within {
        /// The file.
        path: PathBuf,
        /// Where in it, and what.
        why: Box<Self>,
    },
    /// It is something else.
    #[error("`{}` is not a template: it has no `Resources`\n(name another with `--template FILE`)", path.display())]
    NotATemplate {
        /// The file.
        path: PathBuf,
    },
    /// A parameter's value is none of those that it may have.
    #[error("line {}, column {}: parameter `{}` cannot be `{}`\n(it may be {})", at.line, at.column, short(name), short(value), short(allowed))]
    NotAllowed {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// What it may be.
        allowed: String,
        /// Where.
        at: Span,
    },
    /// A value is given for a parameter that there is not.
    #[error(
        "there is no parameter `{name}` to give a value to\n({})",
        known(known_names, "parameters")
    )]
    NoParameter {
        /// The name that was given.
        name: String,
        /// Those that there are.
        known_names: Vec<String>,
    },
    /// A condition is named that there is not.
    #[error("line {}, column {}: there is no condition `{}`\n({})", at.line, at.column, short(name), known(known_names, "conditions"))]
    NoCondition {
        /// The name.
        name: String,
        /// Those that there are.
        known_names: Vec<String>,
        /// Where.
        at: Span,
    },
    /// A logical id is none, and might be a path.
    #[error("line {}, column {}: `{id}` is no logical id\n(AWS takes up to 255 of the letters `A` to `Z`, `a` to `z` and digits)", at.line, at.column)]
    LogicalId {
        /// The id, shortened.
        id: String,
        /// Where.
        at: Span,
    },
    /// Two functions, or two queues, have one name.
    #[error("line {}, column {}: `{other}` and `{id}` are both named `{}`\n(give one of them another `{property}`)", at.line, at.column, short(name))]
    SameName {
        /// The name.
        name: String,
        /// The property that gives it.
        property: &'static str,
        /// The logical id of who has it first.
        other: String,
        /// The logical id of who has it too.
        id: String,
        /// Where.
        at: Span,
    },
    /// Something refers to itself.
    #[error("line {}, column {}: `{}` refers to itself", at.line, at.column, short(name))]
    Cycle {
        /// What.
        name: String,
        /// Where.
        at: Span,
    },
    /// Resources need each other to be made first.
    #[error("line {}, column {}: {} is a circular dependency, which CloudFormation refuses\n(take one of these references out: give the value in a parameter, or what it is for in the request)", at.line, at.column, short(chain))]
    Circle {
        /// Who needs whom, the first one again at the end.
        chain: String,
        /// Where the first one says so.
        at: Span,
    },
    /// A resource is to be made after one that there is not.
    #[error("line {}, column {}: `DependsOn` of `{id}` names `{}`, which is no resource of the template\n({})", at.line, at.column, short(name), known(known_names, "resources"))]
    NoResource {
        /// The logical id of the resource that says so.
        id: String,
        /// The one that is not there.
        name: String,
        /// Those that there are.
        known_names: Vec<String>,
        /// Where.
        at: Span,
    },
    /// A value that is needed is only known to AWS.
    #[error("line {}, column {}: {property} of `{function}` is not known here: {}\n({})", at.line, at.column, short(why), short(hint))]
    Unresolved {
        /// The function's logical id.
        function: String,
        /// Its property.
        property: String,
        /// What could not be resolved.
        why: String,
        /// What to do.
        hint: String,
        /// Where.
        at: Span,
    },
    /// A value is not what it must be.
    #[error("line {}, column {}: {property} of `{function}` is {}; it must be {wanted}", at.line, at.column, short(got))]
    Value {
        /// The function's logical id.
        function: String,
        /// Its property.
        property: String,
        /// What it is.
        got: String,
        /// What it must be.
        wanted: String,
        /// Where.
        at: Span,
    },
    /// A mapping's filters are none that AWS takes.
    #[error("line {}, column {}: {property} of `{function}`: {why}", at.line, at.column)]
    Filters {
        /// The function's logical id, or the mapping's.
        function: String,
        /// Its property.
        property: String,
        /// What is wrong with which.
        why: Box<FiltersError>,
        /// Where.
        at: Span,
    },
}

impl TemplateError {
    /// The same, with the file before its place.
    pub(super) fn within(self, path: PathBuf) -> Self {
        match self {
            Self::NotAllowed { .. }
            | Self::NoCondition { .. }
            | Self::LogicalId { .. }
            | Self::SameName { .. }
            | Self::Cycle { .. }
            | Self::Circle { .. }
            | Self::NoResource { .. }
            | Self::Unresolved { .. }
            | Self::Value { .. }
            | Self::Filters { .. } => Self::Within { path, why: Box::new(self) },
            Self::Missing { .. }
            | Self::Read { .. }
            | Self::Broken { .. }
            | Self::Within { .. }
            | Self::NotATemplate { .. }
            | Self::NoParameter { .. } => self,
        }
    }
}

/// What a template says is quoted as far as that: a sentence is for reading.
const QUOTED_BYTES_MAX: usize = 600;

fn short(text: &str) -> Cow<'_, str> {
    let end = text.floor_char_boundary(QUOTED_BYTES_MAX);
    if end == text.len() { text.into() } else { format!("{}…", &text[..end]).into() }
}

/// What there is in place of what was named.
fn known(names: &[String], what: &str) -> String {
    let names = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    if names.is_empty() {
        format!("the template has no {what}")
    } else {
        format!("there is {}", short(&names.join(", ")))
    }
}
