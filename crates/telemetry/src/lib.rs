//! Everything the one binary says about itself: log lines, traces, metrics and the stream of events.
//! It never decides what is worth saying, never reads the environment, and never holds a caller up
//! for a disk, a collector or a reader that is slow.
//! Start at [`init`], which takes a [`TelemetryConfig`] and gives the [`Telemetry`] that flushes it.

mod config;
mod events;
mod finished;
mod init;
mod log;
mod metrics;
mod otlp;
mod otlp_json;
mod pack;
mod process;
mod prometheus;
mod trace_context;
mod written;

pub use config::{OtlpConfig, OtlpProtocol, Rotation, StderrStyle, TelemetryConfig};
pub use events::{EventsError, EventsOut, STALL_MAX, SendRefused};
pub use finished::{FinishedSpan, finish, is_collecting};
pub use init::{Telemetry, TelemetryError, build, init};
pub use log::{OldFile, old_files};
pub use metrics::{LATENCY_BUCKETS_SECONDS, Meter, meter};
pub use opentelemetry::KeyValue;
pub use opentelemetry::metrics::{AsyncInstrument, Counter, Gauge, Histogram};
pub use otlp::OtlpError;
pub use otlp_json::KeptLine;
pub use pack::{Signal, pack, search_file, search_packed};
pub use prometheus::{PROMETHEUS_CONTENT_TYPE, Scraper};
pub use trace_context::{TraceParent, set_parent};
