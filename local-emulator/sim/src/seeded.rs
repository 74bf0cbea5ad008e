//! What processes do in a seeded run: their work, and now and then one of the plan's faults.

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_contract::{
    Exit, FunctionId, Process, RequestId, ResponseEnding, RevisionId, SpawnFailure,
};

use crate::act::{Act, Startup, Stray};
use crate::plan::{Fault, FunctionPlan, Plan};
use crate::random::Random;
use crate::world::Playbook;

/// The plan's functions and faults.
#[derive(Debug)]
pub(crate) struct Seeded {
    functions: Vec<FunctionPlan>,
    rates: BTreeMap<Fault, f64>,
    random: Random,
    of: BTreeMap<Process, FunctionId>,
    init_limit: Duration,
    /// From then on nothing goes wrong any more.
    healed: bool,
}

impl Seeded {
    pub(crate) fn new(plan: &Plan, random: Random) -> Self {
        Self {
            functions: plan.functions.clone(),
            rates: plan.faults.iter().copied().collect(),
            random,
            of: BTreeMap::new(),
            init_limit: plan.settings.limits.init,
            healed: false,
        }
    }

    pub(crate) const fn heal(&mut self) {
        self.healed = true;
    }

    fn happens(&mut self, fault: Fault) -> bool {
        let rate = self.rates.get(&fault).copied().unwrap_or(0.0);
        !self.healed && rate > 0.0 && self.random.chance(rate)
    }

    fn short(&mut self) -> Duration {
        self.random.between(Duration::from_micros(20), Duration::from_micros(800))
    }

    fn exit(&mut self) -> Exit {
        self.random.pick(&[Exit::Code(0), Exit::Code(1), Exit::Code(3), Exit::Signal(11)])
    }

    fn crash(&mut self) -> Act {
        Act::Exit(self.exit())
    }

    fn ending(&mut self) -> ResponseEnding {
        if self.happens(Fault::Oversized) {
            ResponseEnding::Oversized
        } else if self.happens(Fault::Truncated) {
            ResponseEnding::Truncated
        } else if self.happens(Fault::FunctionError) {
            ResponseEnding::Error
        } else {
            ResponseEnding::Complete
        }
    }

    /// From the answer to the next `/next`.
    fn ask_for_more(&mut self, timeout: Duration, acts: &mut Vec<Act>) {
        if self.happens(Fault::DoubleAnswer) {
            acts.push(Act::Stray(Stray::Again));
        }
        if self.happens(Fault::CrashAfterAnswer) {
            acts.push(self.crash());
        }
        if self.happens(Fault::SlowToAskForMore) {
            acts.push(Act::Sleep(self.random.magnitude(Duration::from_millis(1), timeout)));
        }
        acts.push(Act::Next);
        if self.happens(Fault::CrashWhileIdle) {
            let idle = self.random.magnitude(Duration::from_millis(1), Duration::from_secs(2_000));
            acts.extend([Act::Sleep(idle), self.crash()]);
        }
    }
}

impl Playbook for Seeded {
    fn start(&mut self, process: Process, function: FunctionId, _: RevisionId) -> Startup {
        self.of.insert(process, function);
        let plan = self.functions[function.0 as usize].clone();
        let takes = self.random.between(Duration::from_micros(200), Duration::from_millis(2));
        let failure = self
            .happens(Fault::SpawnFailure)
            .then(|| self.random.pick(&[SpawnFailure::Missing, SpawnFailure::Host { errno: 11 }]));
        let mut acts = Vec::new();
        if let Some(invoke) = plan.extension {
            acts.push(Act::Register { invoke, takes: self.short() });
            if self.happens(Fault::StubbornShutdown) {
                acts.push(Act::Stubborn);
            }
        }
        if self.happens(Fault::UnknownId) {
            acts.push(Act::Stray(Stray::Unknown));
        }
        if self.happens(Fault::InitCrash) {
            let early = plan.init.mul_f64(self.random.unit());
            acts.extend([Act::Sleep(early), self.crash()]);
        }
        if self.happens(Fault::EndlessInit) {
            return Startup { takes, failure, acts };
        }
        if self.happens(Fault::InitErrorReported) {
            acts.extend([Act::InitError, Act::Exit(Exit::Code(1))]);
        }
        let init = if self.happens(Fault::SlowInit) {
            self.random.magnitude(plan.init, self.init_limit * 2)
        } else {
            plan.init
        };
        acts.extend([Act::Sleep(init), Act::Next]);
        if self.happens(Fault::NextTwice) {
            acts.push(Act::Next);
        }
        Startup { takes, failure, acts }
    }

    fn serve(&mut self, process: Process, _: RequestId) -> Vec<Act> {
        let function = self.of[&process];
        let plan = self.functions[function.0 as usize].clone();
        let timeout = plan.config.timeout;
        let mut acts = Vec::new();
        if self.happens(Fault::NextTwice) {
            acts.push(Act::Next);
        }
        if self.happens(Fault::LateAnswer) {
            acts.push(Act::Stray(Stray::Previous));
        }
        if self.happens(Fault::UnknownId) {
            acts.push(Act::Stray(Stray::Unknown));
        }
        if self.happens(Fault::NoAnswer) {
            return acts;
        }
        let mut work = self.random.magnitude(plan.work.0, plan.work.1);
        if self.happens(Fault::AnswerAtTheDeadline) {
            let about = [timeout, timeout.saturating_sub(Duration::from_micros(400))];
            work = self.random.pick(&about);
        }
        acts.push(Act::Sleep(work));
        if self.happens(Fault::CrashBeforeAnswer) {
            acts.push(self.crash());
        }
        let ending = self.ending();
        acts.push(Act::Begin { error: ending == ResponseEnding::Error });
        if self.happens(Fault::SlowAnswer) {
            acts.push(Act::Sleep(self.random.magnitude(Duration::from_millis(1), timeout)));
        }
        if self.happens(Fault::CrashWithinAnswer) {
            acts.push(self.crash());
        }
        acts.push(Act::End(ending));
        self.ask_for_more(timeout, &mut acts);
        acts
    }

    fn call_takes(&mut self) -> Duration {
        self.short()
    }

    fn exit_takes(&mut self) -> Duration {
        if self.happens(Fault::LateExit) {
            self.random.magnitude(Duration::from_millis(1), Duration::from_secs(20))
        } else {
            self.short()
        }
    }

    fn kill_takes(&mut self) -> Duration {
        if self.happens(Fault::LastWords) {
            self.random.magnitude(Duration::from_micros(10), Duration::from_millis(20))
        } else {
            Duration::ZERO
        }
    }

    fn termination_takes(&mut self) -> Duration {
        self.random.magnitude(Duration::from_micros(100), Duration::from_millis(300))
    }

    fn timer_late(&mut self) -> Duration {
        if self.happens(Fault::LateTimer) {
            self.random.magnitude(Duration::from_micros(1), Duration::from_millis(5))
        } else {
            Duration::ZERO
        }
    }
}
