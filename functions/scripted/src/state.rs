//! What lives as long as the process: the counters, the memory that is never given back, and the line printer.
//!
//! A function on AWS must not rely on any of this, which is exactly what tests want to see.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::step::Step;

static COUNT: AtomicU64 = AtomicU64::new(0);
static INVOCATION: AtomicU64 = AtomicU64::new(0);
static INIT_ATTEMPT: AtomicU64 = AtomicU64::new(0);
static PREVIOUS_REQUEST: Mutex<Option<String>> = Mutex::new(None);
static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
static AFTER_ANSWER: Mutex<(Vec<Step>, Vec<Step>)> = Mutex::new((Vec::new(), Vec::new()));

const UNPOISONED: &str = "nothing panics while it holds this lock";

/// Adds one to the counter.
pub(crate) fn count() -> u64 {
    COUNT.fetch_add(1, Ordering::Relaxed) + 1
}

/// The counter as it stands.
pub(crate) fn counted() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Counts an invocation; the first is 1.
pub(crate) fn invocation() -> u64 {
    INVOCATION.fetch_add(1, Ordering::Relaxed) + 1
}

/// Remembers the how manieth initialisation of this instance this is.
pub(crate) fn remember_init_attempt(attempt: u64) {
    INIT_ATTEMPT.store(attempt, Ordering::Relaxed);
}

/// The how manieth initialisation of this instance this is, where it was counted.
pub(crate) fn init_attempt() -> Option<u64> {
    Some(INIT_ATTEMPT.load(Ordering::Relaxed)).filter(|attempt| *attempt > 0)
}

/// Remembers the request, and tells the one before it.
pub(crate) fn swap_request(request_id: &str) -> Option<String> {
    PREVIOUS_REQUEST.lock().expect(UNPOISONED).replace(request_id.to_owned())
}

/// Keeps so much memory, every page of it touched, until the process ends.
pub(crate) fn keep_mib(mib: usize) {
    let block = vec![1_u8; mib << 20];
    KEPT.lock().expect(UNPOISONED).push(block);
}

/// Lays down what follows once the answer has been sent: before `/next`, and from then on.
pub(crate) fn leave_for_after(before_next: Vec<Step>, after: Vec<Step>) {
    *AFTER_ANSWER.lock().expect(UNPOISONED) = (before_next, after);
}

/// Takes what was laid down.
pub(crate) fn take_after() -> (Vec<Step>, Vec<Step>) {
    std::mem::take(&mut *AFTER_ANSWER.lock().expect(UNPOISONED))
}

/// One whole line to stdout. A reader that has gone is no reason to stop.
pub(crate) fn print(line: &str) {
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

/// One whole line to stderr.
pub(crate) fn print_err(line: &str) {
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}
