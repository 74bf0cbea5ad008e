//! Each request is answered exactly once, and with what really became of it.

use std::collections::BTreeMap;

use lunch_cloud::drive::Input;
use lunch_cloud::{Command, Event, InvocationKind};
use lunch_contract::{Exit, InstanceId, Moment, Outcome, Process, RequestId, ResponseEnding};

use super::{Law, Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Answers {
    open: BTreeMap<RequestId, Fate>,
    /// How each instance's last process ended.
    exits: BTreeMap<InstanceId, Ended>,
    /// The exit told in this very step.
    shutting_down: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Ended {
    Exit(Exit),
    Failed,
    InitError,
}

#[derive(Debug, Default)]
struct Fate {
    answered: bool,
    deadline: Option<Moment>,
    process: Option<Process>,
    /// How the answer ended, and when.
    ending: Option<(ResponseEnding, Moment)>,
}

impl Answers {
    fn told(&mut self, now: Moment, event: &Event) {
        match event {
            Event::Invoke { request, kind, .. } => {
                let (InvocationKind::RequestResponse | InvocationKind::Event) = kind;
                self.open.insert(*request, Fate::default());
            }
            Event::ResponseEnded { request, ending, .. } => {
                if let Some(fate) = self.open.get_mut(request) {
                    fate.ending = Some((*ending, now));
                }
            }
            Event::Exited { process, exit } => {
                self.exits.insert(process.instance, Ended::Exit(*exit));
            }
            Event::SpawnFailed { process, .. } => {
                self.exits.insert(process.instance, Ended::Failed);
            }
            Event::InitError { process } => {
                self.exits.insert(process.instance, Ended::InitError);
            }
            Event::ShutDown => self.shutting_down = true,
            Event::Deploy { .. }
            | Event::Reserve { .. }
            | Event::ConfigureEvents { .. }
            | Event::CallerLeft { .. }
            | Event::ExtensionRegistered { .. }
            | Event::Next { .. }
            | Event::ResponseStarted { .. }
            | Event::EvictFunction { .. }
            | Event::EvictInstance { .. } => {}
        }
    }

    fn reply(&mut self, request: RequestId, outcome: &Outcome, by: Option<InstanceId>) -> Verdict {
        let Some(fate) = self.open.get_mut(&request) else {
            return Err(format!("{request} is answered and not open"));
        };
        require(!fate.answered, || format!("{request} is answered twice: {outcome:?}"))?;
        fate.answered = true;
        let ended = by.and_then(|instance| self.exits.get(&instance)).copied();
        let sent = |expected| {
            fate.ending.is_some_and(|(ending, at)| {
                ending == expected && fate.deadline.is_some_and(|deadline| at < deadline)
            })
        };
        let truthful = match outcome {
            Outcome::Returned => sent(ResponseEnding::Complete),
            Outcome::FunctionError => sent(ResponseEnding::Error),
            Outcome::ResponseTooLarge => sent(ResponseEnding::Oversized),
            Outcome::ResponseTruncated => sent(ResponseEnding::Truncated),
            Outcome::TimedOut { .. } => fate.ending.is_none(),
            Outcome::Exited { exit } => ended == Some(Ended::Exit(*exit)) && fate.ending.is_none(),
            Outcome::SpawnFailed { .. } => ended == Some(Ended::Failed),
            Outcome::InitError => ended == Some(Ended::InitError),
            Outcome::Throttled { .. } => fate.process.is_none() && by.is_none(),
            Outcome::ShutDown => self.shutting_down,
        };
        require(truthful, || {
            format!("{request} is answered {outcome:?}; {fate:?}, its process: {ended:?}")
        })
    }
}

impl Law for Answers {
    fn name(&self) -> &'static str {
        "answers"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        if let Some(event) = step.taken() {
            self.told(step.now, event);
        } else if let Input::Event(Event::Exited { process, exit }) = step.input {
            self.exits.insert(process.instance, Ended::Exit(*exit));
        }
        for command in step.commands {
            match command {
                Command::Deliver { process, request, deadline } => {
                    let Some(fate) = self.open.get_mut(request) else {
                        return Err(format!("{request} is delivered and not open"));
                    };
                    require(!fate.answered, || format!("{request} is delivered after its answer"))?;
                    fate.process = Some(*process);
                    fate.deadline = Some(*deadline);
                }
                Command::Reply { request, outcome, evidence } => {
                    self.reply(*request, outcome, evidence.instance)?;
                }
                Command::Release { request } => {
                    let unanswered = self.open.remove(request).filter(|fate| !fate.answered);
                    require(unanswered.is_none(), || {
                        format!("{request} is released without an answer")
                    })?;
                }
                Command::Spawn { .. }
                | Command::Notify { .. }
                | Command::Freeze { .. }
                | Command::Thaw { .. }
                | Command::Terminate { .. }
                | Command::Kill { .. }
                | Command::Retire { .. }
                | Command::Queue(_)
                | Command::Source(_)
                | Command::Asynchronous(_)
                | Command::Ecs(_) => {}
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Verdict {
        let unanswered: Vec<_> =
            self.open.iter().filter(|(_, fate)| !fate.answered).map(|(id, _)| id).collect();
        require(unanswered.is_empty(), || format!("{unanswered:?} were never answered"))
    }
}
