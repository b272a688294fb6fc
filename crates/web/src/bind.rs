//! Taking the address before anything is spawned, so that a taken port fails the start.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

/// Where to listen, and whether that may be reached from other machines.
#[derive(Clone, Debug)]
pub struct BindConfig {
    pub address: IpAddr,
    /// 0 takes any free port.
    pub port: u16,
    /// Whether requests will need a bearer token.
    pub has_token: bool,
    /// Listen beyond loopback even without a token.
    pub is_insecure: bool,
}

impl BindConfig {
    /// Loopback, where neither a token nor consent is needed.
    pub fn loopback(port: u16) -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port,
            has_token: false,
            is_insecure: false,
        }
    }
}

/// Why nothing listens. Nothing was spawned in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("port {port} on {address} is taken by another program")]
    Taken { address: IpAddr, port: u16 },
    #[error("the system does not let this user listen on port {port}")]
    Forbidden { port: u16 },
    #[error("this machine has no address {address}")]
    NoSuchAddress { address: IpAddr },
    #[error("{address} can be reached from other machines, and no token is set")]
    Exposed { address: IpAddr },
    #[error("could not listen on {address} port {port}")]
    Listen {
        address: IpAddr,
        port: u16,
        #[source]
        source: io::Error,
    },
}

impl BindError {
    /// A stable name for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "port_taken",
            Self::Forbidden { .. } => "port_forbidden",
            Self::NoSuchAddress { .. } => "no_such_address",
            Self::Exposed { .. } => "exposed_without_token",
            Self::Listen { .. } => "listen_failed",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Taken { port, .. } => format!(
                "stop the program that has port {port}, or choose another: `--port 0` takes a free one"
            ),
            Self::Forbidden { .. } => {
                "choose a port of 1024 or more, or `--port 0` for a free one".to_owned()
            }
            Self::NoSuchAddress { .. } => {
                "choose an address of this machine: `--bind 127.0.0.1` always works".to_owned()
            }
            Self::Exposed { .. } => {
                "set a token, listen on loopback (`--bind 127.0.0.1`), or say `--insecure`"
                    .to_owned()
            }
            Self::Listen { .. } => "try `--bind 127.0.0.1 --port 0`".to_owned(),
        }
    }
}

/// Binds; see [`Listener::bind`].
pub struct Listener;

/// An address that is taken by us and not yet served: connections wait until it is.
#[derive(Debug)]
pub struct Bound {
    pub(crate) listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Takes the address and starts to queue connections. Needs no runtime.
    pub fn bind(config: &BindConfig) -> Result<Bound, BindError> {
        let BindConfig {
            address,
            port,
            has_token,
            is_insecure,
        } = *config;
        if !address.is_loopback() && !has_token && !is_insecure {
            return Err(BindError::Exposed { address });
        }
        listen(SocketAddr::new(address, port)).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::Taken { address, port },
            io::ErrorKind::PermissionDenied => BindError::Forbidden { port },
            io::ErrorKind::AddrNotAvailable => BindError::NoSuchAddress { address },
            _ => BindError::Listen {
                address,
                port,
                source,
            },
        })
    }
}

fn listen(address: SocketAddr) -> io::Result<Bound> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(Bound {
        address: listener.local_addr()?,
        listener,
    })
}

impl Bound {
    /// The address with the port that was really taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path here, as a person on this machine would open it.
    pub fn url(&self, path: &str) -> String {
        let host = match self.address.ip() {
            IpAddr::V4(address) if address.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V6(address) if address.is_unspecified() => "[::1]".to_owned(),
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        format!("http://{host}:{}{path}", self.address.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    #[test]
    fn a_taken_port_is_named_with_a_next_step() {
        let first = Listener::bind(&BindConfig::loopback(0)).unwrap();
        let port = first.address().port();

        let refused = Listener::bind(&BindConfig::loopback(port)).unwrap_err();

        assert_eq!(
            format!("{}: {refused}; {}", refused.code(), refused.hint()),
            format!(
                "port_taken: port {port} on 127.0.0.1 is taken by another program; stop the \
                 program that has port {port}, or choose another: `--port 0` takes a free one"
            )
        );
    }

    #[test]
    fn an_address_beyond_loopback_needs_a_token_or_consent() {
        let open = |has_token, is_insecure| {
            let address = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            Listener::bind(&BindConfig {
                address,
                port: 0,
                has_token,
                is_insecure,
            })
        };

        let refused = open(false, false).unwrap_err();

        insta::assert_snapshot!(
            format!("{}: {refused}; {}", refused.code(), refused.hint()),
            @"exposed_without_token: 0.0.0.0 can be reached from other machines, and no token is set; set a token, listen on loopback (`--bind 127.0.0.1`), or say `--insecure`"
        );
        open(true, false).unwrap();
        open(false, true).unwrap();
    }

    #[test]
    fn an_address_of_another_machine_is_named() {
        let address = "192.0.2.1".parse().unwrap();
        let refused = Listener::bind(&BindConfig {
            address,
            port: 0,
            has_token: true,
            is_insecure: false,
        })
        .unwrap_err();
        insta::assert_snapshot!(refused, @"this machine has no address 192.0.2.1");
    }

    #[test]
    fn urls_are_what_a_person_on_this_machine_opens() {
        let everywhere = Bound {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            address: SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 4400),
        };
        assert_eq!(everywhere.url("/docs"), "http://[::1]:4400/docs");
    }
}
