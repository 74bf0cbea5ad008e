//! Lambda's calls about a function's concurrency and versions and about the account, as far as a local cloud has them.
//!
//! Routes and members are the service model's (M:lambda); what AWS says of a mistake stands in facts 5.3 and 5.4.

use hyper::{Method, StatusCode};
use lunch_contract::names::FunctionReference;
use lunch_contract::wire::CallerError;
use lunch_contract::{FunctionId, Refusal};
use serde_json::{Value, json};

use super::functions::{Target, arn, configuration, found, ok, paged};
use super::path::{decoded, field};
use super::{Answer, Door, refused};
use crate::published::Version;

/// One of these calls, with the name or ARN that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    PutConcurrency(String),
    GetConcurrency(String),
    DeleteConcurrency(String),
    AccountSettings,
    ListTags(String),
}

impl Call {
    /// The call that a method and a path stand for, if they stand for one of these.
    pub(super) fn of(method: &Method, path: &str) -> Option<Self> {
        let concurrency = |version: &str| {
            let name = path.strip_prefix(version)?.strip_prefix("/functions/")?;
            let name = name.strip_suffix("/concurrency").filter(|name| !name.contains('/'))?;
            Some(decoded(name).into_owned())
        };
        match *method {
            Method::PUT => concurrency("/2017-10-31").map(Self::PutConcurrency),
            Method::DELETE => concurrency("/2017-10-31").map(Self::DeleteConcurrency),
            Method::GET if path.trim_end_matches('/') == "/2016-08-19/account-settings" => {
                Some(Self::AccountSettings)
            }
            Method::GET => match path.strip_prefix("/2017-03-31/tags/") {
                Some(arn) => Some(Self::ListTags(decoded(arn).into_owned())),
                None => concurrency("/2019-09-30").map(Self::GetConcurrency),
            },
            _ => None,
        }
    }
}

pub(super) fn answer(door: &Door, call: Call, body: &[u8]) -> Answer {
    let answered = match call {
        Call::PutConcurrency(name) => put_concurrency(door, &name, body),
        Call::GetConcurrency(name) => {
            unqualified(door, &name).map(|id| ok(door, &concurrency(reserved(door, id))))
        }
        Call::DeleteConcurrency(name) => unqualified(door, &name)
            .and_then(|id| reserve(door, id, None))
            .map(|()| super::empty(door, StatusCode::NO_CONTENT)),
        Call::AccountSettings => Ok(ok(door, &account(door))),
        // A template's tags are no part of what is served.
        Call::ListTags(arn) => found(door, &arn, None).map(|_| ok(door, &json!({ "Tags": {} }))),
    };
    answered.unwrap_or_else(|refused| *refused)
}

/// The newest version, where there are any: the only one that is served.
pub(super) fn newest(door: &Door, function: FunctionId) -> Option<Version> {
    let driver = door.driver.borrow();
    let is_published = driver.world.deployed.of(function).served.published.versions;
    is_published.then(|| Version::Number(driver.revision(function)))
}

pub(super) fn of_version(door: &Door, function: FunctionId, version: Version) -> Target {
    Target { function, version, arn: arn(door, function, Some(&version.to_string())) }
}

/// ListVersionsByFunction: the newest code, and the newest version where there are any.
pub(super) fn versions(door: &Door, target: &Target, query: Option<&str>) -> Answer {
    let function = target.function;
    let all: Vec<_> =
        [Some(Version::Latest), newest(door, function)].into_iter().flatten().collect();
    paged(door, query, "Versions", &all, |version| {
        configuration(door, &of_version(door, function, *version))
    })
}

/// ListAliases: all, or those that lead to the version that is asked for.
pub(super) fn aliases(door: &Door, target: &Target, query: Option<&str>) -> Answer {
    let function = target.function;
    let names: Vec<String> = {
        let driver = door.driver.borrow();
        driver.world.deployed.of(function).served.published.aliases.keys().cloned().collect()
    };
    let wanted = field(query, "FunctionVersion");
    let leads_there =
        |alias: &Value| wanted.as_deref().is_none_or(|wanted| alias["FunctionVersion"] == wanted);
    let all = names.iter().filter_map(|name| described(door, function, name)).filter(leads_there);
    paged(door, query, "Aliases", &all.collect::<Vec<_>>(), Value::clone)
}

/// GetAlias.
pub(super) fn alias(door: &Door, name: &str, alias: &str) -> Answer {
    let function = match found(door, name, None) {
        Ok(target) => target.function,
        Err(answer) => return *answer,
    };
    match described(door, function, alias) {
        Some(described) => ok(door, &described),
        None => {
            let arn = arn(door, function, Some(alias));
            let arn = arn.to_str().unwrap_or_default();
            refused(door, &CallerError::AliasNotFound { arn })
        }
    }
}

fn described(door: &Door, function: FunctionId, alias: &str) -> Option<Value> {
    let driver = door.driver.borrow();
    driver.world.deployed.of(function).served.published.aliases.get(alias)?;
    let version = driver.version(function, alias)?;
    Some(json!({
        "AliasArn": arn(door, function, Some(alias)).to_str().unwrap_or_default(),
        "Name": alias,
        "FunctionVersion": version.to_string(),
        "Description": "",
    }))
}

fn put_concurrency(door: &Door, name: &str, body: &[u8]) -> Result<Answer, Box<Answer>> {
    let function = unqualified(door, name)?;
    let wanted = wanted(door, body)?;
    reserve(door, function, Some(wanted))?;
    Ok(ok(door, &concurrency(Some(wanted))))
}

/// How much is to be reserved.
fn wanted(door: &Door, body: &[u8]) -> Result<u32, Box<Answer>> {
    let json = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let wanted = &json["ReservedConcurrentExecutions"];
    wanted.as_u64().and_then(|wanted| u32::try_from(wanted).ok()).ok_or_else(|| {
        let constraint = if wanted.is_null() {
            "Member must not be null"
        } else {
            "Member must have value greater than or equal to 0"
        };
        let (value, member) = (&wanted.to_string(), "reservedConcurrentExecutions");
        Box::new(refused(door, &CallerError::Validation { value, member, constraint }))
    })
}

/// Tells the cloud how much is reserved from now on.
fn reserve(door: &Door, function: FunctionId, wanted: Option<u32>) -> Result<(), Box<Answer>> {
    let told = door.driver.borrow_mut().reserve(function, wanted);
    let minimum = door.driver.borrow().cloud.settings().limits.unreserved_concurrency_min;
    told.map_err(|refusal| {
        let below = format!(
            "Specified ReservedConcurrentExecutions for function decreases account's \
             UnreservedConcurrentExecution below its minimum value of [{minimum}]."
        );
        let error = if refusal == Refusal::UnreservedConcurrencyBelowMinimum {
            CallerError::InvalidParameter { message: &below }
        } else {
            CallerError::Unavailable { message: "the cloud is shutting down" }
        };
        Box::new(refused(door, &error))
    })
}

fn reserved(door: &Door, function: FunctionId) -> Option<u32> {
    door.driver.borrow().world.deployed.of(function).served.reserved
}

fn concurrency(reserved: Option<u32>) -> Value {
    match reserved {
        Some(reserved) => json!({ "ReservedConcurrentExecutions": reserved }),
        None => json!({}),
    }
}

/// The function of a name that has no qualifier: versions and aliases have no concurrency of this kind.
fn unqualified(door: &Door, name: &str) -> Result<FunctionId, Box<Answer>> {
    if FunctionReference::parse(name).is_ok_and(|reference| reference.qualifier.is_some()) {
        let message = "This operation is permitted on Lambda functions only. Aliases and versions do not support \
                       this operation. Please specify either a function name or an unqualified function ARN.";
        return Err(Box::new(refused(door, &CallerError::InvalidParameter { message })));
    }
    found(door, name, None).map(|target| target.function)
}

/// GetAccountSettings. The sizes are AWS's defaults: D:gettingstarted-limits.
fn account(door: &Door) -> Value {
    let driver = door.driver.borrow();
    // What `--limits relaxed` lifts has no bound here, and the member is a number.
    let total =
        driver.cloud.settings().limits.account_concurrency.unwrap_or(i32::MAX.unsigned_abs());
    let deployed: Vec<_> = driver.world.deployed.iter().map(|(_, deployed)| deployed).collect();
    // Where the account has no bound, neither has what is reserved.
    let all = deployed.iter().filter_map(|function| function.served.reserved);
    let reserved = all.fold(0, u32::saturating_add);
    let bytes = |function: &&crate::driver::DeployedFunction| {
        std::fs::metadata(&function.served.program).map_or(0, |program| program.len())
    };
    json!({
        "AccountLimit": {
            "TotalCodeSize": 80_530_636_800_u64,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": total,
            "UnreservedConcurrentExecutions": total.saturating_sub(reserved),
        },
        "AccountUsage": {
            "TotalCodeSize": deployed.iter().map(bytes).sum::<u64>(),
            "FunctionCount": deployed.len(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_known_by_its_method_and_its_path() {
        let of = |method: &str, path| Call::of(&method.parse().expect("a method"), path);
        let name = || "coffee".to_owned();
        let concurrency = "/2017-10-31/functions/coffee/concurrency";
        assert_eq!(of("PUT", concurrency), Some(Call::PutConcurrency(name())));
        assert_eq!(of("DELETE", concurrency), Some(Call::DeleteConcurrency(name())));
        assert_eq!(of("GET", concurrency), None);
        let concurrency = "/2019-09-30/functions/coffee/concurrency";
        assert_eq!(of("GET", concurrency), Some(Call::GetConcurrency(name())));
        assert_eq!(of("GET", "/2016-08-19/account-settings/"), Some(Call::AccountSettings));
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:coffee";
        let path = format!("/2017-03-31/tags/{}", arn.replace(':', "%3A"));
        assert_eq!(of("GET", &path), Some(Call::ListTags(arn.to_owned())));
        assert_eq!(of("GET", "/2019-09-30/functions/a/b/concurrency"), None);
    }
}
