//! The salad shop's program: the counter, or, as the first argument says, one of the staff that the counter starts.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use salad::measure::{MEASURE, Request, measure};
use salad::staff;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let part = arguments.next();
    let worked: Result<(), Box<dyn Error>> = match part.as_ref().and_then(|part| part.to_str()) {
        Some(staff::MAKER) => staff::rounds(arguments).and_then(staff::make).map_err(Into::into),
        Some(staff::WASHER) => staff::rounds(arguments).and_then(staff::wash).map_err(Into::into),
        Some(MEASURE) => Request::from(arguments).and_then(measure).map_err(Into::into).map(show),
        Some(_) | None => Err("there is no counter yet".into()),
    };
    match worked {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "what was measured is the program's output")]
fn show(measured: salad::measure::Measured) {
    println!("{}", serde_json::to_string_pretty(&measured).expect("figures are plain data"));
}

#[expect(clippy::print_stderr, reason = "the last words of a program that cannot work")]
fn report(error: &dyn Error) {
    eprintln!("error: {error}");
}
