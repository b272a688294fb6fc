//! Where an index is.

use std::{fmt, net::IpAddr, str::FromStr};

use reqwest::Url;

use crate::attachments::is_public;

/// The address of an index that speaks `PyPI`'s JSON.
///
/// Invariant: `https`, or `http` to this machine or its own network; a host; no user, query or
/// fragment. Unlike an attachment it may be private: an operator names it, and no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexUrl(Url);

/// An address that is none of an index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIndex {
    #[error("it is no address: write one like `https://pypi.org`")]
    Malformed,
    #[error("it begins with neither `https://` nor `http://`")]
    Scheme,
    #[error("what comes over plain http from a public host can be altered on its way: use https")]
    Plain,
    #[error("it has a user, a query or a fragment: write the address alone")]
    More,
}

impl FromStr for IndexUrl {
    type Err = InvalidIndex;

    fn from_str(text: &str) -> Result<Self, InvalidIndex> {
        let url = Url::parse(text).map_err(|_odd| InvalidIndex::Malformed)?;
        match url.scheme() {
            "https" => {}
            "http" if is_near(&url) => {}
            "http" => return Err(InvalidIndex::Plain),
            _ => return Err(InvalidIndex::Scheme),
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidIndex::More);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for IndexUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl IndexUrl {
    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Where the index tells of one version of a package.
    pub(super) fn of(&self, name: &str, version: &str) -> Url {
        let mut url = self.0.clone();
        url.path_segments_mut()
            .expect("an address with a host has a path")
            .pop_if_empty()
            .extend(["pypi", name, version, "json"]);
        url
    }

    /// Is that another place of the same index?
    pub(super) fn is_home_of(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }
}

/// Does what comes from there stay on this machine or in its network? Names are not looked up: what
/// they stand for can change.
fn is_near(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => !is_public(address),
        Err(_name) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_asked_where_nobody_can_alter_its_answer() {
        for (text, expected) in [
            (
                "https://pypi.org",
                Ok("https://pypi.org/pypi/wcwidth/0.2.13/json"),
            ),
            (
                "https://pypi.org/",
                Ok("https://pypi.org/pypi/wcwidth/0.2.13/json"),
            ),
            (
                "https://here/a/b/",
                Ok("https://here/a/b/pypi/wcwidth/0.2.13/json"),
            ),
            (
                "http://localhost:1",
                Ok("http://localhost:1/pypi/wcwidth/0.2.13/json"),
            ),
            (
                "http://10.1.2.3",
                Ok("http://10.1.2.3/pypi/wcwidth/0.2.13/json"),
            ),
            (
                "http://[::1]:8",
                Ok("http://[::1]:8/pypi/wcwidth/0.2.13/json"),
            ),
            ("http://pypi.org", Err(InvalidIndex::Plain)),
            ("http://8.8.8.8", Err(InvalidIndex::Plain)),
            ("ftp://pypi.org", Err(InvalidIndex::Scheme)),
            ("pypi.org", Err(InvalidIndex::Malformed)),
            ("", Err(InvalidIndex::Malformed)),
            ("https://me:word@pypi.org", Err(InvalidIndex::More)),
            ("https://pypi.org/?a=b", Err(InvalidIndex::More)),
        ] {
            let url = text
                .parse::<IndexUrl>()
                .map(|it| it.of("wcwidth", "0.2.13").to_string());
            assert_eq!(url, expected.map(str::to_owned), "{text}");
        }
    }
}
