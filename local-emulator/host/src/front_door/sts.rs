//! STS, as far as programs ask it who they are: GetCallerIdentity, in the query protocol (M:sts).
//!
//! Credentials are taken and not checked, so everybody is the account itself: what AWS says to an account's root.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::path::field;
use super::{Answer, Door, REQUEST_ID};

/// Whether a request is in the query protocol: a form that is posted to the root.
pub(super) fn is_for(request: &Request<Bytes>) -> bool {
    const FORM: &[u8] = b"application/x-www-form-urlencoded";
    let kind = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    request.method() == Method::POST
        && request.uri().path() == "/"
        && kind.is_some_and(|kind| kind.starts_with(FORM))
}

pub(super) fn answer(door: &Door, form: &[u8]) -> Answer {
    let form = String::from_utf8_lossy(form);
    let id = door.driver.borrow_mut().world.names.uuid();
    let action = field(Some(&form), "Action").unwrap_or_default();
    let (status, body) = if action == "GetCallerIdentity" {
        (StatusCode::OK, identity(&door.about.account, &id.text()))
    } else {
        (StatusCode::BAD_REQUEST, unknown(&action, &id.text()))
    };
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    answer.headers_mut().insert(REQUEST_ID, id.into());
    answer
}

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

fn identity(account: &str, request_id: &str) -> String {
    let account = escaped(account);
    format!(
        "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{account}:root</Arn><UserId>{account}</UserId><Account>{account}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>"
    )
}

fn unknown(action: &str, request_id: &str) -> String {
    let action = escaped(action);
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>InvalidAction</Code>\
         <Message>`{action}` is not served by this cloud: of STS it serves GetCallerIdentity</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>"
    )
}

/// A text as XML has it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
