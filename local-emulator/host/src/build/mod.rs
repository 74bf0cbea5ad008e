//! To be written. What stands here are stand-ins for the command line to compile against.

use crate::function::ServedFunction;
use crate::template::Template;

/// How functions are built.
#[derive(Clone, Copy, Debug)]
pub struct BuildOptions {
    /// They are taken as they are.
    pub no_build: bool,
}

/// Why functions cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("the functions do not build")]
pub struct BuildError {}

/// Builds the functions.
///
/// # Errors
/// If they do not build.
pub fn build(
    template: &Template,
    options: &BuildOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<ServedFunction>, BuildError> {
    let _ = (template, options, progress);
    Err(BuildError {})
}
