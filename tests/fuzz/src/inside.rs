//! The process of one door: case after case, each told before it begins.

use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::Mutex;
use std::time::Instant;

use crate::Plan;
use crate::case::Case;
use crate::doors::Door;

/// Panics of any task: the runtime catches them, and whoever waits for that task hears nothing.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Runs the door's cases until time is up, all are done or something is found.
pub(crate) fn run(door: &Door, plan: &Plan) {
    let (begun, corpus) = (Instant::now(), Rc::new((door.corpus)()));
    panic::set_hook(Box::new(|info| {
        let told = info.to_string();
        PANICS.lock().expect("nobody panics with it").push(told);
    }));
    for seed in (0..plan.cases).map(|count| plan.seed.wrapping_add(count)) {
        println!("case {seed}");
        let case = Case::new(seed, Rc::clone(&corpus), door.words);
        let played = panic::catch_unwind(AssertUnwindSafe(|| (door.play)(&case)));
        let panics = std::mem::take(&mut *PANICS.lock().expect("nobody panics with it"));
        let found = match (panics.first(), played) {
            (Some(panic), _) => Some(format!("a panic: {panic}")),
            (None, Ok(Ok(()))) => None,
            (None, Ok(Err(sentence))) => Some(sentence),
            (None, Err(_)) => Some("a panic that nobody heard".to_owned()),
        };
        if let Some(found) = found {
            let all = format!("{found}\n{}", case.kept(door.name));
            println!("found {}", all.replace('\n', "\u{1}"));
            return;
        }
        if begun.elapsed() > plan.seconds {
            return;
        }
    }
}
