//! Real clients that nobody here wrote. They come by `infra/test clients`; `LUNCH_CLIENTS` names the folders of their
//! programs, as `PATH` does. One that is missing is a failure, never left out.

#[cfg(test)]
mod clients {
    mod aws_cli;
    mod boto3;
    mod cargo_lambda;
    mod curl;
    mod sam;

    use std::env;
    use std::path::PathBuf;
    use std::process::Command;

    use lunch_tests::{Builder, Cloud, program, workspace};

    const SCRIPTED: &str = "scripted";
    const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:scripted";

    fn scripted() -> Builder {
        Cloud::builder().function(SCRIPTED, program("scripted"))
    }

    /// A client's program.
    #[track_caller]
    fn client(name: &str) -> PathBuf {
        let folders = env::var_os("LUNCH_CLIENTS").map_or_else(
            || {
                ["aws", "sam"]
                    .map(|venv| workspace().join("target/clients").join(venv).join("bin"))
                    .into()
            },
            |folders| env::split_paths(&folders).collect::<Vec<_>>(),
        );
        let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.exists());
        found.unwrap_or_else(|| {
            panic!(
                "no client `{name}` in {folders:?}: `infra/test clients` installs it, and `LUNCH_CLIENTS` says where"
            )
        })
    }

    /// A command that knows of this cloud and of nobody else: an AWS SDK's variables, and no files of the developer's.
    fn command(name: &str, cloud: &Cloud) -> Command {
        let mut command = Command::new(client(name));
        command
            .env("AWS_ENDPOINT_URL", cloud.url())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "anything")
            .env("AWS_SECRET_ACCESS_KEY", "anything")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PAGER", "");
        command
    }

    /// Runs it to its end: exit code, stdout, stderr.
    #[track_caller]
    fn run(command: &mut Command) -> (Option<i32>, String, String) {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }
}
