//! Spans of what another process did: its times are known only when it is over.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, Span, SpanData, SpanEvents, SpanExporter, SpanLinks, SpanProcessor,
};

use crate::trace_context::TraceParent;

/// Where the spans of this process go, once it has a collector.
static PROCESS: OnceLock<Sink> = OnceLock::new();

/// A span that has ended.
#[derive(Clone, Debug)]
pub struct FinishedSpan<'a> {
    pub parent: &'a TraceParent,
    /// Made by [`TraceParent::child`] before it began, so that it could be passed on.
    pub place: &'a TraceParent,
    pub name: &'static str,
    pub began: SystemTime,
    pub ended: SystemTime,
    pub attributes: Vec<KeyValue>,
    /// What went wrong, if something did.
    pub error: Option<String>,
}

/// Does anybody collect spans, be it in a file? If not, none need be made.
pub fn is_collecting() -> bool {
    PROCESS.get().is_some()
}

/// Sends a span to the collector, if there is one and its trace is sampled.
pub fn finish(span: FinishedSpan<'_>) {
    if let Some(sink) = PROCESS.get() {
        sink.finish(span);
    }
}

/// The queues to the collector and to the disk, for the tracer and for [`finish`] alike.
#[derive(Clone, Debug)]
pub(crate) struct Sink(Arc<[BatchSpanProcessor]>);

impl Sink {
    pub(crate) fn new(queues: Vec<BatchSpanProcessor>) -> Self {
        Self(queues.into())
    }

    fn each(&self, of: impl Fn(&BatchSpanProcessor) -> OTelSdkResult) -> OTelSdkResult {
        self.0.iter().map(of).fold(Ok(()), Result::and)
    }

    pub(crate) fn serve_process(&self) {
        // Telemetry starts once in a process, so that there is no other one here.
        PROCESS.get_or_init(|| self.clone());
    }

    fn finish(&self, span: FinishedSpan<'_>) {
        SpanProcessor::on_end(
            self,
            SpanData {
                span_context: span.place.context().clone(),
                parent_span_id: span.parent.context().span_id(),
                parent_span_is_remote: span.parent.context().is_remote(),
                span_kind: SpanKind::Internal,
                name: span.name.into(),
                start_time: span.began,
                end_time: span.ended,
                attributes: span.attributes,
                dropped_attributes_count: 0,
                events: SpanEvents::default(),
                links: SpanLinks::default(),
                status: span.error.map_or(Status::Unset, Status::error),
                instrumentation_scope: InstrumentationScope::builder("luthier").build(),
            },
        );
    }
}

/// A queue to wherever `exporter` sends spans.
pub(crate) fn queue(
    exporter: impl SpanExporter + 'static,
    resource: &Resource,
) -> BatchSpanProcessor {
    let mut queue = BatchSpanProcessor::builder(exporter).build();
    queue.set_resource(resource);
    queue
}

impl SpanProcessor for Sink {
    fn on_start(&self, span: &mut Span, context: &Context) {
        for queue in self.0.iter() {
            queue.on_start(span, context);
        }
    }

    fn on_end(&self, span: SpanData) {
        for queue in self.0.iter() {
            queue.on_end(span.clone());
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.each(SpanProcessor::force_flush)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.each(|queue| queue.shutdown_with_timeout(timeout))
    }
}
