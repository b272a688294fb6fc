//! Who asks, and under which circumstances.

use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{ClientCapabilities, Implementation, ProtocolVersion, RequestMetaObject};
use rmcp::service::{Peer, RequestContext};
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
    pub(crate) asker: Asker<'a>,
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
        self.asker.client_info()
    }

    pub fn client_capabilities(&self) -> ClientCapabilities {
        self.asker.client_capabilities()
    }

    pub fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.asker.protocol_version()
    }

    /// Is this the era without sessions, where a client is asked within an answer?
    pub fn is_sessionless(&self) -> bool {
        self.asker.is_sessionless()
    }

    pub fn meta(&self) -> &'a RequestMetaObject {
        self.asker.meta
    }

    /// The HTTP request, less its body; absent on stdio.
    pub fn http(&self) -> Option<&'a http::request::Parts> {
        self.asker.http
    }

    /// The W3C trace context of the caller: of the message, or else of the HTTP request.
    pub fn traceparent(&self) -> Option<&'a str> {
        let in_message = self.asker.meta.get_traceparent();
        in_message.or_else(|| self.header("traceparent"))
    }

    pub fn tracestate(&self) -> Option<&'a str> {
        let in_message = self.asker.meta.get_tracestate();
        in_message.or_else(|| self.header("tracestate"))
    }

    /// Speaks to the client; may be kept and cloned until the call ends.
    pub fn reporter(&self) -> Reporter {
        let threshold = self.session.map(|session| Arc::clone(&session.threshold));
        Reporter::new(self.asker, threshold)
    }

    /// Is cancelled when the client takes the request back, and when the request is answered.
    pub fn cancelled(&self) -> &'a CancellationToken {
        self.asker.ended
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

/// Who asks, whichever way the request came.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) meta: &'a RequestMetaObject,
    pub(crate) http: Option<&'a http::request::Parts>,
    pub(crate) ended: &'a CancellationToken,
    /// Reaches the client before its answer; absent where it wants nothing but that.
    pub(crate) peer: Option<&'a Peer<RoleServer>>,
}

impl<'a> From<&'a RequestContext<RoleServer>> for Asker<'a> {
    fn from(request: &'a RequestContext<RoleServer>) -> Self {
        Self {
            meta: &request.meta,
            http: request.extensions.get(),
            ended: &request.ct,
            peer: Some(&request.peer),
        }
    }
}

impl Asker<'_> {
    fn client_info(self) -> Option<Implementation> {
        let of_session = || Some(self.peer?.peer_info()?.client_info.clone());
        self.meta.client_info().or_else(of_session)
    }

    pub(crate) fn client_capabilities(self) -> ClientCapabilities {
        let of_session = || Some(self.peer?.peer_info()?.capabilities.clone());
        let known = self.meta.client_capabilities().or_else(of_session);
        known.unwrap_or_default()
    }

    fn protocol_version(self) -> Option<ProtocolVersion> {
        let of_session = || Some(self.peer?.peer_info()?.protocol_version.clone());
        self.meta.protocol_version().or_else(of_session)
    }

    pub(crate) fn is_sessionless(self) -> bool {
        // Versions are dates, so that their order is that of their text.
        self.protocol_version()
            .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
    }
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
