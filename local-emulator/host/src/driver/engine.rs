//! Containers that live in a container engine: what the services want is asked of it, and what it tells is told on.

use std::cell::RefCell;
use std::rc::Weak;

use lunch_cloud::ecs::Event;
use lunch_contract::Moment;
use lunch_contract::ecs::{ContainerRun, StartFailure};
use tokio::sync::mpsc::Receiver;

use super::Driver;
use super::containers::Running;
use super::instance::Task;
use super::tasks::placeless;
use super::world::HostWorld;
use crate::engine::{Engine, Labels, Order, Runs, Told};
use crate::logs::LineCutter;

impl Driver {
    /// From now on containers live there.
    pub(super) fn use_engine(&mut self, engine: Engine) {
        let (runs, told) = Runs::of(engine);
        self.world.containers.engine = Some(runs);
        let driver = Weak::clone(&self.world.driver);
        self.tasks.push(Task(tokio::task::spawn_local(follow(driver, told))));
    }

    fn engine_told(&mut self, told: Told) {
        if let Some(engine) = &mut self.world.containers.engine {
            engine.heard(&told);
        }
        // Refused only where the task is forgotten.
        match told {
            Told::Started { run, pid } => {
                let now = self.world.clock.now();
                if let Some(running) = self.world.containers.running.get_mut(&run) {
                    running.pid = Some(pid).filter(|pid| *pid > 0);
                    running.started = Some(now);
                }
                self.world.containers.meters.follow(&self.world.driver);
                self.tell(Event::Started { run }).ok();
            }
            Told::NotStarted { run, why, sentence } => {
                self.world.containers.running.remove(&run);
                self.world.not_started(self.world.clock.now(), run, why, sentence);
                self.tell(Event::StartFailed { run, why }).ok();
            }
            Told::Said { run, text } => self.world.container_said(run, &text),
            Told::Exited { run, exit } => {
                self.world.drain_container_last(run);
                self.world.containers.running.remove(&run);
                self.tell(Event::Exited { run, exit }).ok();
            }
            Told::Checked { run, check, healthy } => {
                self.tell(Event::Checked { run, check, healthy }).ok();
            }
        }
    }
}

impl HostWorld {
    pub(super) fn start_in_engine(
        &mut self,
        now: Moment,
        run: ContainerRun,
        environment: Vec<(String, String)>,
    ) -> Result<(), (StartFailure, String)> {
        let logged = self.logged_as(now, run).ok_or_else(placeless)?;
        let (book, task) = (&self.book, run.task);
        let placed = book.task(task).ok_or_else(placeless)?;
        let (served, _) = book.definition(placed.definition).ok_or_else(placeless)?;
        let (container, _) = book.container(task, run.container).ok_or_else(placeless)?;
        let id = book.container_id(run).ok_or_else(placeless)?;
        let name =
            format!("lunch-{}-{}-{id}", book.owner(task).unwrap_or_default(), container.name);
        let task_arn = book.task_arn(placed);
        let Some(engine) = &mut self.containers.engine else { return Err(placeless()) };
        let labels = Labels { owner: engine.owner().clone(), task_arn };
        let memory_mib = served.definition.memory_mib;
        engine.start(Order::of(run, name, container, memory_mib, &environment, &labels));
        let running = Running {
            pid: None,
            created: now,
            started: None,
            environment,
            output: None,
            cutter: LineCutter::default(),
            logged,
            follower: None,
        };
        self.containers.running.insert(run, running);
        Ok(())
    }
}

async fn follow(driver: Weak<RefCell<Driver>>, mut told: Receiver<Told>) {
    while let Some(told) = told.recv().await {
        let Some(driver) = driver.upgrade() else { return };
        driver.borrow_mut().engine_told(told);
    }
}
