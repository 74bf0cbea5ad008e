//! Lists, a page at a time.

use lunch_contract::ecs::ApiError;
use serde_json::{Value, json};

use super::invalid;

/// A page has so many entries at most. M:ecs.
const PAGE_MAX: i64 = 100;

/// What is asked of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) max_results: Option<i64>,
    pub(super) next_token: Option<&'a str>,
    /// How many, where nothing is said.
    pub(super) usual: i64,
    /// The last ones first.
    pub(super) descends: bool,
}

/// A page of all that there are: each has a key by which they are sorted. A token is the key of the last one before, so
/// what comes and goes meanwhile moves nothing.
pub(super) fn page(
    member: &str,
    mut all: Vec<(String, String)>,
    wanted: Wanted<'_>,
) -> Result<Value, ApiError> {
    let size = wanted.max_results.unwrap_or(wanted.usual);
    if !(1..=PAGE_MAX).contains(&size) {
        return Err(invalid(format!("maxResults is {size}: it has to be 1 to {PAGE_MAX}.")));
    }
    all.sort_unstable();
    if wanted.descends {
        all.reverse();
    }
    let is_after = |(key, _): &(String, String)| {
        wanted.next_token.is_none_or(|token| {
            if wanted.descends { key.as_str() < token } else { key.as_str() > token }
        })
    };
    let mut rest = all.into_iter().filter(is_after).peekable();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let page: Vec<_> = rest.by_ref().take(size).collect();
    let last = page.last().map(|(key, _)| key.clone());
    let shown: Vec<_> = page.into_iter().map(|(_, shown)| shown).collect();
    let mut answer = json!({ member: shown });
    if let Some(last) = last.filter(|_| rest.peek().is_some()) {
        answer["nextToken"] = last.into();
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(descends: bool) -> Vec<Value> {
        let all = || ["b", "a", "c"].map(|key| (key.to_owned(), key.to_uppercase())).to_vec();
        let (mut pages, mut token) = (Vec::new(), None::<String>);
        loop {
            let next_token = token.as_deref();
            let wanted = Wanted { max_results: Some(2), next_token, usual: 100, descends };
            let answer = page("all", all(), wanted).expect("a page");
            pages.push(answer["all"].clone());
            token = answer["nextToken"].as_str().map(str::to_owned);
            if token.is_none() {
                return pages;
            }
        }
    }

    #[test]
    fn a_list_of_ecs_comes_in_pages_from_either_end() {
        assert_eq!(pages(false), [json!(["A", "B"]), json!(["C"])]);
        assert_eq!(pages(true), [json!(["C", "B"]), json!(["A"])]);
        for max_results in [Some(0), Some(101)] {
            let wanted = Wanted { max_results, next_token: None, usual: 100, descends: false };
            assert!(page("all", Vec::new(), wanted).is_err(), "{max_results:?}");
        }
    }
}
