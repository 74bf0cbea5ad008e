//! To be written. What stands here are stand-ins for the command line to compile against.

use std::path::PathBuf;

/// How a template is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// Values of parameters, in place of their defaults.
    pub parameter_overrides: Vec<(String, String)>,
    /// The region.
    pub region: String,
    /// The account.
    pub account: String,
}

/// A template.
#[derive(Clone, Debug)]
pub struct Template {
    /// What it has and the cloud does not serve.
    pub not_served: Vec<String>,
    /// `Metadata.Lunch.Orders`, absolute.
    pub orders: Option<PathBuf>,
}

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the template cannot be read")]
pub struct TemplateError {}

/// Reads a template.
///
/// # Errors
/// If it cannot be used.
pub fn read(options: &Options) -> Result<Template, TemplateError> {
    let _ = options;
    Err(TemplateError {})
}
