//! Who may call: clients that name this machine, and no page of another origin.
//!
//! This program runs code on request. A name that somebody else can point at this machine (DNS rebinding) is refused,
//! and so is whatever a browser sends on behalf of another site.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::{HOST, ORIGIN};

use crate::host::Listen;

/// Why a call is not taken, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// It is no HTTP request.
    Malformed(String),
    /// It is not for this cloud, or somebody else's page makes it.
    Away(String),
}

/// What the name leads to that a call came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// The door, with all that it serves.
    Door,
    /// The function URL of this id, which pages of other origins may call, and nothing else.
    Url {
        /// The id, if there is such a one.
        id: String,
        /// The whole name, without a port.
        domain: String,
    },
}

/// The names that the door answers to.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    addresses: Vec<IpAddr>,
    names: Vec<String>,
}

impl Hosts {
    pub(crate) fn of(listen: &Listen) -> Self {
        let names = listen.allow_hosts.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { addresses: listen.addresses.clone(), names }
    }

    /// What the call is for, if it is for this cloud and from nobody's page. To a function URL everybody's page may send;
    /// such a name is this machine's for every browser, so that nobody else can point it here.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<Reached, Turned> {
        if headers.get_all(HOST).iter().nth(1).is_some() {
            let sentence = "the request has more than one `Host` header: send one";
            return Err(Turned::Malformed(sentence.to_owned()));
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let domain = name_of(host).to_ascii_lowercase();
        if let Some(id) = url_id(&domain) {
            return Ok(Reached::Url { id: id.to_owned(), domain });
        }
        if !self.is_own(name_of(host)) {
            return Err(Turned::Away(format!(
                "the `Host` header `{host}` is no name of this cloud; if it should be one, start with `--allow-host {}`",
                name_of(host)
            )));
        }
        if let Some(origin) = headers.get(ORIGIN) {
            let origin = origin.to_str().unwrap_or_default();
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            if authority != Some(host) {
                return Err(Turned::Away(format!(
                    "a page of `{origin}` may not call this cloud, which runs code on request"
                )));
            }
        }
        // What a browser sends without an origin it still marks.
        match headers.get("sec-fetch-site").map(|site| site.as_bytes()) {
            Some(b"cross-site" | b"same-site") => {
                let sentence =
                    "a page of another site may not call this cloud, which runs code on request";
                Err(Turned::Away(sentence.to_owned()))
            }
            Some(_) | None => Ok(Reached::Door),
        }
    }

    fn is_own(&self, name: &str) -> bool {
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address {
            Ok(ip) => {
                let everywhere = self.addresses.iter().any(IpAddr::is_unspecified);
                ip.is_loopback() || everywhere || self.addresses.contains(&ip)
            }
            Err(_) => {
                let name = name.to_ascii_lowercase();
                name == "localhost" || name.ends_with(".localhost") || self.names.contains(&name)
            }
        }
    }
}

/// The id in `<id>.lambda-url.<region>.localhost`: whatever stands before a label `lambda-url`, so that no such name
/// reaches the door.
fn url_id(domain: &str) -> Option<&str> {
    let name = domain.strip_suffix(".localhost")?;
    let (id, rest) = name.split_once(".lambda-url")?;
    (rest.is_empty() || rest.starts_with('.')).then_some(id)
}

/// A `Host` header without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn check(listen: &Listen, headers: &[(&'static str, &str)]) -> Result<Reached, Turned> {
        let header = |(name, value): &(&'static str, &str)| {
            let value = HeaderValue::from_str(value).expect("a header is text");
            (HeaderName::from_static(name), value)
        };
        Hosts::of(listen).check(&headers.iter().map(header).collect())
    }

    fn away(checked: Result<Reached, Turned>) -> String {
        match checked {
            Err(Turned::Away(sentence)) => sentence,
            Ok(_) | Err(Turned::Malformed(_)) => panic!("it is taken, or refused as malformed"),
        }
    }

    #[test]
    fn this_machines_own_names_are_taken() {
        let listen = Listen::loopback(9000);
        for host in [
            "127.0.0.1:9000",
            "[::1]:9000",
            "localhost",
            "localhost:9000",
            "lambda-url.localhost",
            "abc.lambda-urls.eu.localhost",
            "127.9.9.9",
        ] {
            assert_eq!(check(&listen, &[("host", host)]), Ok(Reached::Door), "{host}");
        }
    }

    #[test]
    fn a_name_that_somebody_else_can_point_here_is_refused() {
        let listen = Listen::loopback(9000);
        for host in [
            "",
            "evil.example",
            "evil.example:9000",
            "localhost.evil.example",
            "10.0.0.1",
            "127.0.0.1.evil.example:9000",
        ] {
            let sentence = away(check(&listen, &[("host", host)]));
            assert!(sentence.contains("--allow-host"), "{host}: {sentence}");
        }
    }

    #[test]
    fn another_name_is_taken_where_it_was_allowed() {
        let mut listen = Listen::loopback(9000);
        listen.allow_hosts.push("host.docker.internal".into());
        assert_eq!(check(&listen, &[("host", "Host.Docker.Internal:9000")]), Ok(Reached::Door));
    }

    #[test]
    fn an_address_is_taken_where_all_are_listened_on() {
        let listen =
            Listen { addresses: vec![IpAddr::from([0, 0, 0, 0])], ..Listen::loopback(9000) };
        assert_eq!(check(&listen, &[("host", "172.17.0.1:9000")]), Ok(Reached::Door));
    }

    #[test]
    fn a_page_may_call_its_own_origin_and_no_other() {
        let listen = Listen::loopback(9000);
        let host = ("host", "localhost:9000");
        assert_eq!(check(&listen, &[host, ("origin", "http://localhost:9000")]), Ok(Reached::Door));
        for origin in ["http://evil.example", "null", "http://localhost:3000"] {
            let sentence = away(check(&listen, &[host, ("origin", origin)]));
            assert!(sentence.contains(origin), "{sentence}");
        }
        check(&listen, &[host, ("sec-fetch-site", "cross-site")]).expect_err("another site");
        assert_eq!(check(&listen, &[host, ("sec-fetch-site", "none")]), Ok(Reached::Door));
    }

    #[test]
    fn a_page_of_another_origin_may_call_a_function_url_and_only_that() {
        let listen = Listen::loopback(9000);
        let url = |id: &str, domain: &str| {
            Ok(Reached::Url { id: id.to_owned(), domain: domain.to_owned() })
        };
        let origin = ("origin", "http://evil.example");
        let site = ("sec-fetch-site", "cross-site");
        for (host, id, domain) in [
            ("abc.lambda-url.eu-west-1.localhost", "abc", "abc.lambda-url.eu-west-1.localhost"),
            ("ABC.Lambda-Url.eu.localhost:9000", "abc", "abc.lambda-url.eu.localhost"),
            ("abc.lambda-url.localhost:1", "abc", "abc.lambda-url.localhost"),
            ("a.b.lambda-url.c.d.localhost", "a.b", "a.b.lambda-url.c.d.localhost"),
        ] {
            assert_eq!(check(&listen, &[("host", host), origin, site]), url(id, domain), "{host}");
        }
        for host in [
            "abc.lambda-url.eu-west-1.on.aws",
            "abc.lambda-url.eu.localhost.evil.example",
            "abc.lambda-url.eu.localhost.",
            "abclambda-url.eu.localhost",
            "localhost:9000",
        ] {
            away(check(&listen, &[("host", host), origin]));
        }
    }
}
