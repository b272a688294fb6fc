//! What one request may use: bytes of body and time. A route can widen both for itself.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use utoipa_axum::router::OpenApiRouter;

/// The body that a path reads unless configured, or widened by its route.
pub const BODY_BYTES_MAX_DEFAULT: u64 = 1_048_576;

/// How a route's limits differ from the server's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteLimits {
    /// `None`: the server's own.
    pub body_bytes_max: Option<u64>,
    /// Whether the request time-out does not apply: for streams and long polls.
    pub is_untimed: bool,
}

/// Gives the routes of a router limits of their own.
pub fn limited<S>(router: OpenApiRouter<S>, limits: RouteLimits) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    router.layer(from_fn(move |request: Request, next: Next| {
        if let Some(scope) = request.extensions().get::<Arc<Scope>>() {
            scope.widen(limits);
        }
        next.run(request)
    }))
}

/// Frees the routes of a router from the request time-out.
pub fn untimed<S>(router: OpenApiRouter<S>) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    limited(
        router,
        RouteLimits {
            body_bytes_max: None,
            is_untimed: true,
        },
    )
}

/// Shared between the time-out, which sits outside the routes, and what sits inside them.
pub(crate) struct Scope {
    body_bytes_max: AtomicU64,
    is_untimed: AtomicBool,
    has_whole_body: AtomicBool,
}

impl Scope {
    pub(crate) fn new(body_bytes_max: u64) -> Arc<Self> {
        Arc::new(Self {
            body_bytes_max: AtomicU64::new(body_bytes_max),
            is_untimed: AtomicBool::new(false),
            has_whole_body: AtomicBool::new(false),
        })
    }

    fn widen(&self, limits: RouteLimits) {
        if let Some(bytes) = limits.body_bytes_max {
            self.body_bytes_max.store(bytes, Ordering::Relaxed);
        }
        if limits.is_untimed {
            self.is_untimed.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_untimed(&self) -> bool {
        self.is_untimed.load(Ordering::Relaxed)
    }

    pub(crate) fn has_whole_body(&self) -> bool {
        self.has_whole_body.load(Ordering::Relaxed)
    }

    /// Puts the scope into a request, around its body.
    pub(crate) fn enclose(self: &Arc<Self>, request: Request) -> Request {
        let (mut parts, body) = request.into_parts();
        self.has_whole_body
            .store(body.is_end_stream(), Ordering::Relaxed);
        parts.extensions.insert(Arc::clone(self));
        let metered = MeteredBody {
            inner: body,
            scope: Arc::clone(self),
            bytes_read: 0,
        };
        Request::from_parts(parts, Body::new(metered))
    }
}

/// The body went over its limit; nothing after that was read.
#[derive(Debug, thiserror::Error)]
#[error("the body is larger than {body_bytes_max} bytes")]
pub(crate) struct BodyTooLarge {
    pub(crate) body_bytes_max: u64,
}

struct MeteredBody {
    inner: Body,
    scope: Arc<Scope>,
    bytes_read: u64,
}

impl HttpBody for MeteredBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let body_bytes_max = self.scope.body_bytes_max.load(Ordering::Relaxed);
        let announced = self
            .bytes_read
            .saturating_add(self.inner.size_hint().lower());
        if announced > body_bytes_max {
            return Poll::Ready(Some(Err(axum::Error::new(BodyTooLarge { body_bytes_max }))));
        }
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        if let Some(Ok(frame)) = &frame {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.bytes_read = self.bytes_read.saturating_add(bytes as u64);
        }
        if self.bytes_read > body_bytes_max {
            return Poll::Ready(Some(Err(axum::Error::new(BodyTooLarge { body_bytes_max }))));
        }
        if frame.is_none() || self.inner.is_end_stream() {
            self.scope.has_whole_body.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
