//! New code: the functions of a template that was read and built again take the place of those that serve.

use std::collections::BTreeSet;

use lunch_cloud::Event;
use lunch_contract::{FunctionId, RevisionId};

use super::Driver;
use super::deployed::DeployedFunction;
use crate::environment::EnvironmentFiles;
use crate::function::ServedFunction;

/// What a deployment changed about a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// The function's name.
    pub function: String,
    /// What became of it.
    pub change: Change,
    /// Its instances of before, which go.
    pub going: Vec<String>,
    /// Those of them that finish what they have in hand first.
    pub busy: Vec<String>,
}

/// What became of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There was none of that name.
    Added,
    /// Its code or its configuration is another; that revision serves from now on.
    Revised {
        /// The first is 1.
        revision: u32,
    },
    /// It is served no more.
    Removed,
}

/// Why a deployment was refused; everything is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeployError {
    /// Two functions have the same name.
    #[error("two functions are called `{name}`")]
    SameName {
        /// The name.
        name: String,
    },
    /// Too much is reserved.
    #[error(
        "{reserved} of the account's {account} concurrent executions are reserved, and {minimum} have to stay \
         unreserved\n(lower a `ReservedConcurrentExecutions`)"
    )]
    Reserved {
        /// By all functions together.
        reserved: u64,
        /// What the account has.
        account: u32,
        /// What must stay unreserved.
        minimum: u32,
    },
    /// A queue cannot be as the template has it; the functions are deployed.
    #[error("the queue `{name}` cannot be as the template has it\n  because SQS says: {why}")]
    Queue {
        /// The queue's name.
        name: String,
        /// What SQS says.
        why: String,
    },
    /// A service cannot be as the template has it; the functions and the queues are deployed.
    #[error("the service `{name}` cannot be as the template has it\n  because ECS says: {why}")]
    Service {
        /// The service's name, or its task definition's family.
        name: String,
        /// Why.
        why: String,
    },
    /// The cloud is shutting down.
    #[error("the cloud is shutting down")]
    ShuttingDown,
}

impl Driver {
    /// Puts these functions in the place of those that serve. Who has not changed is left alone.
    ///
    /// # Errors
    /// If they cannot all be served.
    pub(crate) fn deploy_again(
        &mut self,
        functions: Vec<ServedFunction>,
        files: &EnvironmentFiles,
    ) -> Result<Vec<Deployment>, DeployError> {
        self.check(&functions)?;
        let kept: BTreeSet<_> = functions.iter().map(|function| function.name.clone()).collect();
        let mut done = Vec::new();
        let served: Vec<_> = self.world.deployed.iter().map(|(id, _)| id).collect();
        // What is given back first may be reserved by others afterwards.
        for id in served {
            let name = self.world.deployed.of(id).served.name.clone();
            if kept.contains(&name) {
                self.reserve(id, None).map_err(|_| DeployError::ShuttingDown)?;
            } else {
                done.push(self.remove(id)?);
            }
        }
        for function in functions {
            done.extend(self.put(function, files)?);
        }
        self.world.deployed.name_anew();
        self.configure_all_events();
        self.have_all_urls();
        Ok(done)
    }

    /// That all of them can be served.
    fn check(&self, functions: &[ServedFunction]) -> Result<(), DeployError> {
        let mut names = BTreeSet::new();
        if let Some(twice) = functions.iter().find(|function| !names.insert(&function.name)) {
            return Err(DeployError::SameName { name: twice.name.clone() });
        }
        let limits = &self.cloud.settings().limits;
        let reserved = functions.iter().filter_map(|function| function.reserved);
        let reserved: u64 = reserved.map(u64::from).sum();
        let minimum = limits.unreserved_concurrency_min;
        match limits.account_concurrency {
            Some(account) if reserved > 0 && reserved + u64::from(minimum) > account.into() => {
                Err(DeployError::Reserved { reserved, account, minimum })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn remove(&mut self, id: FunctionId) -> Result<Deployment, DeployError> {
        let (going, busy) = self.living(id);
        self.reserve(id, None).map_err(|_| DeployError::ShuttingDown)?;
        self.tell(Event::EvictFunction { function: id }).map_err(|_| DeployError::ShuttingDown)?;
        let function = self.world.deployed.remove(id);
        Ok(Deployment { function, change: Change::Removed, going, busy })
    }

    /// Deploys a function, if it is not what is deployed already.
    fn put(
        &mut self,
        mut function: ServedFunction,
        files: &EnvironmentFiles,
    ) -> Result<Option<Deployment>, DeployError> {
        let (name, reserved, config) =
            (function.name.clone(), function.reserved, function.config());
        let deployed = &mut self.world.deployed;
        // Other URLs and other retries make no other code.
        let urls = std::mem::take(&mut function.urls);
        let event_configs = std::mem::take(&mut function.event_configs);
        let new = deployed.function(ServedFunction { reserved: None, ..function }, files);
        let change = match deployed.id_of(&name) {
            Some(id) if deployed.is_served(id) && deployed.of(id).is_same(&new) => None,
            Some(id) => {
                let was_served = deployed.is_served(id);
                deployed.replace(id, new);
                let view = self.cloud.functions().find(|view| view.function == id);
                let revision = view.map_or(1, |view| view.revision.0 + 1);
                Some((
                    id,
                    revision,
                    if was_served { Change::Revised { revision } } else { Change::Added },
                ))
            }
            None => Some((deployed.add(new), 1, Change::Added)),
        };
        let mut deployment = None;
        if let Some((id, revision, change)) = change {
            let (going, busy) = self.living(id);
            let event = Event::Deploy { function: id, revision: RevisionId(revision), config };
            self.tell(event).map_err(|_| DeployError::ShuttingDown)?;
            deployment = Some(Deployment { function: name.clone(), change, going, busy });
        }
        if let Some(id) = self.world.deployed.id_of(&name) {
            let served = &mut self.world.deployed.of_mut(id).served;
            (served.urls, served.event_configs) = (urls, event_configs);
            if reserved.is_some() {
                self.reserve(id, reserved).map_err(|_| DeployError::ShuttingDown)?;
            }
        }
        Ok(deployment)
    }

    /// A function's instances, and those of them that have something in hand.
    fn living(&self, id: FunctionId) -> (Vec<String>, Vec<String>) {
        let mut living: Vec<_> =
            self.cloud.instances().filter(|view| view.function == id).collect();
        living.sort_unstable_by_key(|view| view.instance);
        let busy = living.iter().filter(|view| !view.requests.is_empty());
        let busy = busy.map(|view| view.instance.to_string()).collect();
        (living.iter().map(|view| view.instance.to_string()).collect(), busy)
    }
}

impl DeployedFunction {
    /// Whether the other one would do the same; what is reserved for it, its URLs and its events' retries are not its own.
    fn is_same(&self, other: &Self) -> bool {
        let mut own = self.served.clone();
        own.reserved = None;
        own.urls.clear();
        own.event_configs.clear();
        own == other.served && self.variables == other.variables
    }
}
