//! `host[:port]`, as a client wrote it.

use std::net::{IpAddr, Ipv6Addr};

/// Invariant: the host is lower case, without brackets and without a final dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

impl Authority {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']')?;
                host.parse::<Ipv6Addr>().ok()?;
                (
                    host,
                    rest.strip_prefix(':')
                        .or(Some("").filter(|_| rest.is_empty()))?,
                )
            }
            None => text.split_once(':').unwrap_or((text, "")),
        };
        let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = match port {
            "" => None,
            digits => Some(digits.parse().ok().filter(|_| is_port)?),
        };
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        (!host.is_empty() && host.bytes().all(is_name)).then_some(Self { host, port })
    }

    pub(super) fn is_loopback(&self) -> bool {
        let is_name = self.host == "localhost" || self.host.ends_with(".localhost");
        is_name
            || self
                .host
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_by_all_its_names_and_by_no_look_alike() {
        let is_loopback = |text: &str| Authority::parse(text).map(|it| it.is_loopback());
        for name in [
            "localhost",
            "LOCALHOST.:80",
            "a.localhost:1",
            "127.0.0.1:4400",
            "[::1]:9",
        ] {
            assert_eq!(is_loopback(name), Some(true), "{name}");
        }
        for name in [
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "[::2]",
        ] {
            assert_eq!(is_loopback(name), Some(false), "{name}");
        }
        for text in [
            "", ":80", "[::1", "[::1]x", "[a]", "a:+1", "a:99999", "a b", "u@h", "a/b",
        ] {
            assert_eq!(is_loopback(text), None, "{text}");
        }
    }
}
