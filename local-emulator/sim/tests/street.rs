//! Some seeds of the street; `laws` runs thousands.

use lunch_sim::{Options, street};

#[test]
fn streets_break_no_law_and_a_seed_is_the_same_street_twice() {
    let mut restarts = 0;
    for seed in 1..=40 {
        let run = || street::run(seed, &Options::default());
        let once = run().unwrap_or_else(|violation| panic!("{violation}"));
        let again = run().unwrap_or_else(|violation| panic!("{violation}"));
        assert_eq!(once, again, "seed {seed}");
        restarts += once.restarts;
    }
    assert!(restarts > 40, "each is started again at its end, and some are in between");
}
