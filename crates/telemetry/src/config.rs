//! What telemetry is told at start.

use std::fmt;
use std::path::PathBuf;

/// How much one log file holds before the next is begun.
const LOG_FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// How many log files are kept, the one being written included.
const LOG_FILES_MAX: usize = 8;

/// The directive that holds when nobody gave one.
const LOG_LEVEL: &str = "info";

/// Where log lines, traces and metrics go.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// `service.name` of every trace and metric.
    pub service_name: String,
    /// Which of several processes this is; also the name of its log file.
    pub instance: String,
    /// The folder of the JSON lines; without one there are none.
    pub log_dir: Option<PathBuf>,
    /// Which events are written, in the syntax of `tracing`'s `EnvFilter`: `info,journal=debug`.
    pub log_level: String,
    pub rotation: Rotation,
    /// Lines for people on stderr, if they are wanted.
    pub stderr: Option<StderrStyle>,
    /// Are spans, are metrics also written to files, below the folder of the logs?
    pub has_trace_files: bool,
    pub has_metric_files: bool,
    /// The collector, if there is one.
    pub otlp: Option<OtlpConfig>,
}

impl TelemetryConfig {
    /// Nothing is written anywhere until a destination is named.
    pub fn new(service_name: impl Into<String>, instance: impl Into<String>) -> Self {
        Self {
            service_name: service_name.into(),
            instance: instance.into(),
            log_dir: None,
            log_level: LOG_LEVEL.to_owned(),
            rotation: Rotation::default(),
            stderr: None,
            has_trace_files: false,
            has_metric_files: false,
            otlp: None,
        }
    }
}

/// How much disk lines may take: at most `file_bytes_max * files_max`, and one line more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    pub file_bytes_max: u64,
    /// The file being written included; 0 counts as 1.
    pub files_max: usize,
    /// Files stay until somebody archived and removed them, up to eight times as many.
    pub waits_for_archive: bool,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            file_bytes_max: LOG_FILE_BYTES_MAX,
            files_max: LOG_FILES_MAX,
            waits_for_archive: false,
        }
    }
}

/// How lines for people look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StderrStyle {
    pub is_coloured: bool,
}

/// A collector that takes traces and metrics.
#[derive(Clone)]
pub struct OtlpConfig {
    /// Scheme, host and port: `http://localhost:4317`. Over HTTP the paths of the signals are added.
    pub endpoint: String,
    pub protocol: OtlpProtocol,
    /// Sent with each request; never shown, as they hold keys.
    pub headers: Vec<(String, String)>,
}

impl fmt::Debug for OtlpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header_names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("OtlpConfig")
            .field("endpoint", &self.endpoint)
            .field("protocol", &self.protocol)
            .field("header_names", &header_names)
            .finish()
    }
}

/// How the collector is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtlpProtocol {
    Grpc,
    /// HTTP/1.1 with protobuf bodies.
    Http,
}
