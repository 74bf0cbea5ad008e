//! The values of secrets, from a file of the developer's: nothing is asked of AWS.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Values by the secret's name in the container, or by what the task definition's `ValueFrom` says.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    values: BTreeMap<String, String>,
}

impl std::fmt::Debug for Secrets {
    /// Without the values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// A file of secrets that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// It cannot be read.
    #[error("cannot read the secrets in `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no JSON object of texts.
    #[error(
        "`{}` does not hold secrets\n(the form is {{\"NAME or ValueFrom\": \"value\"}})",
        path.display()
    )]
    Form {
        /// The file.
        path: PathBuf,
        /// Where and why; never a value.
        #[source]
        source: serde_json::Error,
    },
}

impl Secrets {
    /// Of these values.
    #[must_use]
    pub const fn new(values: BTreeMap<String, String>) -> Self {
        Self { values }
    }

    /// Reads a file: a JSON object of texts.
    ///
    /// # Errors
    /// If it cannot be read or has another form.
    pub fn read(path: &Path) -> Result<Self, SecretsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SecretsError::Read { path: path.into(), source })?;
        serde_json::from_str(&text)
            .map(Self::new)
            .map_err(|source| SecretsError::Form { path: path.into(), source })
    }

    /// The value of a container's secret: what its `ValueFrom` names wins, since a name may be used by several.
    pub(super) fn value(&self, name: &str, value_from: Option<&str>) -> Option<&str> {
        let by_source = value_from.and_then(|source| self.values.get(source));
        by_source.or_else(|| self.values.get(name)).map(String::as_str)
    }
}
