//! A panic of somebody else's code, caught without a word on stderr.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What `work` answers; `None` if it panicked, which nobody is told of.
///
/// The process's panic hook is asked for every panic but those of `work` on this thread.
pub(super) fn catch<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                others(info);
            }
        }));
    });
    IS_QUIET.set(true);
    let answer = panic::catch_unwind(AssertUnwindSafe(work));
    IS_QUIET.set(false);
    answer.ok()
}
