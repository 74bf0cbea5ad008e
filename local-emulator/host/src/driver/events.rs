//! How events are tried again and where their records go: as the template has it, and as calls have set it since.

use std::collections::BTreeMap;

use hyper::header::HeaderValue;
use lunch_cloud::Event;
use lunch_contract::names::LATEST;
use lunch_contract::{FunctionId, QualifierId, Refusal};

use super::Driver;
use super::said::{Kept, Said, Whose};
use crate::destinations::EventInvokeConfig;
use crate::store::{StoredEventConfig, Write};

/// What is said of events.
#[derive(Debug, Default)]
pub(crate) struct EventConfigs {
    pub(crate) said: Said<EventInvokeConfig>,
    /// The numbers of all qualifiers but `$LATEST`, which is the first.
    numbers: BTreeMap<String, QualifierId>,
}

impl EventConfigs {
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

    /// Has what the template says of events.
    pub(crate) fn configure_all_events(&mut self) {
        let mut wanted = BTreeMap::new();
        for (id, function) in self.world.deployed.iter() {
            for (qualifier, config) in &function.served.event_configs {
                wanted.insert((id, qualifier.clone()), config.clone());
            }
        }
        let now_ms = self.wall_ms();
        for (whose, kept) in self.world.event_configs.said.settled(wanted, now_ms) {
            // Refused only at the end of the cloud.
            self.put_event_config(whose, kept).ok();
        }
    }

    /// Has what calls had said of events in a cloud that is gone, where the template says nothing.
    pub(crate) fn configure_events_again(&mut self, kept: Vec<StoredEventConfig>) {
        for stored in kept {
            let StoredEventConfig { function, qualifier, config, modified_ms } = stored;
            // A function that comes back later has it again.
            let Some(id) = self.world.deployed.id_of(&function) else { continue };
            if self.world.event_configs.said.of(id, &qualifier).is_none() {
                let kept = Kept { config, created_ms: modified_ms, modified_ms, by_call: true };
                self.put_event_config((id, qualifier), Some(kept)).ok();
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
        let (whose, now_ms) = ((function, qualifier.to_owned()), self.wall_ms());
        let said = &self.world.event_configs.said;
        let kept = config.map(|config| said.called(&whose, config, now_ms));
        self.put_event_config(whose, kept.clone())?;
        let function = self.world.deployed.of(function).served.name.clone();
        let qualifier = qualifier.to_owned();
        self.world.queues.keep_on(|| match kept {
            Some(Kept { config, modified_ms, by_call: true, .. }) => {
                let stored = StoredEventConfig { function, qualifier, config, modified_ms };
                Write::EventConfig(Box::new(stored))
            }
            // Where the template has one, that is what the next start begins with.
            Some(_) | None => Write::EventConfigGone { function, qualifier },
        });
        Ok(())
    }

    fn put_event_config(
        &mut self,
        whose: Whose,
        kept: Option<Kept<EventInvokeConfig>>,
    ) -> Result<(), Refusal> {
        let config = kept.as_ref().map(|kept| kept.config.events()).unwrap_or_default();
        let (function, qualifier) = (whose.0, self.world.event_configs.number(&whose.1));
        self.tell(Event::ConfigureEvents { function, qualifier, config })?;
        self.world.event_configs.said.put(whose, kept);
        Ok(())
    }

    /// The cloud's wall-clock time, milliseconds since 1970.
    pub(super) fn wall_ms(&self) -> u64 {
        u64::try_from(self.wall().as_millis()).unwrap_or(u64::MAX)
    }
}
