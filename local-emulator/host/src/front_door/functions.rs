//! Lambda's functions by name: who is meant, what they are, and Invoke's way to them. Facts 5.1, 5.3.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Method, Request, StatusCode};
use lunch_contract::FunctionId;
use lunch_contract::names::{self, FunctionReference, LATEST};
use lunch_contract::wire::CallerError;
use serde_json::{Value, json};

use super::path::{decoded, field};
use super::{Answer, Door, REQUEST_ID, SERVED, control, refused, value};
use crate::driver::header;
use crate::function::{NameError, ServedFunction};
use crate::logs::{LogFormat, Logging};
use crate::published::Version;

/// What a call of `/2015-03-31/functions` comes to.
pub(super) enum Routed {
    /// An Invoke.
    Invoke(Target),
    /// It is answered already.
    Answered(Box<Answer>),
}

/// Who is meant by a name and a qualifier.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) function: FunctionId,
    pub(super) version: Version,
    /// With the qualifier, where the caller gave one.
    pub(super) arn: HeaderValue,
}

/// Routes what begins with `/2015-03-31/functions`; `route` is the rest of its path.
pub(super) fn routed(door: &Door, request: &Request<Incoming>, route: &str) -> Routed {
    let query = request.uri().query();
    let mut segments = route.split('/').filter(|segment| !segment.is_empty());
    let segments = (segments.next(), segments.next(), segments.next(), segments.next());
    let answer = match (request.method(), segments) {
        (&Method::GET, (None, ..)) => list(door, query),
        (&Method::GET, (Some(name), None, ..)) => of_one(door, name, query, whole),
        (&Method::GET, (Some(name), Some("configuration"), None, None)) => {
            of_one(door, name, query, configuration)
        }
        (&Method::GET, (Some(name), Some("versions"), None, None)) => {
            of_named(door, name, |target| control::versions(door, target, query))
        }
        (&Method::GET, (Some(name), Some("aliases"), None, None)) => {
            of_named(door, name, |target| control::aliases(door, target, query))
        }
        (&Method::GET, (Some(name), Some("aliases"), Some(alias), None)) => {
            control::alias(door, &decoded(name), &decoded(alias))
        }
        (&Method::POST, (Some(name), Some("invocations"), None, None)) => {
            match found(door, &decoded(name), field(query, "Qualifier")) {
                Ok(target) => return Routed::Invoke(target),
                Err(answer) => return Routed::Answered(answer),
            }
        }
        (method, _) => {
            let message = format!(
                "`{method} /2015-03-31/functions{route}` is not served by this cloud: {SERVED}"
            );
            refused(door, &CallerError::NotServed { message: &message })
        }
    };
    Routed::Answered(Box::new(answer))
}

/// A function as it is without a qualifier.
pub(super) fn latest(door: &Door, function: FunctionId) -> Target {
    Target { function, version: Version::Latest, arn: arn(door, function, None) }
}

pub(super) fn arn(door: &Door, function: FunctionId, qualifier: Option<&str>) -> HeaderValue {
    let driver = door.driver.borrow();
    let deployed = driver.world.deployed.of(function);
    match qualifier {
        None => deployed.arn_header.clone(),
        Some(qualifier) => header(&format!("{}:{qualifier}", deployed.arn)),
    }
}

/// Who is meant.
pub(super) fn found<'text>(
    door: &Door,
    text: &'text str,
    queried: Option<Cow<'text, str>>,
) -> Result<Target, Box<Answer>> {
    let reference = FunctionReference::parse(text).map_err(|error| {
        let constraint = format!("Member must satisfy regular expression pattern: {error}");
        let error = CallerError::Validation {
            value: text,
            member: "functionName",
            constraint: &constraint,
        };
        Box::new(refused(door, &error))
    })?;
    let qualifier = qualifier(reference.qualifier, queried.as_deref())
        .map_err(|error| Box::new(refused(door, &error)))?;
    let (region, account) = (door.about.region.as_str(), door.about.account.as_str());
    let not_found = |hint: &str| {
        let arn = names::function_arn(
            reference.region.unwrap_or(region),
            reference.account.unwrap_or(account),
            reference.name,
            Some(qualifier.unwrap_or(LATEST)),
        );
        Box::new(refused(door, &CallerError::FunctionNotFound { arn: &arn, hint }))
    };
    let resolved = door.driver.borrow().world.deployed.names.resolve(reference.name);
    let id = match resolved {
        Ok(id) => id,
        Err(NameError::Unknown(there_is)) => return Err(not_found(&there_is)),
        Err(NameError::Ambiguous(sentence)) => {
            let error = CallerError::FunctionAmbiguous { message: &sentence };
            return Err(Box::new(refused(door, &error)));
        }
    };
    let Some(qualifier) = qualifier else {
        return Ok(Target { function: id, version: Version::Latest, arn: arn(door, id, None) });
    };
    let version = door.driver.borrow().version(id, qualifier);
    match version {
        Some(version) => Ok(Target { function: id, version, arn: arn(door, id, Some(qualifier)) }),
        None => Err(not_found(&published(door, id))),
    }
}

/// The one qualifier that a name and a query give together.
fn qualifier<'a>(
    named: Option<&'a str>,
    queried: Option<&'a str>,
) -> Result<Option<&'a str>, CallerError<'a>> {
    let Some(value) = queried else { return Ok(named) };
    if let Err(constraint) = names::check_qualifier(value) {
        return Err(CallerError::Validation { value, member: "qualifier", constraint });
    }
    if named.is_some_and(|named| named != value) {
        let message =
            "The derived qualifier from the function name does not match the specified qualifier.";
        return Err(CallerError::InvalidParameter { message });
    }
    Ok(queried)
}

/// Which qualifiers a function has, in a sentence.
fn published(door: &Door, function: FunctionId) -> String {
    let driver = door.driver.borrow();
    let published = &driver.world.deployed.of(function).served.published;
    let mut qualifiers = vec![format!("`{LATEST}`")];
    qualifiers.extend(published.versions.then(|| format!("`{}`", driver.revision(function))));
    qualifiers.extend(published.aliases.keys().map(|alias| format!("`{alias}`")));
    format!("of that function there is {}", qualifiers.join(", "))
}

fn of_one(
    door: &Door,
    name: &str,
    query: Option<&str>,
    render: impl Fn(&Door, &Target) -> Value,
) -> Answer {
    match found(door, &decoded(name), field(query, "Qualifier")) {
        Ok(target) => ok(door, &render(door, &target)),
        Err(answer) => *answer,
    }
}

fn of_named(door: &Door, name: &str, answer: impl Fn(&Target) -> Answer) -> Answer {
    match found(door, &decoded(name), None) {
        Ok(target) => answer(&target),
        Err(answer) => *answer,
    }
}

/// A call that lists gives at most so many at once. M:lambda `MaxListItems`, D:API_ListFunctions.
const PAGE_MAX: usize = 50;

/// So many may be asked for. M:lambda `MaxListItems`.
const ASKED_MAX: usize = 10_000;

/// ListFunctions: `FunctionVersion=ALL` lists the versions beside their functions.
fn list(door: &Door, query: Option<&str>) -> Answer {
    let with_versions = match field(query, "FunctionVersion").as_deref() {
        None => false,
        Some("ALL") => true,
        Some(value) => {
            let constraint = "Member must satisfy enum value set: [ALL]";
            let member = "functionVersion";
            return refused(door, &CallerError::Validation { value, member, constraint });
        }
    };
    let all: Vec<_> = door.driver.borrow().world.deployed.iter().map(|(id, _)| id).collect();
    let versions = |id: FunctionId| {
        let newest = control::newest(door, id).filter(|_| with_versions);
        let newest = newest.map(|version| control::of_version(door, id, version));
        std::iter::once(latest(door, id)).chain(newest)
    };
    let all: Vec<_> = all.into_iter().flat_map(versions).collect();
    paged(door, query, "Functions", &all, |target| configuration(door, target))
}

/// Answers with the page of a list that is asked for.
pub(super) fn paged<T>(
    door: &Door,
    query: Option<&str>,
    member: &str,
    all: &[T],
    render: impl Fn(&T) -> Value,
) -> Answer {
    match page(query, member, all, render) {
        Ok(page) => ok(door, &page),
        Err(wrong) => {
            let Wrong { value, member, constraint } = wrong;
            refused(door, &CallerError::Validation { value: &value, member, constraint })
        }
    }
}

/// What is asked for that no page has.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    value: String,
    member: &'static str,
    constraint: &'static str,
}

/// The page of a list that `MaxItems` and `Marker` ask for, and the marker of the next one.
fn page<T>(
    query: Option<&str>,
    member: &str,
    all: &[T],
    render: impl Fn(&T) -> Value,
) -> Result<Value, Wrong> {
    let number = |name, member, constraint, least, most| match field(query, name) {
        None => Ok(None),
        Some(value) => match value.parse::<usize>() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            Ok(_) | Err(_) => Err(Wrong { value: value.into_owned(), member, constraint }),
        },
    };
    let between = "Member must be a number from 1 to 10000";
    let wanted = number("MaxItems", "maxItems", between, 1, ASKED_MAX)?;
    let size = wanted.unwrap_or(PAGE_MAX).min(PAGE_MAX);
    // The marker is the place of the next one.
    let given = "Member must be a NextMarker that this call has given";
    let from = number("Marker", "marker", given, 0, all.len())?.unwrap_or(0);
    let page: Vec<_> = all.iter().skip(from).take(size).map(render).collect();
    let next = from.saturating_add(page.len());
    let is_last = next >= all.len() || page.is_empty();
    let mut body = json!({ member: page });
    if !is_last {
        body["NextMarker"] = next.to_string().into();
    }
    Ok(body)
}

pub(super) fn ok(door: &Door, body: &Value) -> Answer {
    let id = door.driver.borrow_mut().world.names.uuid();
    let mut answer = super::json(StatusCode::OK, body.to_string());
    answer.headers_mut().insert(REQUEST_ID, value(&id.text()));
    answer
}

/// GetFunction.
fn whole(door: &Door, target: &Target) -> Value {
    let driver = door.driver.borrow();
    let served = &driver.world.deployed.of(target.function).served;
    let mut whole = json!({
        "Configuration": configuration(door, target),
        "Code": {
            "RepositoryType": "lunch",
            "Location": format!("file://{}", served.code.display()),
        },
        "Tags": {},
    });
    if let Some(reserved) = served.reserved {
        whole["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
    }
    whole
}

/// GetFunctionConfiguration. What is not known here (a role, a hash of an archive) is not invented.
pub(super) fn configuration(door: &Door, target: &Target) -> Value {
    let driver = door.driver.borrow();
    let deployed = driver.world.deployed.of(target.function);
    let served = &deployed.served;
    let program = std::fs::metadata(&served.program).ok();
    let modified = program
        .as_ref()
        .and_then(|program| program.modified().ok())
        .and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
    let mut json = json!({
        "FunctionName": served.name,
        "FunctionArn": target.arn.to_str().unwrap_or_default(),
        "Runtime": served.runtime,
        "Handler": served.handler,
        "Description": served.description,
        "Timeout": served.timeout.as_secs(),
        "MemorySize": served.memory_mb,
        "CodeSize": program.map_or(0, |program| program.len()),
        "Version": target.version.to_string(),
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": [served.architecture],
        "EphemeralStorage": { "Size": served.ephemeral_storage_mb },
        "LoggingConfig": logging(served),
        "TracingConfig": { "Mode": "PassThrough" },
    });
    if let Some(modified) = modified {
        json["LastModified"] = last_modified(modified).into();
    }
    if !served.variables.is_empty() {
        json["Environment"] = json!({ "Variables": variables(served) });
    }
    json
}

fn variables(served: &ServedFunction) -> Value {
    let variables = served.variables.iter();
    Value::Object(variables.map(|(name, value)| (name.clone(), value.as_str().into())).collect())
}

/// As AWS writes it: `2026-11-24T16:28:01.042+0000`.
fn last_modified(at: Duration) -> String {
    let unix_ms = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
    names::timestamp(unix_ms).replace('Z', "+0000")
}

fn logging(served: &ServedFunction) -> Value {
    let Logging { format, system_level, application_level } = served.logging;
    let mut logging = json!({ "LogFormat": format.name(), "LogGroup": served.log_group() });
    if format == LogFormat::Json {
        logging["ApplicationLogLevel"] = application_level.name().into();
        logging["SystemLogLevel"] = system_level.name().into();
    }
    logging
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_given_page_by_page() {
        let all = (0..60).collect::<Vec<u32>>();
        let page = |query| page(Some(query), "Ones", &all, |one| json!(one));
        assert_eq!(page("MaxItems=2"), Ok(json!({ "Ones": [0, 1], "NextMarker": "2" })));
        assert_eq!(page("MaxItems=2&Marker=58"), Ok(json!({ "Ones": [58, 59] })));
        assert_eq!(page("MaxItems=9999").expect("a page")["NextMarker"], "50");
        assert_eq!(page("Marker=60"), Ok(json!({ "Ones": [] })));
        for (wrong, member) in [
            ("MaxItems=0", "maxItems"),
            ("MaxItems=10001", "maxItems"),
            ("MaxItems=few", "maxItems"),
            ("Marker=61", "marker"),
            ("Marker=there", "marker"),
        ] {
            assert_eq!(page(wrong).expect_err(wrong).member, member);
        }
    }

    #[test]
    fn a_name_and_a_query_give_one_qualifier() {
        assert_eq!(qualifier(Some("1"), None), Ok(Some("1")));
        assert_eq!(qualifier(None, Some("live")), Ok(Some("live")));
        assert_eq!(qualifier(Some("1"), Some("1")), Ok(Some("1")));
        let error = qualifier(Some("1"), Some("live")).unwrap_err().on_the_wire();
        assert_eq!((error.status, error.error_type), (400, "InvalidParameterValueException"));
        let error = qualifier(None, Some("a b")).unwrap_err().on_the_wire();
        assert_eq!((error.status, error.error_type), (400, "ValidationException"));
        assert_eq!(
            error.body,
            r#"{"message":"1 validation error detected: Value 'a b' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)"}"#
        );
    }
}
