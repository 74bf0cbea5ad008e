//! The programs that are measured: started, listened to, ended.

use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use lunch_contract::environment::DEFAULTS;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::http::{Client, PATIENCE};

/// What the benches' function is called.
pub(crate) const FUNCTION: &str = "bench";
/// The same program with a timeout of a second.
pub(crate) const LATE: &str = "late";
/// The same, of which AWS's own lines are not logged where it goes well.
pub(crate) const QUIET: &str = "quiet";

/// How `lunch up` is started where it keeps nothing; the template comes next.
const UP: [&str; 8] =
    ["up", "--port", "0", "--no-build", "--limits", "relaxed", "--ephemeral", "--template"];

/// Where an event is posted to, at ours and at the relay.
pub(crate) fn invocations(function: &str) -> String {
    format!("/2015-03-31/functions/{function}/invocations")
}

/// Where the programs are, and a folder for this run.
#[derive(Debug)]
pub(crate) struct Place {
    programs: PathBuf,
    /// `lunch` itself.
    pub(crate) lunch: PathBuf,
    folder: PathBuf,
}

impl Place {
    /// Beside this program, where cargo puts all of them; `LUNCH` names another `lunch`.
    pub(crate) fn find() -> Result<Self, Failure> {
        let me = env::current_exe().map_err(Failure::to("find the programs"))?;
        let programs = me.parent().unwrap_or_else(|| Path::new(".")).to_owned();
        let lunch = env::var_os("LUNCH").map_or_else(|| programs.join("lunch"), PathBuf::from);
        let folder = programs.join(format!("bench-{}", std::process::id()));
        let place = Self { programs, lunch, folder };
        place.furnish().map_err(Failure::to("make a folder for the run"))?;
        Ok(place)
    }

    /// The function as one file.
    pub(crate) fn function(&self) -> PathBuf {
        self.programs.join("bench-function")
    }

    /// A program that was built beside this one.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// A path in the run's own folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes the template, and beside it the code. JSON is YAML too.
    fn furnish(&self) -> io::Result<()> {
        fs::create_dir_all(self.file("code"))?;
        fs::copy(self.function(), self.file("code/bootstrap"))?;
        let function = |name: &str, timeout_s: u32| {
            json!({
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "FunctionName": name,
                    "Runtime": "provided.al2023",
                    "Handler": "bootstrap",
                    "CodeUri": "code",
                    "Timeout": timeout_s,
                },
            })
        };
        let mut quiet = function(QUIET, 30);
        quiet["Properties"]["LoggingConfig"] =
            json!({"LogFormat": "JSON", "SystemLogLevel": "WARN"});
        let template = json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": {
                "Bench": function(FUNCTION, 30),
                "Late": function(LATE, 1),
                "Quiet": quiet,
            },
        });
        fs::write(self.file("template.yaml"), format!("{template:#}\n"))
    }

    /// Starts `lunch up` with more arguments, if need be.
    pub(crate) fn lunch(&self, arguments: &[&str]) -> Result<Program, Failure> {
        let mut command = Command::new(&self.lunch);
        command.args(UP);
        command.arg(self.file("template.yaml")).args(arguments);
        Program::start("lunch", command)
    }

    /// Starts `lunch up` over a store of its own in that folder, as safe as it is said. It serves no function.
    pub(crate) fn lunch_that_keeps(&self, name: &str, durable: &str) -> Result<Program, Failure> {
        let folder = self.file(name);
        fs::create_dir_all(&folder)?;
        let template = folder.join("template.yaml");
        fs::write(&template, "Resources: {Queue: {Type: AWS::SQS::Queue}}\n")?;
        let mut command = Command::new(&self.lunch);
        command.args(["up", "--port", "0", "--no-watch", "--durable", durable, "--template"]);
        command.arg(template);
        Program::start("lunch", command)
    }

    /// The same where so many more file systems are mounted; `None`: this user may mount nothing.
    pub(crate) fn lunch_beside_mounts(&self, mounts: usize) -> Result<Option<Program>, Failure> {
        const MOUNT: &str = "i=0; while [ $i -lt $1 ]; do mkdir -p $2/$i && mount -t tmpfs none $2/$i || exit; i=$((i+1)); done";
        let mut probe = Command::new("unshare");
        let probed = probe.args(["--mount", "true"]).stderr(Stdio::null()).status();
        if !probed.is_ok_and(|status| status.success()) {
            return Ok(None);
        }
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", &format!("{MOUNT}; shift 2; exec \"$@\""), "sh"]);
        command.arg(mounts.to_string()).arg(self.file("mounts")).arg(&self.lunch);
        command.args(UP);
        command.arg(self.file("template.yaml"));
        Program::start("lunch", command).map(Some)
    }

    /// Starts the floor of one exchange.
    pub(crate) fn echo(&self) -> Result<Program, Failure> {
        Program::start("the echo", Command::new(self.programs.join("floor-echo")))
    }

    /// Starts the floor of two exchanges, with so many functions.
    pub(crate) fn relay(&self, functions: usize) -> Result<Relay, Failure> {
        self.relay_with(functions, &[])
    }

    /// The same, which also says what AWS's Runtime API always says: its functions have as much to do as ours.
    pub(crate) fn relay_that_says_all(&self, functions: usize) -> Result<Relay, Failure> {
        self.relay_with(functions, &["all"])
    }

    fn relay_with(&self, functions: usize, arguments: &[&str]) -> Result<Relay, Failure> {
        let mut command = Command::new(self.programs.join("floor-relay"));
        command.args(arguments);
        let program = Program::start("the relay", command)?;
        let runtime_api = format!("127.0.0.1:{}", program.port);
        let functions = (0..functions).map(|_| Function::start(&self.function(), &runtime_api));
        Ok(Relay { functions: functions.collect::<Result<_, _>>()?, program })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What stays is below `target`.
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// A program that says where it listens.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    name: &'static str,
    pub(crate) port: u16,
}

impl Program {
    fn start(name: &'static str, mut command: Command) -> Result<Self, Failure> {
        let program = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = |source| Failure::Run { program: program.clone(), source };
        let mut child = command.spawn().map_err(run)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut started = Self { child, name, port: 0 };
        let mut stdout = BufReader::new(stdout.expect("stdout is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).map_err(run)?;
        let mut stderr = stderr.expect("stderr is piped");
        match line.trim().rsplit_once(':').and_then(|(_, port)| port.parse().ok()) {
            Some(port) => started.port = port,
            None => {
                started.end();
                drop(io::copy(&mut stderr, &mut io::stderr()));
                return Err(Failure::Line { program, line: line.trim().to_owned() });
            }
        }
        // Nobody wants to know more; read to the end, so that it never waits for a reader.
        thread::spawn(move || drop(io::copy(&mut stdout, &mut io::sink())));
        thread::spawn(move || drop(io::copy(&mut stderr, &mut io::sink())));
        Ok(started)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Client::connect(self.name, self.port)
    }

    /// Asks it to end, and sees that it does; not if it has ended already, when its number may be another's.
    fn end(&mut self) {
        let since = Instant::now();
        let mut is_asked = false;
        while matches!(self.child.try_wait(), Ok(None)) {
            if since.elapsed() > PATIENCE {
                drop(self.child.kill());
            } else if !is_asked {
                let pid = Pid::from_raw(self.child.id().cast_signed());
                is_asked = kill(pid, Signal::SIGTERM).is_ok();
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

/// The relay with its functions, which end before it.
#[derive(Debug)]
pub(crate) struct Relay {
    #[expect(dead_code, reason = "they live as long as the relay")]
    functions: Vec<Function>,
    pub(crate) program: Program,
}

/// A function's process that was started by hand.
#[derive(Debug)]
pub(crate) struct Function(Child);

impl Function {
    /// Starts it with what `lambda_runtime` wants to find in its environment, and with AWS's folders for the loader, which
    /// are AWS's own value and make every dynamic program search for longer than it starts.
    pub(crate) fn start(program: &Path, runtime_api: &str) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        let loader = DEFAULTS.iter().find(|(name, _)| *name == "LD_LIBRARY_PATH");
        command.env_clear().envs(loader.copied()).envs([
            ("AWS_LAMBDA_RUNTIME_API", runtime_api),
            ("AWS_LAMBDA_FUNCTION_NAME", FUNCTION),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
        ]);
        command.stdin(Stdio::null());
        let run = |source| Failure::Run { program: program.display().to_string(), source };
        command.spawn().map(Self).map_err(run)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // It fails where the function has ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The state of a running `lunch`, as `/_lunch/ps` tells it.
pub(crate) fn ps(client: &mut Client) -> Result<Value, Failure> {
    let request = client.request("GET", "/_lunch/ps", "");
    let (status, body) = client.call(&request)?;
    serde_json::from_slice(body).map_err(|_no_json| Failure::Answer {
        whom: "lunch",
        status,
        body: String::from_utf8_lossy(body).into_owned(),
    })
}

/// How many instances stand in it.
pub(crate) fn instances(ps: &Value) -> usize {
    ps["instances"].as_array().map_or(0, Vec::len)
}
