//! What of a function is published: versions, and aliases that lead to them.
//!
//! A version is a revision: each deployment of a function that publishes makes the next one, and the newest is the one
//! that is served. D:configuration-versions.

use std::collections::BTreeMap;
use std::fmt;

use lunch_contract::names::LATEST;

/// What of a function is published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Whether each of its revisions is a version.
    pub versions: bool,
    /// Its aliases.
    pub aliases: BTreeMap<String, AliasTarget>,
}

/// Where an alias leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasTarget {
    /// To what was deployed last, published or not.
    Latest,
    /// To the newest version.
    Newest,
}

/// A version as callers see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Version {
    /// `$LATEST`
    #[default]
    Latest,
    /// The first is 1.
    Number(u32),
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str(LATEST),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl Published {
    /// The version that a qualifier stands for, where that revision serves; `None`: there is none.
    pub(crate) fn version(&self, qualifier: &str, revision: u32) -> Option<Version> {
        if qualifier == LATEST {
            return Some(Version::Latest);
        }
        match self.aliases.get(qualifier) {
            Some(AliasTarget::Latest) => Some(Version::Latest),
            Some(AliasTarget::Newest) => Some(Version::Number(revision)),
            None => {
                let is_newest = self.versions && qualifier == revision.to_string();
                is_newest.then_some(Version::Number(revision))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qualifier_is_a_version_an_alias_or_nothing() {
        let aliases = [("live", AliasTarget::Newest), ("next", AliasTarget::Latest)];
        let aliases = aliases.map(|(name, target)| (name.to_owned(), target)).into();
        let published = Published { versions: true, aliases };
        let of = |qualifier| published.version(qualifier, 3);
        assert_eq!(of("$LATEST"), Some(Version::Latest));
        assert_eq!(of("live"), Some(Version::Number(3)));
        assert_eq!(of("next"), Some(Version::Latest));
        assert_eq!(of("3"), Some(Version::Number(3)));
        for unknown in ["2", "4", "03", "Live", ""] {
            assert_eq!(of(unknown), None, "{unknown}");
        }
        assert_eq!(Published::default().version("3", 3), None, "nothing is published");
    }
}
