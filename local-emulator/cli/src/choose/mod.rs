//! Which way of doing several things at once fits a program: a tree, what is known, and what one asks for the rest.

pub(crate) mod known;
pub(crate) mod tree;
