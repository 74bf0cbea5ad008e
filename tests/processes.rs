//! Real processes: ended at their deadlines, frozen, reset, told no more than AWS tells them, and never left behind.
//!
//! Each test has a cloud of its own with `functions/scripted` in it.

#[cfg(test)]
mod processes {
    mod deadlines;
    mod endings;
    mod environment;
    mod folders;
    mod freezing;
    mod killed;
    mod life;
    mod logs;
    mod mischief;
    mod nothing_left;
    mod packages;
    mod redeploying;
    mod wire;

    use std::time::Duration;

    use lunch_tests::{Builder, Cloud, program};

    /// The function's name in all of these tests.
    const SCRIPTED: &str = "scripted";

    fn scripted() -> Builder {
        Cloud::builder().function(SCRIPTED, program("scripted"))
    }

    fn scripted_cloud() -> Cloud {
        scripted().start()
    }

    /// As few seconds as a template can say.
    const SECOND: Duration = Duration::from_secs(1);
}
