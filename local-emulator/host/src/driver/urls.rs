//! Function URLs: as the template has them, and as calls have made them since.

use std::collections::BTreeMap;

use lunch_contract::FunctionId;
use lunch_contract::names::LATEST;

use super::Driver;
use super::said::{Kept, Said, Whose};
use crate::function_url::FunctionUrl;
use crate::store::{StoredUrl, Write};

/// All URLs.
#[derive(Debug, Default)]
pub(crate) struct Urls {
    pub(crate) said: Said<FunctionUrl>,
    /// Whose URL has which id.
    ids: BTreeMap<String, Whose>,
}

impl Urls {
    /// The URL of that qualifier of a function.
    pub(crate) fn of(
        &self,
        function: FunctionId,
        qualifier: Option<&str>,
    ) -> Option<&Kept<FunctionUrl>> {
        self.said.of(function, qualifier.unwrap_or(LATEST))
    }

    /// The URL with that id, and its function.
    pub(crate) fn of_id(&self, id: &str) -> Option<(FunctionId, &FunctionUrl)> {
        let (function, qualifier) = self.ids.get(id)?;
        Some((*function, &self.said.of(*function, qualifier)?.config))
    }

    /// All URLs of a function.
    pub(crate) fn all_of(&self, function: FunctionId) -> impl Iterator<Item = &FunctionUrl> {
        self.said.all_of(function).map(|(_, kept)| &kept.config)
    }
}

impl Driver {
    /// Has the URLs of the template.
    pub(crate) fn have_all_urls(&mut self) {
        let mut wanted = BTreeMap::new();
        for (id, function) in self.world.deployed.iter() {
            for url in &function.served.urls {
                let qualifier = url.qualifier.as_deref().unwrap_or(LATEST).to_owned();
                wanted.insert((id, qualifier), url.clone());
            }
        }
        let now_ms = self.wall_ms();
        for (whose, kept) in self.world.urls.said.settled(wanted, now_ms) {
            self.put_url(whose, kept);
        }
    }

    /// Has the URLs that calls had made of a cloud that is gone, where the template has none.
    pub(crate) fn have_urls_again(&mut self, kept: Vec<StoredUrl>) {
        for stored in kept {
            let StoredUrl { function, config, created_ms, modified_ms } = stored;
            // A function that comes back later has it again.
            let Some(id) = self.world.deployed.id_of(&function) else { continue };
            if self.world.urls.of(id, config.qualifier.as_deref()).is_none() {
                let qualifier = config.qualifier.clone().unwrap_or_else(|| LATEST.to_owned());
                let kept = Kept { config, created_ms, modified_ms, by_call: true };
                self.put_url((id, qualifier), Some(kept));
            }
        }
    }

    /// A call makes a URL, or sets one anew.
    pub(crate) fn have_url(&mut self, function: FunctionId, config: FunctionUrl) {
        let qualifier = config.qualifier.clone().unwrap_or_else(|| LATEST.to_owned());
        let (whose, now_ms) = ((function, qualifier.clone()), self.wall_ms());
        let kept = self.world.urls.said.called(&whose, config, now_ms);
        self.put_url(whose, Some(kept.clone()));
        let function = self.world.deployed.of(function).served.name.clone();
        self.world.queues.keep_on(|| {
            let Kept { config, created_ms, modified_ms, by_call } = kept;
            if by_call {
                Write::Url(Box::new(StoredUrl { function, config, created_ms, modified_ms }))
            } else {
                // The template has one, which is what the next start begins with.
                Write::UrlGone { function, qualifier }
            }
        });
    }

    /// A call takes a URL away.
    pub(crate) fn drop_url(&mut self, function: FunctionId, qualifier: Option<&str>) {
        let qualifier = qualifier.unwrap_or(LATEST).to_owned();
        self.put_url((function, qualifier.clone()), None);
        let function = self.world.deployed.of(function).served.name.clone();
        self.world.queues.keep_on(|| Write::UrlGone { function, qualifier });
    }

    fn put_url(&mut self, whose: Whose, kept: Option<Kept<FunctionUrl>>) {
        let name = &self.world.deployed.of(whose.0).served.name;
        let urls = &mut self.world.urls;
        if let Some(kept) = &kept {
            urls.ids.insert(kept.config.id(name), whose.clone());
        } else {
            urls.ids.retain(|_, of| *of != whose);
        }
        urls.said.put(whose, kept);
    }
}
