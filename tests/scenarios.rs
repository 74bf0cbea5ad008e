//! The scenarios of `tests/scenarios`, played by real processes: each comes to the lanes that stand in its file, as it
//! does in virtual time.
//!
//! A test per file. Few run at once: their actions have times, and on a busy machine an order could change.

#[cfg(test)]
mod scenarios {
    mod player;

    use std::fs;
    use std::sync::{Condvar, Mutex};

    use lunch_sim::lanes;
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
        let _place = Place::take();
        let lanes = player::play(&scenario);
        if let Some(difference) = lanes::difference(&scenario.expected(), &lanes) {
            panic!("`{}` ({name}) came to other lanes: {difference}", scenario.shows);
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
}
