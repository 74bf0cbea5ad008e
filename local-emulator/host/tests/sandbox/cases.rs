//! What holds of processes, however they are kept apart.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lunch_contract::{Exit, SpawnFailure};
use lunch_host::{ProcessName, Report, Signal};

use crate::look::{all, drain, holders, read, running, sleepers, states, until};
use crate::world::World;

pub(crate) async fn an_exit_is_told_as_it_was(world: &mut World) {
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

pub(crate) async fn output_comes_by_the_pipe_and_nothing_else_is_open(world: &mut World) {
    let (process, output) = world.shell("pwd; echo oops >&2; ls -l /proc/self/fd; ulimit -n");
    world.started(process).await;
    world.exited(process).await;
    let text = all(output);
    let folder = match world.has_folders() {
        true => PathBuf::from("/var/task"),
        false => world.folder().canonicalize().expect("it is there"),
    };
    assert!(text.starts_with(&format!("{}\noops\n", folder.display())), "{text}");
    let open = text.lines().filter(|line| line.contains(" -> ")).count();
    assert!(open <= 4, "0, 1, 2 and the folder that `ls` reads:\n{text}");
    assert!(text.contains("0 -> /dev/null"), "{text}");
    assert!(text.ends_with("\n1024\n"), "{text}");
}

pub(crate) async fn what_wakes_up_does_not_push_in(world: &mut World) {
    let (process, output) = world.shell("read -r stat < /proc/self/stat; echo $stat | cut -d' ' -f41; cut -d' ' -f41 /proc/self/stat");
    world.started(process).await;
    world.exited(process).await;
    let batch = libc::SCHED_BATCH;
    assert_eq!(all(output), format!("{batch}\n{batch}\n"), "the shell's and its child's");
}

pub(crate) async fn the_environment_is_what_was_given(world: &mut World) {
    // Small; more than a packet has; more than a socket has.
    for (count, length) in [(1, 10), (1, 60_000), (8, 100_000)] {
        let street = ("STREET".to_owned(), "Lime \"Street\"".to_owned());
        let big = (0..count).map(|number| (format!("BIG_{number}"), "x".repeat(length)));
        let environment: Vec<_> = std::iter::once(street).chain(big).collect();
        let lines = environment.iter().map(|(name, value)| format!("{name}={value}\n"));
        let expected: String = lines.collect();
        let (process, mut output) = world.spawn_with(Path::new("/usr/bin/env"), environment);
        world.started(process).await;
        assert!(read(&mut output, expected.len()) == expected, "{count} times {length} bytes");
        world.exited(process).await;
        assert_eq!(all(output), "");
    }
}

pub(crate) async fn what_does_not_start_says_why(world: &mut World) {
    let missing = world.folder().join("nobody");
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
    assert!(sentence.contains("(make its environment variables smaller)"), "{sentence}");
}

pub(crate) const ESCAPE: &str =
    "setsid sh -c 'sleep 600 & exec sleep 600' & (setsid sleep 600 &) ; sleep 600 &";

pub(crate) async fn an_end_takes_all_that_was_started(world: &mut World) {
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
    world.signal(process, Signal::Kill);
    assert_eq!(world.exited(process).await, Exit::Signal(9));
    assert_eq!(world.survivors(), 0, "after a kill");
}

/// A process that was started keeps the output open for ever, and is ended with the rest.
pub(crate) async fn an_end_waits_for_nobody_who_keeps_the_output(world: &mut World) {
    let (process, mut output) = world.shell("setsid sleep 600 & echo up; exit 6");
    world.started(process).await;
    assert_eq!(world.exited(process).await, Exit::Code(6));
    assert_eq!(read(&mut output, 3), "up\n");
    assert_eq!(all(output), "", "nobody has it any more");
}

/// Two that are the same but for their names: the end of one is not the other's.
pub(crate) async fn an_end_takes_nothing_of_another_instance(world: &mut World) {
    let script = format!("{ORPHAN_COUNTER} echo up; read line; while true; do sleep 600; done");
    let (first, mut output) = world.shell(&script);
    world.started(first).await;
    read(&mut output, 3);
    let before = world.survivors();
    for _ in 0..20 {
        let (second, mut output) = world.shell(&script);
        world.started(second).await;
        read(&mut output, 3);
        world.signal(second, Signal::Kill);
        world.exited(second).await;
    }
    world.moves(&output).await;
    assert!(world.survivors() >= before, "all of the first still run");
    world.signal(first, Signal::Kill);
    world.exited(first).await;
}

pub(crate) async fn the_frozen_make_no_progress_and_the_thawed_go_on(world: &mut World) {
    let (process, mut output) = world.shell("while true; do echo x; done");
    let pid = world.started(process).await;
    read(&mut output, 1);
    world.signal(process, Signal::Freeze);
    let state = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next())
    };
    until(|| state() == Some('T'));
    // What was written before the freeze is read; then there is nothing more.
    drain(&output);
    assert_eq!(drain(&output), 0, "it goes on though it is stopped");
    world.signal(process, Signal::Thaw);
    read(&mut output, 1);
    world.signal(process, Signal::Kill);
    world.exited(process).await;
}

/// A shell line that counts for ever from a session of its own, and says so on the process's output.
pub(crate) const COUNTER: &str = "setsid sh -c 'while true; do echo y; done' & ";

/// A process whose parent has gone and which has left the group.
pub(crate) const ORPHAN_COUNTER: &str = "(setsid sh -c 'while true; do echo y; done' &) ; ";

pub(crate) async fn a_freeze_reaches_those_who_left_the_group_and_so_does_a_thaw(
    world: &mut World,
) {
    for counter in [COUNTER, ORPHAN_COUNTER] {
        let (process, mut output) = world.shell(&format!("{counter}\nwhile true; do read x; done"));
        let pid = world.started(process).await;
        read(&mut output, 1);
        for _ in 0..3 {
            world.signal(process, Signal::Freeze);
            world.quiet(&[pid]).await;
            drain(&output);
            assert_eq!(states(&world.token()), "", "all are stopped");
            assert_eq!(drain(&output), 0, "it goes on though it is stopped");
            world.signal(process, Signal::Thaw);
            world.moves(&output).await;
        }
        // A thaw right behind a freeze is not overtaken by it.
        for _ in 0..100 {
            world.signal(process, Signal::Freeze);
            world.signal(process, Signal::Thaw);
        }
        for _ in 0..10 {
            world.moves(&output).await;
        }
        world.signal(process, Signal::Freeze);
        world.quiet(&[pid]).await;
        world.signal(process, Signal::Kill);
        drain(&output);
        assert_eq!(world.exited(process).await, Exit::Signal(9));
        assert_eq!(world.survivors(), 0);
    }
}

pub(crate) async fn who_has_shed_its_environment_is_ended_too(world: &mut World) {
    // It is known by its argument here, since no token is left in it.
    let seconds = (700_000 + std::process::id()).to_string();
    let leftover = format!("env -i /bin/sh -c 'echo up; exec /bin/sleep {seconds}'");
    // In its group; in one of its own, as a shell's jobs have; in a session of its own, where namespaces tell.
    let mut starts = vec![format!("{leftover} &"), format!("bash -c \"set -m; {leftover} &\"")];
    if world.is_namespaced() {
        starts.push(format!("(setsid {leftover} &)"));
    }
    for start in starts {
        let (process, mut output) = world.shell(&format!("{start}\nread line; sleep 600"));
        world.started(process).await;
        assert_eq!(read(&mut output, 3), "up\n");
        until(|| running(&seconds) > 0);
        world.signal(process, Signal::Kill);
        world.exited(process).await;
        assert_eq!(running(&seconds), 0, "{start}");
        // The same when the end is so near to the start that nobody could look at it in between.
        for _ in 0..10 {
            let (process, _output) = world.shell(&format!("{start}\nexit 0"));
            world.started(process).await;
            world.exited(process).await;
            assert_eq!(running(&seconds), 0, "{start}");
        }
    }
}

pub(crate) async fn a_kill_before_the_start_was_heard_of_is_not_lost(world: &mut World) {
    let (process, _output) = world.shell("sleep 600");
    world.signal(process, Signal::Kill);
    world.started(process).await;
    assert_eq!(world.exited(process).await, Exit::Signal(9));
}

pub(crate) async fn terminate_asks_and_does_not_force(world: &mut World) {
    let (process, mut output) =
        world.shell("trap 'echo closing; exit 5' TERM; echo up; while true; do sleep 0.01; done");
    world.started(process).await;
    assert_eq!(read(&mut output, 3), "up\n");
    world.signal(process, Signal::Terminate);
    assert_eq!(world.exited(process).await, Exit::Code(5));
    // The shell says beside that its `sleep` was terminated: it is of the same group.
    let text = all(output);
    assert!(text.ends_with("closing\n"), "{text}");
}

pub(crate) async fn a_hundred_at_once_and_no_descriptor_is_left(world: &mut World) {
    let supervisor = world.supervisor().to_string();
    let open = || {
        let of = |pid: &str| fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").count();
        (of("self"), of(&supervisor))
    };
    // A supervisor that has ended one process has opened all that it needs itself.
    let (first, _output) = world.shell("exit 0");
    world.started(first).await;
    world.exited(first).await;
    world.forget(first.instance);
    world.idle().await;
    let before = open();
    let mut waiting = BTreeMap::new();
    for _ in 0..100 {
        let (process, output) = world.shell("exit 4");
        waiting.insert(ProcessName::from(process), output);
        let (process, output) = world.spawn(Path::new("/nobody"));
        waiting.insert(ProcessName::from(process), output);
    }
    let (mut started, mut not_started) = (0, 0);
    while !waiting.is_empty() {
        match world.report().await {
            Report::Started { .. } => started += 1,
            Report::NotStarted { process, .. } => {
                not_started += 1;
                waiting.remove(&process);
                world.forget(process.owner());
            }
            Report::Exited { process, exit, .. } => {
                assert_eq!(exit, Exit::Code(4));
                waiting.remove(&process);
                world.forget(process.owner());
            }
            Report::Lost { sentence } => panic!("{sentence}"),
        }
    }
    assert_eq!((started, not_started), (100, 100));
    // The supervisor tells of an end, of the first one too, before it lets go of the last descriptor.
    until(|| {
        let (own, supervisors) = open();
        own == before.0 && supervisors <= before.1
    });
}

/// What one mounts at once, while its mount namespace may still be another's as well, is not there for the next.
pub(crate) async fn what_one_mounts_is_nobody_elses(world: &mut World) {
    if !world.is_namespaced() {
        // It would be the machine's own.
        return;
    }
    let mount = "mount -t tmpfs leak /mnt 2>&1 && echo done || echo refused; sleep 600";
    let (first, mut output) = world.shell(mount);
    world.started(first).await;
    read(&mut output, 5);
    for _ in 0..2 {
        let (second, mut output) =
            world.shell("echo $(grep -c ' leak ' /proc/self/mountinfo); sleep 600");
        world.started(second).await;
        assert_eq!(read(&mut output, 2), "0\n");
        world.signal(second, Signal::Kill);
        world.exited(second).await;
    }
    world.signal(first, Signal::Kill);
    world.exited(first).await;
}

pub(crate) async fn the_supervisors_end_is_told(world: &mut World) {
    let (process, mut output) = world.shell(&format!("{ESCAPE}\necho up; sleep 600"));
    let pid = world.started(process).await;
    assert_eq!(read(&mut output, 3), "up\n");
    // In the middle of an `exec` a process has no environment to be known by, and below nobody waits for it.
    until(|| sleepers(&world.token()) == 5);
    let supervisor = nix::unistd::Pid::from_raw(world.supervisor());
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
    // Without a namespace the groups are ended, or before Linux 6.9 the main processes; nobody ends the others but
    // the test.
    let main = nix::unistd::Pid::from_raw(pid.cast_signed());
    until(|| {
        let left = holders(&world.token()).into_iter().map(nix::unistd::Pid::from_raw);
        left.into_iter().all(|pid| {
            let is_of_the_group = nix::unistd::getpgid(Some(pid)) == Ok(main);
            pid != main && !(is_of_the_group && world.signals_groups())
        })
    });
    until(|| {
        let left = holders(&world.token());
        for pid in &left {
            let pid = nix::unistd::Pid::from_raw(*pid);
            nix::sys::signal::kill(pid, nix::sys::signal::SIGKILL).ok();
        }
        left.is_empty()
    });
}

/// What whoever started `lunch` ignores is not ignored by its functions, and ends are told. The C library keeps two
/// signals to itself, 32 and 33.
pub(crate) async fn what_is_ignored_outside_is_not_inside(world: &mut World) {
    let (process, output) = world.shell("grep -E '^Sig(Ign|Blk)' /proc/self/status; kill -HUP $$");
    world.started(process).await;
    assert_eq!(world.exited(process).await, Exit::Signal(1));
    let text = all(output);
    let masks = text.lines().map(|line| line.rsplit('\t').next().unwrap_or(line));
    let masks = masks.map(|mask| u64::from_str_radix(mask, 16).expect("it is a mask"));
    let masks: Vec<_> = masks.map(|mask| mask & !(0b11 << 31)).collect();
    assert_eq!(masks, [0, 0], "{text}");
}
