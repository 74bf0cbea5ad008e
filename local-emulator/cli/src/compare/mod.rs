//! The article's comparison, measured: what every option came to, the article's word on it, and whether that holds.
//!
//! What is measured stands in [`figures`], by [`measure`]; all else makes words of it and measures nothing.

pub(crate) mod article;
pub(crate) mod figures;
pub(crate) mod measure;
pub(crate) mod overlap;
pub(crate) mod page;
pub(crate) mod prices;
pub(crate) mod pros;
pub(crate) mod report;
#[cfg(test)]
mod sample;
