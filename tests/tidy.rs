//! Tests about the code itself: what holds for the whole repository and no compiler sees.

#[cfg(test)]
mod tidy {
    mod conformance;
    mod dependencies;
    mod promises;
    mod sources;
}
