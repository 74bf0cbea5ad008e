//! The scenarios of `tests/scenarios`, played by real processes: each comes to the lanes that stand in its file, as it
//! does in virtual time.
//!
//! A test per file. Few run at once: their actions have times, and on a busy machine an order could change.

#[cfg(test)]
mod scenarios {
    mod player;

    use std::fs;
    use std::sync::{Condvar, Mutex};

    use lunch_sim::lanes::{self, Lane};
    use lunch_sim::scenario::Scenario;
    use lunch_tests::workspace;

    /// How many may be played at once.
    const AT_ONCE: u32 = 2;

    static PLAYING: Mutex<u32> = Mutex::new(0);
    static ENDED: Condvar = Condvar::new();

    /// A place among those that are played.
    struct Place;

    impl Place {
        fn take() -> Self {
            let playing = PLAYING.lock().unwrap_or_else(|broken| broken.into_inner());
            let free = ENDED.wait_while(playing, |playing| *playing >= AT_ONCE);
            *free.unwrap_or_else(|broken| broken.into_inner()) += 1;
            Self
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            *PLAYING.lock().unwrap_or_else(|broken| broken.into_inner()) -= 1;
            ENDED.notify_one();
        }
    }

    fn play(name: &str) {
        // A file is called with dashes for the spaces, and a test with underscores.
        let name = name.replace('_', "-");
        let path = workspace().join(format!("tests/scenarios/{name}.json"));
        let scenario = Scenario::parse(&fs::read_to_string(&path).unwrap()).unwrap();
        compare(&scenario, &scenario.expected());
    }

    fn compare(scenario: &Scenario, expected: &[Lane]) {
        let _place = Place::take();
        let lanes = player::play(scenario);
        if let Some(difference) = lanes::difference(expected, &lanes) {
            panic!("`{}` came to other lanes: {difference}", scenario.shows);
        }
    }

    /// A test for each file of that name.
    macro_rules! scenarios {
        ($($name:ident),* $(,)?) => {
            $(
                #[test]
                fn $name() {
                    play(stringify!($name));
                }
            )*
        };
    }

    scenarios! {
        abort,
        account_concurrency,
        answer_cut_off,
        answer_to_an_unknown_id,
        answer_too_large,
        answered_twice,
        asks_twice,
        back_to_back_is_not_frozen,
        caller_leaves,
        crash_after_the_answer,
        eleven_minutes_reclaim_a_function,
        evict_a_busy_function,
        evict_a_function,
        evict_an_instance,
        exit_0_is_a_crash_too,
        exit_with_a_status,
        first_request_is_cold,
        function_error_keeps_the_instance,
        gap_too_long_is_cold,
        graceful_shutdown,
        init_crash_is_retried_in_the_request,
        init_crash_twice_fails_the_request,
        init_error_outlived,
        init_error_reported,
        init_longer_than_the_timeout,
        init_over_its_limit,
        init_panic,
        instance_idle_1100_s_goes,
        killed_by_a_signal,
        late_after_answer_timeout,
        late_answer_to_the_previous_id,
        least_recently_used_as_a_setting,
        modelled_init,
        most_recently_used_serves_next,
        never_frozen_as_a_setting,
        new_code_while_busy,
        panic_is_a_function_error,
        placement_delay,
        repeated_init_counts_for_the_timeout,
        request_waits_in_the_gap,
        reserved_0_serves_nobody,
        reserved_1_with_a_crowd,
        reuse,
        ten_minutes_reclaim_nothing,
        three_at_once,
        timeout_resets_the_instance,
        two_at_once,
        two_functions_share_nothing,
    }

    /// The same without a file: what virtual time comes to is what is expected of real time.
    ///
    /// The two answer 400 ms apart: the third goes to whichever answered last, and real time would choose between equals.
    #[test]
    fn what_is_played_in_both_worlds_comes_to_the_same() {
        let text = r#"{
            "shows": "two at once, a third that reuses, a crash and what comes after",
            "functions": [{"timeout_ms": 2000}],
            "actions": [
                {"at_ms": 0, "invoke": {"script": {"do": [{"sleep_ms": 300}]}}},
                {"at_ms": 100, "invoke": {"script": {"do": [{"sleep_ms": 600}]}}},
                {"at_ms": 1100, "invoke": {"script": {"do": [{"exit": 3}]}}},
                {"at_ms": 1500, "invoke": {}},
                {"at_ms": 1900, "advance_s": 1200}
            ],
            "lanes": []
        }"#;
        let scenario = Scenario::parse(text).unwrap();
        let in_virtual_time = lunch_sim::scenario::play(&scenario).unwrap().lanes();
        assert_eq!(in_virtual_time.len(), 2, "{in_virtual_time:?}");
        compare(&scenario, &in_virtual_time);
    }
}
