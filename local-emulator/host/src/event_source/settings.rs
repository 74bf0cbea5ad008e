//! How a mapping is set, as its calls have it and the store keeps it.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::filter::{Filters, FiltersError};
use crate::template;

/// What AWS's calls say of a mapping from a queue to a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// The queue's name.
    pub(crate) queue: String,
    /// The function's name.
    pub(crate) function: String,
    /// An alias or a version of it.
    pub(crate) qualifier: Option<String>,
    pub(crate) batch_size: u32,
    /// `MaximumBatchingWindowInSeconds`.
    pub(crate) window_s: u32,
    /// `ScalingConfig.MaximumConcurrency`.
    pub(crate) concurrency_max: Option<u32>,
    /// `ProvisionedPollerConfig`.
    #[serde(default)]
    pub(crate) provisioned: Option<template::ProvisionedPollers>,
    /// Whether the function's answer is read: `ReportBatchItemFailures`.
    pub(crate) reports_failures: bool,
    pub(crate) enabled: bool,
    /// `FilterCriteria`: patterns as they were written.
    pub(crate) filters: Vec<String>,
}

impl Settings {
    /// Reads the filters.
    pub(crate) fn filters(&self) -> Result<Rc<Filters>, FiltersError> {
        Filters::read(self.filters.iter().map(String::as_str)).map(Rc::new)
    }
}

impl From<&template::Mapping> for Settings {
    fn from(mapping: &template::Mapping) -> Self {
        Self {
            queue: mapping.queue.clone(),
            function: mapping.function.clone(),
            qualifier: mapping.qualifier.clone(),
            batch_size: mapping.batch_size,
            window_s: u32::try_from(mapping.window.as_secs()).unwrap_or(u32::MAX),
            concurrency_max: mapping.concurrency_max,
            provisioned: mapping.provisioned,
            reports_failures: mapping.reports_failures,
            enabled: mapping.enabled,
            filters: mapping.filters.texts().map(str::to_owned).collect(),
        }
    }
}
