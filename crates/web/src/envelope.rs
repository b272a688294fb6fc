//! What surrounds every exchange: its id, its trace, its span, its count, and the promise that
//! every error is a problem.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::Instrument;
use tracing::field::Empty;

use crate::identity::{REQUEST_ID, RequestId};
use crate::metrics::{Exchange, OnResponse, method_label};
use crate::problem::{Kind, Problem};
use crate::trace::{AdoptTrace, TRACEPARENT, TraceParent};

/// A framework's own words longer than this are not repeated.
const DETAIL_BYTES_MAX: usize = 1024;
const UNMATCHED: &str = "unmatched";
/// For answers that are not pages: should a browser ever show one, nothing in it runs.
const INERT: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

pub(crate) struct Observers {
    pub(crate) adopt_trace: Option<AdoptTrace>,
    pub(crate) on_response: Option<OnResponse>,
}

pub(crate) async fn envelope(
    State(observers): State<Arc<Observers>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let request_id = RequestId::of(request.headers());
    let span = tracing::info_span!(
        "http.request",
        otel.kind = "server",
        method = method_label(&method),
        route,
        request_id = request_id.as_str(),
        trace_id = Empty,
        status = Empty,
    );
    let trace = observers
        .adopt_trace
        .and_then(|adopt| adopt(&span, request.headers()))
        .and_then(|ours| TraceParent::parse(&ours))
        .unwrap_or_else(|| TraceParent::continue_from(request.headers()));
    span.record("trace_id", trace.trace_id());
    request.extensions_mut().insert(request_id.clone());
    request.extensions_mut().insert(trace.clone());

    let run = AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .instrument(span.clone());
    let response = match run.await {
        Ok(response) => response,
        Err(panic) => span.in_scope(|| panicked(panic.as_ref())),
    };
    let mut response = seal(response, &method, &path, &request_id).await;
    adorn(response.headers_mut(), &request_id, &trace);
    let status = response.status();
    span.record("status", status.as_u16());
    if let Some(tell) = &observers.on_response {
        tell(&Exchange {
            method: method_label(&method),
            route,
            status,
            elapsed: started.elapsed(),
        });
    }
    response
}

/// A handler panicked: a bug of ours, and the end of this request alone.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
    Problem::internal(&Panicked(said.unwrap_or_default())).into_response()
}

/// Renders a problem with where and when it happened, and turns a bare error into one.
async fn seal(mut response: Response, method: &Method, path: &str, id: &RequestId) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let mut sealed = problem.answer(Some(path), Some(id));
        for (name, value) in response.headers() {
            if name != CONTENT_LENGTH && !sealed.headers().contains_key(name) {
                sealed.headers_mut().append(name, value.clone());
            }
        }
        return sealed;
    }
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    if !is_error || !is_bare(response.headers()) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let said = said(parts.status, body).await;
    let kind = Kind::of_status(parts.status);
    let detail = match parts.status {
        // The methods are in `Allow`, which the router adds when we have no say any more.
        StatusCode::METHOD_NOT_ALLOWED => format!("{method} is not allowed on this path"),
        _ => said.unwrap_or_else(|| kind.title.to_lowercase()),
    };
    let problem = Problem::of(kind, detail);
    let mut sealed = problem.answer(Some(path), Some(id));
    for (name, value) in &parts.headers {
        if ![CONTENT_LENGTH, CONTENT_TYPE].contains(name) && !sealed.headers().contains_key(name) {
            sealed.headers_mut().append(name, value.clone());
        }
    }
    sealed
}

/// Whether an error has no shape of its own: protocols mounted beside ours answer in theirs.
fn is_bare(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_plain = media_type.is_none_or(|media_type| media_type.starts_with(b"text/plain"));
    is_plain && !headers.contains_key(CONTENT_ENCODING)
}

/// The framework's own words, save where they might say what went on inside.
async fn said(status: StatusCode, body: Body) -> Option<String> {
    if status.is_server_error() {
        return None;
    }
    let bytes = axum::body::to_bytes(body, DETAIL_BYTES_MAX).await.ok()?;
    let text = String::from_utf8(bytes.into()).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn adorn(headers: &mut HeaderMap, request_id: &RequestId, trace: &TraceParent) {
    headers.insert(REQUEST_ID, request_id.header());
    headers.insert(TRACEPARENT, trace.header());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(INERT);
}
