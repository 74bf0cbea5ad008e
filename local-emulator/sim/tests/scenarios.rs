//! Plays every file of `tests/scenarios` in virtual time and compares the lanes; one test for each file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use lunch_sim::lanes::difference;
use lunch_sim::scenario::{Scenario, play};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios")
}

/// Plays the file of that name.
fn check(name: &str) {
    let path = folder().join(name).with_extension("json");
    let text = std::fs::read_to_string(&path).expect("the scenario can be read");
    let scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let played = play(&scenario).unwrap_or_else(|error| panic!("{name}: {error}"));
    if let Some(difference) = difference(&scenario.expected(), &played.lanes()) {
        panic!("{name}: {}\n{difference}", scenario.shows);
    }
}

macro_rules! scenarios {
    ($($test:ident),* $(,)?) => {
        $(#[test]
        fn $test() {
            check(&stringify!($test).replace('_', "-"));
        })*

        const TESTED: &[&str] = &[$(stringify!($test)),*];
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
    timeout_resets_the_instance,
    three_at_once,
    two_at_once,
    two_functions_share_nothing,
}

#[test]
fn every_file_in_the_folder_is_played() {
    let files = std::fs::read_dir(folder()).expect("the folder is there");
    let files: BTreeSet<String> = files
        .filter_map(|file| file.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".json")?.replace('-', "_")))
        .collect();
    let tested = TESTED.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(files, tested, "list the file in `scenarios!`, or remove it there");
}
