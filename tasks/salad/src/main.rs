//! The salad shop's program: the counter, or, as the first argument says, one of the staff that the counter starts.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use salad::measure::{MEASURE, Request, measure};
use salad::{shop, staff, workers};
use serde::Serialize;
use shopfront::health::{self, HEALTH};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let part = arguments.next();
    let part = part.as_ref().map(|part| part.to_string_lossy());
    let worked: Result<(), Box<dyn Error>> = match part.as_deref() {
        Some(staff::MAKER) => staff::rounds(arguments).and_then(staff::make).map_err(Into::into),
        Some(staff::WASHER) => staff::rounds(arguments).and_then(staff::wash).map_err(Into::into),
        Some(MEASURE) => Request::from(arguments).and_then(measure).map_err(Into::into).map(show),
        Some(HEALTH) => health::check(|name| env::var(name).ok()).map_err(Into::into),
        Some(workers::WORKER) => workers::run().map_err(Into::into),
        Some(other) => match workers::asked(other.as_ref(), arguments.next().as_deref()) {
            Some(asked) => asked.map_err(Into::into).map(show),
            None => Err(unknown(other).into()),
        },
        None => shop::run(),
    };
    match worked {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn unknown(part: &str) -> String {
    format!(
        "there is no part `{part}` in this shop\n(without an argument it opens; `{MEASURE}` measures it)"
    )
}

#[expect(clippy::print_stdout, reason = "what was measured is the program's output")]
fn show(measured: impl Serialize) {
    println!("{}", serde_json::to_string_pretty(&measured).expect("figures are plain data"));
}

#[expect(clippy::print_stderr, reason = "the last words of a program that cannot work")]
fn report(error: &dyn Error) {
    eprintln!("error: {error}");
}
