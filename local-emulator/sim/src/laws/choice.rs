//! The instance that serves is the one that the policy names, and no instance is made while one is idle.

use std::collections::BTreeMap;

use lunch_cloud::{Cause, Choice, Phase, Record};
use lunch_contract::{FunctionId, InstanceId, RequestId};

use super::{Directory, Law, Step, Verdict, is_available, require};

/// The idle instances of each function, the one used last at the end.
#[derive(Debug, Default)]
pub(super) struct ChoiceObeyed {
    directory: Directory,
    idle: BTreeMap<FunctionId, Vec<InstanceId>>,
}

impl ChoiceObeyed {
    fn chosen(
        &mut self,
        choice: Choice,
        instance: InstanceId,
        function: FunctionId,
        request: RequestId,
    ) -> Verdict {
        let idle = self.idle.entry(function).or_default();
        let expected = match choice {
            Choice::MostRecentlyUsed => idle.last(),
            Choice::LeastRecentlyUsed => idle.first(),
            Choice::Oldest => idle.iter().min(),
            Choice::Newest => idle.iter().max(),
            Choice::Random => idle.iter().find(|idle| **idle == instance),
        };
        require(expected == Some(&instance), || {
            format!("{instance} serves {request}, and {choice:?} of {idle:?} is {expected:?}")
        })
    }
}

impl Law for ChoiceObeyed {
    fn name(&self) -> &'static str {
        "choice"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        self.directory.note(step);
        for record in step.records() {
            match record {
                Record::Born { instance, function, .. } => {
                    let idle = self.idle.entry(*function).or_default();
                    require(idle.is_empty(), || {
                        format!("{instance} is born while {idle:?} are idle")
                    })?;
                }
                Record::Phase { instance, from, to, cause } => {
                    let Some(function) = self.directory.function_of(*instance) else {
                        return Err(format!("{instance} never was born"));
                    };
                    if let Cause::Invoked(request) = cause {
                        self.chosen(step.settings.choice, *instance, function, *request)?;
                    }
                    let idle = self.idle.entry(function).or_default();
                    if !is_available(*to) {
                        idle.retain(|other| other != instance);
                    } else if !is_available(*from) || *from == Phase::Placing {
                        idle.push(*instance);
                    }
                }
                Record::Arrived { .. }
                | Record::Waits { .. }
                | Record::Started { .. }
                | Record::Answered { .. }
                | Record::Ended { .. }
                | Record::InitFailed { .. }
                | Record::CallerLeft { .. }
                | Record::Queue(_)
                | Record::Ecs(_) => {}
            }
        }
        Ok(())
    }
}
