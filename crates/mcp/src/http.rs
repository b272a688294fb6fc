//! The protocol over Streamable HTTP: one endpoint for both eras.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, BodyStream, Full, LengthLimitError, Limited, StreamBody};
use rmcp::model::ErrorCode;
use rmcp::transport::streamable_http_server::session::SessionStore;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::answer::{Body, explained, json, refusal};
use crate::backend::Backend;
use crate::catalogue::ToolEntry;
use crate::context::SESSION_HEADER;
use crate::direct::DirectCall;
use crate::handler::{Handler, Shared};
use crate::misread::not_a_message;
use crate::sessions::{ASIDE, Aside, MemorySessions, RETRY_MS, Sessions};

/// How often an idle stream shows that it is alive: proxies close what is silent for longer.
const KEEP_ALIVE_MS: u64 = 15_000;

/// How long a client may take to send its request.
const BODY_MS_MAX: u64 = 30_000;

/// The bounds of an endpoint, and what it keeps sessions in.
#[derive(Clone)]
pub struct EndpointConfig {
    /// Where sessions of the old era are remembered; one that is found here goes on after a
    /// restart. Ids are looked up as they are, so a store must not be shared by endpoints whose
    /// sessions differ, unless it keeps them apart by itself.
    pub sessions: Arc<dyn SessionStore>,
    pub sessions_max: usize,
    /// A session without a message for longer leaves the memory. The next request restores it.
    pub session_idle_ms_max: u64,
    /// Streams of the new era that listen for changes.
    pub listeners_max: usize,
    pub body_bytes_max: usize,
    /// Seals the states of questions to clients. Processes that answer for one another share it;
    /// without one, such a state is good for this process alone.
    pub seal_key: Option<[u8; 32]>,
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self {
            sessions: Arc::new(MemorySessions::default()),
            sessions_max: 4_096,
            session_idle_ms_max: 30 * 60 * 1_000,
            listeners_max: 4_096,
            body_bytes_max: 4 << 20,
            seal_key: None,
        }
    }
}

/// A backend as an HTTP service, at whatever path it is called for. Cloning it is cheap.
///
/// It answers every method, and reads neither path nor query: whoever mounts it finds the endpoint
/// of a path and passes the request on to [`handle`](Self::handle). Host, Origin and tokens are
/// theirs to check, too. The [`Parts`] of the request reach the backend as
/// [`Context::http`](crate::Context::http), with all extensions that were put there.
pub struct Endpoint<B> {
    inner: Arc<Inner<B>>,
}

struct Inner<B> {
    service: StreamableHttpService<Handler<B>, Sessions>,
    sessions: Arc<Sessions>,
    shared: Arc<Shared<B>>,
    body_bytes_max: usize,
    /// Requests that are not answered yet, streams included.
    in_flight: TaskTracker,
    /// Ends sessions and whatever they still do.
    end: CancellationToken,
    _ends: DropGuard,
}

impl<B> Clone for Endpoint<B> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<B: Backend> Endpoint<B> {
    pub fn new(backend: Arc<B>, config: EndpointConfig) -> Self {
        let shared = Shared::new(
            backend,
            config.listeners_max,
            config.seal_key,
            Some(Arc::clone(&config.sessions)),
        );
        let sessions = Arc::new(Sessions::new(
            config.sessions_max,
            config.session_idle_ms_max,
        ));
        let end = CancellationToken::new();
        let mut http = StreamableHttpServerConfig::default()
            .with_json_response(true)
            .with_sse_keep_alive(Some(Duration::from_millis(KEEP_ALIVE_MS)))
            .with_sse_retry(Some(Duration::from_millis(RETRY_MS)))
            .with_max_request_body_bytes(config.body_bytes_max)
            .with_cancellation_token(end.clone())
            .disable_allowed_hosts()
            .disable_allowed_origins();
        http.session_store = Some(config.sessions);
        let of_each = Arc::clone(&shared);
        let factory = move || Ok(Handler::new(Arc::clone(&of_each)));
        let service = StreamableHttpService::new(factory, Arc::clone(&sessions), http);
        Self {
            inner: Arc::new(Inner {
                service,
                sessions,
                shared,
                body_bytes_max: config.body_bytes_max,
                in_flight: TaskTracker::new(),
                _ends: end.clone().drop_guard(),
                end,
            }),
        }
    }

    /// What the endpoint was made for.
    pub fn backend(&self) -> &Arc<B> {
        &self.inner.shared.backend
    }

    /// Sessions in memory. An endpoint without any can be dropped and made again.
    pub async fn session_count(&self) -> usize {
        self.inner.sessions.count().await
    }

    /// Answers one request. What is not an answer of the protocol is a JSON-RPC error.
    pub async fn handle<R>(&self, request: Request<R>) -> Response<Body>
    where
        R: http_body::Body + Send + 'static,
        R::Data: Send,
        R::Error: Display + Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let is_post = parts.method == Method::POST;
        if is_post && !is_json(&parts.headers) {
            let text = "the body must be JSON: send `Content-Type: application/json`";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return refusal(status, ErrorCode::INVALID_REQUEST, text, None);
        }
        let body = match self.collect(body).await {
            Ok(body) => body,
            Err(refused) => return *refused,
        };
        let is_delete = parts.method == Method::DELETE;
        let place = is_post.then(|| self.inner.in_flight.token());
        if let Some(call) = self.direct(&parts, &body) {
            return self.answer_directly(call, &parts).await;
        }
        let mut response = self.ask(parts, body).await;
        if is_delete && response.status() == StatusCode::ACCEPTED {
            // It is done, and some clients complain of a status that says it is yet to be.
            *response.status_mut() = StatusCode::NO_CONTENT;
        }
        if response.headers().get(CONTENT_TYPE) != Some(&crate::answer::EVENTS) {
            return response;
        }
        let (parts, body) = response.into_parts();
        let body = match place {
            Some(place) => {
                let until_it_ends = (place, Arc::clone(&self.inner));
                body.map_frame(move |frame| {
                    let _held = &until_it_ends;
                    frame
                })
                .boxed()
            }
            None => self.until_shutdown(body),
        };
        Response::from_parts(parts, body)
    }

    /// Lets calls finish, for this long at most, then ends every session. Streams that wait for
    /// changes end at once. Sessions stay in their store, for the next process.
    pub async fn drain(&self, patience: Duration) {
        self.inner.shared.shutdown.cancel();
        self.inner.in_flight.close();
        if timeout(patience, self.inner.in_flight.wait())
            .await
            .is_err()
        {
            let calls = self.inner.in_flight.len();
            tracing::warn!(calls, "calls were cut off at shutdown");
        }
        self.inner.end.cancel();
        self.inner.shared.followers.close();
        self.inner.shared.followers.wait().await;
    }

    /// The call that a request makes, if the library is not needed for it.
    fn direct(&self, parts: &Parts, body: &[u8]) -> Option<DirectCall> {
        let call = DirectCall::read(parts, body)?;
        let catalogue = self.inner.shared.backend.catalogue();
        // Those are to be compared with headers.
        let mirrors = |entry: &ToolEntry| entry.mirrors_arguments;
        let has_more = catalogue.find_tool(call.tool()).is_some_and(mirrors);
        (!has_more).then_some(call)
    }

    async fn answer_directly(&self, call: DirectCall, parts: &Parts) -> Response<Body> {
        let handler = Handler::new(Arc::clone(&self.inner.shared));
        tokio::select! {
            biased;
            response = call.answer(handler, parts) => response,
            () = self.inner.end.cancelled() => {
                let text = "the server is stopping; call again";
                let status = StatusCode::SERVICE_UNAVAILABLE;
                refusal(status, ErrorCode::INTERNAL_ERROR, text, None)
            }
        }
    }

    async fn collect<R>(&self, body: R) -> Result<Bytes, Box<Response<Body>>>
    where
        R: http_body::Body + Send + 'static,
        R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let bytes_max = self.inner.body_bytes_max;
        let too_large = || {
            let text = format!("the body is larger than {bytes_max} bytes, which is the limit");
            (StatusCode::PAYLOAD_TOO_LARGE, text)
        };
        let patience = Duration::from_millis(BODY_MS_MAX);
        let (status, text) = if body.size_hint().lower() > bytes_max as u64 {
            too_large()
        } else {
            match timeout(patience, Limited::new(body, bytes_max).collect()).await {
                Ok(Ok(body)) => return Ok(body.to_bytes()),
                Ok(Err(error)) if error.is::<LengthLimitError>() => too_large(),
                Ok(Err(error)) => {
                    let text = format!("the body could not be read: {error}");
                    (StatusCode::BAD_REQUEST, text)
                }
                Err(_elapsed) => {
                    let text = format!("the body did not come within {BODY_MS_MAX} ms");
                    (StatusCode::REQUEST_TIMEOUT, text)
                }
            }
        };
        let refused = refusal(status, ErrorCode::INVALID_REQUEST, text, None);
        Err(Box::new(refused))
    }

    async fn ask(&self, parts: Parts, body: Bytes) -> Response<Body> {
        // A session may be restored by another request between two looks of the library.
        let again = self.is_away(&parts.headers).await.then(|| parts.clone());
        let (response, aside) = self.ask_once(parts, body.clone()).await;
        match (aside, again) {
            (Some(Aside::Raced), Some(parts)) => {
                let (response, aside) = self.ask_once(parts, body.clone()).await;
                answered(response, aside, &body).await
            }
            (aside, _) => answered(response, aside, &body).await,
        }
    }

    async fn ask_once(&self, parts: Parts, body: Bytes) -> (Response<Body>, Option<Aside>) {
        let request = Request::from_parts(parts, Full::new(body));
        let asking = async {
            let response = self.inner.service.handle(request).await;
            let aside = ASIDE.with(|it| it.lock().unwrap_or_else(PoisonError::into_inner).take());
            (response, aside)
        };
        ASIDE.scope(Mutex::new(None), asking).await
    }

    async fn is_away(&self, headers: &HeaderMap) -> bool {
        let Some(id) = headers.get(SESSION_HEADER) else {
            return false;
        };
        match id.to_str() {
            Ok(id) => !self.inner.sessions.has(id).await,
            Err(_no_id_of_ours) => false,
        }
    }

    fn until_shutdown(&self, body: Body) -> Body {
        let shutdown = self.inner.shared.shutdown.clone();
        let frames = BodyStream::new(body).take_until(shutdown.cancelled_owned());
        BodyExt::boxed(StreamBody::new(frames))
    }
}

async fn answered(response: Response<Body>, aside: Option<Aside>, body: &Bytes) -> Response<Body> {
    match aside {
        Some(Aside::Quick(message)) => match serde_json::to_vec(&*message) {
            Ok(text) => json(StatusCode::OK, text),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                let text = "the answer could not be written";
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                refusal(status, ErrorCode::INTERNAL_ERROR, text, None)
            }
        },
        Some(Aside::Full) => {
            let text = "as many sessions are open as this server allows; try again later";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            refusal(status, ErrorCode::INTERNAL_ERROR, text, None)
        }
        Some(Aside::Raced) | None => {
            if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
                // The type was looked at before, so it is the body that the library refused.
                return not_a_message(body);
            }
            explained(response).await
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers.get(CONTENT_TYPE).and_then(|value| {
        let text = value.to_str().ok()?;
        text.split(';').next()
    });
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

impl<B, R> tower::Service<Request<R>> for Endpoint<B>
where
    B: Backend,
    R: http_body::Body + Send + 'static,
    R::Data: Send,
    R::Error: Display + Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let endpoint = self.clone();
        Box::pin(async move { Ok(endpoint.handle(request).await) })
    }
}
