//! Whether this process lives, and whether it can do its work.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Problem, kinds};
use crate::serve::Drain;

/// How long finding out may take before that itself is the reason.
const READINESS_MS_MAX: u64 = 2000;
/// When a probe may ask again.
const RETRY_AFTER_S: u32 = 1;

/// One reason not to send work here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NotReady {
    /// The part that is not ready: `journal`.
    pub part: String,
    pub reason: String,
}

/// Finds out what is not ready; nothing means ready.
#[derive(Clone)]
pub struct Readiness(Arc<dyn Fn() -> Answer + Send + Sync>);

type Answer = Pin<Box<dyn Future<Output = Vec<NotReady>> + Send>>;

impl Readiness {
    pub fn new<F>(find: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Vec<NotReady>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(find())))
    }

    /// Ready as soon as it is served.
    pub fn always() -> Self {
        Self::new(|| async { Vec::new() })
    }

    async fn reasons(&self) -> Vec<NotReady> {
        let limit = Duration::from_millis(READINESS_MS_MAX);
        match tokio::time::timeout(limit, (self.0)()).await {
            Ok(reasons) => reasons,
            Err(_) => vec![NotReady {
                part: "readiness".to_owned(),
                reason: format!("not known within {READINESS_MS_MAX} ms"),
            }],
        }
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Readiness")
    }
}

/// How this process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Condition {
    /// `ok` or `ready`.
    status: &'static str,
}

pub(crate) fn alive() -> Response {
    Json(Condition { status: "ok" }).into_response()
}

pub(crate) async fn ready(readiness: &Readiness, drain: &Drain) -> Response {
    let mut reasons = readiness.reasons().await;
    if drain.0.is_cancelled() {
        reasons.push(NotReady {
            part: "server".to_owned(),
            reason: "it is stopping; what is in flight may finish".to_owned(),
        });
    }
    if reasons.is_empty() {
        return Json(Condition { status: "ready" }).into_response();
    }
    let parts: Vec<&str> = reasons.iter().map(|reason| reason.part.as_str()).collect();
    Problem::of(kinds::NOT_READY, format!("not ready: {}", parts.join(", ")))
        .with("reasons", reasons)
        .retry_after_s(RETRY_AFTER_S)
        .into_response()
}
