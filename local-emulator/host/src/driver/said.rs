//! What a template and calls say of functions: by function, and by what of it is called.

use std::collections::BTreeMap;

use lunch_contract::FunctionId;

/// Of which function, and of what of it: `$LATEST`, a version or an alias.
pub(super) type Whose = (FunctionId, String);

/// All that is said of one kind.
#[derive(Debug)]
pub(crate) struct Said<T> {
    all: BTreeMap<Whose, Kept<T>>,
}

/// One thing that is said.
#[derive(Clone, Debug)]
pub(crate) struct Kept<T> {
    pub(crate) config: T,
    /// Milliseconds since 1970.
    pub(crate) created_ms: u64,
    /// Milliseconds since 1970.
    pub(crate) modified_ms: u64,
    /// Whether a call has made it: the template says nothing of that.
    pub(super) by_call: bool,
}

impl<T> Default for Said<T> {
    fn default() -> Self {
        Self { all: BTreeMap::new() }
    }
}

impl<T: Clone + PartialEq> Said<T> {
    /// What is said of that qualifier of a function.
    pub(crate) fn of(&self, function: FunctionId, qualifier: &str) -> Option<&Kept<T>> {
        self.all.get(&(function, qualifier.to_owned()))
    }

    /// All that is said of a function, by qualifier.
    pub(crate) fn all_of(&self, function: FunctionId) -> impl Iterator<Item = (&str, &Kept<T>)> {
        let all = self.all.range((function, String::new())..);
        let all = all.take_while(move |((of, _), _)| *of == function);
        all.map(|((_, qualifier), kept)| (qualifier.as_str(), kept))
    }

    pub(super) fn put(&mut self, whose: Whose, kept: Option<Kept<T>>) {
        match kept {
            Some(kept) => drop(self.all.insert(whose, kept)),
            None => drop(self.all.remove(&whose)),
        }
    }

    /// What has to be said anew so that all is as a template has it, which wins over calls; what calls have said of what
    /// the template does not speak of stays.
    pub(super) fn settled(
        &self,
        wanted: BTreeMap<Whose, T>,
        now_ms: u64,
    ) -> Vec<(Whose, Option<Kept<T>>)> {
        let is_gone =
            |(whose, kept): &(&Whose, &Kept<T>)| !kept.by_call && !wanted.contains_key(*whose);
        let gone = self.all.iter().filter(is_gone).map(|(whose, _)| (whose.clone(), None));
        let mut changes: Vec<_> = gone.collect();
        for (whose, config) in wanted {
            let before = self.all.get(&whose);
            if before.is_none_or(|before| before.by_call || before.config != config) {
                let created_ms = before.map_or(now_ms, |before| before.created_ms);
                let kept = Kept { config, created_ms, modified_ms: now_ms, by_call: false };
                changes.push((whose, Some(kept)));
            }
        }
        changes
    }

    /// What a call says of a function, to be kept in the place of what is said of it.
    pub(super) fn called(&self, whose: &Whose, config: T, now_ms: u64) -> Kept<T> {
        let before = self.all.get(whose);
        Kept {
            config,
            created_ms: before.map_or(now_ms, |before| before.created_ms),
            modified_ms: now_ms,
            by_call: before.is_none_or(|before| before.by_call),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whose(qualifier: &str) -> Whose {
        (FunctionId(0), qualifier.to_owned())
    }

    #[test]
    fn a_template_wins_over_calls_and_what_it_does_not_speak_of_stays() {
        let mut said = Said::default();
        for (qualifier, config) in [("a", 1), ("b", 2)] {
            let kept = said.called(&whose(qualifier), config, 10);
            said.put(whose(qualifier), Some(kept));
        }
        let wanted = [(whose("b"), 3), (whose("c"), 4)];
        for (whose, kept) in said.settled(wanted.clone().into(), 20) {
            said.put(whose, kept);
        }
        let told = |said: &Said<i32>| {
            let all = said.all_of(FunctionId(0));
            let all = all.map(|(name, kept)| (name.to_owned(), kept.config, kept.created_ms));
            all.collect::<Vec<_>>()
        };
        let name = |name: &str| name.to_owned();
        assert_eq!(told(&said), [(name("a"), 1, 10), (name("b"), 3, 10), (name("c"), 4, 20)]);
        assert!(said.settled(wanted.into(), 30).is_empty(), "nothing is said anew");
        for (whose, kept) in said.settled(BTreeMap::new(), 30) {
            said.put(whose, kept);
        }
        assert_eq!(told(&said), [(name("a"), 1, 10)]);
    }
}
