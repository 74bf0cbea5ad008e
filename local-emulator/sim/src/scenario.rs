//! Scenarios: files that are played in virtual time here and by real processes in the tests, with the lanes that both
//! have to come to.
//!
//! Actions in a file have times since its beginning, far enough from each other that a real machine keeps their order.
//! `tests/scenarios/README.md` describes the format.

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_cloud::{
    Choice, Delay, DelayModel, Event, FunctionConfig, InvocationKind, Phase, ReclaimPolicy, Record,
    Refused, ReplyAt, Settings,
};
use lunch_contract::{
    FunctionId, IdAllocator, InstanceId, Limits, Moment, Outcome, Process, QualifierId, RequestId,
    RevisionId,
};
use serde::Deserialize;
use serde_json::Value;

use crate::act::{Act, Startup};
use crate::lanes::{self, Lane};
use crate::script::{Init, Script};
use crate::simulation::{Simulation, Skip, Stepped};
use crate::world::Playbook;

/// One file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, in a sentence.
    pub shows: String,
    /// How the cloud differs from its defaults.
    #[serde(default)]
    pub settings: SettingsFile,
    /// The functions, all of them `functions/scripted`, by id.
    pub functions: Vec<Function>,
    /// What happens, by time.
    pub actions: Vec<Timed>,
    /// The lanes that come of it, each as `i0: born (first) | init | ...`.
    pub lanes: Vec<String>,
}

/// How the cloud differs from its defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsFile {
    /// The INIT phase's limit, which AWS has at 10 s.
    pub init_ms: Option<u64>,
    /// Requests in flight at once.
    pub account_concurrency: Option<u32>,
    /// What must stay unreserved of them.
    pub unreserved_concurrency_min: Option<u32>,
    /// New instances of one function in 10 s.
    pub scaling_instances: Option<u32>,
    /// One of `mru`, `lru`, `oldest`, `newest`, `random`.
    pub choice: Option<String>,
    /// One of `aws-2020`, `aws-2019`, `aws-2021`, `never`.
    pub reclaim: Option<String>,
    /// `"never"`, or milliseconds after the end of an invocation.
    pub freeze_after_ms: Option<FreezeAfter>,
    /// How long a request waits for an instance that has answered.
    pub gap_wait_ms: Option<u64>,
}

/// When an unused instance is frozen.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub enum FreezeAfter {
    /// So many milliseconds after the end of an invocation.
    Ms(u64),
    /// Never.
    Never(Never),
}

/// The word `never`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Never {
    /// Never.
    Never,
}

/// A function.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Its timeout.
    pub timeout_ms: u64,
    /// Its reserved concurrency.
    #[serde(default)]
    pub reserved: Option<u32>,
    /// The value of `SCRIPTED_INIT`.
    #[serde(default)]
    pub init: Option<Value>,
    /// Whether `SCRIPTED_GRACEFUL` is `1`.
    #[serde(default)]
    pub graceful: bool,
    /// The delay model's fixed placement delay.
    #[serde(default)]
    pub placement_ms: Option<u64>,
    /// The delay model's fixed INIT.
    #[serde(default)]
    pub modelled_init_ms: Option<u64>,
}

/// An action and its time.
#[derive(Clone, Debug, Deserialize)]
pub struct Timed {
    /// Milliseconds of real time since the beginning.
    pub at_ms: u64,
    /// What happens then.
    #[serde(flatten)]
    pub action: Action,
}

/// Something that somebody does.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Calls a function. The callers' requests are `r0`, `r1`, ... in this order.
    Invoke {
        /// Which function, by its place in the list.
        #[serde(default)]
        function: u32,
        /// The payload, as `functions/scripted` reads it.
        #[serde(default)]
        script: Value,
        /// How many callers do that at once.
        #[serde(default = "one")]
        times: u32,
    },
    /// The caller of that request hangs up.
    CallerLeaves(u64),
    /// `lunch advance`: by so many seconds.
    AdvanceS(u64),
    /// `lunch evict` of a function.
    Evict(u32),
    /// `lunch evict` of an instance, counted by birth.
    EvictInstance(u32),
    /// New code of a function.
    Deploy(u32),
}

const fn one() -> u32 {
    1
}

/// Why a scenario's file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It is not what a scenario looks like.
    #[error("the scenario is malformed")]
    Malformed(#[from] serde_json::Error),
    /// It names a function, a request or an instance that there is not.
    #[error("action `{action}` names `{what}`, which there is not")]
    Unknown {
        /// The how-manieth action, from 0.
        action: usize,
        /// What it names.
        what: String,
    },
    /// The cloud does not take what the action tells it.
    #[error("the cloud refuses action `{action}`: {refusal:?}")]
    Refused {
        /// The how-manieth action, from 0.
        action: usize,
        /// Why.
        refusal: Refused,
    },
    /// A setting has a value that it cannot have.
    #[error("setting `{setting}` cannot be `{value}`")]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// Its value in the file.
        value: String,
    },
}

/// What a scenario came to.
#[derive(Clone, Debug)]
pub struct Played {
    /// The timeline.
    pub records: Vec<(Moment, Record)>,
    /// What each caller was told.
    pub outcomes: BTreeMap<u64, Outcome>,
}

impl Played {
    /// The timeline's lanes.
    #[must_use]
    pub fn lanes(&self) -> Vec<Lane> {
        lanes::lanes(&self.records)
    }
}

impl Scenario {
    /// Reads a file's text.
    ///
    /// # Errors
    /// If it is not a scenario.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The settings that the cloud is to have.
    ///
    /// # Errors
    /// A name that there is not.
    pub fn settings(&self) -> Result<Settings, ScenarioError> {
        let file = &self.settings;
        let defaults = Settings::default();
        let limits = Limits::strict();
        let ms = Duration::from_millis;
        let named = |setting, value: &str| ScenarioError::Setting { setting, value: value.into() };
        Ok(Settings {
            limits: Limits {
                init: file.init_ms.map_or(limits.init, ms),
                account_concurrency: file.account_concurrency.or(limits.account_concurrency),
                unreserved_concurrency_min: file
                    .unreserved_concurrency_min
                    .unwrap_or(limits.unreserved_concurrency_min),
                scaling_instances: file.scaling_instances.or(limits.scaling_instances),
                ..limits
            },
            choice: match &file.choice {
                Some(name) => by_name(&Choice::ALL, name).ok_or_else(|| named("choice", name))?,
                None => defaults.choice,
            },
            reclaim: match &file.reclaim {
                Some(name) => {
                    by_name(&ReclaimPolicy::ALL, name).ok_or_else(|| named("reclaim", name))?
                }
                None => defaults.reclaim,
            },
            freeze_after: match file.freeze_after_ms {
                None => defaults.freeze_after,
                Some(FreezeAfter::Ms(after)) => Some(ms(after)),
                Some(FreezeAfter::Never(Never::Never)) => None,
            },
            gap_wait: file.gap_wait_ms.map_or(defaults.gap_wait, ms),
            ..defaults
        })
    }

    /// The lanes that are expected, read from their text.
    #[must_use]
    pub fn expected(&self) -> Vec<Lane> {
        let lane = |text: &String| {
            let (lane, events) = text.split_once(':').unwrap_or((text, ""));
            let events = events.split('|').map(|event| event.trim().to_owned()).collect();
            Lane { lane: lane.trim().to_owned(), events }
        };
        self.lanes.iter().map(lane).collect()
    }
}

impl Function {
    /// What the cloud knows of it.
    #[must_use]
    pub fn config(&self) -> FunctionConfig {
        let fixed =
            |ms: Option<u64>| ms.map_or(Delay::None, |ms| Delay::Fixed(Duration::from_millis(ms)));
        FunctionConfig {
            timeout: Duration::from_millis(self.timeout_ms),
            slots: 1,
            delay: DelayModel {
                placement: fixed(self.placement_ms),
                init: fixed(self.modelled_init_ms),
            },
        }
    }

    /// Its environment, as `functions/scripted` reads it.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let init = self.init.as_ref().map(|init| ("SCRIPTED_INIT".into(), init.to_string()));
        let graceful = self.graceful.then(|| ("SCRIPTED_GRACEFUL".into(), "1".into()));
        init.into_iter().chain(graceful).collect()
    }
}

fn by_name<T: Copy>(all: &[(&str, T)], name: &str) -> Option<T> {
    all.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// Plays a scenario in virtual time, until nothing is under way and everything that is to be frozen is.
///
/// # Errors
/// If the file does not make sense.
pub fn play(scenario: &Scenario) -> Result<Played, ScenarioError> {
    let mut player = Player::new(scenario)?;
    for (number, timed) in scenario.actions.iter().enumerate() {
        let at = Duration::from_millis(timed.at_ms);
        player.simulation.world.schedule(at, number as u64);
    }
    while player.acted < scenario.actions.len() && player.step()? {}
    player.rest()?;
    Ok(Played { outcomes: player.outcomes(), records: player.simulation.cloud.into_trace() })
}

struct Player<'file> {
    scenario: &'file Scenario,
    simulation: Simulation<Scripted, Vec<(Moment, Record)>>,
    ids: IdAllocator,
    requests: Vec<RequestId>,
    revisions: Vec<u32>,
    acted: usize,
}

impl<'file> Player<'file> {
    fn new(scenario: &'file Scenario) -> Result<Self, ScenarioError> {
        let scripted = Scripted::new(&scenario.functions)?;
        let simulation = Simulation::new(scenario.settings()?, Vec::new(), scripted, false);
        let mut player = Self {
            scenario,
            simulation,
            ids: IdAllocator::default(),
            requests: Vec::new(),
            revisions: vec![0; scenario.functions.len()],
            acted: 0,
        };
        for (id, function) in (0..).zip(&scenario.functions) {
            player.deploy(id, 0)?;
            if function.reserved.is_some() {
                let (function, concurrency) = (FunctionId(id), function.reserved);
                player.tell(0, Event::Reserve { function, concurrency })?;
            }
        }
        Ok(player)
    }

    fn tell(&mut self, action: usize, event: Event) -> Result<(), ScenarioError> {
        let told = self.simulation.tell(event);
        told.map_err(|refusal| ScenarioError::Refused { action, refusal })
    }

    fn step(&mut self) -> Result<bool, ScenarioError> {
        match self.simulation.step() {
            None => return Ok(false),
            Some(Stepped::Told { .. } | Stepped::Unseen) => {}
            Some(Stepped::Outside(token)) => {
                let number = usize::try_from(token).unwrap_or(usize::MAX);
                self.acted += 1;
                self.act(number)?;
            }
        }
        Ok(true)
    }

    fn act(&mut self, number: usize) -> Result<(), ScenarioError> {
        match &self.scenario.actions[number].action {
            Action::Invoke { function, script, times } => {
                for _ in 0..*times {
                    self.invoke(number, *function, script)?;
                }
            }
            Action::CallerLeaves(serial) => {
                let index = usize::try_from(*serial).unwrap_or(usize::MAX);
                let request = self.requests.get(index).copied();
                let request = request.ok_or_else(|| unknown(number, format!("r{serial}")))?;
                self.tell(number, Event::CallerLeft { request })?;
            }
            Action::AdvanceS(seconds) => self.advance(Duration::from_secs(*seconds))?,
            Action::Evict(function) => {
                self.tell(number, Event::EvictFunction { function: FunctionId(*function) })?;
            }
            Action::EvictInstance(serial) => {
                let living = self.instance(*serial);
                let instance = living.ok_or_else(|| unknown(number, format!("i{serial}")))?;
                self.tell(number, Event::EvictInstance { instance })?;
            }
            Action::Deploy(function) => self.deploy(*function, number)?,
        }
        Ok(())
    }

    fn instance(&self, serial: u32) -> Option<InstanceId> {
        let instances = self.simulation.cloud.instances().map(|view| view.instance);
        instances.into_iter().find(|instance| instance.serial == serial)
    }

    fn deploy(&mut self, id: u32, action: usize) -> Result<(), ScenarioError> {
        let function = self.scenario.functions.get(id as usize);
        let function = function.ok_or_else(|| unknown(action, format!("function {id}")))?;
        self.revisions[id as usize] += 1;
        let event = Event::Deploy {
            function: FunctionId(id),
            revision: RevisionId(self.revisions[id as usize]),
            config: function.config(),
        };
        self.tell(action, event)
    }

    fn invoke(&mut self, action: usize, id: u32, script: &Value) -> Result<(), ScenarioError> {
        if id as usize >= self.scenario.functions.len() {
            return Err(unknown(action, format!("function {id}")));
        }
        let script = if script.is_null() {
            Script::default()
        } else {
            serde_json::from_value(script.clone())?
        };
        let (index, serial) = self.ids.allocate();
        let request = RequestId { serial, index };
        self.requests.push(request);
        self.simulation.world.playbook.scripts.insert(request, script);
        let (kind, reply) = (InvocationKind::RequestResponse, ReplyAt::Response);
        let (function, qualifier) = (FunctionId(id), QualifierId::LATEST);
        let event = Event::Invoke { request, function, kind, reply, qualifier };
        self.tell(action, event)
    }

    fn advance(&mut self, span: Duration) -> Result<(), ScenarioError> {
        let target = self.simulation.later(span);
        while self.simulation.world.now() < target {
            match self.simulation.skip_towards(target) {
                Some(Skip::Wake) => self.simulation.timeout(),
                Some(Skip::Arrived) => break,
                None => drop(self.step()?),
            }
        }
        Ok(())
    }

    /// Whatever is under way comes to its end, and whatever is idle is frozen.
    fn rest(&mut self) -> Result<(), ScenarioError> {
        let freezes = self.simulation.cloud.settings().freeze_after.is_some();
        let is_idle = |phase| freezes && phase == Phase::Idle;
        while !self.simulation.cloud.settled()
            || self.simulation.cloud.instances().any(|view| is_idle(view.phase))
            || !self.simulation.world.is_quiet()
        {
            if !self.step()? {
                break;
            }
        }
        Ok(())
    }

    fn outcomes(&self) -> BTreeMap<u64, Outcome> {
        let answers = self.simulation.world.answers.iter();
        answers.map(|answer| (answer.request.serial, answer.outcome.clone())).collect()
    }
}

fn unknown(action: usize, what: String) -> ScenarioError {
    ScenarioError::Unknown { action, what }
}

/// Processes that do as the file says.
#[derive(Debug)]
struct Scripted {
    inits: Vec<(Option<Init>, bool)>,
    scripts: BTreeMap<RequestId, Script>,
}

/// A real `functions/scripted` needs about as long.
const START: Duration = Duration::from_millis(3);
const CALL: Duration = Duration::from_micros(150);

impl Scripted {
    fn new(functions: &[Function]) -> Result<Self, ScenarioError> {
        let init = |function: &Function| {
            let init = function.init.clone().map(serde_json::from_value).transpose()?;
            Ok((init, function.graceful))
        };
        let inits = functions.iter().map(init).collect::<Result<_, ScenarioError>>()?;
        Ok(Self { inits, scripts: BTreeMap::new() })
    }
}

impl Playbook for Scripted {
    fn start(&mut self, process: Process, function: FunctionId, _: RevisionId) -> Startup {
        let (init, graceful) = &self.inits[function.0 as usize];
        let none = Init::Always(Vec::new());
        let attempt = process.spawn as usize + 1;
        let acts = init.as_ref().unwrap_or(&none).acts(attempt, *graceful);
        Startup { takes: START, failure: None, acts }
    }

    fn serve(&mut self, _: Process, request: RequestId) -> Vec<Act> {
        self.scripts.get(&request).map(Script::acts).unwrap_or_default()
    }

    fn call_takes(&mut self) -> Duration {
        CALL
    }

    fn exit_takes(&mut self) -> Duration {
        CALL
    }

    fn kill_takes(&mut self) -> Duration {
        Duration::ZERO
    }

    fn termination_takes(&mut self) -> Duration {
        CALL
    }

    fn timer_late(&mut self) -> Duration {
        Duration::ZERO
    }
}
