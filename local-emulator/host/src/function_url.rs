//! What a function URL is, and how it is called here. Facts 8.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A URL by which a function is called over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionUrl {
    /// The alias that it calls; `None`: what was deployed last.
    pub qualifier: Option<String>,
    /// Who may call it.
    pub auth: UrlAuth,
    /// Which pages of other origins may call it. `None`: the function itself answers for that.
    pub cors: Option<Cors>,
    /// Whether its `InvokeMode` is `RESPONSE_STREAM`. It is served buffered all the same.
    pub streams: bool,
}

/// Who may call a function URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum UrlAuth {
    /// Everybody.
    #[default]
    None,
    /// Who signs the request.
    AwsIam,
}

/// The `Cors` of a function URL. M:lambda `Cors`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors {
    /// `AllowCredentials`.
    pub credentials: bool,
    /// `AllowOrigins`.
    pub origins: Vec<String>,
    /// `AllowMethods`.
    pub methods: Vec<String>,
    /// `AllowHeaders`.
    pub headers: Vec<String>,
    /// `ExposeHeaders`.
    pub exposed: Vec<String>,
    /// `MaxAge`, seconds.
    pub max_age_s: Option<u32>,
}

impl Cors {
    /// So many items a list has at most. M:lambda `AllowOriginsList`, `HeadersList`.
    pub(crate) const ITEMS_MAX: usize = 100;

    /// So many methods are named at most. M:lambda `AllowMethodsList`.
    pub(crate) const METHODS_MAX: usize = 6;

    /// The longest `MaxAge`, seconds. M:lambda `MaxAge`.
    pub(crate) const MAX_AGE_S: u32 = 86_400;

    /// Methods that may be named: OPTIONS is the URL's own. D:urls-configuration.
    pub(crate) const METHODS: [&str; 7] = ["*", "GET", "PUT", "HEAD", "POST", "PATCH", "DELETE"];
}

/// Whether it can be one of several in a header's value.
pub(crate) fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl UrlAuth {
    /// As AWS calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::AwsIam => "AWS_IAM",
        }
    }
}

/// What a template gives for a URL before it is known where the door listens: nobody listens on port 0.
const UNBOUND: &str = "http://127.0.0.1:0/lambda-url/";

/// Characters of AWS's ids.
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

impl FunctionUrl {
    /// Its id: it looks drawn, as AWS's do, and is the same at every start.
    #[must_use]
    pub fn id(&self, function: &str) -> String {
        let digest = Sha256::digest(named(function, self.qualifier.as_deref()));
        let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
        digest.iter().map(letter).collect()
    }

    /// The name of the machine by which it is called, without a port.
    #[must_use]
    pub fn domain(&self, function: &str, region: &str) -> String {
        format!("{}.lambda-url.{region}.localhost", self.id(function))
    }

    /// The URL of that name: an origin of its own, for browsers, which know that `.localhost` is this machine.
    #[must_use]
    pub fn by_host(&self, function: &str, region: &str, port: u16) -> String {
        format!("http://{}:{port}/", self.domain(function, region))
    }

    /// The URL by the door's own address, for programs: not every resolver knows names below `localhost`.
    #[must_use]
    pub fn by_path(&self, function: &str, endpoint: &str) -> String {
        bound(&unbound(function, self.qualifier.as_deref()), endpoint)
    }
}

/// The URL of a function as a template's values have it.
pub(crate) fn unbound(function: &str, qualifier: Option<&str>) -> String {
    format!("{UNBOUND}{}/", named(function, qualifier))
}

/// A value of a template with the URLs of functions in it as they are where the door has this address.
#[must_use]
pub fn bound(value: &str, endpoint: &str) -> String {
    value.replace(UNBOUND, &format!("{endpoint}/lambda-url/"))
}

fn named(function: &str, qualifier: Option<&str>) -> String {
    let mut name = function.to_owned();
    if let Some(qualifier) = qualifier {
        write!(name, ":{qualifier}").expect("a string takes all");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(qualifier: Option<&str>) -> FunctionUrl {
        FunctionUrl { qualifier: qualifier.map(str::to_owned), ..FunctionUrl::default() }
    }

    #[test]
    fn an_id_is_of_aws_s_form_and_the_same_at_every_start() {
        let id = of(None).id("coffee");
        assert_eq!(id.len(), 32);
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{id}");
        assert_eq!(id, of(None).id("coffee"));
        assert_ne!(id, of(None).id("tea"));
        assert_ne!(id, of(Some("live")).id("coffee"), "an alias has a URL of its own");
    }

    #[test]
    fn a_templates_url_is_filled_in_when_the_door_is_known() {
        let text = format!("{}menu?x=1", unbound("tea", Some("live")));
        assert_eq!(
            bound(&text, "http://127.0.0.1:9000"),
            "http://127.0.0.1:9000/lambda-url/tea:live/menu?x=1"
        );
        assert_eq!(bound("http://127.0.0.1:0/", "http://x"), "http://127.0.0.1:0/");
    }
}
