//! Lets go of what ended instances had, beside everything else.
//!
//! To unmount it takes the kernel 0.2 ms, and some milliseconds where the machine is busy, and whoever lets go of it
//! last has to wait for that: a thread of its own, and nobody's start.

use std::sync::mpsc::{self, Sender};
use std::thread;

use nix::sched::{CloneFlags, unshare};

use super::mounts::Mounts;

/// Takes what is to go. Without a thread it goes at once.
#[derive(Debug)]
pub(super) struct LettingGo(Option<Sender<Mounts>>);

impl LettingGo {
    /// Starts the thread, with the signals blocked that are blocked here.
    pub(super) fn start() -> Self {
        let (sender, receiver) = mpsc::channel::<Mounts>();
        let (ready, is_ready) = mpsc::channel();
        let run = move || {
            // A process may change its mount namespace only by a thread that shares its root with no other.
            let apart = unshare(CloneFlags::CLONE_FS);
            if apart.is_ok() && ready.send(()).is_ok() {
                receiver.into_iter().for_each(drop);
            }
        };
        let thread = thread::Builder::new().name("letting-go".to_owned());
        match thread.spawn(run) {
            Ok(running) if is_ready.recv().is_ok() => {
                drop(running);
                Self(Some(sender))
            }
            Ok(ending) => {
                ending.join().ok();
                Self(None)
            }
            Err(_) => Self(None),
        }
    }

    pub(super) fn take(&self, mounts: Mounts) {
        if let Some(sender) = &self.0 {
            // Nobody there: it comes back, and goes here.
            sender.send(mounts).ok();
        }
    }
}
