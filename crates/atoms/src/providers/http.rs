//! The wire: one POST, its stream of events or its answer in one piece, and what failures mean.

mod bounds;
mod endpoint;
mod events;
mod retry_after;
mod status;

use std::{sync::Once, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use reqwest::{Client, Response, Url, redirect, retry};
use serde_json::Value;
use tokio::time::timeout;

pub use self::bounds::{HttpBounds, HttpSettings};
use self::{
    endpoint::{Endpoint, Plain},
    events::Events,
    status::{ERROR_BYTES_MAX, Reply},
};
pub(super) use self::{events::Event, retry_after::Resets, status::classify};
use super::{
    Clock,
    failures::{Trouble, chain},
};
use crate::{Listener, Progress};

const EVENT_STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";

/// Puts an answer together from events.
pub(super) trait Assembly {
    fn take(&mut self, event: &Event) -> Result<Taken, Trouble>;

    /// Is it whole although nothing said so last?
    fn is_whole(&self) -> bool;
}

/// What an event was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Nothing,
    Text { bytes: usize },
    Last,
}

/// The way to one server.
pub(super) struct Link {
    client: Client,
    endpoint: Endpoint,
    headers: HeaderMap,
    bounds: HttpBounds,
    resets: Resets,
    clock: Clock,
}

impl Link {
    pub(super) fn open(
        settings: HttpSettings,
        headers: HeaderMap,
        resets: Resets,
    ) -> Result<Self, Trouble> {
        let plain = Plain::of(settings.is_plain_http_allowed);
        let endpoint = Endpoint::parse(&settings.base, plain)?;
        let client = build(&endpoint, &settings.bounds).map_err(|error| Trouble::Unconfigured {
            reason: "no HTTP client could be made; does the system have certificates?".to_owned(),
            source: Some(error.into()),
        })?;
        Ok(Self {
            client,
            endpoint,
            headers,
            bounds: settings.bounds,
            resets,
            clock: settings.clock,
        })
    }

    /// Asks once, and gives what comes to `assembly` until that is whole.
    pub(super) async fn converse(
        &self,
        path: &str,
        body: &Value,
        traceparent: Option<&str>,
        assembly: &mut impl Assembly,
        listener: &Listener,
    ) -> Result<(), Trouble> {
        let conversation = async {
            let response = self.post(path, body, EVENT_STREAM, traceparent).await?;
            if !is_event_stream(&response) {
                return Err(self.no_stream(response).await);
            }
            self.receive(response, assembly, listener).await
        };
        let ended = timeout(self.bounds.total, conversation).await;
        ended.unwrap_or_else(|_over| Err(too_slow("the whole answer", self.bounds.total)))
    }

    /// Asks once for what comes in one piece.
    pub(super) async fn exchange(&self, path: &str, body: &Value) -> Result<Value, Trouble> {
        let exchange = async {
            let response = self.post(path, body, JSON, None).await?;
            self.whole(response).await
        };
        let ended = timeout(self.bounds.total, exchange).await;
        let said =
            ended.unwrap_or_else(|_over| Err(too_slow("the whole answer", self.bounds.total)))?;
        serde_json::from_slice(&said)
            .map_err(|error| Trouble::malformed(format!("its answer is no JSON: {error}")))
    }

    /// Is the server there, and does it take the key? A server without a list of models is there.
    pub(super) async fn look(&self, path: &str) -> Result<(), Trouble> {
        let request = self
            .client
            .get(self.url(path))
            .headers(self.headers.clone());
        let look = async {
            let response = self.send(request).await?;
            match response.status().as_u16() {
                200..300 | 404 | 405 => Ok(()),
                _ => Err(self.failure(response).await),
            }
        };
        let ended = timeout(self.bounds.idle, look).await;
        ended.unwrap_or_else(|_over| Err(too_slow("an answer", self.bounds.idle)))
    }

    fn url(&self, path: &str) -> Url {
        self.endpoint.join(path)
    }

    async fn post(
        &self,
        path: &str,
        body: &Value,
        accept: &'static str,
        traceparent: Option<&str>,
    ) -> Result<Response, Trouble> {
        let mut headers = self.headers.clone();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        match traceparent.map(HeaderValue::from_str) {
            Some(Ok(value)) => drop(headers.insert("traceparent", value)),
            Some(Err(error)) => tracing::warn!(%error, "a trace context is no header; left out"),
            None => {}
        }
        let request = self.client.post(self.url(path)).headers(headers);
        let response = self.send(request.body(body.to_string())).await?;
        if !response.status().is_success() {
            return Err(self.failure(response).await);
        }
        Ok(response)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, Trouble> {
        let sent = timeout(self.bounds.idle, request.send()).await;
        let sent = sent.map_err(|_over| too_slow("an answer to begin", self.bounds.idle))?;
        sent.map_err(not_connected)
    }

    async fn receive(
        &self,
        mut response: Response,
        assembly: &mut impl Assembly,
        listener: &Listener,
    ) -> Result<(), Trouble> {
        let mut events = Events::default();
        let mut bytes = 0;
        while let Some(chunk) = self.next_chunk(&mut response).await? {
            bytes += chunk.len();
            if bytes > self.bounds.body_bytes_max {
                return Err(too_large(self.bounds.body_bytes_max));
            }
            events.push(&chunk);
            while let Some(event) = events.next()? {
                match assembly.take(&event)? {
                    Taken::Nothing => {}
                    Taken::Text { bytes } => listener(Progress::Text { bytes }),
                    Taken::Last => return Ok(()),
                }
            }
        }
        if assembly.is_whole() {
            return Ok(());
        }
        Err(Trouble::unavailable("its answer ended before it was whole"))
    }

    async fn whole(&self, mut response: Response) -> Result<Vec<u8>, Trouble> {
        let mut said = Vec::new();
        while let Some(chunk) = self.next_chunk(&mut response).await? {
            if said.len() + chunk.len() > self.bounds.body_bytes_max {
                return Err(too_large(self.bounds.body_bytes_max));
            }
            said.extend_from_slice(&chunk);
        }
        Ok(said)
    }

    async fn next_chunk(&self, response: &mut Response) -> Result<Option<Bytes>, Trouble> {
        let chunk = timeout(self.bounds.idle, response.chunk()).await;
        let chunk = chunk.map_err(|_over| too_slow("more of the answer", self.bounds.idle))?;
        chunk.map_err(|error| {
            let why = chain(&error.without_url());
            Trouble::unavailable(format!("its answer was cut: {why}"))
        })
    }

    /// What a status that is no success means.
    async fn failure(&self, response: Response) -> Trouble {
        let now = (self.clock)();
        let retry_after = retry_after::find(response.headers(), self.resets, now);
        let status = response.status();
        let said = self.beginning(response).await;
        let reply = Reply::parse(status, &said);
        reply.into_trouble(retry_after)
    }

    /// A success that is something else: whoever answered does not speak this protocol.
    async fn no_stream(&self, response: Response) -> Trouble {
        let kind = content_type(&response).to_owned();
        let status = response.status();
        let said = self.beginning(response).await;
        let message = Reply::parse(status, &said).message;
        let kind = if kind.is_empty() { "no type" } else { &kind };
        Trouble::unconfigured(format!(
            "it answered {kind} instead of {EVENT_STREAM} ({message}); is the base address that of \
             the API, and can the server stream?"
        ))
    }

    /// The beginning of a body; what cannot be read was not said.
    async fn beginning(&self, mut response: Response) -> Vec<u8> {
        let mut said = Vec::new();
        while let Ok(Some(chunk)) = self.next_chunk(&mut response).await {
            let room = ERROR_BYTES_MAX - said.len();
            said.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if said.len() == ERROR_BYTES_MAX {
                break;
            }
        }
        said
    }
}

fn build(endpoint: &Endpoint, bounds: &HttpBounds) -> reqwest::Result<Client> {
    install_tls();
    let builder = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .connect_timeout(bounds.connect)
        .referer(false);
    if endpoint.is_plain() {
        // It never speaks TLS, and has to work where there are no certificates.
        return builder.tls_certs_only([]).build();
    }
    builder.https_only(true).build()
}

/// Once for the process, unless it has chosen its own.
fn install_tls() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

fn is_event_stream(response: &Response) -> bool {
    let kind = content_type(response);
    let essence = kind.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(EVENT_STREAM)
}

fn content_type(response: &Response) -> &str {
    let value = response.headers().get(header::CONTENT_TYPE);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn not_connected(error: reqwest::Error) -> Trouble {
    let why = chain(&error.without_url());
    Trouble::unavailable(format!("no connection: {why}"))
}

fn too_slow(what: &str, limit: Duration) -> Trouble {
    Trouble::unavailable(format!("it took longer than {limit:?} for {what}"))
}

fn too_large(bytes_max: usize) -> Trouble {
    Trouble::malformed(format!("its answer has more than {bytes_max} bytes"))
}
