//! The containers of a cloud that live in its engine: a task for each, and one mailbox for what becomes of all.

use std::collections::BTreeMap;

use lunch_contract::ecs::{ContainerExit, ContainerRun, StartFailure};
use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedSender};
use tokio::task::JoinHandle;

use super::{Engine, Order, Owner, life};
use crate::driver::Signal;

/// So many tellings wait for the driver; then whoever has more waits, and with it the container's output.
const MAILBOX: usize = 64;

/// What became of a container.
#[derive(Debug)]
pub(crate) enum Told {
    /// It runs.
    Started {
        run: ContainerRun,
        /// As the machine counts; 0: it has ended by now.
        pid: u32,
    },
    /// It does not.
    NotStarted { run: ContainerRun, why: StartFailure, sentence: String },
    /// It wrote something.
    Said { run: ContainerRun, text: Vec<u8> },
    /// It has ended, and is not in the engine any more.
    Exited { run: ContainerRun, exit: ContainerExit },
    /// It was asked for its health.
    Checked { run: ContainerRun, check: u32, healthy: bool },
}

/// The containers that live in an engine.
#[derive(Debug)]
pub(crate) struct Runs {
    engine: Engine,
    tell: Sender<Told>,
    /// How each is given signals, from its start to its end; it ends with its life's task.
    living: BTreeMap<ContainerRun, Living>,
    checks: BTreeMap<(ContainerRun, u32), JoinHandle<()>>,
}

#[derive(Debug)]
struct Living {
    /// Its name in the engine.
    name: String,
    signals: UnboundedSender<Signal>,
}

impl Runs {
    /// None yet; and where it is told what becomes of those to come.
    pub(crate) fn of(engine: Engine) -> (Self, Receiver<Told>) {
        let (tell, told) = mpsc::channel(MAILBOX);
        (Self { engine, tell, living: BTreeMap::new(), checks: BTreeMap::new() }, told)
    }

    /// Whose they are.
    pub(crate) const fn owner(&self) -> &Owner {
        self.engine.owner()
    }

    /// Begins to start a container: answered by `Started` and later `Exited`, or by `NotStarted`.
    pub(crate) fn start(&mut self, order: Order) {
        let (signals, received) = mpsc::unbounded_channel();
        let (run, name) = (order.run, order.name.clone());
        let engine = self.engine.address().clone();
        tokio::task::spawn_local(life::live(engine, order, received, self.tell.clone()));
        self.living.insert(run, Living { name, signals });
    }

    /// Signals a container. One that has not started yet hears it then; one that has ended is let be.
    pub(crate) fn signal(&self, run: ContainerRun, signal: Signal) {
        if let Some(living) = self.living.get(&run) {
            // Its life's task has ended where nobody receives it.
            living.signals.send(signal).ok();
        }
    }

    /// Asks a container for its health: answered by `Checked`.
    pub(crate) fn check(&mut self, run: ContainerRun, check: u32, command: Vec<String>) {
        let name = self.living.get(&run).map(|living| living.name.clone());
        let (engine, tell) = (self.engine.address().clone(), self.tell.clone());
        let asked = async move {
            let healthy = match name {
                Some(name) => life::check(&engine, &name, &command).await.unwrap_or(false),
                None => false,
            };
            tell.send(Told::Checked { run, check, healthy }).await.ok();
        };
        self.checks.insert((run, check), tokio::task::spawn_local(asked));
    }

    /// Waits for a check no more. Its process in the container goes on until it or the container ends: an engine has no
    /// call that would end it.
    pub(crate) fn end_check(&mut self, run: ContainerRun, check: u32) {
        if let Some(asked) = self.checks.remove(&(run, check)) {
            asked.abort();
        }
    }

    /// That was told: what is over is forgotten.
    pub(crate) fn heard(&mut self, told: &Told) {
        match told {
            Told::NotStarted { run, .. } | Told::Exited { run, .. } => {
                self.living.remove(run);
            }
            Told::Checked { run, check, .. } => {
                self.checks.remove(&(*run, *check));
            }
            Told::Started { .. } | Told::Said { .. } => {}
        }
    }
}
