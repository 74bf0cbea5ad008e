//! `lunch evict NAME|INSTANCE`: the next request is cold.

use std::fmt::Write as _;

use crate::args;
use crate::commands::advance::few;
use crate::door::Door;
use crate::failure::{Code, Failure};
use crate::say;
use lunch_host::wire::{Evict, Evicted};

pub(crate) async fn run(asked: args::Evict) -> Result<Code, Failure> {
    let door = Door::new(asked.door.port);
    let evicted: Evicted = door.ask("/_lunch/evict", &what(&asked.what)).await?;
    say::answer(render(&asked.what, &evicted));
    Ok(Code::Done)
}

/// `i-0004` is an instance, everything else a function.
fn what(text: &str) -> Evict {
    let serial = text.strip_prefix("i-").filter(|serial| !serial.is_empty());
    if serial.is_some_and(|serial| serial.bytes().all(|byte| byte.is_ascii_digit())) {
        Evict::Instance(text.to_owned())
    } else {
        Evict::Function(text.to_owned())
    }
}

fn render(what: &str, evicted: &Evicted) -> String {
    if evicted.instances.is_empty() {
        return format!("no instance of `{what}` lives: the next request is cold in any case\n");
    }
    let mut text = format!("evicted: {}\n", few(&evicted.instances));
    if !evicted.busy.is_empty() {
        writeln!(text, "first finishing what it has in hand: {}", few(&evicted.busy))
            .expect("a string takes what is written");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instances_name_is_told_from_a_functions() {
        assert_eq!(what("i-0004"), Evict::Instance("i-0004".into()));
        assert_eq!(what("i-coffee"), Evict::Function("i-coffee".into()));
        assert_eq!(what("i-"), Evict::Function("i-".into()));
    }
}
