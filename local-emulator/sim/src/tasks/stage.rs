//! Services played by hand: whoever holds the stage says what happens when, and containers do what their scripts say.

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_cloud::drive::{Input, Telling as _};
use lunch_cloud::ecs::{Command, Event};
use lunch_cloud::{Cloud, Command as Any, Record, Refused, Settings};
use lunch_contract::ecs::{ContainerExit, ContainerRun, DefinitionId};
use lunch_contract::{Exit, Moment};

use super::script::Script;

/// A cloud whose containers are scripted, in virtual time from 0 on.
#[derive(Debug)]
pub struct Stage {
    cloud: Cloud<Vec<(Moment, Record)>>,
    now: Moment,
    /// What each start of a container does, the last one's for all that come after.
    scripts: BTreeMap<(DefinitionId, u8), Vec<Script>>,
    /// What is to be told when; what is told at one moment is told in this order.
    happenings: BTreeMap<(Moment, u64), Event>,
    put: u64,
    actors: BTreeMap<ContainerRun, Actor>,
}

/// A container's process.
#[derive(Clone, Copy, Debug)]
struct Actor {
    script: Script,
    starts_at: Moment,
    /// The check that is being answered.
    asked: Option<u32>,
}

/// What a container does that nobody has written a script for.
const DEFAULT: Script = Script::works(Duration::from_millis(20));

impl Stage {
    /// An empty one.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            cloud: Cloud::new(settings, Vec::new()),
            now: Moment::ZERO,
            scripts: BTreeMap::new(),
            happenings: BTreeMap::new(),
            put: 0,
            actors: BTreeMap::new(),
        }
    }

    /// What the starts of a container do, of whichever task: the first one's script, the second one's and so on, and the
    /// last script from then on.
    pub fn script(&mut self, definition: DefinitionId, container: u8, starts: Vec<Script>) {
        self.scripts.insert((definition, container), starts);
    }

    /// Tells the cloud now.
    ///
    /// # Errors
    /// What it refuses.
    pub fn tell(&mut self, event: Event) -> Result<(), Refused> {
        self.input(event.into())
    }

    /// Lets time pass until then, with all that happens by itself.
    pub fn pass(&mut self, until: Moment) {
        loop {
            let wake = self.cloud.poll_timeout().map(|(at, _)| at).filter(|at| *at <= until);
            let next = self.happenings.first_key_value().map(|((at, _), _)| *at);
            let next = next.filter(|at| *at <= until);
            match (wake, next) {
                (Some(at), next) if next.is_none_or(|next| at <= next) => {
                    self.now = self.now.max(at);
                    self.input(Input::Timeout).expect("time that passes is not refused");
                }
                (_, Some(at)) => {
                    self.now = self.now.max(at);
                    if let Some((_, event)) = self.happenings.pop_first() {
                        self.word(event);
                    }
                }
                (_, None) => break,
            }
        }
        self.now = self.now.max(until);
    }

    /// Looks at the cloud.
    #[must_use]
    pub const fn cloud(&self) -> &Cloud<Vec<(Moment, Record)>> {
        &self.cloud
    }

    /// All that was recorded.
    #[must_use]
    pub fn into_records(self) -> Vec<(Moment, Record)> {
        self.cloud.into_trace()
    }

    fn input(&mut self, input: Input) -> Result<(), Refused> {
        let told = input.tell(&mut self.cloud, self.now);
        while let Some(command) = self.cloud.poll_command() {
            if let Any::Ecs(command) = command {
                self.carry_out(command);
            }
        }
        told
    }

    /// Tells a container's word, unless it has none any more: its process may have been ended meanwhile.
    fn word(&mut self, event: Event) {
        let known = match &event {
            Event::Started { run } => self.actors.contains_key(run),
            Event::StartFailed { run, .. } | Event::Exited { run, .. } => {
                self.actors.remove(run).is_some()
            }
            Event::Checked { run, check, .. } => self.actors.get_mut(run).is_some_and(|actor| {
                let is_asked = actor.asked == Some(*check);
                actor.asked = actor.asked.filter(|_| !is_asked);
                is_asked
            }),
            Event::Register { .. }
            | Event::Deregister { .. }
            | Event::CreateService { .. }
            | Event::UpdateService { .. }
            | Event::DeleteService { .. }
            | Event::Run { .. }
            | Event::StopTask { .. } => true,
        };
        if known {
            self.tell(event).expect("a process that there is, is known");
        }
    }

    fn put(&mut self, at: Moment, event: Event) {
        self.happenings.insert((at, self.put), event);
        self.put += 1;
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Start { run, definition } => self.start(run, definition),
            Command::Check { run, check } => self.check(run, check),
            Command::EndCheck { run, .. } => {
                if let Some(actor) = self.actors.get_mut(&run) {
                    actor.asked = None;
                }
            }
            Command::Terminate { run } => {
                let script = self.actors.get(&run).map(|actor| actor.script);
                if let Some(after) = script.and_then(|script| script.ends_after) {
                    self.exit(run, after, Exit::Code(0).into());
                }
            }
            Command::Kill { run } => self.exit(run, Duration::ZERO, Exit::Signal(9).into()),
            Command::Place { .. }
            | Command::Unplace { .. }
            | Command::Forget { .. }
            | Command::ForgetService { .. } => {}
        }
    }

    fn start(&mut self, run: ContainerRun, definition: DefinitionId) {
        let script = match self.scripts.get_mut(&(definition, run.container)) {
            Some(scripts) if scripts.len() > 1 => scripts.remove(0),
            Some(scripts) => scripts.first().copied().unwrap_or(DEFAULT),
            None => DEFAULT,
        };
        let starts_at = self.now + script.starts_after;
        self.actors.insert(run, Actor { script, starts_at, asked: None });
        if let Some(why) = script.fails {
            return self.put(starts_at, Event::StartFailed { run, why });
        }
        self.put(starts_at, Event::Started { run });
        if let Some((after, exit)) = script.exits {
            self.put(starts_at + after, Event::Exited { run, exit });
        }
    }

    fn exit(&mut self, run: ContainerRun, after: Duration, exit: ContainerExit) {
        let Some(actor) = self.actors.get(&run) else { return };
        self.put(self.now.max(actor.starts_at) + after, Event::Exited { run, exit });
    }

    fn check(&mut self, run: ContainerRun, check: u32) {
        let Some(actor) = self.actors.get_mut(&run) else { return };
        actor.asked = Some(check);
        let since = self.now.since(actor.starts_at);
        let healthy = actor.script.sick_after.is_none_or(|after| since < after);
        let at = self.now + actor.script.checks_take;
        self.put(at, Event::Checked { run, check, healthy });
    }
}
