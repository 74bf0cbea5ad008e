//! How a cloud is to be before it starts.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lunch_cloud::Settings;
use serde_json::{Map, Value, json};

use crate::call::with_causes;
use crate::cloud::Cloud;
use crate::folder::Folder;
use crate::programs::lunch;
use crate::survivors::TOKEN;
use crate::up::{StartError, Up};

/// Describes a cloud. It has either a template or functions that are given one by one.
#[derive(Debug, Default)]
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    template: Option<PathBuf>,
    functions: Vec<Function>,
    settings: Option<Settings>,
    arguments: Vec<OsString>,
    shell: Vec<(OsString, OsString)>,
    port: u16,
    keeps: bool,
}

#[derive(Debug)]
struct Function {
    name: String,
    program: PathBuf,
    variables: BTreeMap<String, String>,
    timeout: Duration,
    reserved: Option<u32>,
    storage_mb: Option<u32>,
}

impl Builder {
    /// Serves the functions of that SAM template, and builds them first.
    pub fn template(mut self, path: impl Into<PathBuf>) -> Self {
        self.template = Some(path.into());
        self
    }

    /// Serves that program as a function of that name, as it is. What follows is about this function.
    pub fn function(mut self, name: &str, program: impl Into<PathBuf>) -> Self {
        self.functions.push(Function {
            name: name.to_owned(),
            program: program.into(),
            variables: BTreeMap::new(),
            timeout: Duration::from_secs(3),
            reserved: None,
            storage_mb: None,
        });
        self
    }

    /// A variable of the function before this.
    #[track_caller]
    pub fn env(self, name: &str, value: &str) -> Self {
        self.last(|function| drop(function.variables.insert(name.to_owned(), value.to_owned())))
    }

    /// The timeout of the function before this: 3 s if nothing is said. Whole seconds, as on AWS.
    #[track_caller]
    pub fn timeout(self, timeout: Duration) -> Self {
        assert!(
            timeout.subsec_nanos() == 0 && timeout.as_secs() > 0,
            "a timeout is whole seconds, as in a template, and not {timeout:?}"
        );
        self.last(|function| function.timeout = timeout)
    }

    /// The reserved concurrency of the function before this.
    #[track_caller]
    pub fn reserved(self, concurrency: u32) -> Self {
        self.last(|function| function.reserved = Some(concurrency))
    }

    /// The size of `/tmp` of the function before this, MB as in a template: 512 if nothing is said.
    #[track_caller]
    pub fn storage_mb(self, size_mb: u32) -> Self {
        self.last(|function| function.storage_mb = Some(size_mb))
    }

    /// How the cloud decides, in place of its defaults.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Lets standard queues deliver twice, out of order or late, as `--mischief` takes it: `duplicate=0.1,reorder=5,late=10s`,
    /// any of them. The draws begin at that seed.
    pub fn mischief(self, what: &str, seed: u64) -> Self {
        self.argument("--mischief").argument(what).argument("--seed").argument(seed.to_string())
    }

    /// One more argument for `lunch up`.
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Keeps queues and their messages in `.lunch/store` beside the template, as `lunch up` does by default; if nothing is
    /// said, in memory.
    pub const fn keeps(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// Listens on that port; if nothing is said, on any that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// A variable of the shell that `lunch` is started in; functions are not to see it.
    pub fn shell(mut self, name: &str, value: &str) -> Self {
        self.shell.push((name.into(), value.into()));
        self
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Panics
    /// If it does not come to that.
    #[must_use]
    #[track_caller]
    pub fn start(self) -> Cloud {
        match self.try_start() {
            Ok(cloud) => cloud,
            Err(error) => panic!("the cloud does not start: {}", with_causes(&error)),
        }
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// If it does not come to that.
    #[track_caller]
    pub fn try_start(self) -> Result<Cloud, StartError> {
        let (folder, token) = (Folder::make(), token());
        let up = Up::start(self.command(&folder, &token))?;
        Ok(Cloud::new(up, folder, token))
    }

    #[track_caller]
    fn last(mut self, change: impl FnOnce(&mut Function)) -> Self {
        change(self.functions.last_mut().expect("a function was given before what is said of it"));
        self
    }

    #[track_caller]
    fn command(&self, folder: &Folder, token: &str) -> Command {
        assert!(
            self.template.is_none() || self.functions.is_empty(),
            "a cloud has a template or functions given one by one, not both"
        );
        let mut command = Command::new(lunch());
        command.arg("up").args(["--port", &self.port.to_string()]).env("NO_COLOR", "1");
        if let Some(template) = &self.template {
            // The token comes to a template's functions beside the template's own variables.
            let variables = folder.write("token.env", format!("{TOKEN}={token}\n"));
            command.arg("--template").arg(template).arg("--env-file").arg(variables);
        } else {
            command.arg("--template").arg(self.written(folder, token)).arg("--no-build");
        }
        if let Some(settings) = &self.settings {
            let text = serde_json::to_string(settings).expect("settings are plain data");
            command.arg("--settings").arg(folder.write("settings.json", text));
        }
        if !self.keeps {
            command.arg("--ephemeral");
        }
        command.args(&self.arguments);
        command.envs(self.shell.iter().map(|(name, value)| (name, value)));
        command
    }

    /// A small SAM template of the functions, each with its code in a folder of its own. JSON is YAML too.
    fn written(&self, folder: &Folder, token: &str) -> PathBuf {
        let mut resources = Map::new();
        for (number, function) in self.functions.iter().enumerate() {
            folder.place(&format!("code/{}/bootstrap", function.name), &function.program);
            resources.insert(format!("Function{number}"), function.resource(token));
        }
        let template = json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": resources,
        });
        folder.write("template.yaml", format!("{template:#}\n"))
    }
}

impl Function {
    fn resource(&self, token: &str) -> Value {
        let mut variables = self.variables.clone();
        variables.insert(TOKEN.to_owned(), token.to_owned());
        let mut properties = json!({
            "FunctionName": self.name,
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Architectures": [if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }],
            "CodeUri": Path::new("code").join(&self.name),
            "Timeout": self.timeout.as_secs(),
            "Environment": {"Variables": variables},
        });
        if let Some(concurrency) = self.reserved {
            properties["ReservedConcurrentExecutions"] = concurrency.into();
        }
        if let Some(size_mb) = self.storage_mb {
            properties["EphemeralStorage"] = json!({ "Size": size_mb });
        }
        json!({"Type": "AWS::Serverless::Function", "Properties": properties})
    }
}

/// A word that no other cloud has.
fn token() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    format!("{}-{count}-{}", std::process::id(), since.as_nanos())
}
