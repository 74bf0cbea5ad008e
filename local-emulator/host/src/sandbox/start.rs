//! Starts the supervisor: with as much isolation as the kernel grants, tried and not guessed.

use std::io::Write;
use std::os::fd::{AsFd as _, AsRawFd, OwnedFd};

use lunch_contract::environment::TASK_ROOT;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::CloneFlags;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::wait::waitpid;
use nix::unistd::{Gid, Uid, getgid, getuid};

use super::family::Proc;
use super::folders::Tmp;
use super::isolation::Isolation;
use super::message::{self, Told};
use super::mounts::Mounts;
use super::socket::Packet;
use super::{Supervisor, clone, files, folders, socket, supervise};

/// Less isolation than there could be, on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Force {
    /// As much as there is.
    #[default]
    Nothing,
    /// A user namespace, though none is needed.
    UserNamespace,
    /// The host's `/proc` in place of one of its own, as in containers that mask a part of it.
    HostProc,
    /// The host's folders: no `/var/task`, and the machine's own `/tmp`.
    HostFolders,
    /// No signals to whole groups by a descriptor, as before Linux 6.9.
    SingleSignals,
    /// No namespaces.
    Groups,
}

/// Why there is no supervisor.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It has to be started first.
    #[error("the supervisor was to be started before any thread, and there are `{threads}`")]
    Threads {
        /// How many threads there are.
        threads: usize,
    },
    /// The operating system refuses a pair of sockets.
    #[error("the operating system refuses the sockets to the supervisor of all processes")]
    Socket {
        /// Why.
        #[source]
        source: Errno,
    },
    /// The operating system refuses even a plain child.
    #[error("the operating system refuses the supervisor of all processes (`{refused}`)")]
    Refused {
        /// Each way that was tried, how far it came, and why no farther.
        refused: String,
    },
}

/// One way to start it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Namespaces,
    UserNamespace,
    Groups,
}

impl Way {
    const fn flags(self) -> CloneFlags {
        let both = CloneFlags::CLONE_NEWPID.union(CloneFlags::CLONE_NEWNS);
        match self {
            Self::Namespaces => both,
            Self::UserNamespace => both.union(CloneFlags::CLONE_NEWUSER),
            Self::Groups => CloneFlags::empty(),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::UserNamespace => "a user namespace",
            Self::Groups => "a child",
        }
    }
}

pub(super) fn start(force: Force) -> Result<Supervisor, SandboxError> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        return Err(SandboxError::Threads { threads });
    }
    let ways: &[Way] = match force {
        Force::Nothing | Force::HostProc | Force::HostFolders | Force::SingleSignals => {
            &[Way::Namespaces, Way::UserNamespace, Way::Groups]
        }
        Force::UserNamespace => &[Way::UserNamespace, Way::Groups],
        Force::Groups => &[Way::Groups],
    };
    let mut refused = Vec::new();
    for &way in ways {
        match attempt(way, force, &refused)? {
            Ok(supervisor) => return Ok(supervisor),
            Err(sentence) => refused.push(sentence),
        }
    }
    Err(SandboxError::Refused { refused: refused.join("; ") })
}

/// Tries one way; the inner error is what the kernel refused, after which another may do.
fn attempt(
    way: Way,
    force: Force,
    refused: &[String],
) -> Result<Result<Supervisor, String>, SandboxError> {
    let (ours, theirs) =
        socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
            .map_err(|source| SandboxError::Socket { source })?;
    let ids = (getuid(), getgid());
    let child = clone::fork(way.flags());
    let pid = match child {
        Ok(Some(pid)) => pid,
        Ok(None) => {
            drop(ours);
            supervisor(way, force, theirs, ids);
        }
        Err(errno) => return Ok(Err(format!("{}: {errno}", way.word()))),
    };
    drop(theirs);
    let said = first_word(&ours);
    match said {
        Some(Told::Ready { proc_refused, folders_refused }) => {
            let user = way == Way::UserNamespace;
            let isolation = match way {
                Way::Namespaces | Way::UserNamespace => {
                    Isolation::Namespaces { user, proc_refused, folders_refused }
                }
                Way::Groups => Isolation::Groups { refused: refused.to_vec() },
            };
            let signals_groups = force != Force::SingleSignals;
            Ok(Ok(Supervisor { socket: ours, pid, isolation, signals_groups }))
        }
        Some(Told::Refused { step, errno }) => {
            waitpid(pid, None).ok();
            Ok(Err(format!("{}: {step}: {}", way.word(), Errno::from_raw(errno))))
        }
        Some(
            Told::Started { .. }
            | Told::NotStarted { .. }
            | Told::Looked { .. }
            | Told::Exited { .. },
        )
        | None => {
            waitpid(pid, None).ok();
            Ok(Err(format!("{}: it ended at once", way.word())))
        }
    }
}

/// Waits for what the supervisor says first; `None`: it has ended.
fn first_word(socket: &OwnedFd) -> Option<Told> {
    loop {
        match socket::receive(socket) {
            Ok(Some((bytes, _))) => return message::read(&bytes).ok(),
            Err(Errno::EAGAIN) => {
                let mut wanted = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
                match poll(&mut wanted, PollTimeout::NONE) {
                    Ok(_) | Err(Errno::EINTR) => {}
                    Err(_) => return None,
                }
            }
            Ok(None) | Err(_) => return None,
        }
    }
}

/// All that the child does, until its end.
fn supervisor(way: Way, force: Force, socket: OwnedFd, ids: (Uid, Gid)) -> ! {
    let run = std::panic::AssertUnwindSafe(|| match set_up(way, force, &socket, ids) {
        Ok(SetUp { proc, origin, ready }) => {
            tell(&socket, &ready);
            supervise::run(socket, proc, origin);
        }
        Err((step, errno)) => {
            tell(&socket, &Told::Refused { step: step.to_owned(), errno: errno as i32 });
        }
    });
    let code = i32::from(std::panic::catch_unwind(run).is_err());
    clone::exit(code)
}

fn tell(socket: &OwnedFd, told: &Told) {
    // Nobody has sent anything yet, so there is room.
    Packet::new(message::write(told), None).and_then(|packet| packet.send(socket)).ok();
}

/// What the child has made of itself.
struct SetUp {
    /// `/proc` as it is seen outside.
    proc: Proc,
    /// The mounts that each instance is to have a copy of.
    origin: Option<Mounts>,
    /// What it tells.
    ready: Told,
}

/// Makes a supervisor of the child.
fn set_up(
    way: Way,
    force: Force,
    socket: &OwnedFd,
    ids: (Uid, Gid),
) -> Result<SetUp, (&'static str, Errno)> {
    let at = |step| move |errno| (step, errno);
    clone::default_signals();
    if way != Way::Groups {
        // The namespace ends with it. Without one it has to live on for as long as its own end takes.
        nix::sys::prctl::set_pdeathsig(nix::sys::signal::SIGKILL)
            .map_err(at("following its parent"))?;
    }
    if way == Way::UserNamespace {
        map_ids(ids).map_err(at("mapping its user"))?;
    }
    nix::unistd::setsid().map_err(at("making a session"))?;
    let null = nix::fcntl::open("/dev/null", OFlag::O_RDWR, nix::sys::stat::Mode::empty())
        .map_err(at("opening /dev/null"))?;
    clone::keep_only(socket.as_raw_fd(), null).map_err(at("closing what is not its own"))?;
    nix::sys::prctl::set_name(c"lunch-supervise").map_err(at("naming itself"))?;
    // It holds a descriptor or two for each instance.
    files::raise_open_files().ok();
    let proc = Proc::open().map_err(at("opening /proc"))?;
    if way == Way::Groups {
        nix::sys::prctl::set_child_subreaper(true).map_err(at("adopting orphans"))?;
        let ready = Told::Ready { proc_refused: None, folders_refused: None };
        return Ok(SetUp { proc, origin: None, ready });
    }
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>)
        .map_err(at("keeping its mounts to itself"))?;
    // Refused inside some containers. Functions then see numbers there that are not theirs.
    let proc_refused = mount_proc(force).err().map(|errno| errno as i32);
    let made = if force == Force::HostFolders {
        Err(("being told not to", Errno::EPERM))
    } else {
        folders::make_task_root()
    };
    let origin = Mounts::here(&proc).map_err(at("keeping its mounts to go back to"))?;
    // Tried at once, in a copy that nobody else is given.
    let tried = made.and_then(|()| {
        origin.copy(&proc).map_err(at("copying its mounts"))?;
        let tmp = Tmp::make(1).map_err(at("making a `/tmp`"))?;
        folders::give(TASK_ROOT.as_ref(), tmp).map_err(|(step, errno)| (step.word(), errno))
    });
    let folders_refused = tried.err().map(|(step, errno)| (step.to_owned(), errno as i32));
    let ready = Told::Ready { proc_refused, folders_refused };
    Ok(SetUp { proc, origin: Some(origin), ready })
}

/// Mounts the `/proc` of its own namespace.
fn mount_proc(force: Force) -> Result<(), Errno> {
    if force == Force::HostProc {
        return Err(Errno::EPERM);
    }
    let quiet = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), quiet, None::<&str>)
}

/// The child's user and group stay what they are outside, so that files keep their owners.
fn map_ids((uid, gid): (Uid, Gid)) -> Result<(), Errno> {
    let write = |path: &str, text: String| {
        let mut file = std::fs::OpenOptions::new().write(true).open(path)?;
        file.write_all(text.as_bytes())
    };
    let errno =
        |error: std::io::Error| error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw);
    write("/proc/self/setgroups", "deny".to_owned()).map_err(errno)?;
    write("/proc/self/uid_map", format!("{uid} {uid} 1")).map_err(errno)?;
    write("/proc/self/gid_map", format!("{gid} {gid} 1")).map_err(errno)
}
