//! What telemetry is told of each request.

use std::sync::Arc;

use axum::http::HeaderMap;
use telemetry::{KeyValue, TraceParent};
use tracing::Span;
use web::{Exchange, OnResponse};

/// Continues the caller's trace, and answers with this server's place in it.
pub(super) fn adopt_trace(span: &Span, headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let parent =
        text("traceparent").and_then(|parent| TraceParent::parse(parent, text("tracestate")));
    if let Some(parent) = parent {
        telemetry::set_parent(span, &parent);
    }
    Some(TraceParent::of(span)?.traceparent())
}

/// Counts how long each answer took.
pub(super) fn on_response() -> OnResponse {
    let seconds = telemetry::meter("http").histogram_seconds(
        "request_seconds",
        "Time until the head of an answer was ready.",
    );
    Arc::new(move |exchange: &Exchange<'_>| {
        let attributes = [
            KeyValue::new("method", exchange.method.to_owned()),
            KeyValue::new("route", exchange.route.to_owned()),
            KeyValue::new("status", i64::from(exchange.status.as_u16())),
        ];
        seconds.record(exchange.elapsed.as_secs_f64(), &attributes);
    })
}
