//! A request at a function URL as the event that the function gets: payload format 2.0. D:urls-invocation, facts 8.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, USER_AGENT};
use hyper::http::request::Parts;
use lunch_contract::names;
use serde::Serialize;

use super::super::path::{decoded, field};

/// All that an event is made of.
pub(super) struct Asked<'a> {
    pub(super) head: &'a Parts,
    pub(super) body: &'a [u8],
    /// The function's own path, as it was sent.
    pub(super) path: &'a str,
    /// The URL's id.
    pub(super) id: &'a str,
    pub(super) domain: &'a str,
    pub(super) peer: IpAddr,
    pub(super) port: u16,
    pub(super) request_id: &'a str,
    pub(super) trace_id: &'a str,
    /// The cloud's time, since 1970.
    pub(super) wall: Duration,
    /// The account whose signature the URL wants; `None`: it wants none.
    pub(super) signed_for: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'static str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: Context<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    account_id: &'a str,
    api_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Authorizer<'a>>,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'static str,
    stage: &'static str,
    time: String,
    time_epoch: u128,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: String,
    source_ip: String,
    user_agent: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct Authorizer<'a> {
    iam: Iam<'a>,
}

/// Who has signed. Signatures are not checked, so everybody is the account itself, as for STS.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Iam<'a> {
    access_key: Cow<'a, str>,
    account_id: &'a str,
    caller_id: &'a str,
    cognito_identity: Option<()>,
    principal_org_id: Option<()>,
    user_arn: String,
    user_id: &'a str,
}

const DEFAULT: &str = "$default";

/// The event, as JSON.
pub(super) fn event(asked: &Asked<'_>) -> Vec<u8> {
    let head = asked.head;
    let path = if asked.path.starts_with('/') { asked.path } else { "/" };
    let query = head.uri.query().unwrap_or_default();
    let (body, is_base64_encoded) = body(&head.headers, asked.body);
    let event = Event {
        version: "2.0",
        route_key: DEFAULT,
        raw_path: path,
        raw_query_string: query,
        cookies: cookies(&head.headers),
        headers: headers(asked),
        query_string_parameters: parameters(query),
        request_context: context(asked, path),
        body,
        is_base64_encoded,
    };
    serde_json::to_vec(&event).expect("texts and numbers are JSON")
}

fn context<'a>(asked: &Asked<'a>, path: &'a str) -> Context<'a> {
    let head = asked.head;
    Context {
        account_id: asked.signed_for.unwrap_or("anonymous"),
        api_id: asked.id,
        authorizer: asked.signed_for.map(|account| Authorizer { iam: iam(head, account) }),
        domain_name: asked.domain,
        domain_prefix: asked.id,
        http: Http {
            method: head.method.as_str(),
            path,
            protocol: format!("{:?}", head.version),
            source_ip: asked.peer.to_canonical().to_string(),
            user_agent: head.headers.get(USER_AGENT).map(text),
        },
        request_id: asked.request_id,
        route_key: DEFAULT,
        stage: DEFAULT,
        time: common_log_time(asked.wall),
        time_epoch: asked.wall.as_millis(),
    }
}

fn iam<'a>(head: &'a Parts, account: &'a str) -> Iam<'a> {
    let header = head.headers.get(AUTHORIZATION).map(text);
    let credential = match &header {
        Some(header) => header.split_once("Credential=").map(|(_, rest)| rest.to_owned()),
        None => field(head.uri.query(), "X-Amz-Credential").map(Cow::into_owned),
    };
    let access_key = credential.unwrap_or_default();
    let access_key = access_key.split('/').next().unwrap_or_default().to_owned();
    Iam {
        access_key: access_key.into(),
        account_id: account,
        caller_id: account,
        cognito_identity: None,
        principal_org_id: None,
        user_arn: format!("arn:aws:iam::{account}:root"),
        user_id: account,
    }
}

fn text(value: &hyper::header::HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// The headers, each name once; cookies stand apart. What a proxy of AWS's would add is said of this door, which has no
/// TLS.
fn headers<'a>(asked: &Asked<'a>) -> BTreeMap<&'a str, String> {
    let own = [
        ("x-amzn-trace-id", asked.trace_id.to_owned()),
        ("x-forwarded-for", asked.peer.to_canonical().to_string()),
        ("x-forwarded-port", asked.port.to_string()),
        ("x-forwarded-proto", "http".to_owned()),
    ];
    let sent = &asked.head.headers;
    let names = sent.keys().filter(|name| *name != COOKIE);
    let joined = names.map(|name| {
        let values = sent.get_all(name).iter().map(text).collect::<Vec<_>>();
        (name.as_str(), values.join(","))
    });
    joined.chain(own).collect()
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(COOKIE).iter().map(text);
    let mut cookies = Vec::new();
    for line in lines {
        let all = line.split(';').map(str::trim).filter(|cookie| !cookie.is_empty());
        cookies.extend(all.map(str::to_owned));
    }
    cookies
}

/// The fields of a query, decoded; those of one name are joined.
fn parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::<String, String>::new();
    let plain = |text: &str| decoded(&text.replace('+', " ")).into_owned();
    for field in query.split('&').filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        let (name, value) = (plain(name), plain(value));
        parameters
            .entry(name)
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    parameters
}

/// The body as it is where its type says that it is text, else in base64; none where there is none.
fn body<'a>(headers: &HeaderMap, body: &'a [u8]) -> (Option<Cow<'a, str>>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    match std::str::from_utf8(body) {
        Ok(text) if is_text(headers) => (Some(text.into()), false),
        Ok(_) | Err(_) => (Some(BASE64_STANDARD.encode(body).into()), true),
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(CONTENT_ENCODING) {
        return false;
    }
    let kind = headers.get(CONTENT_TYPE).map(text).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let others = ["application/json", "application/xml", "application/javascript"];
    kind.starts_with("text/") || others.contains(&kind.as_str())
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// As `12/Mar/2020:19:03:58 +0000`.
fn common_log_time(wall: Duration) -> String {
    let iso = names::timestamp(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX));
    let (date, time) = iso.split_once('T').unwrap_or_default();
    let mut date = date.rsplit('-');
    let (day, month) = (date.next().unwrap_or_default(), date.next().unwrap_or_default());
    let year = date.next().unwrap_or_default();
    let month = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let time = time.split('.').next().unwrap_or_default();
    format!("{day}/{}/{year}:{time} +0000", month.unwrap_or(&""))
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
