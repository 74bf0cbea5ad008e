//! Wrong input: a clear sentence and a status that is not 0, and nothing is lost.

#[cfg(test)]
mod wrong_input {
    mod door;
    mod journals;
    mod program;
    mod wire;

    use std::path::Path;
    use std::process::{Command, Stdio};

    use lunch_tests::{Builder, Cloud, Ended, StartError, lunch, program};

    const SCRIPTED: &str = "scripted";

    fn scripted() -> Builder {
        Cloud::builder().function(SCRIPTED, program("scripted"))
    }

    /// What `lunch up` says that does not come to listen, with its exit code; the folder's path is taken out.
    #[track_caller]
    fn refused(cloud: Builder, folder: &Path) -> (Option<i32>, String) {
        match cloud.try_start() {
            Err(StartError::Ended(Ended { status, said })) => {
                (status.code(), filtered(&said, folder))
            }
            Err(other) => panic!("it was to end with a sentence, and came to this: {other}"),
            Ok(_) => panic!("it was to be refused, and runs"),
        }
    }

    /// One run of `lunch` that ends by itself: exit code, stdout, stderr.
    #[track_caller]
    fn run(command: &mut Command, folder: &Path) -> (Option<i32>, String, String) {
        let output = command.stdin(Stdio::null()).env("NO_COLOR", "1").output().unwrap();
        let text = |bytes: &[u8]| filtered(&String::from_utf8_lossy(bytes), folder);
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// The folder's path differs with every run.
    fn filtered(text: &str, folder: &Path) -> String {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let text = text.replace(&*real.to_string_lossy(), "[folder]");
        text.replace(&*folder.to_string_lossy(), "[folder]")
    }

    fn lunch_command(subcommand: &str) -> Command {
        let mut command = Command::new(lunch());
        command.arg(subcommand);
        command
    }
}
