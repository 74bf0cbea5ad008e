//! What holds when whoever started the processes is not as usual, or is killed.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lunch_host::sandbox::Force;

use crate::cases::ESCAPE;
use crate::look::{holders, is_stopped, read, until};
use crate::world::{World, folder, name, play};

/// Signals that are ignored pass on to every child, and who ignores SIGCHLD is told of no end.
pub(crate) fn a_parent_that_ignores_signals_changes_nothing(force: Force) {
    let mut ignoring = Command::new("/usr/bin/env");
    ignoring.arg("--ignore-signal=CHLD,HUP,USR1").arg(own_path());
    let said = said(ignoring.args(["--only", name(force), "is_ignored"]));
    assert!(said.contains(" 1 passed; 0 failed"), "{said}");
}

/// Every case again, as a user who may do less.
pub(crate) fn an_ordinary_user_has_the_same(force: Force) {
    let open = open_to_all().expect("without one the case is left out");
    let folder = open.join(format!("lunch-ordinary-user-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("it is open to all");
    // Where it stands that user may not look.
    let copy = folder.join("sandbox");
    fs::copy(own_path(), &copy).expect("there is room");
    let mut again = Command::new(copy);
    again.args(["--only", name(force)]).env("TMPDIR", open).uid(NOBODY).gid(NOBODY);
    let said = said(&mut again);
    fs::remove_dir_all(folder).expect("it is there");
    assert!(said.contains("test result: ok. 36 passed"), "{said}");
}

/// Whether this process may become another user: root may, if there are others where it is root.
pub(crate) fn may_become_an_ordinary_user() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let has_nobody = map.lines().any(|line| {
        let numbers: Vec<_> = line.split_whitespace().flat_map(str::parse::<u64>).collect();
        matches!(numbers[..], [first, _, count] if (first..first + count).contains(&u64::from(NOBODY)))
    });
    nix::unistd::getuid().is_root() && has_nobody && open_to_all().is_some()
}

/// A place where everybody may keep files: not everywhere is the usual one such a place.
fn open_to_all() -> Option<PathBuf> {
    let all_may = |path: &Path, what: u32| {
        let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
        mode & what == what
    };
    let places = [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()];
    places.into_iter().find(|place| {
        all_may(place, 0o007) && place.ancestors().all(|folder| all_may(folder, 0o001))
    })
}

const NOBODY: u32 = 65_534;

fn own_path() -> PathBuf {
    std::env::current_exe().expect("it runs")
}

/// What it writes; it has to end well.
fn said(command: &mut Command) -> String {
    let output = command.output().expect("it is a program");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// A child of this program that holds a supervisor with many processes, and is killed in the middle.
pub(crate) fn nothing_is_left_of_a_killed_parent(force: Force) {
    kill_one_that_holds(force, "--hold");
}

/// The same where nobody but the kernel can end anything. Without namespaces that is not promised, and not tried.
pub(crate) fn nothing_is_left_of_a_killed_parent_whose_supervisor_is_stopped(force: Force) {
    kill_one_that_holds(force, "--hold-stopped");
}

fn kill_one_that_holds(force: Force, how: &str) {
    let folder = folder(&format!("killed-parent{how}"));
    let mut child = Command::new(own_path())
        .args([how, name(force), &folder.display().to_string()])
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

/// The child of the cases above.
pub(crate) fn hold(how: &str, force: Force, folder: &str) {
    play(force, PathBuf::from(folder), async |world: &mut World| {
        for _ in 0..20 {
            let (process, mut output) = world.shell(&format!("{ESCAPE}\necho up; sleep 600"));
            world.started(process).await;
            assert_eq!(read(&mut output, 3), "up\n");
        }
        if how == "--hold-stopped" && world.is_namespaced() {
            let supervisor = nix::unistd::Pid::from_raw(world.supervisor());
            nix::sys::signal::kill(supervisor, nix::sys::signal::SIGSTOP).expect("it lives");
            until(|| is_stopped(world.supervisor()));
        }
        std::io::stdout().write_all(b"up\n").expect("somebody reads");
        std::io::stdout().flush().expect("somebody reads");
        std::future::pending::<()>().await;
    });
}
