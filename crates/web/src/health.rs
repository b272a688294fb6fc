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

/// One part of the process and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartHealth {
    pub name: String,
    /// `healthy`, `degraded`, `unhealthy`, or `unknown` until it has answered.
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What was found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadinessReport {
    /// Nothing means ready.
    pub reasons: Vec<NotReady>,
    /// Every part, those that are well too.
    pub services: Vec<PartHealth>,
}

/// Finds out what is not ready.
#[derive(Clone)]
pub struct Readiness(Arc<dyn Fn() -> Answer + Send + Sync>);

type Answer = Pin<Box<dyn Future<Output = ReadinessReport> + Send>>;

impl Readiness {
    pub fn new<F>(find: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ReadinessReport> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(find())))
    }

    /// Ready as soon as it is served.
    pub fn always() -> Self {
        Self::new(|| async { ReadinessReport::default() })
    }

    async fn report(&self) -> ReadinessReport {
        let limit = Duration::from_millis(READINESS_MS_MAX);
        match tokio::time::timeout(limit, (self.0)()).await {
            Ok(report) => report,
            Err(_) => ReadinessReport {
                reasons: vec![NotReady {
                    part: "readiness".to_owned(),
                    reason: format!("not known within {READINESS_MS_MAX} ms"),
                }],
                services: Vec::new(),
            },
        }
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Readiness")
    }
}

/// How this process is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Condition {
    /// `ok` or `ready`.
    status: &'static str,
    /// How each part is; `/readyz` alone tells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    services: Vec<PartHealth>,
}

pub(crate) fn alive() -> Response {
    let (status, services) = ("ok", Vec::new());
    Json(Condition { status, services }).into_response()
}

pub(crate) async fn ready(readiness: &Readiness, drain: &Drain) -> Response {
    let ReadinessReport {
        mut reasons,
        services,
    } = readiness.report().await;
    if drain.0.is_cancelled() {
        reasons.push(NotReady {
            part: "server".to_owned(),
            reason: "it is stopping; what is in flight may finish".to_owned(),
        });
    }
    if reasons.is_empty() {
        let status = "ready";
        return Json(Condition { status, services }).into_response();
    }
    let parts: Vec<&str> = reasons.iter().map(|reason| reason.part.as_str()).collect();
    Problem::of(kinds::NOT_READY, format!("not ready: {}", parts.join(", ")))
        .with("reasons", reasons)
        .with("services", services)
        .retry_after_s(RETRY_AFTER_S)
        .into_response()
}
