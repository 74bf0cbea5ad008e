//! Real processes under the real supervisor, which has to be made before there is any thread: so this program has a
//! `main` of its own, and plays every case under every kind of isolation.
//!
//! Arguments: a part of a case's name, to play only those. The last line is in the test runner's own form.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test names what it expects, and shows whatever else comes"
)]

use std::collections::BTreeMap;
use std::fs;
use std::future::poll_fn;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use lunch_contract::{Exit, InstanceId, Process, SpawnFailure};
use lunch_host::sandbox::{Force, Isolation, Sandbox, Supervisor};
use lunch_host::{Launch, Processes, Report, Signal};

/// The processes of one case, and a folder for it.
struct World {
    sandbox: Sandbox,
    isolation: Isolation,
    supervisor: i32,
    folder: PathBuf,
    spawned: u32,
}

impl World {
    /// The next report; it comes soon or never.
    async fn report(&mut self) -> Report {
        let next = poll_fn(|cx| self.sandbox.poll_report(cx));
        tokio::time::timeout(Duration::from_secs(20), next).await.expect("a report in 20 s")
    }

    /// Starts a shell with that script; what it writes comes by the pipe.
    fn shell(&mut self, script: &str) -> (Process, fs::File) {
        let program = self.program("shell", &format!("#!/bin/sh\n{script}\n"));
        self.spawn(&program)
    }

    fn program(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(format!("{name}-{}", self.spawned));
        fs::write(&path, text).expect("the folder is there");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is there");
        path
    }

    fn spawn(&mut self, program: &Path) -> (Process, fs::File) {
        let token = self.token();
        let environment = vec![
            ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
            ("AWS_LAMBDA_RUNTIME_API".to_owned(), format!("127.0.0.1:{}", 1_000 + self.spawned)),
            ("SANDBOX_TOKEN".to_owned(), token),
        ];
        self.spawn_with(program, environment)
    }

    fn spawn_with(
        &mut self,
        program: &Path,
        environment: Vec<(String, String)>,
    ) -> (Process, fs::File) {
        let instance = InstanceId { serial: self.spawned, index: self.spawned };
        let process = Process { instance, spawn: 0 };
        self.spawned += 1;
        let (read, write) = nix::unistd::pipe().expect("there are descriptors");
        let output: OwnedFd = write;
        let (program, code) = (program.to_owned(), self.folder.clone());
        self.sandbox.spawn(Launch { process, program, code, environment, output });
        (process, fs::File::from(read))
    }

    async fn started(&mut self, expected: Process) -> u32 {
        match self.report().await {
            Report::Started { process, pid, .. } if process == expected => pid,
            other => panic!("{expected} starts, and not {other:?}"),
        }
    }

    async fn exited(&mut self, expected: Process) -> Exit {
        match self.report().await {
            Report::Exited { process, exit } if process == expected => exit,
            other => panic!("{expected} ends, and not {other:?}"),
        }
    }

    async fn not_started(&mut self, expected: Process) -> (SpawnFailure, String) {
        match self.report().await {
            Report::NotStarted { process, why, sentence } if process == expected => (why, sentence),
            other => panic!("{expected} does not start, and not {other:?}"),
        }
    }

    /// What no other case's processes have in their environment.
    fn token(&self) -> String {
        self.folder.display().to_string()
    }

    /// How many processes have the token.
    fn survivors(&self) -> usize {
        holders(&self.token()).len()
    }

    const fn is_namespaced(&self) -> bool {
        matches!(self.isolation, Isolation::Namespaces { .. })
    }
}

/// The processes with that text in their environment.
fn holders(token: &str) -> Vec<i32> {
    let pids = fs::read_dir("/proc")
        .expect("there is one")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let has = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(token.len()).any(|part| part == token.as_bytes())
    };
    pids.filter(|pid| *pid != std::process::id().cast_signed()).filter(has).collect()
}

/// Reads until there are that many bytes, or the end.
fn read(output: &mut fs::File, bytes: usize) -> String {
    let mut text = Vec::new();
    let mut piece = [0; 256];
    while text.len() < bytes {
        match output.read(&mut piece).expect("the pipe is open") {
            0 => break,
            length => text.extend_from_slice(&piece[..length]),
        }
    }
    String::from_utf8(text).expect("it is text")
}

fn all(mut output: fs::File) -> String {
    let mut text = String::new();
    output.read_to_string(&mut text).expect("it is text");
    text
}

async fn an_exit_is_told_as_it_was(world: &mut World) {
    for (script, exit) in [
        ("exit 0", Exit::Code(0)),
        ("exit 7", Exit::Code(7)),
        ("kill -9 $$", Exit::Signal(9)),
        ("kill -SEGV $$", Exit::Signal(11)),
        ("kill -TERM $$", Exit::Signal(15)),
    ] {
        let (process, _output) = world.shell(script);
        let pid = world.started(process).await;
        assert!(pid > 1, "{script}");
        assert_eq!(world.exited(process).await, exit, "{script}");
    }
}

async fn output_comes_by_the_pipe_and_nothing_else_is_open(world: &mut World) {
    let (process, output) = world.shell("pwd; echo oops >&2; ls -l /proc/self/fd; ulimit -n");
    world.started(process).await;
    world.exited(process).await;
    let text = all(output);
    let folder = world.folder.canonicalize().expect("it is there");
    assert!(text.starts_with(&format!("{}\noops\n", folder.display())), "{text}");
    let open = text.lines().filter(|line| line.contains(" -> ")).count();
    assert!(open <= 4, "0, 1, 2 and the folder that `ls` reads:\n{text}");
    assert!(text.contains("0 -> /dev/null"), "{text}");
    assert!(text.ends_with("\n1024\n"), "{text}");
}

async fn the_environment_is_what_was_given(world: &mut World) {
    let environment = vec![
        ("STREET".to_owned(), "Lime Street".to_owned()),
        ("BIG".to_owned(), "x".repeat(60_000)),
    ];
    let (process, output) = world.spawn_with(Path::new("/usr/bin/env"), environment);
    world.started(process).await;
    world.exited(process).await;
    assert_eq!(all(output), format!("STREET=Lime Street\nBIG={}\n", "x".repeat(60_000)));
}

async fn what_does_not_start_says_why(world: &mut World) {
    let missing = world.folder.join("nobody");
    let (process, _output) = world.spawn(&missing);
    let (why, sentence) = world.not_started(process).await;
    assert_eq!(why, SpawnFailure::Missing);
    assert!(sentence.starts_with("there is no `"), "{sentence}");

    let plain = world.program("plain", "#!/bin/sh\n");
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o644)).expect("it is there");
    let (process, _output) = world.spawn(&plain);
    let (why, sentence) = world.not_started(process).await;
    assert_eq!(why, SpawnFailure::PermissionDenied);
    assert!(sentence.contains("chmod +x"), "{sentence}");

    let text = world.program("text", "no program at all\n");
    let (process, _output) = world.spawn(&text);
    assert_eq!(world.not_started(process).await.0, SpawnFailure::ExecFormat);

    let script = world.program("script", "#!/no/such/interpreter\n");
    let (process, _output) = world.spawn(&script);
    let (why, sentence) = world.not_started(process).await;
    assert_eq!(why, SpawnFailure::Missing);
    assert!(sentence.contains("what is to interpret it is not"), "{sentence}");

    let environment = vec![("BIG".to_owned(), "x".repeat(300_000))];
    let (process, _output) = world.spawn_with(Path::new("/usr/bin/env"), environment);
    let (_, sentence) = world.not_started(process).await;
    assert!(sentence.contains("make its variables smaller"), "{sentence}");
}

const ESCAPE: &str =
    "setsid sh -c 'sleep 600 & exec sleep 600' & (setsid sleep 600 &) ; sleep 600 &";

async fn an_end_takes_all_that_was_started(world: &mut World) {
    for end in ["kill -9 $$", "exit 3"] {
        let (process, mut output) = world.shell(&format!("{ESCAPE}\necho up; read line; {end}"));
        world.started(process).await;
        assert_eq!(read(&mut output, 3), "up\n");
        world.exited(process).await;
        assert_eq!(world.survivors(), 0, "after {end}");
    }
    let (process, mut output) = world.shell(&format!("{ESCAPE}\necho up; wait; sleep 600"));
    world.started(process).await;
    assert_eq!(read(&mut output, 3), "up\n");
    world.sandbox.signal(process, Signal::Kill);
    assert_eq!(world.exited(process).await, Exit::Signal(9));
    assert_eq!(world.survivors(), 0, "after a kill");
}

async fn the_frozen_make_no_progress_and_the_thawed_go_on(world: &mut World) {
    let (process, mut output) = world.shell("while true; do echo x; done");
    let pid = world.started(process).await;
    read(&mut output, 1);
    world.sandbox.signal(process, Signal::Freeze);
    let state = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next())
    };
    until(|| state() == Some('T'));
    let fds =
        [nix::poll::PollFd::new(std::os::fd::AsFd::as_fd(&output), nix::poll::PollFlags::POLLIN)];
    let mut fds = fds;
    // What was written before the freeze is read; then there is nothing more.
    let mut rest = 0;
    while nix::poll::poll(&mut fds, nix::poll::PollTimeout::ZERO).expect("a pipe") > 0 {
        let mut piece = [0; 65_536];
        rest += nix::unistd::read(&output, &mut piece).expect("a pipe");
        assert!(rest <= 1 << 20, "it goes on though it is stopped");
    }
    world.sandbox.signal(process, Signal::Thaw);
    read(&mut output, 1);
    world.sandbox.signal(process, Signal::Kill);
    world.exited(process).await;
}

async fn a_kill_before_the_start_was_heard_of_is_not_lost(world: &mut World) {
    let (process, _output) = world.shell("sleep 600");
    world.sandbox.signal(process, Signal::Kill);
    world.started(process).await;
    assert_eq!(world.exited(process).await, Exit::Signal(9));
}

async fn terminate_asks_and_does_not_force(world: &mut World) {
    let (process, mut output) =
        world.shell("trap 'echo closing; exit 5' TERM; echo up; while true; do sleep 0.01; done");
    world.started(process).await;
    assert_eq!(read(&mut output, 3), "up\n");
    world.sandbox.signal(process, Signal::Terminate);
    assert_eq!(world.exited(process).await, Exit::Code(5));
    // The shell says beside that its `sleep` was terminated: it is of the same group.
    let text = all(output);
    assert!(text.ends_with("closing\n"), "{text}");
}

async fn a_hundred_at_once_and_no_descriptor_is_left(world: &mut World) {
    let open = || fs::read_dir("/proc/self/fd").expect("there is one").count();
    let before = open();
    let mut waiting = BTreeMap::new();
    for _ in 0..100 {
        let (process, output) = world.shell("exit 4");
        waiting.insert(process, output);
    }
    let mut started = 0;
    while !waiting.is_empty() {
        match world.report().await {
            Report::Started { .. } => started += 1,
            Report::Exited { process, exit } => {
                assert_eq!(exit, Exit::Code(4));
                waiting.remove(&process);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(started, 100);
    assert_eq!(open(), before);
}

async fn the_supervisors_end_is_told(world: &mut World) {
    let (process, mut output) = world.shell(&format!("{ESCAPE}\necho up; sleep 600"));
    world.started(process).await;
    assert_eq!(read(&mut output, 3), "up\n");
    let supervisor = nix::unistd::Pid::from_raw(world.supervisor);
    nix::sys::signal::kill(supervisor, nix::sys::signal::SIGKILL).expect("it lives");
    loop {
        match world.report().await {
            Report::Lost { sentence } => {
                assert!(sentence.contains("start lunch again"), "{sentence}");
                break;
            }
            Report::Exited { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    if world.is_namespaced() {
        return until(|| world.survivors() == 0);
    }
    // Without a namespace nobody ends them but the test.
    until(|| {
        let left = holders(&world.token());
        for pid in &left {
            let pid = nix::unistd::Pid::from_raw(*pid);
            nix::sys::signal::kill(pid, nix::sys::signal::SIGKILL).ok();
        }
        left.is_empty()
    });
}

/// Looks again and again; what is waited for is the kernel's to do, and has no event.
fn until(done: impl Fn() -> bool) {
    let bound = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < bound, "not within 20 s");
        std::thread::yield_now();
    }
}

/// A child of this program that holds a supervisor with many processes, and is killed in the middle.
fn nothing_is_left_of_a_killed_parent(force: Force) {
    let folder = folder("killed-parent");
    let mut child = Command::new(std::env::current_exe().expect("it runs"))
        .args(["--hold", name(force), &folder.display().to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it is this program");
    let mut up = [0; 3];
    child.stdout.take().expect("piped").read_exact(&mut up).expect("it says so");
    let token = folder.display().to_string();
    assert!(holders(&token).len() >= 60, "20 shells with at least two leftovers each");
    child.kill().expect("it runs");
    child.wait().expect("it was killed");
    until(|| holders(&token).is_empty());
    fs::remove_dir_all(folder).expect("it is there");
}

/// The child of the case above.
fn hold(force: &str, folder: &str) {
    let force = ALL.into_iter().find(|known| name(*known) == force).expect("one of ours");
    play(force, PathBuf::from(folder), async |world: &mut World| {
        for _ in 0..20 {
            let (process, mut output) = world.shell(&format!("{ESCAPE}\necho up; sleep 600"));
            world.started(process).await;
            assert_eq!(read(&mut output, 3), "up\n");
        }
        std::io::stdout().write_all(b"up\n").expect("somebody reads");
        std::io::stdout().flush().expect("somebody reads");
        std::future::pending::<()>().await;
    });
}

const ALL: [Force; 3] = [Force::Nothing, Force::UserNamespace, Force::Groups];

const fn name(force: Force) -> &'static str {
    match force {
        Force::Nothing => "as-granted",
        Force::UserNamespace => "user-namespace",
        Force::Groups => "groups",
    }
}

fn folder(case: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("lunch-sandbox-{}-{case}", std::process::id()));
    fs::create_dir_all(&path).expect("there is a place for temporary files");
    path
}

/// Plays a case in a world of its own.
fn play(force: Force, folder: PathBuf, case: impl AsyncFnOnce(&mut World)) {
    let supervisor = Supervisor::start_with(force).expect("there is one");
    let isolation = supervisor.isolation().clone();
    let pid = supervisor.pid();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), async {
        let sandbox = supervisor.attach().expect("it is attached");
        let mut world = World { sandbox, isolation, supervisor: pid, folder, spawned: 0 };
        case(&mut world).await;
        let (token, folder) = (world.token(), world.folder.clone());
        drop(world);
        assert_eq!(holders(&token), Vec::<i32>::new(), "the end of the sandbox is the end of all");
        fs::remove_dir_all(folder).expect("it is there");
    });
}

macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        [$((stringify!($case), (|force: Force| {
            play(force, folder(stringify!($case)), async |world: &mut World| $case(world).await);
        }) as fn(Force))),*]
    };
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody reads");
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [hold_it, force, folder] = arguments.as_slice()
        && hold_it == "--hold"
    {
        hold(force, folder);
        return ExitCode::SUCCESS;
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let mut cases: Vec<(&str, fn(Force))> = cases![
        an_exit_is_told_as_it_was,
        output_comes_by_the_pipe_and_nothing_else_is_open,
        the_environment_is_what_was_given,
        what_does_not_start_says_why,
        an_end_takes_all_that_was_started,
        the_frozen_make_no_progress_and_the_thawed_go_on,
        a_kill_before_the_start_was_heard_of_is_not_lost,
        terminate_asks_and_does_not_force,
        a_hundred_at_once_and_no_descriptor_is_left,
        the_supervisors_end_is_told,
    ]
    .to_vec();
    cases.push(("nothing_is_left_of_a_killed_parent", nothing_is_left_of_a_killed_parent));
    let (mut passed, mut failed, mut left_out) = (0, 0, 0);
    let began = Instant::now();
    for force in ALL {
        for (case, run) in &cases {
            let title = format!("{case} ({})", name(force));
            if filter.is_some_and(|filter| !title.contains(filter.as_str())) {
                left_out += 1;
                continue;
            }
            let verdict =
                if std::panic::catch_unwind(|| run(force)).is_ok() { "ok" } else { "FAILED" };
            if verdict == "ok" {
                passed += 1
            } else {
                failed += 1
            }
            say(&format!("test {title} ... {verdict}"));
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    let seconds = began.elapsed().as_secs_f64();
    say(&format!(
        "\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {left_out} filtered out; finished in {seconds:.2}s"
    ));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
