//! What holds of the folders that a process finds.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lunch_host::sandbox::Isolation;
use lunch_host::{Processes as _, Report, Signal};

use crate::look::{all, read, until};
use crate::world::{TMP_MB, World};

pub(crate) async fn the_code_is_at_var_task_and_nobody_writes_there(world: &mut World) {
    fs::write(world.folder().join("menu"), "espresso\n").expect("it is the case's own");
    if !world.has_folders() {
        let (_, text) = world.played("echo $0; cat menu").await;
        assert_eq!(text, format!("{}/shell-0\nespresso\n", world.folder().display()));
        return;
    }
    let script = "echo $0; pwd; cat menu; echo x > oops; echo y >> menu; mkdir /var/oops; exit 0";
    let (_, text) = world.played(script).await;
    assert!(text.starts_with("/var/task/shell-0\n/var/task\nespresso\n"), "{text}");
    assert_eq!(text.matches("Read-only file system").count(), 3, "{text}");
    assert!(!world.folder().join("oops").exists());
    let menu = fs::read_to_string(world.folder().join("menu")).expect("it is the case's own");
    assert_eq!(menu, "espresso\n");
}

/// The case's own folder is below the machine's `/tmp`, where most checkouts for a try are.
pub(crate) async fn an_instances_tmp_is_nobody_elses(world: &mut World) {
    let beans = format!("lunch-beans-{}", std::process::id());
    let list = "stat -c %a /tmp; ls -A /tmp";
    if !world.has_folders() {
        let (_, text) = world.played(list).await;
        assert!(text.starts_with("1777\n"), "{text}");
        return;
    }
    let (first, mut output) =
        world.shell(&format!("echo roast > /tmp/{beans}; echo up; sleep 600"));
    world.started(first).await;
    assert_eq!(read(&mut output, 3), "up\n");
    assert!(!Path::new("/tmp").join(&beans).exists(), "it is on the machine");
    for _ in 0..2 {
        let (_, text) = world.played(list).await;
        assert_eq!(text, "1777\n", "that is all of another's");
    }
    let (_, options) = world.played("grep ' /tmp ' /proc/self/mounts").await;
    assert!(options.starts_with("tmp /tmp tmpfs rw,nosuid,nodev,"), "{options}");
    world.signal(first, Signal::Kill);
    world.exited(first).await;
}

pub(crate) async fn an_instances_tmp_outlives_its_process_and_goes_with_it(world: &mut World) {
    if !world.has_folders() {
        return;
    }
    // Ended in all ways, and with others in between, for which something else was made ahead.
    let (mut process, text) = world.played("echo 0 > /tmp/count; cat /tmp/count").await;
    assert_eq!(text, "0\n");
    for round in 1..6 {
        let (_, other) = world.played("cat /tmp/count").await;
        assert!(other.contains("No such file"), "{other}");
        let script = format!("cat /tmp/count; echo {round} > /tmp/count; pwd; sleep 600");
        let (next, mut output) = world.shell_of(process, &script);
        world.started(next).await;
        let expected = format!("{}\n/var/task\n", round - 1);
        assert_eq!(read(&mut output, expected.len()), expected);
        if round % 2 == 0 {
            world.idle().await;
        }
        world.signal(next, Signal::Kill);
        world.exited(next).await;
        process = next;
    }
    world.forget(process.instance);
    // Whoever has that name next is somebody else.
    let (next, output) = world.shell_of(process, "ls -A /tmp; echo empty");
    world.started(next).await;
    world.exited(next).await;
    assert_eq!(all(output), "empty\n");
}

/// The mount namespaces that the supervisor is in or keeps.
fn kept(world: &World) -> BTreeSet<String> {
    let proc = Path::new("/proc").join(world.supervisor().to_string());
    let open = fs::read_dir(proc.join("fd")).expect("it runs").flatten();
    let links = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    let links = links.chain(fs::read_link(proc.join("ns/mnt")).ok());
    let links = links.map(|link| link.display().to_string());
    links.filter(|link| link.starts_with("mnt:")).collect()
}

/// Nobody is left in the instance's mount namespace and nobody keeps it, so it is gone with all that is mounted there.
pub(crate) async fn what_is_mounted_goes_with_the_instance(world: &mut World) {
    if !world.is_namespaced() {
        return;
    }
    let (process, text) = world.played("readlink /proc/self/ns/mnt").await;
    let own = text.trim();
    assert!(own.starts_with("mnt:["), "{own}");
    assert!(kept(world).contains(own), "it is kept for the next process");
    world.forget(process.instance);
    until(|| !kept(world).contains(own));
}

pub(crate) async fn a_tmp_has_no_more_than_its_size(world: &mut World) {
    if !world.has_folders() {
        return;
    }
    let script = format!(
        "dd if=/dev/zero of=/tmp/fits bs=1M count={} 2>&1; rm /tmp/fits; \
         dd if=/dev/zero of=/tmp/beans bs=1M count={} 2>&1; stat -c %s /tmp/beans",
        TMP_MB,
        TMP_MB + 1
    );
    let (_, text) = world.played(&script).await;
    assert_eq!(text.matches("No space left on device").count(), 1, "{text}");
    assert!(text.ends_with(&format!("\n{}\n", TMP_MB << 20)), "{text}");
}

/// Asked for in the host's folders: so it is done, and said.
pub(crate) async fn a_program_outside_its_codes_folder_runs_where_it_is(world: &mut World) {
    let (process, output) = world.spawn(Path::new("/bin/pwd"));
    let report = world.report().await;
    let Report::Started { isolation, .. } = report else { panic!("{report:?}") };
    assert!(isolation.contains("without") || !world.is_namespaced(), "{isolation}");
    world.exited(process).await;
    let folder = world.folder().canonicalize().expect("it is there");
    assert_eq!(all(output), format!("{}\n", folder.display()));
}

pub(crate) async fn less_than_there_could_be_is_said(world: &mut World) {
    let (process, _output) = world.shell("exit 0");
    let report = world.report().await;
    let Report::Started { isolation, .. } = report else { panic!("{report:?}") };
    assert_eq!(isolation, world.isolation().to_string());
    world.exited(process).await;
    let why = world.sandbox.why_not_more().unwrap_or_default();
    match world.isolation() {
        Isolation::Namespaces { folders_refused: None, .. } => {
            assert!(!isolation.contains("/tmp") && !why.contains("TMPDIR"), "{isolation}: {why}");
        }
        Isolation::Namespaces { folders_refused: Some(_), .. } => {
            assert!(isolation.ends_with("/tmp"), "{isolation}");
            assert!(why.contains("being told not to: `EPERM"), "{why}");
            assert!(why.contains("`TMPDIR`"), "{why}");
        }
        Isolation::Groups { .. } => assert!(why.contains("`TMPDIR`"), "{why}"),
    }
}

/// All that can be left behind, counted: descriptors here and there, mounts and files of the machine.
fn counted(world: &World) -> [usize; 5] {
    let supervisor = world.supervisor().to_string();
    let open = |pid: &str| fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").count();
    let mounts = |pid: &str| {
        fs::read_to_string(format!("/proc/{pid}/mountinfo")).expect("it runs").lines().count()
    };
    let files = fs::read_dir("/tmp").expect("there is one").flatten();
    // Other tests' files come and go meanwhile.
    let ours = files.filter(|entry| entry.file_name().to_string_lossy().contains("beans-of-"));
    [open("self"), open(&supervisor), mounts("self"), mounts(&supervisor), ours.count()]
}

pub(crate) async fn a_thousand_started_and_ended_leave_nothing(world: &mut World) {
    // Where something is refused the same is done by the same, and fewer will do.
    let instances = if world.is_as_granted() { 1_000 } else { 100 };
    let file = if world.has_folders() { "echo > /tmp/beans-of-$$" } else { "true" };
    let short = world.program("short", &format!("#!/bin/sh\n{file}\n"));
    let leaving = world.program("leaving", &format!("#!/bin/sh\n{file}\n(setsid sleep 600 &)\n"));
    let mut before = None;
    for number in 0..instances {
        let program = if number % 10 == 0 { &leaving } else { &short };
        let (process, output) = world.spawn(program);
        world.started(process).await;
        world.exited(process).await;
        world.forget(process.instance);
        drop(output);
        if number == 0 {
            world.idle().await;
            before = Some(counted(world));
        }
    }
    let before = before.expect("there was a first one");
    // The first count may have one more, that the supervisor was about to let go of.
    until(|| counted(world).iter().zip(&before).all(|(now, before)| now <= before));
    assert_eq!(world.survivors(), 0);
}

pub(crate) async fn two_hundred_live_at_once(world: &mut World) {
    const INSTANCES: usize = 200;
    let tmp = if world.has_folders() { "/tmp" } else { "$(mktemp -d -p .)" };
    let program = world.program(
        "long",
        &format!("#!/bin/sh\nset -C; echo $$ > {tmp}/beans && echo up; exec sleep 600\n"),
    );
    let mut all = Vec::new();
    for _ in 0..INSTANCES {
        all.push(world.spawn(&program));
    }
    for (process, output) in &mut all {
        world.started(*process).await;
        assert_eq!(read(output, 3), "up\n", "nobody has written there before");
    }
    until(|| world.survivors() >= INSTANCES);
    for (process, _) in &all {
        world.signal(*process, Signal::Kill);
        world.forget(process.instance);
    }
    let mut ended = BTreeSet::new();
    while ended.len() < INSTANCES {
        match world.report().await {
            Report::Exited { process, .. } => assert!(ended.insert(process), "twice"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.survivors(), 0);
}
