//! The program `lunch`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lunch_cli::run()
}
