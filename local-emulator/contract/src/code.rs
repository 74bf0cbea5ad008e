//! What AWS takes as a function's code.

/// How many bytes a function's code may have once it is unpacked, its layers included. Source: "Lambda quotas" of the
/// Lambda developer guide, and AWS's own text: "Unzipped size must be smaller than 262144000 bytes".
pub const UNZIPPED_BYTES_MAX: u64 = 262_144_000;

/// How many entries an archive may have: as many as a zip without the extension for 64 bits can. AWS names no number.
pub const ENTRIES_MAX: usize = 65_535;
