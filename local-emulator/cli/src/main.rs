//! The program `lunch`: arguments, human output, exit codes.

mod args;
mod commands;
mod door;
mod failure;
mod orders;
mod say;
mod span;
mod story;
mod summary;
mod terminal;
mod timeline;
#[cfg(test)]
mod virtual_lunch;

fn main() {}
