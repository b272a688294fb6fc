//! Pages of the web, from hosts that the configuration names, and never from inside a network.

use std::{
    error::Error,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, ClientBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};

use super::{address::is_public, media::ATTACHMENT_BYTES_MAX, uri::HttpsUri, uri::is_host};

#[cfg(test)]
mod tests;

/// How long a page may take, from the look-up of its host to its last byte.
pub const FETCH_MS_MAX: u64 = 10_000;

/// The hosts that pages may come from.
///
/// Invariant: each is a name in lower case, or `*.` and a name, which stands for all below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

/// A host that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no host: write a name such as `docs.example.org`, or `*.example.org` for all below it"
)]
pub struct InvalidHost(String);

/// Fetches pages.
pub struct Https {
    hosts: Hosts,
    client: Client,
    limit: Duration,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    #[error(
        "`{host}` is none of the allowed hosts ({}): add it to them, or attach the page as a file",
        allowed(hosts)
    )]
    NotAllowed { host: String, hosts: Hosts },
    #[error(
        "`{host}` stands for {address}, which is no public address: such are never connected to"
    )]
    Private { host: String, address: IpAddr },
    #[error("it leads to another page{}: attach that one", led_to(to.as_deref()))]
    Redirected { to: Option<String> },
    #[error("`{host}` answered {status} instead of a page")]
    Status { host: String, status: u16 },
    #[error("it took longer than {FETCH_MS_MAX} ms: try again, or attach it as a file")]
    Late,
    #[error("`{host}` cannot be reached")]
    Unreachable {
        host: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("the client for web pages cannot be set up")]
    Client(#[source] reqwest::Error),
}

fn allowed(hosts: &Hosts) -> String {
    if hosts.0.is_empty() {
        return "there is none".to_owned();
    }
    hosts.0.join(", ")
}

fn led_to(to: Option<&str>) -> String {
    to.map_or_else(String::new, |to| {
        format!(" ({})", super::media::excerpt(to))
    })
}

impl Hosts {
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, InvalidHost> {
        let parse = |text: &T| {
            let host = text.as_ref().to_ascii_lowercase();
            let is_good = is_host(host.strip_prefix("*.").unwrap_or(&host));
            if is_good {
                Ok(host)
            } else {
                Err(InvalidHost(super::media::excerpt(text.as_ref())))
            }
        };
        texts.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    pub fn allows(&self, host: &str) -> bool {
        self.0
            .iter()
            .any(|allowed| match allowed.strip_prefix('*') {
                Some(below) => host.ends_with(below) && host.len() > below.len(),
                None => host == allowed,
            })
    }
}

impl Https {
    pub fn new(hosts: Hosts) -> Result<Self, HttpsError> {
        Self::guarded(hosts, Guard::default(), Client::builder())
    }

    fn guarded(hosts: Hosts, guard: Guard, client: ClientBuilder) -> Result<Self, HttpsError> {
        // Somebody else may have set it already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = client
            .https_only(true)
            // A proxy would look names up itself.
            .no_proxy()
            .redirect(Policy::none())
            .dns_resolver(Arc::new(guard))
            // Names are looked up, and checked, for each page.
            .pool_max_idle_per_host(0)
            .user_agent("luthier")
            .build()
            .map_err(HttpsError::Client)?;
        Ok(Self {
            hosts,
            client,
            limit: Duration::from_millis(FETCH_MS_MAX),
        })
    }

    /// The page, or its begin and at least a byte more than [`ATTACHMENT_BYTES_MAX`].
    pub async fn fetch(&self, page: &HttpsUri) -> Result<Bytes, HttpsError> {
        if !self.hosts.allows(page.host()) {
            return Err(HttpsError::NotAllowed {
                host: page.host().to_owned(),
                hosts: self.hosts.clone(),
            });
        }
        match tokio::time::timeout(self.limit, self.body(page)).await {
            Ok(body) => body,
            Err(_elapsed) => Err(HttpsError::Late),
        }
    }

    async fn body(&self, page: &HttpsUri) -> Result<Bytes, HttpsError> {
        let failed = |error| sorted(page.host(), error);
        let mut response = self
            .client
            .get(page.to_string())
            .send()
            .await
            .map_err(failed)?;
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(http::header::LOCATION);
            let to = to.map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
            return Err(HttpsError::Redirected { to });
        }
        if !status.is_success() {
            return Err(HttpsError::Status {
                host: page.host().to_owned(),
                status: status.as_u16(),
            });
        }
        let mut body = BytesMut::new();
        while body.len() <= ATTACHMENT_BYTES_MAX
            && let Some(chunk) = response.chunk().await.map_err(failed)?
        {
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

/// Tells an address that may not be connected to from everything else that goes wrong on the way.
fn sorted(host: &str, error: reqwest::Error) -> HttpsError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(NotPublic(address)) = inner.downcast_ref() {
            return HttpsError::Private {
                host: host.to_owned(),
                address: *address,
            };
        }
        cause = inner.source();
    }
    HttpsError::Unreachable {
        host: host.to_owned(),
        // The page is named already.
        source: error.without_url(),
    }
}

/// Looks hosts up and lets none pass with an address that is not allowed. The connection goes to what
/// was checked here and to nothing else, so that a second look-up cannot give another address.
struct Guard {
    look_up: Arc<dyn LookUp>,
    is_allowed: fn(IpAddr) -> bool,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            look_up: Arc::new(SystemLookUp),
            is_allowed: is_public,
        }
    }
}

/// What a name stands for.
#[async_trait::async_trait]
trait LookUp: Send + Sync {
    async fn addresses(&self, host: &str) -> io::Result<Vec<SocketAddr>>;
}

struct SystemLookUp;

#[async_trait::async_trait]
impl LookUp for SystemLookUp {
    async fn addresses(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        // The client puts the port of its scheme in place of 0.
        Ok(tokio::net::lookup_host((host, 0)).await?.collect())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is no public address")]
struct NotPublic(IpAddr);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (look_up, is_allowed) = (Arc::clone(&self.look_up), self.is_allowed);
        Box::pin(async move {
            let addresses = look_up.addresses(name.as_str()).await?;
            // One is enough: whoever mixes them tries to get through.
            if let Some(refused) = addresses.iter().find(|address| !is_allowed(address.ip())) {
                return Err(NotPublic(refused.ip()).into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
