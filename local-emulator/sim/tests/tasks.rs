//! Some seeds of services and their tasks; `laws` runs thousands.

use lunch_sim::{Options, tasks};

#[test]
fn services_break_no_law_and_a_seed_is_the_same_twice() {
    let mut placed = 0;
    for seed in 1..=40 {
        let run = || tasks::run(seed, &Options::default());
        let once = run().unwrap_or_else(|violation| panic!("{violation}"));
        let again = run().unwrap_or_else(|violation| panic!("{violation}"));
        assert_eq!(once, again, "seed {seed}");
        placed += once.instances;
    }
    assert!(placed > 1_000, "{placed} tasks are placed");
}
