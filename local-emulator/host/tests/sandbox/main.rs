//! Real processes under the real supervisor, which has to be made before there is any thread: so this program has a
//! `main` of its own, and plays every case under every kind of isolation.
//!
//! Arguments: `--only FORCE` for one kind, and a part of a case's name to play only those; `--measure` to measure what
//! a start and a signal cost instead. The last line is in the test runner's own form.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test names what it expects, and shows whatever else comes"
)]
#![expect(clippy::print_stdout, reason = "it is its own test runner")]

mod cases;
mod folders;
mod look;
mod measure;
mod parents;
mod tasks;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use lunch_host::sandbox::Force;

use world::{ALL, World, folder, known, name, play, play_with};

/// A case's name and what plays it.
type Case = (&'static str, fn(Force));

macro_rules! cases {
    ($room:ident: $($case:ident),* $(,)?) => {
        vec![$((stringify!($case), (|force: Force| {
            play(force, folder(stringify!($case)), async |world: &mut World| {
                $room::$case(world).await;
            });
        }) as fn(Force))),*]
    };
}

macro_rules! clouds {
    ($room:ident: $($case:ident),* $(,)?) => {
        [$((stringify!($case), (|force: Force| {
            play_with(force, folder(stringify!($case)), async |world: World| {
                $room::$case(world).await;
            });
        }) as fn(Force))),*]
    };
}

macro_rules! parents {
    ($($case:ident),* $(,)?) => { [$((stringify!($case), parents::$case as fn(Force))),*] };
}

fn all_cases() -> Vec<Case> {
    let mut all: Vec<Case> = cases![cases:
        an_exit_is_told_as_it_was,
        output_comes_by_the_pipe_and_nothing_else_is_open,
        what_wakes_up_does_not_push_in,
        the_environment_is_what_was_given,
        what_is_ignored_outside_is_not_inside,
        what_does_not_start_says_why,
        an_end_takes_all_that_was_started,
        an_end_waits_for_nobody_who_keeps_the_output,
        an_end_takes_nothing_of_another_instance,
        the_frozen_make_no_progress_and_the_thawed_go_on,
        a_freeze_reaches_those_who_left_the_group_and_so_does_a_thaw,
        who_has_shed_its_environment_is_ended_too,
        a_kill_before_the_start_was_heard_of_is_not_lost,
        terminate_asks_and_does_not_force,
        a_hundred_at_once_and_no_descriptor_is_left,
        what_one_mounts_is_nobody_elses,
        the_supervisors_end_is_told,
    ];
    all.extend(cases![folders:
        the_code_is_at_var_task_and_nobody_writes_there,
        an_instances_tmp_is_nobody_elses,
        an_instances_tmp_outlives_its_process_and_goes_with_it,
        what_is_mounted_goes_with_the_instance,
        a_tmp_has_no_more_than_its_size,
        a_program_outside_its_codes_folder_runs_where_it_is,
        less_than_there_could_be_is_said,
        a_thousand_started_and_ended_leave_nothing,
        two_hundred_live_at_once,
    ]);
    all.extend(cases![tasks:
        a_containers_process_has_its_arguments_and_the_hosts_folders,
        two_containers_run_at_once_and_each_ends_with_what_it_left,
    ]);
    all.extend(clouds![tasks:
        tasks_run_with_an_address_each_and_end_with_the_cloud,
        a_task_that_ended_is_replaced_and_its_health_is_asked_for,
        a_service_is_scaled_and_a_task_that_was_stopped_is_replaced,
        a_container_that_has_had_too_much_memory_is_told_of_once,
        a_secret_without_a_value_is_said_and_one_with_a_value_is_given,
    ]);
    all.extend(parents![
        nothing_is_left_of_a_killed_parent,
        nothing_is_left_of_a_killed_parent_whose_supervisor_is_stopped,
        a_parent_that_ignores_signals_changes_nothing,
    ]);
    if parents::may_become_an_ordinary_user() {
        all.extend(parents![an_ordinary_user_has_the_same]);
    }
    all
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [hold, force, folder] = arguments.as_slice()
        && hold.starts_with("--hold")
    {
        parents::hold(hold, known(force), folder);
        return ExitCode::SUCCESS;
    }
    let (forces, arguments) = match arguments.as_slice() {
        [only, force, rest @ ..] if only == "--only" => (vec![known(force)], rest),
        all => (ALL.to_vec(), all),
    };
    if arguments.iter().any(|argument| argument == "--measure") {
        forces.into_iter().for_each(measure::measure);
        return ExitCode::SUCCESS;
    }
    play_all(&forces, arguments.iter().find(|argument| !argument.starts_with('-')))
}

fn play_all(forces: &[Force], filter: Option<&String>) -> ExitCode {
    let cases = all_cases();
    let (mut passed, mut failed, mut left_out) = (0, 0, 0);
    let began = Instant::now();
    for force in forces {
        for (case, run) in &cases {
            let title = format!("{case} ({})", name(*force));
            if filter.is_some_and(|filter| !title.contains(filter.as_str())) {
                left_out += 1;
                continue;
            }
            let is_ok = std::panic::catch_unwind(|| run(*force)).is_ok();
            if is_ok {
                passed += 1;
            } else {
                failed += 1;
            }
            println!("test {title} ... {}", if is_ok { "ok" } else { "FAILED" });
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {left_out} filtered out; finished in {seconds:.2}s"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
