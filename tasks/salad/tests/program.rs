//! The program as it is started by others.

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::thread::yield_now;
use std::time::{Duration, Instant};

use salad::measure::Measured;
use shopfront::stint::{Cost, Done};

/// Longer than anything takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn salad(arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_salad"));
    program.args(arguments).stdin(Stdio::null());
    program
}

fn ended(arguments: &[&str]) -> Output {
    salad(arguments).output().expect("it runs")
}

/// Asks the kernel until it is so; each time it has something to tell.
fn until<T>(what: &str, is_so: impl Fn() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(found) = is_so() {
            return found;
        }
        yield_now();
    }
    panic!("{what} does not come to be")
}

/// The processes that it has started, and which still run.
fn staff(counter: &Child) -> Vec<u32> {
    let id = counter.id();
    let text = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    text.split_whitespace().map(|pid| pid.parse().expect("a process id")).collect()
}

/// Whether it is there and not only waits for somebody to hear how it ended.
fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

#[test]
fn a_measurement_is_told_as_json() {
    let arguments =
        ["measure", "--makers", "2", "--bowls", "3", "--salad-cpu-ms", "5", "--seconds", "1"];
    let output = ended(&arguments);
    assert!(output.status.success(), "{output:?}");
    let measured: Measured = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((measured.makers, measured.bowls, measured.salad_cpu_ms), (2, 3, 5));
    assert!(measured.salads > 0 && measured.wall_s > 0.5, "{measured:?}");
    let worked = f64::from(u32::try_from(measured.salads).expect("few")) * 0.005;
    assert!(measured.cpu_s > worked / 2.0, "salads are real work: {measured:?}");
    assert!(measured.travel_us_per_salad > 0.0, "{measured:?}");
    let average = measured.average.expect("there were salads");
    assert!(average.cpu_ms > 1.0 && average.cpu_ms < 25.0, "{average:?}");
}

#[test]
fn a_process_for_each_worker_does_a_stint_and_tells_what_it_costs() {
    let stint = r#"{"workers":3,"work":{"waits_ms":40},"lasts_ms":1}"#;
    let output = ended(&["stint", stint]);
    let done: Done = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(done.pieces.len(), 3, "{output:?}");
    let last = done.pieces.iter().map(|piece| piece.from_ns).max();
    let first = done.pieces.iter().map(|piece| piece.to_ns).min();
    assert!(last < first, "they wait at once, by one clock: {done:?}");

    let output = ended(&["costs", r#"{"workers":2,"rounds":20}"#]);
    let cost: Cost = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(cost.create_us > 50.0 && cost.switch_us > 0.0, "a process takes a while: {cost:?}");
    assert!(cost.memory_bytes.is_some_and(|bytes| bytes > 16 * 1_024), "{cost:?}");

    let output = ended(&["stint", "{}"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("error: `{}` cannot be read after `stint`: "), "{said}");
}

#[test]
fn when_the_counter_is_killed_its_staff_goes_home() {
    // A salad of a minute, so that each maker is in the middle of one.
    let arguments = ["measure", "--makers", "3", "--salad-cpu-ms", "60000", "--seconds", "3600"];
    let mut counter = salad(&arguments).stdout(Stdio::null()).spawn().expect("it runs");
    let staff = until("the staff", || Some(staff(&counter)).filter(|staff| staff.len() == 4));
    counter.kill().expect("it can be killed");
    counter.wait().expect("it is reaped");
    for pid in staff {
        until("the end of one of the staff", || (!runs(pid)).then_some(()));
    }
}

#[test]
fn a_shop_that_cannot_be_opened_says_why_and_ends() {
    for (variable, value, sentence) in [
        (
            "NUM_STAFF",
            "1",
            "error: `NUM_STAFF` is 1: one of the staff washes bowls, and one has to make salads",
        ),
        ("BOWLS", "0", "error: `BOWLS` is 0: a salad is mixed in a bowl"),
        ("LISTEN", "", "error: the variable `ORDERS_QUEUE_URL` is missing"),
    ] {
        let output = salad(&[]).env_clear().env(variable, value).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with(sentence), "{said}");
    }
    let said = ended(&["chef"]).stderr;
    let said = String::from_utf8_lossy(&said);
    assert!(said.starts_with("error: there is no part `chef` in this shop"), "{said}");
}

#[test]
fn who_is_not_started_by_a_counter_says_so_and_ends() {
    for (arguments, sentence) in [
        (&["maker"][..], "error: how many rounds a piece of work is has to be said"),
        (&["washer", "ten"], "error: how many rounds a piece of work is has to be said"),
        (&["maker", "10"], "error: the socket to the counter, which is standard input, fails"),
        (&["measure", "--makers", "0"], "error: `--makers` is 0, and has to be from 1 to 255"),
    ] {
        let output = ended(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with(sentence), "{said}");
    }
}
