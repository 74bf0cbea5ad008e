//! Pages of other origins at a function URL: what its `Cors` permits. D:urls-configuration.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderMap, HeaderValue,
    ORIGIN, VARY,
};
use hyper::{Method, Request};

use crate::driver::header;
use crate::function_url::Cors;

/// The page that a request is made by, as far as the browser says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) origin: Option<HeaderValue>,
    /// It is not this URL's own. No browser, no page.
    pub(super) is_foreign: bool,
}

impl Page {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let Some(origin) = headers.get(ORIGIN).cloned() else {
            let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
            let is_foreign = matches!(site, Some(b"cross-site" | b"same-site"));
            return Self { origin: None, is_foreign };
        };
        let authority = origin.to_str().ok().and_then(|origin| Some(origin.split_once("://")?.1));
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let is_foreign = authority.is_none() || authority != host;
        Self { origin: Some(origin), is_foreign }
    }

    /// Whether it asks whether it may, instead of what it wants.
    pub(super) fn asks_first<T>(&self, request: &Request<T>) -> bool {
        request.method() == Method::OPTIONS
            && self.origin.is_some()
            && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }
}

/// Whether the page may read what it gets.
pub(super) fn allows(cors: &Cors, page: &Page) -> bool {
    allowed_origin(cors, page).is_some()
}

/// What `Access-Control-Allow-Origin` is for the page.
fn allowed_origin(cors: &Cors, page: &Page) -> Option<HeaderValue> {
    let origin = page.origin.as_ref()?;
    let is_named = |one: &String| one.as_bytes().eq_ignore_ascii_case(origin.as_bytes());
    if cors.origins.iter().any(is_named) {
        return Some(origin.clone());
    }
    let for_all = cors.origins.iter().any(|one| one == "*");
    // A browser takes no `*` where credentials are meant.
    for_all.then(|| if cors.credentials { origin.clone() } else { HeaderValue::from_static("*") })
}

/// Adds to an answer that the page may read it. What the function says of it stands beside that, as on AWS.
pub(super) fn allow(cors: &Cors, page: &Page, headers: &mut HeaderMap) {
    let Some(origin) = allowed_origin(cors, page) else { return };
    if origin != "*" {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if cors.credentials {
        headers.append(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    if !cors.exposed.is_empty() {
        headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, header(&cors.exposed.join(",")));
    }
}

/// Answers a page that asks first; one that may not is told nothing, which is its answer.
pub(super) fn permit(cors: &Cors, page: &Page, asked: &HeaderMap, headers: &mut HeaderMap) {
    if !allows(cors, page) {
        return;
    }
    allow(cors, page, headers);
    for (name, listed, wanted) in [
        (ACCESS_CONTROL_ALLOW_METHODS, &cors.methods, ACCESS_CONTROL_REQUEST_METHOD),
        (ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers, ACCESS_CONTROL_REQUEST_HEADERS),
    ] {
        let for_all = listed.iter().any(|one| one == "*");
        if for_all && cors.credentials {
            headers.extend(asked.get(wanted).map(|wanted| (name, wanted.clone())));
        } else if !listed.is_empty() {
            headers.insert(name, header(&listed.join(",")));
        }
    }
    if let Some(seconds) = cors.max_age_s {
        headers.insert(ACCESS_CONTROL_MAX_AGE, seconds.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(origin: &str) -> Page {
        Page { origin: Some(header(origin)), is_foreign: true }
    }

    fn cors(origins: &[&str], credentials: bool) -> Cors {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        Cors {
            origins: owned(origins),
            credentials,
            methods: owned(&["GET", "POST"]),
            headers: owned(&["*"]),
            exposed: owned(&["x-a", "x-b"]),
            max_age_s: Some(60),
        }
    }

    fn shown(headers: &HeaderMap) -> Vec<String> {
        let line = |(name, value): (&hyper::header::HeaderName, &HeaderValue)| {
            format!("{name}: {}", value.to_str().unwrap())
        };
        headers.iter().map(line).collect()
    }

    #[test]
    fn whose_page_it_is_a_browser_says() {
        let of = |headers: &[(&'static str, &str)]| {
            let header = |(name, value): &(&'static str, &str)| {
                (hyper::header::HeaderName::from_static(name), header(value))
            };
            Page::of(&headers.iter().map(header).collect()).is_foreign
        };
        let host = ("host", "x.lambda-url.eu.localhost:9000");
        assert!(!of(&[host]));
        assert!(!of(&[host, ("origin", "http://x.lambda-url.eu.localhost:9000")]));
        for origin in ["http://x.lambda-url.eu.localhost", "null", "http://evil.example"] {
            assert!(of(&[host, ("origin", origin)]), "{origin}");
        }
        assert!(of(&[host, ("sec-fetch-site", "cross-site")]));
        assert!(of(&[host, ("sec-fetch-site", "same-site")]));
        assert!(!of(&[host, ("sec-fetch-site", "same-origin")]));
    }

    #[test]
    fn a_page_that_is_named_may_read_the_answer_and_no_other() {
        let added = |cors: &Cors, origin| {
            let mut headers = HeaderMap::new();
            allow(cors, &page(origin), &mut headers);
            shown(&headers)
        };
        let named = cors(&["https://a.example"], false);
        assert_eq!(
            added(&named, "https://A.example"),
            [
                "vary: Origin",
                "access-control-allow-origin: https://A.example",
                "access-control-expose-headers: x-a,x-b"
            ]
        );
        for origin in ["https://b.example", "http://a.example", "https://a.example.b", "null"] {
            assert_eq!(added(&named, origin), Vec::<String>::new(), "{origin}");
        }
        let all = added(&cors(&["*"], false), "https://b.example");
        assert_eq!(all[0], "access-control-allow-origin: *");
        let with_credentials = added(&cors(&["*"], true), "https://b.example");
        assert_eq!(
            with_credentials[1..3],
            [
                "access-control-allow-origin: https://b.example",
                "access-control-allow-credentials: true"
            ]
        );
    }

    #[test]
    fn a_page_that_asks_first_is_told_what_it_may() {
        let mut asked = HeaderMap::new();
        asked.insert(ACCESS_CONTROL_REQUEST_HEADERS, header("x-custom"));
        let told = |cors: &Cors, origin| {
            let mut headers = HeaderMap::new();
            permit(cors, &page(origin), &asked, &mut headers);
            shown(&headers)
        };
        let all = told(&cors(&["*"], false), "https://a.example");
        for line in [
            "access-control-allow-methods: GET,POST",
            "access-control-allow-headers: *",
            "access-control-max-age: 60",
        ] {
            assert!(all.iter().any(|one| one == line), "{line}: {all:?}");
        }
        let with_credentials = told(&cors(&["*"], true), "https://a.example");
        let echoed = "access-control-allow-headers: x-custom";
        assert!(with_credentials.iter().any(|one| one == echoed), "{with_credentials:?}");
        assert_eq!(told(&cors(&["https://b.example"], false), "https://a.example"), [""; 0]);
    }
}
