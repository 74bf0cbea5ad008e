//! How events are tried again and where their records go: as the template has it, and as calls have set it since.

use std::collections::{BTreeMap, BTreeSet};

use hyper::header::HeaderValue;
use lunch_cloud::Event;
use lunch_contract::names::LATEST;
use lunch_contract::{FunctionId, QualifierId, Refusal};

use super::Driver;
use crate::destinations::EventInvokeConfig;
use crate::store::{StoredEventConfig, Write};

/// What is said of events, by function and by what of it is called.
#[derive(Debug, Default)]
pub(crate) struct EventConfigs {
    all: BTreeMap<(FunctionId, String), KeptEventConfig>,
    /// The numbers of all qualifiers but `$LATEST`, which is the first.
    numbers: BTreeMap<String, QualifierId>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct KeptEventConfig {
    pub(crate) config: EventInvokeConfig,
    /// Milliseconds since 1970.
    pub(crate) modified_ms: u64,
    /// Whether a call has made it: the template has none.
    by_call: bool,
}

impl EventConfigs {
    /// What is said of a function's events that are for that qualifier.
    pub(crate) fn of(&self, function: FunctionId, qualifier: &str) -> Option<&KeptEventConfig> {
        self.all.get(&(function, qualifier.to_owned()))
    }

    /// All that is said of a function's events, by qualifier.
    pub(crate) fn all_of(
        &self,
        function: FunctionId,
    ) -> impl Iterator<Item = (&str, &KeptEventConfig)> {
        let all = self.all.range((function, String::new())..);
        let all = all.take_while(move |((of, _), _)| *of == function);
        all.map(|((_, qualifier), kept)| (qualifier.as_str(), kept))
    }

    fn number(&mut self, qualifier: &str) -> QualifierId {
        if qualifier == LATEST {
            return QualifierId::LATEST;
        }
        if let Some(known) = self.numbers.get(qualifier) {
            return *known;
        }
        let next = u32::try_from(self.numbers.len() + 1).unwrap_or(u32::MAX);
        *self.numbers.entry(qualifier.to_owned()).or_insert(QualifierId(next))
    }
}

/// What of a function is called by an ARN.
pub(super) fn qualifier_of(arn: &HeaderValue) -> &str {
    // Name and qualifier are the seventh and the eighth.
    arn.to_str().ok().and_then(|arn| arn.split(':').nth(7)).unwrap_or(LATEST)
}

impl Driver {
    /// The number of what is called by an ARN.
    pub(super) fn qualifier_id(&mut self, arn: &HeaderValue) -> QualifierId {
        self.world.event_configs.number(qualifier_of(arn))
    }

    /// Has what the template says of events: it wins over what calls have said, and what calls have said of others stays.
    pub(crate) fn configure_all_events(&mut self) {
        let wanted: BTreeMap<_, _> = self
            .world
            .deployed
            .iter()
            .flat_map(|(id, function)| {
                let configs = function.served.event_configs.iter();
                configs.map(move |(name, config)| ((id, name.clone()), config.clone()))
            })
            .collect();
        let there = self.world.event_configs.all.iter();
        let gone: BTreeSet<_> = there
            .filter(|(key, kept)| !kept.by_call && !wanted.contains_key(*key))
            .map(|(key, _)| key.clone())
            .collect();
        for (function, qualifier) in gone {
            self.put_event_config(function, &qualifier, None).ok();
        }
        let modified_ms = self.wall_ms();
        for ((function, qualifier), config) in wanted {
            let before = self.world.event_configs.of(function, &qualifier);
            if before.is_none_or(|before| before.by_call || before.config != config) {
                let kept = KeptEventConfig { config, modified_ms, by_call: false };
                self.put_event_config(function, &qualifier, Some(kept)).ok();
            }
        }
    }

    /// Has what calls had said of events in a cloud that is gone, where the template says nothing.
    pub(crate) fn configure_events_again(&mut self, kept: Vec<StoredEventConfig>) {
        for stored in kept {
            let StoredEventConfig { function, qualifier, config, modified_ms } = stored;
            // A function that comes back later has it again.
            let Some(id) = self.world.deployed.id_of(&function) else { continue };
            if self.world.event_configs.of(id, &qualifier).is_none() {
                let kept = KeptEventConfig { config, modified_ms, by_call: true };
                self.put_event_config(id, &qualifier, Some(kept)).ok();
            }
        }
    }

    /// A call says how a function's events are tried again; `None`: as AWS does it.
    ///
    /// # Errors
    /// The cloud is shutting down.
    pub(crate) fn configure_events(
        &mut self,
        function: FunctionId,
        qualifier: &str,
        config: Option<EventInvokeConfig>,
    ) -> Result<(), Refusal> {
        let before = self.world.event_configs.of(function, qualifier);
        let by_call = before.is_none_or(|before| before.by_call);
        let modified_ms = self.wall_ms();
        let kept = config.clone().map(|config| KeptEventConfig { config, modified_ms, by_call });
        self.put_event_config(function, qualifier, kept)?;
        let name = self.world.deployed.of(function).served.name.clone();
        let qualifier = qualifier.to_owned();
        match config {
            Some(config) if by_call => {
                let stored = StoredEventConfig { function: name, qualifier, config, modified_ms };
                self.world.queues.keep_on(|| Write::EventConfig(Box::new(stored)));
            }
            // The template's wins at the next start.
            Some(_) => {}
            None => {
                self.world.queues.keep_on(|| Write::EventConfigGone { function: name, qualifier })
            }
        }
        Ok(())
    }

    fn put_event_config(
        &mut self,
        function: FunctionId,
        qualifier: &str,
        kept: Option<KeptEventConfig>,
    ) -> Result<(), Refusal> {
        let config = kept.as_ref().map(|kept| kept.config.events()).unwrap_or_default();
        let number = self.world.event_configs.number(qualifier);
        self.tell(Event::ConfigureEvents { function, qualifier: number, config })?;
        let key = (function, qualifier.to_owned());
        match kept {
            Some(kept) => drop(self.world.event_configs.all.insert(key, kept)),
            None => drop(self.world.event_configs.all.remove(&key)),
        }
        Ok(())
    }

    /// The cloud's wall-clock time, milliseconds since 1970.
    fn wall_ms(&self) -> u64 {
        u64::try_from(self.wall().as_millis()).unwrap_or(u64::MAX)
    }
}
