//! The address of an API.

use std::net::IpAddr;

use reqwest::Url;

use super::Trouble;

/// Where HTTP without TLS may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    ToPrivate,
    ToAll,
}

impl Plain {
    pub(super) fn of(is_allowed: bool) -> Self {
        if is_allowed {
            Self::ToAll
        } else {
            Self::ToPrivate
        }
    }
}

/// An address that paths are put after.
///
/// Invariant: `https`, or `http` where that was allowed; a host; no user, query or fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint(Url);

impl Endpoint {
    pub(super) fn parse(base: &str, plain: Plain) -> Result<Self, Trouble> {
        let url =
            Url::parse(base.trim_end_matches('/')).map_err(|error| Trouble::Unconfigured {
                reason: "its base address is none; give one like `https://host/path`".to_owned(),
                source: Some(Box::new(error)),
            })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("has a user or a password; give a key instead"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("has a query or a fragment; paths are put after it"));
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if plain == Plain::ToAll || is_private(&url) => Ok(Self(url)),
            "http" => Err(wrong(
                "is plain HTTP to a public host; use https, or allow plain HTTP",
            )),
            _ => Err(wrong("is neither https nor http")),
        }
    }

    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    pub(super) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        let whole = format!("{}/{path}", url.path().trim_end_matches('/'));
        url.set_path(&whole);
        url.set_query(query);
        url
    }
}

fn wrong(what: &str) -> Trouble {
    Trouble::unconfigured(format!("its base address {what}"))
}

/// Does what is sent stay on this machine or in its own network? Names are not resolved: what they
/// mean can change after it was looked at.
fn is_private(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse() {
        Ok(IpAddr::V4(address)) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        Err(_name) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(base: &str) -> String {
        match Endpoint::parse(base, Plain::ToPrivate) {
            Ok(endpoint) => endpoint.join("v1/messages").to_string(),
            Err(Trouble::Unconfigured { reason, .. }) => reason,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn plain_http_goes_to_private_addresses_only() {
        let refused = "its base address is plain HTTP to a public host; use https, or allow plain \
                       HTTP";
        for (base, expected) in [
            (
                "https://api.example.com/",
                "https://api.example.com/v1/messages",
            ),
            (
                "http://localhost:11434",
                "http://localhost:11434/v1/messages",
            ),
            ("http://127.0.0.1:1/a/", "http://127.0.0.1:1/a/v1/messages"),
            ("http://10.1.2.3", "http://10.1.2.3/v1/messages"),
            ("http://[::1]:8080", "http://[::1]:8080/v1/messages"),
            ("http://[fd00::1]", "http://[fd00::1]/v1/messages"),
            ("http://api.example.com", refused),
            ("http://8.8.8.8", refused),
            ("http://[2001:db8::1]", refused),
            ("http://localhost.example.com", refused),
        ] {
            assert_eq!(why(base), expected, "{base}");
        }
    }

    #[test]
    fn an_address_that_carries_more_than_a_place_is_refused() {
        for (base, expected) in [
            (
                "https://me:secret@host",
                "its base address has a user or a password; give a key instead",
            ),
            (
                "https://host/v1?key=1",
                "its base address has a query or a fragment; paths are put after it",
            ),
            ("ftp://host", "its base address is neither https nor http"),
            (
                "host/v1",
                "its base address is none; give one like `https://host/path`",
            ),
        ] {
            assert_eq!(why(base), expected, "{base}");
        }
    }

    #[test]
    fn plain_http_to_anywhere_can_be_allowed() {
        let allowed = Endpoint::parse("http://models.internal:8000", Plain::ToAll).unwrap();

        assert_eq!(
            allowed.join("models?limit=1").as_str(),
            "http://models.internal:8000/models?limit=1"
        );
    }
}
