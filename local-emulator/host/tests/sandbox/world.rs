//! The processes of one case, under a supervisor of their own.

use std::fs;
use std::future::poll_fn;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::task::Poll;
use std::time::{Duration, Instant};

use lunch_contract::{Exit, InstanceId, Process, SpawnFailure};
use lunch_host::sandbox::{Force, Isolation, Sandbox, Supervisor};
use lunch_host::{Folders, Launch, Owner, Processes as _, Report, Signal};

use crate::look::{all, drain, holders, states};

pub(crate) const ALL: [Force; 6] = [
    Force::Nothing,
    Force::UserNamespace,
    Force::HostProc,
    Force::HostFolders,
    Force::SingleSignals,
    Force::Groups,
];

/// The size of an instance's `/tmp`.
pub(crate) const TMP_MB: u32 = 8;

pub(crate) const fn name(force: Force) -> &'static str {
    match force {
        Force::Nothing => "as-granted",
        Force::UserNamespace => "user-namespace",
        Force::HostProc => "host-proc",
        Force::HostFolders => "host-folders",
        Force::SingleSignals => "single-signals",
        Force::Groups => "groups",
    }
}

pub(crate) fn folder(case: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("lunch-sandbox-{}-{case}", std::process::id()));
    fs::create_dir_all(&path).expect("there is a place for temporary files");
    path
}

/// The processes of one case, and a folder for it.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    force: Force,
    isolation: Isolation,
    supervisor: i32,
    folder: PathBuf,
    spawned: u32,
}

impl World {
    /// The next report; it comes soon or never.
    pub(crate) async fn report(&mut self) -> Report {
        let next = poll_fn(|cx| self.sandbox.poll_report(cx));
        tokio::time::timeout(Duration::from_secs(20), next).await.expect("a report in 20 s")
    }

    /// Starts a shell with that script; what it writes comes by the pipe.
    pub(crate) fn shell(&mut self, script: &str) -> (Process, fs::File) {
        let program = self.program("shell", &format!("#!/bin/sh\n{script}\n"));
        self.spawn(&program)
    }

    pub(crate) fn program(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(format!("{name}-{}", self.spawned));
        fs::write(&path, text).expect("the folder is there");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is there");
        path
    }

    pub(crate) fn spawn(&mut self, program: &Path) -> (Process, fs::File) {
        let environment = self.environment();
        self.spawn_with(program, environment)
    }

    /// What a process is given, if nothing else is said.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        vec![
            ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
            ("AWS_LAMBDA_RUNTIME_API".to_owned(), format!("127.0.0.1:{}", 1_000 + self.spawned)),
            ("SANDBOX_TOKEN".to_owned(), self.token()),
        ]
    }

    pub(crate) fn spawn_with(
        &mut self,
        program: &Path,
        environment: Vec<(String, String)>,
    ) -> (Process, fs::File) {
        let instance = InstanceId { serial: self.spawned, index: self.spawned };
        let process = Process { instance, spawn: 0 };
        self.spawned += 1;
        let output = self.launch(process, program, environment);
        (process, output)
    }

    /// Starts a shell with that script as the next process of an instance.
    pub(crate) fn shell_of(&mut self, before: Process, script: &str) -> (Process, fs::File) {
        let process = Process { spawn: before.spawn + 1, ..before };
        let program = self.program("next", &format!("#!/bin/sh\n{script}\n"));
        let output = self.launch(process, &program, self.environment());
        (process, output)
    }

    fn launch(
        &mut self,
        process: Process,
        program: &Path,
        environment: Vec<(String, String)>,
    ) -> fs::File {
        let (read, write) = nix::unistd::pipe().expect("there are descriptors");
        let output: OwnedFd = write;
        let (program, code) = (program.to_owned(), self.folder.clone());
        let folders = self.folders_of(&program);
        let (process, arguments) = (process.into(), Vec::new());
        let launch = Launch { process, program, arguments, code, folders, environment, output };
        self.sandbox.spawn(launch);
        fs::File::from(read)
    }

    /// A shell's whole life, and what it wrote.
    pub(crate) async fn played(&mut self, script: &str) -> (Process, String) {
        let (process, output) = self.shell(script);
        self.started(process).await;
        self.exited(process).await;
        (process, all(output))
    }

    pub(crate) fn signal(&mut self, process: Process, signal: Signal) {
        self.sandbox.signal(process.into(), signal);
    }

    pub(crate) fn forget(&mut self, owner: impl Into<Owner>) {
        self.sandbox.forget(owner.into());
    }

    /// Its own, where that is granted and the program is in the code's folder.
    fn folders_of(&self, program: &Path) -> Folders {
        if self.has_folders() && program.starts_with(&self.folder) {
            Folders::Own { tmp_mb: TMP_MB }
        } else {
            Folders::Host
        }
    }

    pub(crate) async fn started(&mut self, expected: Process) -> u32 {
        match self.report().await {
            Report::Started { process, pid, .. } if process == expected.into() => pid,
            other => panic!("{expected} starts, and not {other:?}"),
        }
    }

    pub(crate) async fn exited(&mut self, expected: Process) -> Exit {
        match self.report().await {
            Report::Exited { process, exit, .. } if process == expected.into() => exit,
            other => panic!("{expected} ends, and not {other:?}"),
        }
    }

    pub(crate) async fn not_started(&mut self, expected: Process) -> (SpawnFailure, String) {
        match self.report().await {
            Report::NotStarted { process, why, sentence } if process == expected.into() => {
                (why, sentence)
            }
            other => panic!("{expected} does not start, and not {other:?}"),
        }
    }

    /// Waits until all of the case's processes are stopped; reports go on to be read, and there are none.
    pub(crate) async fn quiet(&mut self, pids: &[u32]) {
        let bound = Instant::now() + Duration::from_secs(10);
        let token = self.token();
        while !states(&token).is_empty() {
            assert!(Instant::now() < bound, "{pids:?} are not stopped: `{}`", states(&token));
            self.none().await;
        }
        self.none().await;
    }

    /// Waits until something more is written.
    pub(crate) async fn moves(&mut self, output: &fs::File) {
        drain(output);
        let bound = Instant::now() + Duration::from_secs(10);
        while drain(output) == 0 {
            assert!(Instant::now() < bound, "it is not thawed: `{}`", states(&self.token()));
            self.none().await;
        }
    }

    /// Lets the sandbox work; there is no report.
    pub(crate) async fn none(&mut self) {
        let polled = poll_fn(|cx| Poll::Ready(self.sandbox.poll_report(cx))).await;
        assert!(polled.is_pending(), "{polled:?}");
        tokio::task::yield_now().await;
    }

    /// Waits until the supervisor has made ahead what the next instance is to have, if it makes anything.
    pub(crate) async fn idle(&mut self) {
        if !self.is_namespaced() {
            return;
        }
        let link = format!("/proc/{}/ns/mnt", self.supervisor);
        let first = fs::read_link(&link).expect("it runs");
        let bound = Instant::now() + Duration::from_millis(50);
        while Instant::now() < bound && fs::read_link(&link).expect("it runs") == first {
            self.none().await;
        }
    }

    /// Its processes alone, for a cloud.
    pub(crate) fn into_sandbox(self) -> Sandbox {
        self.sandbox
    }

    /// What no other case's processes have in their environment.
    pub(crate) fn token(&self) -> String {
        self.folder.display().to_string()
    }

    /// How many processes have the token.
    pub(crate) fn survivors(&self) -> usize {
        holders(&self.token()).len()
    }

    pub(crate) const fn supervisor(&self) -> i32 {
        self.supervisor
    }

    /// Whether a descriptor stands for a whole group.
    pub(crate) fn signals_groups(&self) -> bool {
        self.force != Force::SingleSignals
    }

    /// Whether it has all that this machine grants.
    pub(crate) fn is_as_granted(&self) -> bool {
        self.force == Force::Nothing
    }

    pub(crate) const fn isolation(&self) -> &Isolation {
        &self.isolation
    }

    /// The case's own.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) const fn has_folders(&self) -> bool {
        self.isolation.has_folders()
    }

    pub(crate) const fn is_namespaced(&self) -> bool {
        matches!(self.isolation, Isolation::Namespaces { .. })
    }
}

/// The kind of that name.
pub(crate) fn known(called: &str) -> Force {
    ALL.into_iter().find(|force| name(*force) == called).expect("it is one of ours")
}

/// Plays a case in a world of its own.
pub(crate) fn play(force: Force, folder: PathBuf, case: impl AsyncFnOnce(&mut World)) {
    play_with(force, folder, async |mut world: World| {
        case(&mut world).await;
    });
}

/// The same, where the case ends the world itself.
pub(crate) fn play_with(force: Force, folder: PathBuf, case: impl AsyncFnOnce(World)) {
    let supervisor = Supervisor::start_with(force).expect("there is one");
    let isolation = supervisor.isolation().clone();
    let pid = supervisor.pid();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), async {
        let sandbox = supervisor.attach().expect("it is attached");
        let world = World { sandbox, force, isolation, supervisor: pid, folder, spawned: 0 };
        let (token, folder) = (world.token(), world.folder.clone());
        case(world).await;
        assert_eq!(holders(&token), Vec::<i32>::new(), "the end of the sandbox is the end of all");
        fs::remove_dir_all(folder).expect("it is there");
    });
}
