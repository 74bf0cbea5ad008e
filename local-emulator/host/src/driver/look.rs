//! Looking at the running cloud: what lives, what happened, what was answered; and taking instances away.

use std::time::Duration;

use lunch_cloud::{Event, Wake};
use lunch_contract::{FunctionId, InstanceId, Moment, RevisionId, names};

use super::Driver;
use crate::function::NameError;
use crate::published::Version;
use crate::wire::{
    AnsweredRequest, Evict, Evicted, InfoFunction, Ps, PsFunction, PsInstance, Redeploy,
    Redeployed, ShownUrl, TimelineLine,
};

impl Driver {
    /// What lives now; `port` is the door's.
    pub(crate) fn ps(&mut self, port: u16) -> Ps {
        let now = self.world.clock.now();
        let living: Vec<_> = self.world.instances.iter().map(|instance| instance.id).collect();
        for instance in living {
            self.world.measure(now, instance);
        }
        self.world.measure_containers_anew();
        let (services, (tasks, stopped_tasks)) = (self.ps_services(), self.ps_tasks());
        let names = self.world.deployed.names.all();
        let name = |id: FunctionId| names[id.0 as usize].clone();
        let expiries: Vec<_> = self.cloud.functions().map(|view| view.idle_expiry).collect();
        let served =
            self.cloud.functions().filter(|view| self.world.deployed.is_served(view.function));
        let functions = served.map(|view| PsFunction {
            name: name(view.function),
            instances: view.instances,
            available: view.available,
            in_flight: view.in_flight,
            waiting: view.waiting,
            reserved: view.reserved,
            urls: self.urls(view.function, port),
        });
        let mut instances: Vec<_> = self.cloud.instances().collect();
        instances.sort_unstable_by_key(|view| view.instance);
        let instances = instances.into_iter().map(|view| {
            let known = self.world.instances.of(view.instance);
            let running = known.and_then(|known| known.running.as_ref());
            let uuid = |id| self.world.requests.of(id).map(|request| request.uuid.to_string());
            PsInstance {
                instance: view.instance.to_string(),
                function: name(view.function),
                phase: view.phase,
                since: view.since,
                born: view.born,
                invocations: view.invocations,
                pid: running.and_then(|running| running.pid),
                isolation: running.and_then(|running| running.isolation.clone()),
                memory_mb: known.map_or(0, |known| known.memory.max_mb()),
                memory_size_mb: self.world.deployed.of(view.function).served.memory_mb,
                wake: sooner(view.wake, expiries[view.function.0 as usize], view.function),
                requests: view.requests.into_iter().filter_map(uuid).collect(),
            }
        });
        Ps {
            now,
            time: names::timestamp(millis(self.world.clock.wall_of(now))),
            ahead_ms: self.ahead_ms(),
            functions: functions.collect(),
            instances: instances.collect(),
            services,
            tasks,
            stopped_tasks,
        }
    }

    /// By how much cloud time is ahead.
    pub(crate) fn ahead_ms(&self) -> u64 {
        millis(self.world.clock.ahead())
    }

    /// The functions, as they are served; `port` is the door's.
    pub(crate) fn functions(&self, port: u16) -> Vec<InfoFunction> {
        let functions = self.world.deployed.iter().map(|(id, function)| InfoFunction {
            name: function.served.name.clone(),
            logical_id: function.served.logical_id.clone(),
            arn: function.arn.clone(),
            timeout_ms: millis(function.served.timeout),
            memory_mb: function.served.memory_mb,
            reserved: function.served.reserved,
            program: function.served.program.display().to_string(),
            urls: self.urls(id, port),
        });
        functions.collect()
    }

    fn urls(&self, function: FunctionId, port: u16) -> Vec<ShownUrl> {
        let deployed = &self.world.deployed;
        let name = &deployed.of(function).served.name;
        let shown = self.world.urls.all_of(function).map(|url| ShownUrl {
            qualifier: url.qualifier.clone(),
            auth: url.auth.name().to_owned(),
            by_host: url.by_host(name, &deployed.region, port),
            by_path: url.by_path(name, &deployed.endpoint),
        });
        shown.collect()
    }

    /// What happened, from the so-many-th line on.
    pub(crate) fn timeline_from(&self, line: u64) -> Vec<TimelineLine> {
        let names = self.world.deployed.names.all();
        self.world.timeline.lines(line, names, &self.world.book)
    }

    /// The answers that were given.
    pub(crate) fn answers(&self) -> Vec<AnsweredRequest> {
        self.world.timeline.answers(self.world.deployed.names.all())
    }

    /// The revision of a function that serves.
    pub(crate) fn revision(&self, function: FunctionId) -> u32 {
        let view = self.cloud.functions().find(|view| view.function == function);
        view.map_or(1, |view| view.revision.0)
    }

    /// The version that a qualifier of a function stands for.
    pub(crate) fn version(&self, function: FunctionId, qualifier: &str) -> Option<Version> {
        let published = &self.world.deployed.of(function).served.published;
        published.version(qualifier, self.revision(function))
    }

    /// The function of that name.
    ///
    /// # Errors
    /// A sentence: there is nobody of that name.
    pub(crate) fn function_named(&self, name: &str) -> Result<FunctionId, String> {
        self.named(name)
    }

    /// Promises of our own that were broken.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.world.timeline.faults()
    }

    /// Takes instances away; the busy ones finish first.
    ///
    /// # Errors
    /// A sentence: there is nobody of that name.
    pub(crate) fn evict(&mut self, what: &Evict) -> Result<Evicted, String> {
        let (chosen, event): (Vec<_>, _) = match what {
            Evict::Function(name) => {
                let id = self.named(name)?;
                let of_it = self.cloud.instances().filter(|view| view.function == id);
                (of_it.collect(), Event::EvictFunction { function: id })
            }
            Evict::Instance(name) => {
                let found = self.cloud.instances().find(|view| view.instance.to_string() == *name);
                let view = found.ok_or_else(|| {
                    format!("there is no living instance `{name}`\n(`lunch ps` shows who lives)")
                })?;
                let instance: InstanceId = view.instance;
                (vec![view], Event::EvictInstance { instance })
            }
        };
        self.tell(event).map_err(|_| "the cloud is shutting down".to_owned())?;
        let busy = chosen.iter().filter(|view| !view.requests.is_empty());
        Ok(Evicted {
            instances: chosen.iter().map(|view| view.instance.to_string()).collect(),
            busy: busy.map(|view| view.instance.to_string()).collect(),
        })
    }

    /// Puts a new revision of a function in the place of the one that serves; the program stays the same.
    ///
    /// # Errors
    /// A sentence: there is nobody of that name.
    pub(crate) fn redeploy(&mut self, what: &Redeploy) -> Result<Redeployed, String> {
        let function = self.named(&what.function)?;
        let view = self.cloud.functions().find(|view| view.function == function);
        let revision = view.map_or(1, |view| view.revision.0 + 1);
        let config = self.world.deployed.of(function).served.config();
        self.tell(Event::Deploy { function, revision: RevisionId(revision), config })
            .map_err(|_| "the cloud is shutting down".to_owned())?;
        Ok(Redeployed { revision })
    }

    /// The function that is called so.
    fn named(&self, name: &str) -> Result<FunctionId, String> {
        self.world.deployed.names.resolve(name).map_err(|error| match error {
            NameError::Unknown(there_is) => {
                format!("there is no function `{name}`\n({there_is})")
            }
            NameError::Ambiguous(sentence) => sentence,
        })
    }
}

/// What an instance waits for: what is its own, or the end of all of its function's.
fn sooner(
    own: Option<(Moment, Wake)>,
    function_idle: Option<Moment>,
    function: FunctionId,
) -> Option<(Moment, String)> {
    let of_function = function_idle.map(|at| (at, Wake::FunctionIdle(function)));
    let soonest = own.into_iter().chain(of_function).min_by_key(|(at, _)| *at);
    soonest.map(|(at, wake)| (at, wake.word().to_owned()))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
