//! A call's place in its trace, which goes on in Python and in the ledger.

use model::trace::{SpanId, TraceId};
use telemetry::TraceParent;
use tracing::Span;

/// The span of a call.
#[derive(Clone)]
pub(crate) struct Trace {
    pub(crate) span: Span,
    place: Option<TraceParent>,
}

impl Trace {
    /// A span of its own, below the caller's if it told of one.
    pub(crate) fn begin(
        tool: &str,
        conversation_id: &str,
        traceparent: Option<&str>,
        tracestate: Option<&str>,
    ) -> Self {
        let span = tracing::info_span!("tools/call", tool, conversation_id, otel.kind = "server");
        let caller = traceparent.and_then(|text| TraceParent::parse(text, tracestate));
        if let Some(caller) = &caller {
            telemetry::set_parent(&span, caller);
        }
        // Where nothing records spans, the caller's place is the best there is.
        let place = TraceParent::of(&span).or(caller);
        Self { span, place }
    }

    /// What Python is told, for the requests that it makes.
    pub(crate) fn traceparent(&self) -> Option<String> {
        self.place.as_ref().map(TraceParent::traceparent)
    }

    pub(crate) fn trace_id(&self) -> Option<TraceId> {
        self.place.as_ref()?.trace_id().try_into().ok()
    }

    pub(crate) fn span_id(&self) -> Option<SpanId> {
        self.place.as_ref()?.span_id().try_into().ok()
    }
}
