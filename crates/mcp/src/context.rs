//! Who asks, and under which circumstances.

use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{ClientCapabilities, Implementation, ProtocolVersion, RequestMetaObject};
use rmcp::service::RequestContext;
use tokio_util::sync::CancellationToken;

use crate::catalogue::Catalogue;
use crate::inputs::{Inputs, Round};
use crate::report::{Reporter, Threshold};

/// The header that names a session of the old era.
pub(crate) const SESSION_HEADER: &str = "mcp-session-id";

/// One request, as a backend may look at it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub(crate) catalogue: &'a Arc<Catalogue>,
    pub(crate) request: &'a RequestContext<RoleServer>,
    pub(crate) session: Option<&'a Session>,
    pub(crate) round: &'a Round,
}

impl<'a> Context<'a> {
    /// What the request was resolved in; a call stays with it while newer ones appear.
    pub fn catalogue(&self) -> &'a Arc<Catalogue> {
        self.catalogue
    }

    /// The session, in the era that has them: the HTTP header's, or one made up for a stream.
    pub fn session(&self) -> Option<&'a str> {
        let header = self.http().and_then(session_header);
        header.or_else(|| Some(self.session?.id.as_str()))
    }

    /// Who the client says it is.
    pub fn client(&self) -> Option<Implementation> {
        self.request.client_info()
    }

    pub fn client_capabilities(&self) -> ClientCapabilities {
        self.request.client_capabilities().unwrap_or_default()
    }

    pub fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.request.protocol_version()
    }

    /// Is this the era without sessions, where a client is asked within an answer?
    pub fn is_sessionless(&self) -> bool {
        is_sessionless(self.request)
    }

    pub fn meta(&self) -> &'a RequestMetaObject {
        &self.request.meta
    }

    /// The HTTP request, less its body; absent on stdio.
    pub fn http(&self) -> Option<&'a http::request::Parts> {
        self.request.extensions.get::<http::request::Parts>()
    }

    /// The W3C trace context of the caller: of the message, or else of the HTTP request.
    pub fn traceparent(&self) -> Option<&'a str> {
        let in_message = self.request.meta.get_traceparent();
        in_message.or_else(|| self.header("traceparent"))
    }

    pub fn tracestate(&self) -> Option<&'a str> {
        let in_message = self.request.meta.get_tracestate();
        in_message.or_else(|| self.header("tracestate"))
    }

    /// Speaks to the client; may be kept and cloned until the call ends.
    pub fn reporter(&self) -> Reporter {
        let threshold = self.session.map(|session| Arc::clone(&session.threshold));
        Reporter::new(self.request, threshold)
    }

    /// Is cancelled when the client takes the request back, and when the request is answered.
    pub fn cancelled(&self) -> &'a CancellationToken {
        &self.request.ct
    }

    /// What the client answered, when it was asked something in an earlier round of this request.
    pub fn inputs(&self) -> Inputs<'a> {
        self.round.inputs()
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.http()?.headers.get(name)?.to_str().ok()
    }
}

pub(crate) fn session_header(parts: &http::request::Parts) -> Option<&str> {
    parts.headers.get(SESSION_HEADER)?.to_str().ok()
}

pub(crate) fn is_sessionless(request: &RequestContext<RoleServer>) -> bool {
    // Versions are dates, so that their order is that of their text.
    request
        .protocol_version()
        .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

/// What is kept of a client of the old era while it is connected.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) threshold: Arc<Threshold>,
    pub(crate) subscribed: Arc<crate::announce::Subscribed>,
}

impl Session {
    pub(crate) fn new() -> Self {
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            threshold: Arc::default(),
            subscribed: Arc::default(),
        }
    }
}
