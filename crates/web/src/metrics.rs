//! What is told about each exchange, and the page that Prometheus reads.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One request and its answer, in words of which there are few: fit to be labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange<'a> {
    /// A registered method, or `_OTHER`.
    pub method: &'a str,
    /// The pattern that matched, or `unmatched`.
    pub route: &'a str,
    pub status: StatusCode,
    /// Until the head of the answer was ready.
    pub elapsed: Duration,
}

/// Called once an answer's head is ready. Must not block.
pub type OnResponse = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;

/// Writes every metric as Prometheus text.
pub type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

pub(crate) fn method_label(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS
        | Method::CONNECT
        | Method::TRACE => method.as_str(),
        _ => "_OTHER",
    }
}

pub(crate) fn answer(text: String) -> Response {
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], text).into_response()
}
