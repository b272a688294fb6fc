//! The other side: a client that lists tools and calls them, over any two streams.

use std::time::Duration;

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig,
    ClientRequest, ContentBlock, Implementation, JsonObject, MetaObject, RequestMetaObject,
    ServerResult, Tool,
};
use rmcp::service::{
    ClientInitializeError, Peer, PeerRequestOptions, RoleClient, RunningService, ServiceError,
    serve_client,
};
use rmcp::transport::async_rw::AsyncRwTransport;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::stdio::LINE_BYTES_MAX;

/// One connection to a server. Calls may be made at once; the connection ends when it is dropped.
///
/// It can answer nothing that a server asks: a tool that wants to is told so, and decides.
pub struct Client {
    service: RunningService<RoleClient, ClientConfig>,
}

/// A call to make.
#[derive(Clone, Debug)]
pub struct CallRequest {
    pub tool: String,
    pub arguments: JsonObject,
    /// Sent along as the request's `_meta`.
    pub meta: JsonObject,
    /// After so long the server is told that the call is cancelled.
    pub timeout: Duration,
}

/// What a tool answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallOutcome {
    pub structured: Option<Value>,
    /// The contents as they came.
    pub content: Vec<ContentBlock>,
    /// The tool says that it failed; `text` says why.
    pub is_error: bool,
    pub meta: JsonObject,
}

impl CallOutcome {
    /// All text among the contents.
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|block| match block {
            ContentBlock::Text(text) => Some(text.text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the server did not begin as the protocol has it")]
    Begin(#[source] Box<ClientInitializeError>),
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The server refused the request itself, or broke.
    #[error("{message}")]
    Refused { code: i32, message: String },
    #[error("the tool asks its client something, which nobody here can answer")]
    Asked,
    #[error("the connection is lost")]
    Lost(#[source] Box<ServiceError>),
}

impl Client {
    /// Begins a conversation with whoever serves at the other end of the streams.
    pub async fn connect<R, W>(name: &str, read: R, write: W) -> Result<Self, ClientError>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let about = Implementation::new(name, env!("CARGO_PKG_VERSION"));
        let config = ClientConfig::new(ClientCapabilities::default(), about);
        let transport = AsyncRwTransport::new_client(read, write);
        let transport = transport.with_max_line_length(LINE_BYTES_MAX);
        let service = serve_client(config, transport).await;
        let service = service.map_err(|error| ClientError::Begin(Box::new(error)))?;
        Ok(Self { service })
    }

    /// Every tool that the server lists.
    pub async fn list_tools(&self) -> Result<Vec<Tool>, ClientError> {
        self.peer().list_all_tools().await.map_err(failed)
    }

    /// Calls a tool. That it failed as tools may is an outcome and no error.
    pub async fn call(&self, request: CallRequest) -> Result<CallOutcome, ClientError> {
        let CallRequest {
            tool,
            arguments,
            meta,
            timeout,
        } = request;
        let params = CallToolRequestParams::new(tool).with_arguments(arguments);
        let options = PeerRequestOptions::with_timeout(timeout);
        let options = options.with_meta(RequestMetaObject(MetaObject(meta)));
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let sent = self.peer().send_cancellable_request(request, options).await;
        let answer = sent.map_err(failed)?.await_response().await;
        match answer.map_err(failed)? {
            ServerResult::CallToolResult(result) => Ok(result.into()),
            ServerResult::InputRequiredResult(_) => Err(ClientError::Asked),
            _ => Err(failed(ServiceError::UnexpectedResponse)),
        }
    }

    fn peer(&self) -> &Peer<RoleClient> {
        self.service.peer()
    }
}

impl From<CallToolResult> for CallOutcome {
    fn from(result: CallToolResult) -> Self {
        Self {
            structured: result.structured_content,
            content: result.content,
            is_error: result.is_error.unwrap_or(false),
            meta: result.meta.map(|meta| meta.0).unwrap_or_default(),
        }
    }
}

fn failed(error: ServiceError) -> ClientError {
    match error {
        ServiceError::Timeout { timeout } => ClientError::TimedOut(timeout),
        ServiceError::McpError(error) => ClientError::Refused {
            code: error.code.0,
            message: error.message.into_owned(),
        },
        other => ClientError::Lost(Box::new(other)),
    }
}
