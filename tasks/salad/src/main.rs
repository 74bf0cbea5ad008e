//! The salad shop's program.

fn main() {}
