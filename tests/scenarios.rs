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

    scenarios! {}

    /// The same without a file: what virtual time comes to is what is expected of real time.
    #[test]
    fn what_is_played_in_both_worlds_comes_to_the_same() {
        let text = r#"{
            "shows": "two at once, a third that reuses, a crash and what comes after",
            "functions": [{"timeout_ms": 2000}],
            "actions": [
                {"at_ms": 0, "invoke": {"script": {"do": [{"sleep_ms": 150}]}, "times": 2}},
                {"at_ms": 400, "invoke": {"script": {"do": [{"exit": 3}]}}},
                {"at_ms": 800, "invoke": {}},
                {"at_ms": 1200, "advance_s": 1200}
            ],
            "lanes": []
        }"#;
        let scenario = Scenario::parse(text).unwrap();
        let in_virtual_time = lunch_sim::scenario::play(&scenario).unwrap().lanes();
        assert_eq!(in_virtual_time.len(), 2, "{in_virtual_time:?}");
        compare(&scenario, &in_virtual_time);
    }
}
