//! What a call wants of a function URL, and what AWS refuses of that. M:lambda `CreateFunctionUrlConfigRequest`, facts 5.3.

use lunch_contract::wire::CallerError;
use serde::Deserialize;

use crate::function_url::{self, Cors, FunctionUrl, UrlAuth};

/// What CreateFunctionUrlConfig and UpdateFunctionUrlConfig say.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Asked {
    auth_type: Option<String>,
    cors: Option<AskedCors>,
    invoke_mode: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct AskedCors {
    allow_credentials: Option<bool>,
    allow_headers: Option<Vec<String>>,
    allow_methods: Option<Vec<String>>,
    allow_origins: Option<Vec<String>>,
    expose_headers: Option<Vec<String>>,
    max_age: Option<i64>,
}

/// Why it is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// A member breaks what the service model demands.
    Member { value: String, member: &'static str, constraint: String },
    /// A sentence.
    Parameter(String),
}

impl Wrong {
    fn member(value: &str, member: &'static str, constraint: impl Into<String>) -> Self {
        Self::Member { value: value.to_owned(), member, constraint: constraint.into() }
    }

    pub(super) fn error(&self) -> CallerError<'_> {
        match self {
            Self::Member { value, member, constraint } => {
                CallerError::Validation { value, member, constraint }
            }
            Self::Parameter(message) => CallerError::InvalidParameter { message },
        }
    }
}

/// What a body says.
pub(super) fn read(body: &[u8]) -> Result<Asked, Wrong> {
    serde_json::from_slice(body)
        .map_err(|error| Wrong::Parameter(format!("the request cannot be read: {error}")))
}

/// Why there can be no URL of that qualifier: only aliases have one of their own.
pub(super) fn check_qualifier(qualifier: &str) -> Option<Wrong> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_alias = (1..=128).contains(&qualifier.len())
        && qualifier.bytes().all(is_name)
        && !qualifier.bytes().all(|byte| byte.is_ascii_digit());
    let pattern = "Member must satisfy regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)";
    (!is_alias).then(|| Wrong::member(qualifier, "qualifier", pattern))
}

impl Asked {
    /// That all is said of a new URL that must be.
    pub(super) fn check_new(&self) -> Result<(), Wrong> {
        if self.auth_type.is_some() {
            return Ok(());
        }
        Err(Wrong::member("null", "authType", "Member must not be null"))
    }

    /// That URL with what is asked for.
    pub(super) fn set(self, mut url: FunctionUrl) -> Result<FunctionUrl, Wrong> {
        const ONE_OF: &str = "Member must satisfy enum value set: ";
        match self.auth_type.as_deref() {
            Some("NONE") => url.auth = UrlAuth::None,
            Some("AWS_IAM") => url.auth = UrlAuth::AwsIam,
            Some(other) => {
                return Err(Wrong::member(other, "authType", format!("{ONE_OF}[NONE, AWS_IAM]")));
            }
            None => {}
        }
        match self.invoke_mode.as_deref() {
            Some("BUFFERED") => url.streams = false,
            Some("RESPONSE_STREAM") => url.streams = true,
            Some(other) => {
                let one = format!("{ONE_OF}[RESPONSE_STREAM, BUFFERED]");
                return Err(Wrong::member(other, "invokeMode", one));
            }
            None => {}
        }
        if let Some(cors) = self.cors {
            let cors = cors.read()?;
            // Who wants to be rid of all of it says nothing in it (unsure).
            url.cors = Some(cors).filter(|cors| *cors != Cors::default());
        }
        Ok(url)
    }
}

impl AskedCors {
    fn read(self) -> Result<Cors, Wrong> {
        let methods = list(self.allow_methods, "cors.allowMethods", Cors::METHODS_MAX)?;
        if let Some(strange) =
            methods.iter().find(|method| !Cors::METHODS.contains(&method.as_str()))
        {
            return Err(Wrong::Parameter(format!(
                "AllowMethods has `{strange}`, and takes GET, PUT, HEAD, POST, PATCH, DELETE and *: OPTIONS is the URL's own"
            )));
        }
        let max_age_s = match self.max_age {
            None => None,
            Some(seconds) => {
                let number = u32::try_from(seconds).ok().filter(|age| *age <= Cors::MAX_AGE_S);
                Some(number.ok_or_else(|| {
                    let bound = if seconds < 0 {
                        "greater than or equal to 0".to_owned()
                    } else {
                        format!("less than or equal to {}", Cors::MAX_AGE_S)
                    };
                    let constraint = format!("Member must have value {bound}");
                    Wrong::member(&seconds.to_string(), "cors.maxAge", constraint)
                })?)
            }
        };
        Ok(Cors {
            credentials: self.allow_credentials.unwrap_or(false),
            origins: list(self.allow_origins, "cors.allowOrigins", Cors::ITEMS_MAX)?,
            methods,
            headers: list(self.allow_headers, "cors.allowHeaders", Cors::ITEMS_MAX)?,
            exposed: list(self.expose_headers, "cors.exposeHeaders", Cors::ITEMS_MAX)?,
            max_age_s,
        })
    }
}

/// A list of words that can stand in a header.
fn list(
    asked: Option<Vec<String>>,
    member: &'static str,
    most: usize,
) -> Result<Vec<String>, Wrong> {
    let words = asked.unwrap_or_default();
    if words.len() > most {
        let constraint = format!("Member must have length less than or equal to {most}");
        return Err(Wrong::member(&format!("[{}]", words.join(", ")), member, constraint));
    }
    match words.iter().find(|word| !function_url::is_word(word)) {
        None => Ok(words),
        Some(word) => Err(Wrong::Parameter(format!("`{word}` in {member} can stand in no header"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn set(body: &Value) -> Result<FunctionUrl, Wrong> {
        let before = FunctionUrl { auth: UrlAuth::AwsIam, streams: true, ..FunctionUrl::default() };
        read(body.to_string().as_bytes())?.set(before)
    }

    #[test]
    fn what_is_not_said_stays_and_cors_is_said_as_a_whole() {
        let cors = json!({"AllowOrigins": ["*"], "AllowMethods": ["GET", "*"], "MaxAge": 86_400});
        let url = set(&json!({ "Cors": cors })).expect("it is right");
        assert_eq!((url.auth, url.streams), (UrlAuth::AwsIam, true));
        let cors = url.cors.clone().expect("it has some");
        assert_eq!(
            (cors.methods.len(), cors.max_age_s, cors.credentials),
            (2, Some(86_400), false)
        );
        let other = read(
            br#"{"Cors": {"AllowHeaders": ["x-a"]}, "AuthType": "NONE", "InvokeMode": "BUFFERED"}"#,
        );
        let other = other.and_then(|asked| asked.set(url)).expect("it is right");
        assert_eq!((other.auth, other.streams), (UrlAuth::None, false));
        assert_eq!(other.cors.clone().expect("it has some").origins, [""; 0]);
        let none = read(br#"{"Cors": {}}"#).and_then(|asked| asked.set(other));
        assert_eq!(none.expect("it is right").cors, None);
    }

    #[test]
    fn what_aws_refuses_of_a_url_is_refused() {
        let many = vec!["a"; 101];
        for (body, words) in [
            (json!({ "AuthType": "JWT" }), "[NONE, AWS_IAM]"),
            (json!({ "InvokeMode": "UNKNOWN" }), "[RESPONSE_STREAM, BUFFERED]"),
            (json!({ "Cors": { "MaxAge": 86_401 } }), "less than or equal to 86400"),
            (json!({ "Cors": { "MaxAge": -1 } }), "greater than or equal to 0"),
            (json!({ "Cors": { "AllowMethods": ["OPTIONS"] } }), "OPTIONS is the URL's own"),
            (json!({ "Cors": { "AllowOrigins": many } }), "length less than or equal to 100"),
            (json!({ "Cors": { "AllowHeaders": ["a\nb"] } }), "can stand in no header"),
            (json!({ "Cors": "*" }), "cannot be read"),
        ] {
            let wrong = set(&body).expect_err("it is refused").error().on_the_wire();
            assert_eq!(wrong.status, 400);
            assert!(wrong.body.contains(words), "{body}: {}", wrong.body);
        }
        for qualifier in ["1", "$LATEST", "a b", ""] {
            assert!(check_qualifier(qualifier).is_some(), "{qualifier}");
        }
        assert_eq!(check_qualifier("live-1"), None);
    }
}
