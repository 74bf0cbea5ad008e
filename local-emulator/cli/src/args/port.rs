//! Where a cloud is, or would be.

use clap::Args;

use super::{Cloud, PORT};

/// Where a running cloud is.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Door {
    /// The port of the running cloud
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    pub(crate) port: u16,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Check {
    /// Where `up` would listen: a project's own stands in its `samconfig.toml`
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) cloud: Cloud,
}
