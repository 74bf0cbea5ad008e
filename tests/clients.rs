//! Real clients that nobody here wrote. They come by `infra/test clients`; `LUNCH_CLIENTS` names the folders of their
//! programs, as `PATH` does. One that is missing is a failure, never left out.

#[cfg(test)]
mod clients {
    mod aws_cli;
    mod boto3;
    mod cargo_lambda;
    mod curl;
    mod ecs;
    mod javascript;
    mod queues;
    mod sam;

    use std::env;
    use std::path::PathBuf;
    use std::process::Command;

    use lunch_tests::{Builder, Cloud, program, workspace};
    use serde_json::Value;

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

    /// The folder that has the packages of the AWS SDK for JavaScript in its `node_modules`.
    #[track_caller]
    fn javascript() -> PathBuf {
        let installed = workspace().join("target/clients/javascript");
        let folder = env::var_os("LUNCH_JAVASCRIPT").map_or(installed, PathBuf::from);
        assert!(
            folder.join("node_modules").exists(),
            "no `node_modules` in {folder:?}: `infra/test clients` installs it, and `LUNCH_JAVASCRIPT` says where"
        );
        folder
    }

    /// A command that knows of this cloud and of nobody else.
    fn command(name: &str, cloud: &Cloud) -> Command {
        let mut command = Command::new(client(name));
        for_this(&mut command, cloud);
        command
    }

    /// Tells it of this cloud and of nobody else: an AWS SDK's variables, and no files of the developer's.
    fn for_this(command: &mut Command, cloud: &Cloud) {
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
    }

    /// Has it build with what is here already, and a program that is there soon and not one that runs fast.
    fn quickly(build: &mut Command) -> &mut Command {
        build
            .env("CARGO_LAMBDA_COMPILER", "cargo")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
    }

    /// The first order of the street's lunchtime.
    fn order() -> Value {
        let orders = workspace().join("orders/lunchtime.jsonl");
        let orders = std::fs::read_to_string(orders).unwrap();
        let first: Value = serde_json::from_str(orders.lines().next().unwrap()).unwrap();
        first["payload"].clone()
    }

    #[track_caller]
    fn expect_receipt(receipt: &Value, order: &Value) {
        assert_eq!(receipt["order"], order["id"], "{receipt}");
        assert_eq!(receipt["customer"], order["customer"], "{receipt}");
    }

    /// Runs it to its end: exit code, stdout, stderr.
    #[track_caller]
    fn run(command: &mut Command) -> (Option<i32>, String, String) {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }
}
