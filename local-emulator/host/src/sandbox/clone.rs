//! What makes processes: the system calls without a safe interface, each in a function of its own.

use std::ffi::{CString, OsString, c_char, c_int, c_void};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt as _;

use lunch_contract::environment::TASK_ROOT;
use nix::errno::Errno;
use nix::sched::CloneFlags;
use nix::unistd::Pid;

use super::files::OPEN_FILES;
use super::folders;
use super::message::{Start, Step};
use crate::driver::Peak;

/// Makes a copy of this process in new namespaces: `None` in the copy.
///
/// The caller has made sure that there is one thread only, so that the copy's memory is whole.
#[expect(unsafe_code, reason = "there is no safe interface to this system call")]
pub(super) fn fork(flags: CloneFlags) -> Result<Option<Pid>, Errno> {
    let flags = libc::c_long::from(flags.bits() | libc::SIGCHLD);
    // SAFETY: without CLONE_VM and with a null stack this is `fork` with flags: the copy has memory of its own and goes
    // on here. There is one thread, so no lock can be held by one that is not copied.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    match c_int::try_from(pid) {
        Ok(0) => Ok(None),
        Ok(pid) if pid > 0 => Ok(Some(Pid::from_raw(pid))),
        Ok(_) | Err(_) => Err(Errno::last()),
    }
}

/// Ends this process at once: no destructor and no handler of its parent's copy runs.
#[expect(unsafe_code, reason = "there is no safe interface that ends without handlers")]
pub(super) fn exit(code: i32) -> ! {
    // SAFETY: it takes a number and does not return.
    unsafe { libc::_exit(code) }
}

/// Closes all descriptors but the socket; input, output and errors are `/dev/null` afterwards.
#[expect(unsafe_code, reason = "descriptors are closed by number, whoever has opened them")]
pub(super) fn keep_only(socket: RawFd, null: OwnedFd) -> Result<(), Errno> {
    let null = null.into_raw_fd();
    for standard in 0..=2 {
        // SAFETY: plain numbers.
        Errno::result(unsafe { libc::dup2(null, standard) })?;
    }
    let close = |first: RawFd, last: u32| {
        let first = u32::try_from(first).unwrap_or(3);
        if first > last {
            return Ok(0);
        }
        // SAFETY: the copy of a process closes what its parent had opened: nothing here uses it but the socket, which
        // is left out.
        Errno::result(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) })
    };
    let closed =
        close(3, u32::try_from(socket - 1).unwrap_or(2)).and_then(|_| close(socket + 1, u32::MAX));
    if closed.is_err() {
        // Before Linux 5.9, or where a filter of system calls does not know it.
        let listed = std::fs::read_dir("/proc/self/fd").map_err(|_| Errno::ENOSYS)?;
        let listed = listed.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let listed: Vec<RawFd> = listed.collect();
        for number in listed.into_iter().filter(|number| *number > 2 && *number != socket) {
            nix::unistd::close(number).ok();
        }
    }
    Ok(())
}

/// Takes every signal as it is taken where nobody has changed it: what is ignored here would be in every function,
/// and nobody is told of the end of a child where that is ignored.
#[expect(unsafe_code, reason = "handlers are set by a plain pointer")]
pub(super) fn default_signals() {
    for number in 1..=LAST_SIGNAL {
        // SAFETY: no handler of this program's is set. Those that cannot be changed are refused.
        unsafe { libc::signal(number, libc::SIG_DFL) };
    }
}

/// The last real-time signal.
const LAST_SIGNAL: c_int = 64;

/// All that a child needs, made before there is one: it may not allocate.
#[derive(Debug)]
pub(super) struct Image {
    program: CString,
    code: CString,
    arguments: Vec<CString>,
    environment: Vec<CString>,
    output: OwnedFd,
    dies_with_parent: bool,
}

/// A process that was started.
#[derive(Debug)]
pub(super) struct Spawned {
    /// Its number as this process counts.
    pub(super) pid: Pid,
    /// Its number as it is counted outside.
    pub(super) pid_outside: i32,
    /// Stands for it.
    pub(super) pidfd: OwnedFd,
}

impl Image {
    /// `None` if a text has a NUL in it, or the program is not in its code's folder where it has to be.
    pub(super) fn new(start: &Start, output: OwnedFd, dies_with_parent: bool) -> Option<Self> {
        let (program, code) = match start.tmp_mb {
            Some(_) => (folders::at_task_root(start)?, OsString::from(TASK_ROOT)),
            None => (start.program.clone(), start.code.clone()),
        };
        let program = CString::new(program.into_vec()).ok()?;
        let more = start.arguments.iter().map(|argument| CString::new(argument.as_str()));
        let arguments = std::iter::once(Ok(program.clone())).chain(more);
        let variables = start.environment.iter().map(|(name, value)| format!("{name}={value}"));
        Some(Self {
            arguments: arguments.collect::<Result<_, _>>().ok()?,
            program,
            code: CString::new(code.into_vec()).ok()?,
            environment: variables.map(CString::new).collect::<Result<_, _>>().ok()?,
            output,
            dies_with_parent,
        })
    }
}

/// What the child reads, and where it says how far it came.
struct Shared {
    program: *const c_char,
    code: *const c_char,
    arguments: *const *const c_char,
    environment: *const *const c_char,
    output: RawFd,
    dies_with_parent: bool,
    /// `/proc` as it is seen outside.
    proc_outside: RawFd,
    /// What its `self` is a link to: the child's number outside.
    name_outside: [u8; 16],
    step: c_int,
    errno: c_int,
}

impl Shared {
    /// The lists are of pointers and end in a null pointer; they and the image have to outlive it.
    fn new(
        image: &Image,
        arguments: &[*const c_char],
        environment: &[*const c_char],
        proc_outside: &OwnedFd,
    ) -> Self {
        Self {
            program: image.program.as_ptr(),
            code: image.code.as_ptr(),
            arguments: arguments.as_ptr(),
            environment: environment.as_ptr(),
            output: image.output.as_raw_fd(),
            dies_with_parent: image.dies_with_parent,
            proc_outside: proc_outside.as_raw_fd(),
            name_outside: [0; 16],
            step: 0,
            errno: 0,
        }
    }

    /// What its `self` was a link to.
    fn pid_outside(&self) -> Option<i32> {
        let name = self.name_outside.split(|byte| *byte == 0).next()?;
        std::str::from_utf8(name).ok()?.parse().ok()
    }
}

fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
}

/// Starts a process from an image, in the namespaces that this process is in.
///
/// The child shares this process's memory until it executes the program, and this process waits until then: no page
/// is copied, and what went wrong is read where the child has written it.
pub(super) fn spawn(image: &Image, proc_outside: &OwnedFd) -> Result<Spawned, (Step, Errno)> {
    let (arguments, environment) = (pointers(&image.arguments), pointers(&image.environment));
    let mut shared = Shared::new(image, &arguments, &environment, proc_outside);
    let (pid, pidfd) = vfork(&mut shared).map_err(|errno| (Step::Clone, errno))?;
    let problem = match (shared.errno, pidfd) {
        (0, Some(pidfd)) => {
            let pid_outside = shared.pid_outside().unwrap_or(pid.as_raw());
            return Ok(Spawned { pid, pid_outside, pidfd });
        }
        // Before Linux 5.2: a process that nothing stands for could not be signalled for certain.
        (0, None) => {
            nix::sys::signal::kill(pid, nix::sys::signal::SIGKILL).ok();
            (Step::Clone, Errno::ENOSYS)
        }
        (errno, _) => (step_of(shared.step), Errno::from_raw(errno)),
    };
    nix::sys::wait::waitpid(pid, None).ok();
    Err(problem)
}

/// Takes a child that has ended. Gives the most memory that it has had.
#[expect(unsafe_code, reason = "nix has no `wait4`")]
pub(super) fn take(pid: Pid) -> Peak {
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both are written to as what they are.
    unsafe { libc::wait4(pid.as_raw(), &raw mut status, 0, usage.as_mut_ptr()) };
    // SAFETY: a `rusage` of zeros is one, too.
    let usage = unsafe { usage.assume_init() };
    let ours = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF);
    let ours = ours.map_or(0, |usage| usage.max_rss());
    let kb = |amount| u64::try_from(amount).unwrap_or_default();
    Peak { kb: kb(usage.ru_maxrss), is_exact: usage.ru_maxrss > ours }
}

/// The child's stack: it runs a few system calls on it.
const STACK_BYTES: usize = 64 * 1024;

/// Makes the child, and comes back when it has executed its program or ended.
#[expect(unsafe_code, reason = "there is no safe interface to this system call")]
fn vfork(shared: &mut Shared) -> Result<(Pid, Option<OwnedFd>), Errno> {
    let mut stack = vec![0_u8; STACK_BYTES];
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    let mut pidfd: c_int = -1;
    // SAFETY: the end of a buffer that outlives the child's use of it; the kernel wants it aligned.
    let top = unsafe { stack.as_mut_ptr().add(STACK_BYTES - 64) };
    let top = top.map_addr(|address| address & !0xf).cast::<c_void>();
    let shared = (&raw mut *shared).cast::<c_void>();
    // SAFETY: `child` makes system calls only, allocates nothing and does not unwind; this thread sleeps until it has
    // executed its program or ended, so that stack and `shared` are nobody else's meanwhile. The kernel writes one
    // number to `pidfd`.
    let pid = unsafe { libc::clone(child, top, flags, shared, &raw mut pidfd) };
    Errno::result(pid)?;
    // SAFETY: the kernel has given this number to this process with the child.
    let pidfd = (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
    Ok((Pid::from_raw(pid), pidfd))
}

const fn step_of(number: c_int) -> Step {
    match number {
        2 => Step::Session,
        3 => Step::Output,
        4 => Step::Limit,
        5 => Step::Folder,
        6 => Step::Execute,
        _ => Step::Clone,
    }
}

/// The child, until it is its program: system calls only.
#[expect(unsafe_code, reason = "it runs in borrowed memory")]
extern "C" fn child(shared: *mut c_void) -> c_int {
    let shared = shared.cast::<Shared>();
    // SAFETY: the parent has made it and sleeps.
    let image = unsafe { &mut *shared };
    let room = image.name_outside.len() - 1;
    // SAFETY: a name that ends in NUL and a buffer with room for it.
    unsafe {
        libc::readlinkat(
            image.proc_outside,
            c"self".as_ptr(),
            image.name_outside.as_mut_ptr().cast(),
            room,
        );
    }
    let failed = prepare(image);
    image.step = failed as c_int;
    image.errno = Errno::last_raw();
    exit(127)
}

/// Becomes the program. It comes back where it cannot, with what it could not do.
#[expect(
    unsafe_code,
    clippy::multiple_unsafe_ops_per_block,
    reason = "system calls without anything that allocates, all safe for the same reason"
)]
fn prepare(image: &Shared) -> Step {
    // SAFETY: in all of this function: numbers, and pointers to what the parent has made and keeps.
    unsafe {
        if libc::setsid() == -1 {
            return Step::Session;
        }
        if image.dies_with_parent {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        }
        for standard in 1..=2 {
            if libc::dup2(image.output, standard) == -1 {
                return Step::Output;
            }
        }
        let limit = libc::rlimit { rlim_cur: OPEN_FILES, rlim_max: OPEN_FILES };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) == -1 {
            return Step::Limit;
        }
        if libc::chdir(image.code) == -1 {
            return Step::Folder;
        }
        // What wakes up does not take the processor from who hands out the requests and keeps the
        // deadlines, nor from the developer's editor. Where that is refused it is only less polite.
        let plain = libc::sched_param { sched_priority: 0 };
        libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const plain);
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
        // Everything has been opened to be closed now; this is for what should have been.
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0);
        libc::execve(image.program, image.arguments, image.environment);
    }
    Step::Execute
}
