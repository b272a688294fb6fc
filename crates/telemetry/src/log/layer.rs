//! The `tracing` layer that turns events into lines.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::file::LogFile;
use super::line::{Fields, Line};
use crate::config::StderrStyle;
use crate::trace_context::TraceParent;

/// What the OpenTelemetry crates say of themselves. They may say it while they hold the locks that
/// the current trace is read under, so their events never ask for it.
pub(crate) const OPENTELEMETRY_TARGET: &str = "opentelemetry";

/// Writes each event to the log file, to stderr, or to both.
pub(crate) struct Lines {
    pub(crate) file: Option<Arc<LogFile>>,
    pub(crate) stderr: Option<Stderr>,
}

/// Lines for people.
pub(crate) struct Stderr {
    style: StderrStyle,
    /// Lines that stderr did not take; there is nowhere else to say it.
    lost: AtomicU64,
}

impl Stderr {
    pub(crate) fn new(style: StderrStyle) -> Self {
        Self {
            style,
            lost: AtomicU64::new(0),
        }
    }

    fn write(&self, line: &Line<'_>) {
        let text = line.to_human(self.style.is_coloured);
        if io::stderr().lock().write_all(text.as_bytes()).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            record.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut line = Line::new(event.metadata(), fields);
        if let Some(scope) = context.event_scope(event) {
            for span in scope {
                if let Some(fields) = span.extensions().get::<Fields>() {
                    line.add_span_values(&fields.values);
                }
            }
        }
        if !event.metadata().target().starts_with(OPENTELEMETRY_TARGET) {
            line.trace = TraceParent::current();
        }
        if let Some(file) = &self.file {
            file.push(line.to_json());
        }
        if let Some(stderr) = &self.stderr {
            stderr.write(&line);
        }
    }
}
