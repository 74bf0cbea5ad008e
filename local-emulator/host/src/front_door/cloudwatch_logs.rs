//! CloudWatch Logs, as far as what was logged is read: groups, streams and events of the instances' own streams.
//!
//! Routes and members are the service model's (M:logs), in JSON 1.1: `POST /` with the call's name in `X-Amz-Target`.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::filter_pattern::{FilterPattern, PatternError};
use super::{Answer, Door, REQUEST_ID};
use crate::driver::{LogGroupView, LogStreamView, LoggedEvent};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const SERVICE: &str = "Logs_20140328.";

/// What a call is refused with: AWS's kind and a sentence.
type Refused = (&'static str, String);

/// The name of the call that is made, with its service before it, if it is one in JSON 1.1 or 1.0.
pub(super) fn target(method: &Method, path: &str, headers: &HeaderMap) -> Option<String> {
    let target = headers.get(TARGET).filter(|_| method == Method::POST && path == "/")?;
    Some(String::from_utf8_lossy(target.as_bytes()).into_owned())
}

pub(super) fn answer(door: &Door, target: &str, body: &[u8]) -> Answer {
    let answered = match target.strip_prefix(SERVICE) {
        Some("DescribeLogGroups") => asked(body).and_then(|asked| groups(door, &asked)),
        Some("DescribeLogStreams") => asked(body).and_then(|asked| streams(door, &asked)),
        Some("GetLogEvents") => asked(body).and_then(|asked| events(door, &asked)),
        Some("FilterLogEvents") => asked(body).and_then(|asked| filtered(door, &asked)),
        _ => Err((
            "UnknownOperationException",
            format!(
                "`{target}` is not served by this cloud: of the services that are called like that it serves \
                 CloudWatch Logs' DescribeLogGroups, DescribeLogStreams, GetLogEvents and FilterLogEvents"
            ),
        )),
    };
    let (status, body) = match answered {
        Ok(body) => (StatusCode::OK, body),
        Err((kind, message)) => {
            (StatusCode::BAD_REQUEST, json!({ "__type": kind, "message": message }))
        }
    };
    let mut answer = Response::new(Full::new(Bytes::from(body.to_string())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    let id = door.driver.borrow_mut().world.names.uuid();
    answer.headers_mut().insert(REQUEST_ID, id.into());
    answer
}

/// What all of these calls may ask for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asked {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    log_stream_name: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    descending: bool,
    start_time: Option<i64>,
    end_time: Option<i64>,
    start_from_head: bool,
    filter_pattern: Option<String>,
    limit: Option<usize>,
    next_token: Option<String>,
}

fn asked(body: &[u8]) -> Result<Asked, Refused> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        ("SerializationException", format!("the body is not what this call takes: {error}"))
    })
}

impl Asked {
    /// The group's name, also where it stands at the end of an ARN.
    fn group(&self) -> Result<&str, Refused> {
        let name = self.log_group_name.as_deref().or_else(|| {
            let identifier = self.log_group_identifier.as_deref()?;
            let name = identifier.split_once(":log-group:").map_or(identifier, |(_, name)| name);
            Some(name.strip_suffix(":*").unwrap_or(name))
        });
        name.ok_or_else(|| invalid("`logGroupName` or `logGroupIdentifier` is needed"))
    }

    /// Where a page begins; tokens are ours and opaque to the caller.
    fn from(&self) -> Result<usize, Refused> {
        let token = self.next_token.as_deref().map(str::parse);
        Ok(token.transpose().map_err(|_| unknown_token())?.unwrap_or(0))
    }

    /// How many are wanted at most.
    fn limit(&self, most: usize) -> Result<usize, Refused> {
        match self.limit.unwrap_or(most) {
            limit if (1..=most).contains(&limit) => Ok(limit),
            limit => Err(invalid(&format!("`limit` is {limit}; it may be 1 to {most}"))),
        }
    }
}

fn invalid(sentence: &str) -> Refused {
    ("InvalidParameterException", sentence.to_owned())
}

fn unknown_token() -> Refused {
    invalid("The specified nextToken is invalid.")
}

fn no_group() -> Refused {
    ("ResourceNotFoundException", "The specified log group does not exist.".to_owned())
}

fn no_stream() -> Refused {
    ("ResourceNotFoundException", "The specified log stream does not exist.".to_owned())
}

/// A page of what there is, and the token of the next one.
fn page(all: &[Value], from: usize, limit: usize, member: &str) -> Value {
    let to = all.len().min(from.saturating_add(limit));
    let mut page = json!({ member: all.get(from..to).unwrap_or_default() });
    if to < all.len() {
        page["nextToken"] = to.to_string().into();
    }
    page
}

const DESCRIBED_MAX: usize = 50;
const EVENTS_MAX: usize = 10_000;

fn groups(door: &Door, asked: &Asked) -> Result<Value, Refused> {
    if asked.log_group_name_prefix.is_some() && asked.log_group_name_pattern.is_some() {
        return Err(invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    let is_wanted = |group: &LogGroupView| {
        let prefix = asked.log_group_name_prefix.as_deref().unwrap_or_default();
        let pattern = asked.log_group_name_pattern.as_deref().unwrap_or_default();
        group.name.starts_with(prefix)
            && group.name.to_lowercase().contains(&pattern.to_lowercase())
    };
    let about = &door.about;
    let groups = door.driver.borrow().log_groups();
    let groups = groups.iter().filter(|group| is_wanted(group)).map(|group| {
        let arn =
            format!("arn:aws:logs:{}:{}:log-group:{}", about.region, about.account, group.name);
        json!({
            "logGroupName": group.name,
            "creationTime": group.born_ms,
            "metricFilterCount": 0,
            "arn": format!("{arn}:*"),
            "logGroupArn": arn,
            "logGroupClass": "STANDARD",
            "storedBytes": group.bytes,
        })
    });
    let groups: Vec<_> = groups.collect();
    Ok(page(&groups, asked.from()?, asked.limit(DESCRIBED_MAX)?, "logGroups"))
}

fn streams(door: &Door, asked: &Asked) -> Result<Value, Refused> {
    let group = asked.group()?;
    let mut streams = door.driver.borrow().log_streams(group).ok_or_else(no_group)?;
    let prefix = asked.log_stream_name_prefix.as_deref();
    streams.retain(|stream| stream.name.starts_with(prefix.unwrap_or_default()));
    match asked.order_by.as_deref() {
        None | Some("LogStreamName") => streams.sort_by(|a, b| a.name.cmp(&b.name)),
        Some("LastEventTime") if prefix.is_some() => {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        Some("LastEventTime") => streams.sort_by_key(|stream| stream.span_ms.map(|(_, last)| last)),
        Some(other) => {
            let sentence =
                format!("`orderBy` is `{other}`; it may be LogStreamName, LastEventTime");
            return Err(invalid(&sentence));
        }
    }
    if asked.descending {
        streams.reverse();
    }
    let about = &door.about;
    let shown = streams.iter().map(|stream| shown_stream(about, group, stream));
    let shown: Vec<_> = shown.collect();
    Ok(page(&shown, asked.from()?, asked.limit(DESCRIBED_MAX)?, "logStreams"))
}

fn shown_stream(about: &super::About, group: &str, stream: &LogStreamView) -> Value {
    let (region, account, name) = (&about.region, &about.account, &stream.name);
    let mut shown = json!({
        "logStreamName": name,
        "creationTime": stream.born_ms,
        "arn": format!("arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{name}"),
        // Of a stream it is always 0, and has been since 2019: so the API's reference.
        "storedBytes": 0,
    });
    if let Some((first, last)) = stream.span_ms {
        shown["firstEventTimestamp"] = first.into();
        shown["lastEventTimestamp"] = last.into();
        shown["lastIngestionTime"] = last.into();
    }
    shown
}

/// A token that says on which side of an event one goes on.
fn token(direction: char, number: u64) -> String {
    format!("{direction}/{number:056}/s")
}

fn events(door: &Door, asked: &Asked) -> Result<Value, Refused> {
    let group = asked.group()?;
    let name = asked.log_stream_name.as_deref();
    let name = name.ok_or_else(|| invalid("`logStreamName` is needed"))?;
    let driver = door.driver.borrow();
    let streams = driver.log_streams(group).ok_or_else(no_group)?;
    if streams.iter().all(|stream| stream.name != name) {
        return Err(no_stream());
    }
    let is_in_time = |at_ms: i64| {
        asked.start_time.is_none_or(|start| at_ms >= start)
            && asked.end_time.is_none_or(|end| at_ms < end)
    };
    let mut found = driver.logged(group, |stream| stream == name);
    found.retain(|event| is_in_time(event.at_ms));
    let limit = asked.limit(EVENTS_MAX)?;
    let place = asked.next_token.as_deref().map(|token| {
        let (direction, rest) = token.split_once('/')?;
        Some((direction, rest.strip_suffix("/s")?.parse().ok()?))
    });
    let end = found.last().map_or(0, |event| event.number + 1);
    let (forward, from) = match place {
        None if asked.start_from_head => (true, 0),
        None => (false, end),
        Some(Some(("f", number))) => (true, number),
        Some(Some(("b", number))) => (false, number),
        Some(_) => return Err(unknown_token()),
    };
    let before = found.partition_point(|event| event.number < from);
    let shown = if forward {
        &found[before..found.len().min(before + limit)]
    } else {
        &found[before.saturating_sub(limit)..before]
    };
    let events = shown.iter().map(|event| {
        json!({ "timestamp": event.at_ms, "message": event.message, "ingestionTime": event.at_ms })
    });
    Ok(json!({
        "events": events.collect::<Vec<_>>(),
        "nextForwardToken": token('f', shown.last().map_or(from, |event| event.number + 1)),
        "nextBackwardToken": token('b', shown.first().map_or(from, |event| event.number)),
    }))
}

fn filtered(door: &Door, asked: &Asked) -> Result<Value, Refused> {
    let group = asked.group()?;
    let driver = door.driver.borrow();
    let streams = driver.log_streams(group).ok_or_else(no_group)?;
    let pattern = FilterPattern::parse(asked.filter_pattern.as_deref().unwrap_or_default());
    let pattern = pattern.map_err(|PatternError(sentence)| invalid(&sentence))?;
    let prefix = asked.log_stream_name_prefix.as_deref().unwrap_or_default();
    let names = asked.log_stream_names.as_deref();
    if names.is_some() && asked.log_stream_name_prefix.is_some() {
        return Err(invalid("`logStreamNames` and `logStreamNamePrefix` exclude each other"));
    }
    if names.unwrap_or_default().iter().any(|name| streams.iter().all(|one| one.name != *name)) {
        return Err(no_stream());
    }
    let mut found = driver.logged(group, |stream| {
        stream.starts_with(prefix)
            && names.is_none_or(|names| names.iter().any(|name| name == stream))
    });
    found.retain(|event| {
        asked.start_time.is_none_or(|start| event.at_ms >= start)
            && asked.end_time.is_none_or(|end| event.at_ms <= end)
            && pattern.matches(&event.message)
    });
    let shown: Vec<_> = found.iter().map(shown_event).collect();
    let mut page = page(&shown, asked.from()?, asked.limit(EVENTS_MAX)?, "events");
    page["searchedLogStreams"] = json!([]);
    Ok(page)
}

fn shown_event(event: &LoggedEvent) -> Value {
    json!({
        "logStreamName": event.stream,
        "timestamp": event.at_ms,
        "message": event.message,
        "ingestionTime": event.at_ms,
        "eventId": format!("{:056}", event.number),
    })
}
