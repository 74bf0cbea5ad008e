//! Both protocols: JSON 1.0, and forms that are answered with XML. A form is read into the JSON that says the same, and
//! a JSON answer is written as the XML that says the same. Facts 9.1.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use lunch_contract::sqs::ApiError;
use serde_json::{Map, Value, json};

use super::super::path::decoded;
use super::super::{Answer, Door, REQUEST_ID, json as answer_with};

const TARGET: &str = "x-amz-target";
const SERVICE: &str = "AmazonSQS.";
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const XML: HeaderValue = HeaderValue::from_static("text/xml");
const NAMESPACE: &str = "http://queue.amazonaws.com/doc/2012-11-05/";

/// A call, by its name and its protocol.
#[derive(Debug)]
pub(in super::super) struct Call {
    pub(super) action: String,
    given: Given,
}

#[derive(Debug)]
enum Given {
    Json(Bytes),
    /// With the account and name that the path has, where it has them.
    Form(Vec<(String, String)>, Option<String>),
}

/// The call that a request is, if it is one of SQS.
pub(super) fn call(request: &Request<Bytes>) -> Option<Call> {
    let path = request.uri().path();
    if let Some(target) = request.headers().get(TARGET) {
        let action = str::from_utf8(target.as_bytes()).ok()?.strip_prefix(SERVICE)?;
        let is_post = request.method() == Method::POST;
        let given = Given::Json(request.body().clone());
        return is_post.then(|| Call { action: action.to_owned(), given });
    }
    let mut fields = form(request.uri().query().unwrap_or_default());
    if request.method() == Method::POST {
        fields.extend(form(str::from_utf8(request.body()).ok()?));
    }
    let value = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let action = value("Action")?.clone();
    let of_queue = account_and_name(path).is_some().then(|| path.to_owned());
    // Other services' forms come to the root, too.
    let is_ours = of_queue.is_some() || ACTIONS.contains(&action.as_str());
    is_ours.then(|| Call { action, given: Given::Form(fields, of_queue) })
}

/// Whether a request whose body has not been read may be one of these calls.
pub(super) fn may_be(method: &Method, headers: &HeaderMap) -> bool {
    let begins = |name: &str, with: &str| {
        headers.get(name).is_some_and(|value| value.as_bytes().starts_with(with.as_bytes()))
    };
    method == Method::POST
        && (begins(TARGET, SERVICE) || begins("content-type", "application/x-www-form-urlencoded"))
}

/// The names of all calls, by which a form at the root is known to be one.
const ACTIONS: [&str; 23] = [
    "AddPermission",
    "CancelMessageMoveTask",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "CreateQueue",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "RemovePermission",
    "SendMessage",
    "SendMessageBatch",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

/// What a path of a queue holds: twelve digits, and a name. AWS's own examples have a slash behind it.
pub(super) fn account_and_name(path: &str) -> Option<(&str, &str)> {
    let (account, name) = path.strip_prefix('/')?.split_once('/')?;
    let name = name.strip_suffix('/').unwrap_or(name);
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && !name.is_empty() && !name.contains('/')).then_some((account, name))
}

fn form(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| decoded(&text.replace('+', " ")).into_owned();
    let fields = text.split('&').filter(|field| !field.is_empty());
    fields
        .map(|field| field.split_once('=').unwrap_or((field, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

impl Call {
    /// What it is given, as JSON.
    pub(super) fn input(&self, door: &Door) -> Result<Value, ApiError> {
        match &self.given {
            Given::Json(body) => {
                let body: &[u8] = if body.is_empty() { b"{}" } else { body };
                match serde_json::from_slice(body) {
                    Ok(Value::Object(members)) => Ok(Value::Object(members)),
                    Ok(_) => Err(ApiError::Malformed("the body is no JSON object".into())),
                    Err(error) => Err(ApiError::Malformed(error.to_string().into())),
                }
            }
            Given::Form(fields, of_queue) => {
                let mut members = members(fields)?;
                if let Some(path) = of_queue {
                    let endpoint = &door.driver.borrow().world.deployed.endpoint;
                    let url = format!("{endpoint}{path}");
                    members.entry("QueueUrl").or_insert_with(|| url.into());
                }
                Ok(Value::Object(members))
            }
        }
    }

    /// The answer, in the call's protocol.
    pub(super) fn render(&self, door: &Door, answered: Result<Value, ApiError>) -> Answer {
        let id = door.driver.borrow_mut().world.names.uuid();
        let mut answer = match &self.given {
            Given::Json(_) => in_json(answered),
            Given::Form(..) => in_xml(&self.action, &id.text(), answered),
        };
        answer.headers_mut().insert(REQUEST_ID, id.into());
        answer
    }
}

fn in_json(answered: Result<Value, ApiError>) -> Answer {
    let (status, body, error) = match answered {
        Ok(Value::Null) => (200, Vec::new(), None),
        Ok(value) => (200, value.to_string().into_bytes(), None),
        Err(error) => {
            let body = json!({ "__type": error.json_type(), "message": error.to_string() });
            (error.json_status(), body.to_string().into_bytes(), Some(error))
        }
    };
    let status = StatusCode::from_u16(status).expect("the table has HTTP's statuses");
    let mut answer = answer_with(status, body);
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    if let Some(error) = error {
        let code = format!("{};{}", error.query_code(), error.fault());
        let code = HeaderValue::try_from(code).expect("a code is made of ASCII only");
        answer.headers_mut().insert(QUERY_ERROR, code);
    }
    answer
}

fn in_xml(action: &str, request_id: &str, answered: Result<Value, ApiError>) -> Answer {
    let (status, body) = xml(action, request_id, answered);
    let status = StatusCode::from_u16(status).expect("the table has HTTP's statuses");
    let mut answer = answer_with(status, body);
    answer.headers_mut().insert(CONTENT_TYPE, XML);
    answer
}

fn xml(action: &str, request_id: &str, answered: Result<Value, ApiError>) -> (u16, String) {
    let mut body = String::from("<?xml version=\"1.0\"?>");
    let status = match answered {
        Ok(value) => {
            write!(body, "<{action}Response xmlns=\"{NAMESPACE}\">").expect("a string takes all");
            if let Value::Object(members) = &value {
                write!(body, "<{action}Result>").expect("a string takes all");
                write_members(&mut body, action, members);
                write!(body, "</{action}Result>").expect("a string takes all");
            }
            write!(
                body,
                "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
            )
            .expect("a string takes all");
            200
        }
        Err(error) => {
            write!(
                body,
                "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{}</Type><Code>{}</Code>\
                 <Message>{}</Message><Detail/></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
                error.fault(),
                error.query_code(),
                escaped(&error.query_message())
            )
            .expect("a string takes all");
            error.query_status()
        }
    };
    (status, body)
}

/// Lists and maps are flattened in XML: each entry stands beside the others, under this name; a map's with these.
fn flattened(action: &str, member: &str) -> Option<(String, Option<[&'static str; 2]>)> {
    const NAME_VALUE: Option<[&str; 2]> = Some(["Name", "Value"]);
    let (name, map) = match member {
        "QueueUrls" | "queueUrls" => ("QueueUrl", None),
        "Messages" => ("Message", None),
        "Attributes" => ("Attribute", NAME_VALUE),
        "MessageAttributes" => ("MessageAttribute", NAME_VALUE),
        "Tags" => ("Tag", Some(["Key", "Value"])),
        "Successful" => return Some((format!("{action}ResultEntry"), None)),
        "Failed" => ("BatchResultErrorEntry", None),
        "Results" => return Some((format!("{action}ResultEntry"), None)),
        _ => return None,
    };
    Some((name.to_owned(), map))
}

fn write_members(body: &mut String, action: &str, members: &Map<String, Value>) {
    for (name, value) in members {
        match (flattened(action, name), value) {
            (Some((name, None)), Value::Array(items)) => {
                for item in items {
                    write_element(body, action, &name, item);
                }
            }
            (Some((name, Some([key, of]))), Value::Object(entries)) => {
                for (entry, value) in entries {
                    write!(body, "<{name}><{key}>{}</{key}>", escaped(entry))
                        .expect("a string takes all");
                    write_element(body, action, of, value);
                    write!(body, "</{name}>").expect("a string takes all");
                }
            }
            _ => write_element(body, action, name, value),
        }
    }
}

fn write_element(body: &mut String, action: &str, name: &str, value: &Value) {
    write!(body, "<{name}>").expect("a string takes all");
    match value {
        Value::Object(members) => write_members(body, action, members),
        Value::String(text) => body.push_str(&escaped(text)),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            write!(body, "{value}").expect("a string takes all");
        }
    }
    write!(body, "</{name}>").expect("a string takes all");
}

/// A text as XML has it. A carriage return would be read as a line's end; what XML cannot say in any way, as an error's
/// text may quote it, would make all of it unreadable.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\r' => safe.push_str("&#xD;"),
            '\t' | '\n' => safe.push(character),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => safe.push(char::REPLACEMENT_CHARACTER),
            other => safe.push(other),
        }
    }
    safe
}

/// What stands at a place of a form: a value, or what stands below it.
#[derive(Debug, Default)]
struct Place {
    value: Option<String>,
    below: BTreeMap<String, Self>,
}

/// So deep is a form at most: `SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue`.
const DEPTH_MAX: usize = 8;

/// The members that a form gives.
fn members(fields: &[(String, String)]) -> Result<Map<String, Value>, ApiError> {
    let mut root = Place::default();
    for (name, value) in fields {
        if name.split('.').count() > DEPTH_MAX {
            return Err(ApiError::Malformed(format!("`{name}` is no parameter").into()));
        }
        let mut place = &mut root;
        for step in name.split('.') {
            place = place.below.entry(step.to_owned()).or_default();
        }
        place.value.get_or_insert_with(|| value.clone());
    }
    Ok(root.members())
}

impl Place {
    fn members(self) -> Map<String, Value> {
        self.below.into_iter().map(|(name, place)| place.member(name)).collect()
    }

    /// What is under a name, by its name in JSON.
    fn member(self, name: String) -> (String, Value) {
        let (plural, map) = match name.as_str() {
            "Attribute" => ("Attributes", Some("Name")),
            "MessageAttribute" => ("MessageAttributes", Some("Name")),
            "MessageSystemAttribute" => ("MessageSystemAttributes", Some("Name")),
            "Tag" => ("Tags", Some("Key")),
            "AttributeName" => ("AttributeNames", None),
            "MessageAttributeName" => ("MessageAttributeNames", None),
            "MessageSystemAttributeName" => ("MessageSystemAttributeNames", None),
            "TagKey" => ("TagKeys", None),
            "AWSAccountId" => ("AWSAccountIds", None),
            "ActionName" => ("Actions", None),
            "SendMessageBatchRequestEntry"
            | "DeleteMessageBatchRequestEntry"
            | "ChangeMessageVisibilityBatchRequestEntry"
            // An empty list is sent by the member's own name.
            | "Entries" => ("Entries", None),
            _ if self.below.is_empty() => {
                let value = self.value.unwrap_or_default();
                return (name, value.into());
            }
            _ => return (name, Value::Object(self.members())),
        };
        let items = self.items();
        let value = match map {
            None => Value::Array(items),
            Some(key) => {
                Value::Object(items.into_iter().filter_map(|item| entry(item, key)).collect())
            }
        };
        (plural.to_owned(), value)
    }

    /// A list: what is under `1`, `2` and so on, in that order; or one value, or one entry, without a number, as
    /// `Attribute.Name` in AWS's own examples.
    fn items(self) -> Vec<Value> {
        let mut numbered: Vec<(u32, Self)> = Vec::new();
        let mut bare = Self { value: self.value, ..Self::default() };
        for (step, place) in self.below {
            match step.parse() {
                Ok(number) => numbered.push((number, place)),
                Err(_) => drop(bare.below.insert(step, place)),
            }
        }
        numbered.sort_by_key(|(number, _)| *number);
        let is_there =
            !bare.below.is_empty() || bare.value.as_ref().is_some_and(|value| !value.is_empty());
        let bare = is_there.then_some(bare).into_iter();
        bare.chain(numbered.into_iter().map(|(_, place)| place)).map(Self::item).collect()
    }

    fn item(self) -> Value {
        if self.below.is_empty() {
            self.value.unwrap_or_default().into()
        } else {
            Value::Object(self.members())
        }
    }
}

/// An entry of a map, which a form gives by its key and value.
fn entry(item: Value, key: &str) -> Option<(String, Value)> {
    let Value::Object(mut members) = item else { return None };
    let name = members.remove(key)?.as_str()?.to_owned();
    Some((name, members.remove("Value").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        Value::Object(members(&form(text)).expect("a form"))
    }

    #[test]
    fn a_form_says_what_json_says() {
        assert_eq!(
            read(
                "Action=CreateQueue&QueueName=a&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=k&Tag.1.Value=v"
            ),
            json!({
                "Action": "CreateQueue",
                "QueueName": "a",
                "Attributes": { "DelaySeconds": "5" },
                "Tags": { "k": "v" },
            })
        );
        assert_eq!(
            read(
                "SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.1.Id=a\
                 &SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n\
                 &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue=x+y%21"
            ),
            json!({ "Entries": [
                { "Id": "a", "MessageAttributes": { "n": { "StringValue": "x y!" } } },
                { "Id": "b" },
            ] })
        );
        assert_eq!(
            read("AttributeName.10=b&AttributeName.2=a"),
            json!({ "AttributeNames": ["a", "b"] }),
            "by number"
        );
        assert_eq!(read("Entries="), json!({ "Entries": [] }));
        assert_eq!(
            read("Attribute.Name=DelaySeconds&Attribute.Value=45"),
            json!({ "Attributes": { "DelaySeconds": "45" } }),
            "one without a number"
        );
    }

    #[test]
    fn what_is_no_form_is_no_panic() {
        for text in [
            "",
            "&&=",
            "a.b.c.d.e.f.g.h.i=1",
            "Attribute.=1",
            "Attribute=1",
            ".=",
            "Tag.1=x",
            "%=%",
        ] {
            drop(members(&form(text)));
        }
    }

    #[test]
    fn an_error_says_whose_fault_it_is_in_both_protocols() {
        let lost = || Err(ApiError::Internal("the disk is full".into()));
        let answer = in_json(lost());
        assert_eq!(answer.headers()[QUERY_ERROR], "InternalFailure;Receiver");
        let (status, body) = xml("SendMessage", "id", lost());
        assert_eq!(status, 500);
        assert!(body.contains("<Type>Receiver</Type><Code>InternalFailure</Code>"), "{body}");
    }

    #[test]
    fn lists_and_maps_are_flattened_in_xml() {
        let mut body = String::new();
        let answer = json!({ "Messages": [{
            "Body": "<a>\r",
            "Attributes": { "SenderId": "1" },
            "MessageAttributes": { "n": { "DataType": "String", "StringValue": "v" } },
        }] });
        let members = answer.as_object().expect("an object");
        write_members(&mut body, "ReceiveMessage", members);
        assert_eq!(
            body,
            "<Message><Attribute><Name>SenderId</Name><Value>1</Value></Attribute>\
             <Body>&lt;a&gt;&#xD;</Body>\
             <MessageAttribute><Name>n</Name><Value><DataType>String</DataType>\
             <StringValue>v</StringValue></Value></MessageAttribute></Message>"
        );
        assert_eq!(
            escaped("a\t\n\u{1}\u{ffff}é😀"),
            "a\t\n\u{fffd}\u{fffd}é😀",
            "no XML has those"
        );
        body.clear();
        let answer = json!({ "Successful": [{ "Id": "a" }], "Failed": [{ "Id": "b" }] });
        write_members(&mut body, "DeleteMessageBatch", answer.as_object().expect("an object"));
        assert_eq!(
            body,
            "<BatchResultErrorEntry><Id>b</Id></BatchResultErrorEntry>\
             <DeleteMessageBatchResultEntry><Id>a</Id></DeleteMessageBatchResultEntry>"
        );
    }

    #[test]
    fn a_queues_path_has_an_account_and_a_name() {
        for path in ["/123456789012/a", "/123456789012/a/"] {
            assert_eq!(account_and_name(path), Some(("123456789012", "a")), "{path}");
        }
        for other in [
            "/",
            "/123456789012",
            "/123456789012/",
            "/123456789012//",
            "/123456789012/a/b",
            "/12/a",
            "/2015-03-31/functions",
        ] {
            assert_eq!(account_and_name(other), None, "{other}");
        }
    }
}
