//! Tells the cloud what happens and carries out what it commands. Decides nothing.
//!
//! Everything that happens comes here, on one thread: calls of the front door and of the Runtime APIs by their own
//! tasks, the timer and the reports about processes by a task each. Each telling drains all commands before the next.

mod about;
mod address;
mod advance;
mod calls;
mod containers;
mod deployed;
mod engine;
mod events;
mod instance;
mod log;
mod logged;
mod look;
mod look_tasks;
mod memory;
mod meter;
mod processes;
mod queues;
mod records;
mod redeploy;
mod request;
mod runtime;
mod said;
mod services;
mod sources;
mod spawn;
mod tasks;
mod temporary;
mod timeline;
mod timer;
mod urls;
mod usage;
mod world;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::{Rc, Weak};
use std::time::Duration;

use lunch_cloud::drive::{self, Input, Telling, World as _};
use lunch_cloud::{Cloud, Event, Settings};
use lunch_contract::{Exit, IdAllocator, Process, RevisionId};
use tokio::sync::Notify;

use self::containers::Containers;
use self::events::EventConfigs;
use self::instance::Instances;
use self::request::Requests;
use self::timeline::Timeline;
use self::timer::Timer;
use self::urls::Urls;
use self::world::{Deferred, HostWorld};
use crate::clock::Clock;
use crate::engine::Engine;
use crate::event_source::Mappings;
use crate::journal::Journal;
use crate::logs::Logs;
use crate::queues::Queues;
use crate::store::{Kept, NotSafe, Store};
use crate::tasks::{Book, Secrets};
use crate::uuid::Names;
use crate::wire::{LogLine, Note};

pub(crate) use self::advance::{NotAdvanced, advance};
pub(crate) use self::calls::Caller;
pub(crate) use self::deployed::{Deployed, DeployedFunction, header};
pub(crate) use self::instance::{OpenConnection, Task};
pub(crate) use self::logged::{LogGroupView, LogStreamView, LoggedEvent};
pub(crate) use self::meter::Look;
pub(crate) use self::queues::{Receiver, Wanted};
pub(crate) use self::request::{Accepted, Answer, Call, Delivery, Waits};
pub(crate) use self::runtime::{InHand, NotInHand};
pub use processes::{Folders, Launch, Owner, Peak, ProcessName, Processes, Report, Signal};
pub use redeploy::{Change, DeployError, Deployment};
pub use services::{ServiceChange, ServiceDeployment};

/// Takes every line that a function writes, as it is read.
pub type LogSink = Box<dyn FnMut(&LogLine) + Send>;

/// The driver, as the tasks of one thread share it. Borrowed for a telling at a time and never across an `await`.
pub(crate) type Shared = Rc<RefCell<Driver>>;

/// The cloud and its real world.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) cloud: Cloud<Timeline>,
    pub(crate) world: HostWorld,
    /// What follows the timer and the reports; ended with the driver.
    tasks: Vec<Task>,
    /// Says why the supervisor is gone, once.
    lost: Option<String>,
    /// Woken when it is.
    lost_told: Rc<Notify>,
}

/// What a driver is made of.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) deployed: Deployed,
    pub(crate) processes: Box<dyn Processes>,
    pub(crate) engine: Option<Engine>,
    pub(crate) journal: Option<Journal>,
    pub(crate) log_groups: Vec<String>,
    pub(crate) sink: Option<LogSink>,
    pub(crate) timeline_lines_max: usize,
    pub(crate) clock: Clock,
}

/// So many bytes of output are read at once.
const BUFFER_BYTES: usize = 16 * 1024;

impl Driver {
    /// A driver with an empty cloud, whose functions are then deployed.
    ///
    /// # Errors
    /// If the operating system has no timer for it.
    pub(crate) fn start(parts: Parts) -> io::Result<Shared> {
        let timer = Timer::open()?;
        let timeline = Timeline::new(parts.timeline_lines_max);
        let book = Book::new(&parts.deployed.region, &parts.deployed.account);
        let shared = Rc::new_cyclic(|driver: &Weak<RefCell<Self>>| {
            let world = HostWorld {
                clock: parts.clock,
                timer: timer.clone(),
                armed: None,
                wake: None,
                deployed: parts.deployed,
                ids: IdAllocator::default(),
                names: Names::new(),
                requests: Requests::default(),
                instances: Instances::default(),
                processes: parts.processes,
                timeline: timeline.clone(),
                logs: Logs::with(parts.log_groups),
                logged: Rc::new(Notify::new()),
                platform: Vec::new(),
                queues: Queues::default(),
                mappings: Mappings::default(),
                event_configs: EventConfigs::default(),
                urls: Urls::default(),
                book,
                of_template: Vec::new(),
                secrets: Secrets::default(),
                containers: Containers::default(),
                journal: parts.journal,
                sink: parts.sink,
                deferred: VecDeque::new(),
                wall_at: None,
                buffer: vec![0; BUFFER_BYTES],
                driver: Weak::clone(driver),
                told: Rc::new(Notify::new()),
            };
            RefCell::new(Self {
                cloud: Cloud::new(parts.settings, timeline),
                world,
                tasks: Vec::new(),
                lost: None,
                lost_told: Rc::new(Notify::new()),
            })
        });
        let tasks = vec![
            Task(tokio::task::spawn_local(follow_timer(Rc::downgrade(&shared), timer))),
            Task(tokio::task::spawn_local(follow_processes(Rc::downgrade(&shared)))),
        ];
        {
            let mut driver = shared.borrow_mut();
            driver.tasks = tasks;
            if let Some(engine) = parts.engine {
                driver.use_engine(engine);
            }
            if let Some(why) = driver.world.processes.why_not_more() {
                let now = driver.world.clock.now();
                driver.world.timeline.note(now, Note::LessApart { why });
            }
        }
        Ok(shared)
    }

    /// Deploys all functions, each in its first revision, with its reserved concurrency.
    ///
    /// # Errors
    /// The name of the function that reserves too much, and how much.
    pub(crate) fn deploy(&mut self) -> Result<(), (String, u32)> {
        let functions: Vec<_> = self
            .world
            .deployed
            .iter()
            .map(|(id, function)| (id, function.served.config(), function.served.reserved))
            .collect();
        for (function, config, reserved) in functions {
            let deployed = self.tell(Event::Deploy { function, revision: RevisionId(1), config });
            debug_assert_eq!(deployed, Ok(()), "functions are numbered without a hole");
            if let Some(concurrency) = reserved {
                let event = Event::Reserve { function, concurrency: Some(concurrency) };
                self.tell(event).map_err(|_| {
                    (self.world.deployed.of(function).served.name.clone(), concurrency)
                })?;
            }
        }
        self.configure_all_events();
        self.have_all_urls();
        Ok(())
    }

    /// Tells the cloud, now.
    ///
    /// # Errors
    /// What it refuses.
    pub(crate) fn tell<I: Telling>(&mut self, telling: I) -> Result<(), I::Refusal> {
        let now = self.world.clock.now();
        let verdict = drive::tell(&mut self.cloud, &mut self.world, now, telling);
        while let Some(deferred) = self.world.deferred.pop_front() {
            match deferred {
                Deferred::Tell(input) => {
                    let now = self.world.clock.now();
                    // Refused only where it is gone by now that it is about.
                    drive::tell(&mut self.cloud, &mut self.world, now, input).ok();
                }
                Deferred::Call(called) => self.call_with_batch(called),
                Deferred::Record(recorded) => self.tell_of_event(recorded),
            }
        }
        self.world.log_platform();
        self.world.told.notify_waiters();
        self.hand_over();
        verdict
    }

    /// Has what has come to be kept made safe.
    fn hand_over(&mut self) {
        let sequence = self.cloud.queues().sequence();
        self.world.queues.hand_over(sequence, &self.world.clock);
    }

    /// Waits until all that was told so far is safe; `None`: nothing is kept.
    pub(crate) fn safe(&mut self) -> Option<impl Future<Output = Result<(), NotSafe>> + use<>> {
        self.hand_over();
        self.world.queues.store().map(Store::safe)
    }

    /// Waits until it is safe how far the cloud is ahead; `None`: nothing is kept.
    fn clock_is_safe(&mut self) -> Option<impl Future<Output = Result<(), NotSafe>> + use<>> {
        let sequence = self.cloud.queues().sequence();
        self.world.queues.hand_over_clock(sequence, &self.world.clock);
        self.world.queues.store().map(Store::safe)
    }

    /// Goes on with what a store holds, and keeps there what is to survive. The functions are deployed by now.
    pub(crate) fn resume(&mut self, store: Store, mut kept: Kept) {
        let (failed, gathers) = (store.failed(), store.gathers());
        let driver = Weak::clone(&self.world.driver);
        self.tasks.push(Task(tokio::task::spawn_local(async move {
            loop {
                gathers.notified().await;
                // Whoever is being served at this moment hands over first, and one commit is for all.
                tokio::task::yield_now().await;
                let Some(driver) = driver.upgrade() else { return };
                driver.borrow_mut().world.queues.flush();
            }
        })));
        let driver = Weak::clone(&self.world.driver);
        self.tasks.push(Task(tokio::task::spawn_local(async move {
            if let Some(why) = failed.await
                && let Some(driver) = driver.upgrade()
            {
                driver.borrow_mut().lose(why.to_string());
            }
        })));
        self.world.queues.keep_in(store);
        let events = std::mem::take(&mut kept.events);
        let mappings = std::mem::take(&mut kept.mappings);
        self.configure_events_again(std::mem::take(&mut kept.event_configs));
        self.have_urls_again(std::mem::take(&mut kept.urls));
        if let Some(mut restored) = self.world.queues.resume(kept) {
            restored.events = events.into_iter().filter_map(|event| self.reopen(event)).collect();
            let told = self.tell(restored);
            debug_assert_eq!(told, Ok(()), "what was stored is not refused");
        }
        self.map_again(mappings);
    }

    /// The cloud can go on no more.
    fn lose(&mut self, why: String) {
        self.world.timeline.fault(self.world.clock.now(), why.clone());
        self.lost = Some(why);
        self.lost_told.notify_waiters();
    }

    /// The timer has fired: for a wake of the cloud's, or for one that has moved on since.
    fn timer_fired(&mut self) {
        self.world.armed = None;
        let now = self.world.clock.now();
        match self.world.wake {
            Some((at, _)) if at <= now => {
                self.tell(Input::Timeout).expect("time that passes is not refused");
            }
            wake => self.world.arm(wake),
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Started { process: ProcessName::Instance(process), pid, isolation } => {
                if let Some(running) = self.world.instances.running(process) {
                    running.pid = Some(pid);
                    running.isolation = Some(isolation);
                }
            }
            Report::NotStarted { process: ProcessName::Instance(process), why, sentence } => {
                let now = self.world.clock.now();
                self.world.timeline.note(now, Note::NotStarted { process, why: sentence });
                self.ended(process, Event::SpawnFailed { process, why });
            }
            Report::Exited { process: ProcessName::Instance(process), exit, peak } => {
                self.exited(process, exit, peak);
            }
            Report::Started { process, pid, .. } => self.container_started(process, pid),
            Report::NotStarted { process, why, sentence } => {
                self.container_not_started(process, why, sentence);
            }
            Report::Exited { process, exit, peak } => self.container_exited(process, exit, peak),
            Report::Lost { sentence } => self.lose(sentence),
        }
    }

    /// A process has ended: told as soon as all that it sent before has been read.
    fn exited(&mut self, process: Process, exit: Exit, peak: Peak) {
        self.world.measured_at_exit(process, peak);
        let event = Event::Exited { process, exit };
        let Some(running) = self.world.instances.running(process) else {
            return self.ended(process, event);
        };
        let connections = Rc::clone(&running.connections);
        if connections.is_closed() {
            return self.ended(process, event);
        }
        let driver = Weak::clone(&self.world.driver);
        tokio::task::spawn_local(async move {
            connections.all_closed_within(LAST_WORDS).await;
            if let Some(driver) = driver.upgrade() {
                driver.borrow_mut().ended(process, event);
            }
        });
    }

    fn ended(&mut self, process: Process, event: Event) {
        self.world.drain_last(process.instance);
        if let Some(instance) = self.world.instances.of_mut(process.instance)
            && instance.running(process).is_some()
        {
            instance.running = None;
        }
        // An exit of a process that the cloud has forgotten is nobody's business.
        self.tell(event).ok();
    }

    /// Ends everything: callers are answered, processes are ended, and the last of them is waited for.
    pub(crate) async fn shut_down(driver: &Shared) {
        let told = Rc::clone(&driver.borrow().world.told);
        driver.borrow_mut().tell(Event::ShutDown).ok();
        loop {
            let again = told.notified();
            if driver.borrow().is_over() {
                break;
            }
            again.await;
        }
        // The answers that were given are on their way: the callers' own tasks write them.
        tokio::task::yield_now().await;
    }

    /// Whether nothing lives any more, or nothing can be ended any more.
    fn is_over(&self) -> bool {
        let has_tasks = || self.cloud.ecs().tasks().any(|task| task.stopped.is_none());
        self.lost.is_some() || (self.cloud.instances().next().is_none() && !has_tasks())
    }

    /// Why the supervisor is gone, if it is.
    pub(crate) fn lost(&self) -> Result<String, Rc<Notify>> {
        self.lost.clone().ok_or_else(|| Rc::clone(&self.lost_told))
    }

    /// Takes the journal, to finish it.
    pub(crate) fn take_journal(&mut self) -> Option<Journal> {
        self.world.journal.take()
    }
}

/// A connection of a process that has ended is closed by the kernel. One that is not within this time belongs to
/// somebody else, who cannot hold the instance up.
const LAST_WORDS: Duration = Duration::from_millis(250);

async fn follow_timer(driver: Weak<RefCell<Driver>>, timer: Timer) {
    loop {
        timer.fired().await;
        let Some(driver) = driver.upgrade() else { return };
        driver.borrow_mut().timer_fired();
    }
}

async fn follow_processes(driver: Weak<RefCell<Driver>>) {
    loop {
        let report = std::future::poll_fn(|cx| match driver.upgrade() {
            Some(driver) => driver.borrow_mut().world.processes.poll_report(cx).map(Some),
            None => std::task::Poll::Ready(None),
        });
        let Some(report) = report.await else { return };
        let Some(driver) = driver.upgrade() else { return };
        driver.borrow_mut().report(report);
    }
}
