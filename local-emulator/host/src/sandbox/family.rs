//! Whose a process is: all that an instance's process has started, in whatever session it is.
//!
//! Everything is looked up in `/proc` as it is seen outside, and signalled by the very descriptor that it was looked
//! at by: so no number of one namespace is taken for another's, and none is given anew in between.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, fstatat};

use super::files;
use super::mains::{Main, Mains};

/// How what an instance's process leaves behind is known when its parent has ended.
#[derive(Debug)]
pub(super) struct Mark {
    /// By the number of this mount namespace. `None`: without namespaces, or it is another's by now, which is so only
    /// when nobody is left in the one that had it.
    pub(super) mounts: Option<u64>,
    /// By this variable of their environment, where the namespace does not tell.
    variable: Option<String>,
}

/// What every process of an instance has in its environment, and no other's has with that value.
const VARIABLES: [&str; 2] = ["AWS_LAMBDA_RUNTIME_API", "ECS_CONTAINER_METADATA_URI_V4"];

impl Mark {
    pub(super) fn new(mounts: Option<u64>, environment: &[(String, String)]) -> Self {
        let variable = environment.iter().find(|(name, _)| VARIABLES.contains(&name.as_str()));
        Self { mounts, variable: variable.map(|(name, value)| format!("{name}={value}")) }
    }
}

/// What an orphan is to the instance of this main process.
fn kinship(orphan: &Seen, main: &Main, mains: &Mains) -> Kinship {
    let Some(stat) = orphan.stat().filter(Stat::is_alive) else { return Kinship::Ending };
    if stat.session == main.outside && mains.owns_its_number(main) {
        return Kinship::Own;
    }
    if let Some(own) = main.mark.mounts {
        let found = orphan.mounts();
        if found == Some(own) {
            return Kinship::Own;
        }
        if found.is_some_and(|found| mains.has_mounts(found)) {
            return Kinship::Stranger;
        }
    }
    let Some(variable) = &main.mark.variable else { return Kinship::Stranger };
    match orphan.environment() {
        Some(all) if all.split(|byte| *byte == 0).any(|one| one == variable.as_bytes()) => {
            Kinship::Own
        }
        Some(_) => Kinship::Stranger,
        None => Kinship::Ending,
    }
}

/// Whose an orphan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kinship {
    /// The instance's.
    Own,
    /// Nobody can tell any more: it is ending. What it has started becomes the supervisor's with its end.
    Ending,
    /// Another's.
    Stranger,
}

/// `/proc` as it is seen outside. All numbers are its.
#[derive(Debug)]
pub(super) struct Proc {
    folder: OwnedFd,
    /// The supervisor's own number there.
    own: i32,
    /// Whether the kernel keeps a list of each process's children there.
    has_children: bool,
}

/// A process that is looked at.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) pid: i32,
    /// Its folder in `/proc`, which stands for this very process.
    folder: OwnedFd,
}

impl Proc {
    /// To be opened by the supervisor, before `/proc` is another one.
    pub(super) fn open() -> Result<Self, Errno> {
        let path = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let folder = nix::fcntl::open("/proc", path, Mode::empty())?;
        let own = readlinkat(&folder, "self")?;
        let own = own.to_str().and_then(|own| own.parse().ok()).ok_or(Errno::ESRCH)?;
        let has_children = fstatat(&folder, "thread-self/children", AtFlags::empty()).is_ok();
        Ok(Self { folder, own, has_children })
    }

    pub(super) const fn descriptor(&self) -> &OwnedFd {
        &self.folder
    }

    fn look(&self, pid: i32) -> Option<Seen> {
        let folder = openat(&self.folder, pid.to_string().as_str(), FOLDER, Mode::empty()).ok()?;
        Some(Seen { pid, folder })
    }

    /// The supervisor's own mount namespace.
    pub(super) fn own_namespace(&self) -> Result<OwnedFd, Errno> {
        self.look(self.own).ok_or(Errno::ESRCH)?.open("ns/mnt")
    }

    /// The supervisor's own children that are no instance's main process: their parents have ended.
    fn orphans<'a>(&'a self, mains: &'a Mains) -> impl Iterator<Item = Seen> + 'a {
        let children = self.look(self.own).map(|own| self.children(&own)).unwrap_or_default();
        children.into_iter().filter(|pid| !mains.has_outside(*pid)).filter_map(|pid| self.look(pid))
    }

    /// Kills every orphan of an instance. How many have to be waited for until it is looked again: their own end may
    /// leave more behind.
    pub(super) fn end_orphans(&self, main: &Main, mains: &Mains) -> usize {
        let waited_for = self.orphans(mains).filter(|orphan| match kinship(orphan, main, mains) {
            Kinship::Own => orphan.signal(Signal::SIGKILL).is_ok(),
            Kinship::Ending => true,
            Kinship::Stranger => false,
        });
        waited_for.count()
    }

    /// Kills every child of the supervisor's.
    pub(super) fn end_all(&self) {
        for orphan in self.orphans(&Mains::default()) {
            orphan.signal(Signal::SIGKILL).ok();
        }
    }

    /// What belongs to the instance of this main process, runs, and is not of its group: its descendants, and orphans
    /// with theirs.
    pub(super) fn outside_group(&self, main: &Main, mains: &Mains) -> Vec<Seen> {
        let orphans = self.orphans(mains);
        let own = orphans.filter(|orphan| kinship(orphan, main, mains) == Kinship::Own);
        let mut to_look_at: Vec<_> = self.look(main.outside).into_iter().chain(own).collect();
        let mut found = Vec::new();
        while let Some(seen) = to_look_at.pop() {
            let children = self.children(&seen);
            to_look_at.extend(children.into_iter().filter_map(|pid| self.look(pid)));
            let is_outside =
                |stat: Stat| stat.group != main.outside && stat.state != 'T' && stat.is_alive();
            if seen.stat().is_some_and(is_outside) {
                found.push(seen);
            }
        }
        found
    }

    /// The children of all threads of a process.
    fn children(&self, of: &Seen) -> Vec<i32> {
        if !self.has_children {
            return self.children_by_parent(of.pid);
        }
        let tasks = openat(&of.folder, "task", FOLDER, Mode::empty()).map(numbers);
        let mut children = Vec::new();
        for task in tasks.unwrap_or_default() {
            let list = of.read(&format!("task/{task}/children")).unwrap_or_default();
            let list = String::from_utf8_lossy(&list);
            children
                .extend(list.split_ascii_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
        }
        children
    }

    /// The same where the kernel keeps no list: by looking at everybody's parent.
    fn children_by_parent(&self, parent: i32) -> Vec<i32> {
        let all = openat(&self.folder, ".", FOLDER, Mode::empty()).map(numbers);
        let is_child = |pid: &i32| {
            let stat = self.look(*pid).and_then(|seen| seen.stat());
            stat.is_some_and(|stat| stat.parent == parent)
        };
        all.unwrap_or_default().into_iter().filter(is_child).collect()
    }
}

/// Not by path only: a signal wants a descriptor that could be read.
const FOLDER: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);

/// What stands in a process's `stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    parent: i32,
    group: i32,
    session: i32,
    flags: u64,
    /// Where its environment starts and ends in its memory. Both are 0 until an `exec` has put it there.
    environment: (u64, u64),
}

impl Stat {
    fn of(text: &str) -> Option<Self> {
        // The name stands in parentheses and may have anything in it.
        let (_, rest) = text.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        Some(Self {
            state: fields.next()?.chars().next()?,
            parent: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
            session: fields.next()?.parse().ok()?,
            // The terminal and its group stand in between.
            flags: fields.nth(2)?.parse().ok()?,
            environment: (fields.nth(40)?.parse().ok()?, fields.next()?.parse().ok()?),
        })
    }

    const fn has_shed_its_environment(&self) -> bool {
        self.environment.1 != 0 && self.environment.0 == self.environment.1
    }

    /// Whether it has neither ended nor is about to.
    const fn is_alive(&self) -> bool {
        const EXITING: u64 = 0x4;
        !matches!(self.state, 'Z' | 'X') && self.flags & EXITING == 0
    }
}

impl Seen {
    /// Signals this process alone.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), Errno> {
        files::signal_one(&self.folder, signal)
    }

    fn open(&self, name: &str) -> Result<OwnedFd, Errno> {
        openat(&self.folder, name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        File::from(self.open(name).ok()?).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn stat(&self) -> Option<Stat> {
        Stat::of(&String::from_utf8_lossy(&self.read("stat")?))
    }

    fn mounts(&self) -> Option<u64> {
        fstatat(&self.folder, "ns/mnt", AtFlags::empty()).ok().map(|stat| stat.st_ino)
    }

    /// Its environment; `None` when it is ending. In the middle of an `exec` it has none yet, which is waited out.
    fn environment(&self) -> Option<Vec<u8>> {
        const LOOKS_MAX: usize = 2_000;
        const PAUSE: Duration = Duration::from_millis(1);
        for _ in 0..LOOKS_MAX {
            let stat = self.stat().filter(Stat::is_alive)?;
            match self.read("environ") {
                Some(environment) if !environment.is_empty() => return Some(environment),
                Some(_) if stat.has_shed_its_environment() => break,
                Some(_) => std::thread::sleep(PAUSE),
                // It has become somebody whom this user may not look into, or is ending.
                None if self.stat().is_some_and(|stat| stat.is_alive()) => break,
                None => return None,
            }
        }
        Some(Vec::new())
    }
}

/// The names in a folder that are numbers.
fn numbers(folder: OwnedFd) -> Vec<i32> {
    let Ok(mut folder) = Dir::from_fd(folder) else { return Vec::new() };
    let entries = folder.iter().filter_map(Result::ok);
    entries.filter_map(|entry| entry.file_name().to_str().ok()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_is_read_whatever_the_name_has_in_it() {
        let between = "0 ".repeat(40);
        let text = format!("77 (a) S 1 (b c) T 12 34 56 0 -1 4194308 {between}700 900 0\n");
        let (group, session, environment) = (34, 56, (700, 900));
        let stat = Stat { state: 'T', parent: 12, group, session, flags: 4_194_308, environment };
        assert_eq!(Stat::of(&text), Some(stat));
        assert!(!stat.is_alive(), "the flag 4 says so");
        assert_eq!(Stat::of("77 (a"), None);
    }

    #[test]
    fn who_has_shed_its_environment_is_told_from_who_has_it() {
        let proc = Proc::open().expect("there is one");
        for (has_shed, environment) in [(true, None), (false, Some(("NAME", "value")))] {
            let mut sleep = std::process::Command::new("/bin/sleep");
            let sleep = sleep.arg("600").env_clear().envs(environment);
            let mut child = sleep.spawn().expect("it is there");
            let seen = proc.look(i32::try_from(child.id()).expect("it fits")).expect("it runs");
            let found = seen.environment().expect("it runs");
            assert_eq!(found.is_empty(), has_shed);
            let stat = seen.stat().expect("it runs");
            assert_eq!(stat.has_shed_its_environment(), has_shed, "{stat:?}");
            child.kill().expect("it is a child");
            child.wait().expect("it is a child");
        }
    }

    #[test]
    fn children_are_found_by_the_kernels_list_and_without_it() {
        let mut child = std::process::Command::new("/bin/sleep").arg("600").spawn().expect("sleep");
        let pid = i32::try_from(child.id()).expect("it fits");
        let mut proc = Proc::open().expect("there is one");
        for has_children in [true, false] {
            proc.has_children = has_children;
            let own = proc.look(proc.own).expect("it runs");
            assert!(proc.children(&own).contains(&pid), "by the kernel's list: {has_children}");
        }
        proc.look(pid).expect("it runs").signal(Signal::SIGKILL).expect("it is a child");
        child.wait().expect("it is a child");
    }
}
