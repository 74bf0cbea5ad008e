//! Containers that cannot be, or may not be any longer, say why in AWS's words.

use lunch_contract::ecs::StartFailure;
use lunch_host::wire::{Happened, Note};
use lunch_tests::wait_until;

use super::street::{Street, image, services};

impl Street {
    /// Waits for the word that a service's container did not start, and for why.
    fn not_started(&self, name: &str) -> (StartFailure, String) {
        wait_until(&format!("`{name}` does not start"), || {
            let all = self.cloud.timeline();
            let found = all.into_iter().find_map(|line| {
                let Happened::Note(Note::ContainerNotStarted { failure, why, .. }) = line.happened
                else {
                    return None;
                };
                why.contains(name).then_some((failure, why))
            });
            found.ok_or_else(|| "nothing".to_owned())
        })
    }
}

#[test]
fn an_image_that_is_not_there_and_a_program_that_is_not_in_it_are_said() {
    let burger = image("burger");
    let street = Street::open(
        &services(&[
            ("missing", "Memory: 64, Image: \"lunch-test/no-such-image:7\""),
            ("empty", &format!("Memory: 64, Image: \"{burger}\", EntryPoint: [/no-such-program]")),
        ]),
        "container",
    );
    let (failure, why) = street.not_started("no-such-image");
    assert_eq!(failure.name(), "CannotPullContainerError");
    let expected = "the image `lunch-test/no-such-image:7` is not there and cannot be pulled: ";
    assert!(why.starts_with(expected) && why.len() > expected.len(), "{why}");
    let (failure, why) = street.not_started("/no-such-program");
    assert_eq!(failure.name(), "CannotStartContainerError", "{why}");
    street.close();
}

#[test]
fn a_container_that_needs_more_memory_than_it_may_have_ends_for_that() {
    // A crowd of processes, each of which needs some of it.
    let salad = image("salad");
    let street = Street::open(
        &services(&[(
            "hungry",
            &format!(
                "Image: \"{salad}\", Memory: 16, Command: [measure, --makers, \"60\", --seconds, \"20\"]"
            ),
        )]),
        "container",
    );
    let is_over = || {
        street.cloud.ps().services[0]
            .event
            .as_ref()
            .is_some_and(|(_, text)| text.contains("unable"))
    };
    wait_until("some have ended", || {
        let states = street.states("task-0000");
        if is_over() || states.contains(&"STOPPED".to_owned()) {
            Ok(())
        } else {
            Err(format!("{states:?}"))
        }
    });
    let exits = street.close();
    let (_, exit) = exits.first().expect("one has ended");
    assert_eq!(
        exit.reason(),
        Some("OutOfMemoryError: Container killed due to memory usage"),
        "{exit:?}"
    );
}
