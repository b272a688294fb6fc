//! Puts the parts together and takes them down again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, FilterFn, ParseError};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, Registry};

use crate::config::TelemetryConfig;
use crate::finished::{self, Sink};
use crate::log::{Lines, LogFile, OPENTELEMETRY_TARGET, Stderr};
use crate::metrics::Meter;
use crate::otlp::{Driver, Exporters, OtlpError};
use crate::pack::Signal;
use crate::process;
use crate::prometheus::Scraper;
use crate::written::Written;

/// How often metrics go to the collector, and to the disk.
const METRICS_INTERVAL: Duration = Duration::from_secs(15);
const METRIC_FILES_INTERVAL: Duration = Duration::from_mins(1);

/// How long a flush waits for the disk.
const FLUSH_WAIT_MAX: Duration = Duration::from_secs(3);

/// How long the end of the process waits for a collector.
const COLLECTOR_WAIT_MAX: Duration = Duration::from_secs(2);

/// Crates that carry the exports: a span of theirs would make another export, and so on.
const CARRIER_TARGETS: [&str; 6] = [
    OPENTELEMETRY_TARGET,
    "h2",
    "hyper",
    "hyper_util",
    "tonic",
    "tower",
];

/// Why telemetry did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("`{directive}` is no log level: it would be like `info` or `warn,journal=debug`")]
    LogLevel {
        directive: String,
        source: ParseError,
    },
    #[error("could not open a log file in `{}`", folder.display())]
    LogFile {
        folder: PathBuf,
        source: std::io::Error,
    },
    #[error("could not reach out to the collector")]
    Otlp(#[from] OtlpError),
    #[error("telemetry was already initialised in this process")]
    AlreadyInitialised,
}

/// What must be kept for as long as the process has something to say.
///
/// Dropping it flushes and stops, like [`Telemetry::shutdown`].
pub struct Telemetry {
    log_file: Option<Arc<LogFile>>,
    scraper: Scraper,
    providers: Option<Providers>,
    meters: SdkMeterProvider,
}

struct Providers {
    tracers: SdkTracerProvider,
    /// What the tracers send to, if there is a collector.
    spans: Option<Sink>,
    meters: SdkMeterProvider,
    /// Drives the exports, so it ends last.
    driver: Option<Driver>,
}

/// Starts telemetry for the whole process; once.
pub fn init(config: &TelemetryConfig) -> Result<Telemetry, TelemetryError> {
    // Asked first, so that a second call leaves no second log file behind.
    if tracing::dispatcher::has_been_set() {
        return Err(TelemetryError::AlreadyInitialised);
    }
    let (dispatch, telemetry) = build(config)?;
    tracing::dispatcher::set_global_default(dispatch)
        .map_err(|_already| TelemetryError::AlreadyInitialised)?;
    global::set_meter_provider(telemetry.meters.clone());
    if let Some(spans) = telemetry
        .providers
        .as_ref()
        .and_then(|it| it.spans.as_ref())
    {
        spans.serve_process();
    }
    Ok(telemetry)
}

/// Like [`init`], for a part of the process: the subscriber is for the caller to install, and
/// meters come from [`Telemetry::meter`].
pub fn build(config: &TelemetryConfig) -> Result<(Dispatch, Telemetry), TelemetryError> {
    let level = parse_level(&config.log_level)?;
    let log_file = match &config.log_dir {
        Some(folder) => Some(Arc::new(open_log(folder, config)?)),
        None => None,
    };
    let lines = Lines {
        file: log_file.clone(),
        stderr: config.stderr.map(Stderr::new),
    };
    let scraper = Scraper::new();
    let providers = Providers::new(config, scraper.clone())?;
    let meters = providers.meters.clone();
    process::register(&meters.meter("process"));
    register_dropped(&meters, log_file.as_ref());
    let dispatch = subscriber(&providers, level, lines);
    Ok((
        dispatch,
        Telemetry {
            log_file,
            scraper,
            providers: Some(providers),
            meters,
        },
    ))
}

fn subscriber(providers: &Providers, level: EnvFilter, lines: Lines) -> Dispatch {
    let has_collector = providers.spans.is_some();
    let spans = tracing_opentelemetry::layer()
        .with_tracer(providers.tracers.tracer("luthier"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(has_collector)
        .with_filter(trace_filter(has_collector));
    // Spans are always followed: what they know belongs on each line, however quiet the level is.
    let spans_of_ours = FilterFn::new(is_span_of_ours).with_max_level_hint(LevelFilter::INFO);
    let quiet = FilterFn::new(is_no_chatter).with_max_level_hint(LevelFilter::TRACE);
    let lines = lines.with_filter(level.and(quiet).or(spans_of_ours));
    Dispatch::new(Registry::default().with(spans).with(lines))
}

impl Telemetry {
    /// All metrics as Prometheus text, for whoever answers `/metrics`.
    pub fn scraper(&self) -> Scraper {
        self.scraper.clone()
    }

    /// The meter of a part, wherever [`crate::meter`] is not this telemetry's.
    pub fn meter(&self, part: &'static str) -> Meter {
        Meter::new(part, self.meters.meter(part))
    }

    /// How many log lines never reached the disk.
    pub fn log_lines_dropped(&self) -> u64 {
        self.log_file.as_ref().map_or(0, |file| file.dropped())
    }

    /// Sends what waits to the collector, writes the last lines and stops; blocks for a bounded time.
    pub fn shutdown(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        if let Some(providers) = self.providers.take() {
            providers.stop();
        }
        if let Some(file) = &self.log_file {
            file.close(FLUSH_WAIT_MAX);
        }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Providers {
    fn new(config: &TelemetryConfig, scraper: Scraper) -> Result<Self, TelemetryError> {
        let resource = resource(config);
        // Ids are made for every request, sampled or not, collector or not.
        let mut tracers = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)));
        let mut meters = SdkMeterProvider::builder()
            .with_resource(resource.clone())
            .with_reader(scraper);
        let (mut queues, mut driver) = (Vec::new(), None);
        if let Some(otlp) = &config.otlp {
            let exporters = Exporters::new(otlp)?;
            queues.push(finished::queue(exporters.spans, &resource));
            let reader = PeriodicReader::builder(exporters.metrics);
            meters = meters.with_reader(reader.with_interval(METRICS_INTERVAL).build());
            driver = Some(exporters.driver);
        }
        if let Some(file) = written(config, Signal::Traces)? {
            queues.push(finished::queue(file, &resource));
        }
        if let Some(file) = written(config, Signal::Metrics)? {
            let reader = PeriodicReader::builder(file);
            meters = meters.with_reader(reader.with_interval(METRIC_FILES_INTERVAL).build());
        }
        let spans = (!queues.is_empty()).then(|| Sink::new(queues));
        if let Some(spans) = &spans {
            tracers = tracers.with_span_processor(spans.clone());
        }
        Ok(Self {
            tracers: tracers.build(),
            spans,
            meters: meters.build(),
            driver,
        })
    }

    /// On a thread of its own, as the SDK has no bound on how long a collector is waited for.
    fn stop(self) {
        let (done, is_done) = sync_channel(1);
        let thread = thread::Builder::new().name("otlp-stop".to_owned());
        let spawned = thread.spawn(move || {
            let outcomes = [self.tracers.shutdown(), self.meters.shutdown()];
            drop(self.driver);
            // Nobody listens any more if this took too long.
            done.send(outcomes.into_iter().find_map(Result::err))
                .is_ok()
        });
        let problem = match spawned.map(|_thread| is_done.recv_timeout(COLLECTOR_WAIT_MAX)) {
            Ok(Ok(None)) => return,
            Ok(Ok(Some(problem))) => problem.to_string(),
            Ok(Err(late)) => late.to_string(),
            Err(problem) => problem.to_string(),
        };
        tracing::warn!(
            problem,
            "the last traces and metrics may not have reached the collector"
        );
    }
}

/// Parts of other people's that tell at `info` what is of no interest to who serves with them. A
/// directive of the same part takes its place.
const QUIET: &str = "rmcp=warn";

fn parse_level(directive: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::builder()
        .parse(format!("{QUIET},{directive}"))
        .map_err(|source| {
            let directive = directive.to_owned();
            TelemetryError::LogLevel { directive, source }
        })
}

fn open_log(folder: &Path, config: &TelemetryConfig) -> Result<LogFile, TelemetryError> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name = config.instance.replace(|c| !is_safe(c), "_");
    let name = if name.is_empty() { "luthier" } else { &name };
    LogFile::open(folder, name, config.rotation).map_err(|source| TelemetryError::LogFile {
        folder: folder.to_owned(),
        source,
    })
}

/// The file of a signal, if it is wanted and there is a folder.
fn written(config: &TelemetryConfig, signal: Signal) -> Result<Option<Written>, TelemetryError> {
    let is_wanted = match signal {
        Signal::Logs => false,
        Signal::Metrics => config.has_metric_files,
        Signal::Traces => config.has_trace_files,
    };
    match config.log_dir.as_deref().filter(|_folder| is_wanted) {
        Some(logs) => Ok(Some(Written::new(open_log(&signal.folder(logs), config)?))),
        None => Ok(None),
    }
}

fn resource(config: &TelemetryConfig) -> Resource {
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", config.service_name.clone()),
            KeyValue::new("service.instance.id", config.instance.clone()),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("process.pid", i64::from(std::process::id())),
        ])
        .build()
}

fn register_dropped(meters: &SdkMeterProvider, log_file: Option<&Arc<LogFile>>) {
    let Some(log_file) = log_file.map(Arc::downgrade) else {
        return;
    };
    let help = "Log lines that never reached the disk.";
    let meter = Meter::new("telemetry", meters.meter("telemetry"));
    meter.observe_counter("log_lines_dropped", help, move |counter| {
        if let Some(log_file) = log_file.upgrade() {
            counter.observe(log_file.dropped(), &[]);
        }
    });
}

/// Spans make the ids of a request, so they are followed at every log level; their events are for a
/// collector alone.
fn trace_filter<S>(has_collector: bool) -> impl tracing_subscriber::layer::Filter<S> {
    FilterFn::new(move |metadata: &Metadata<'_>| {
        let is_wanted = metadata.is_span() || has_collector;
        is_wanted && *metadata.level() <= Level::INFO && !is_carrier(metadata)
    })
    .with_max_level_hint(LevelFilter::INFO)
}

fn is_span_of_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::INFO && !is_carrier(metadata)
}

/// The OpenTelemetry crates tell at length what they do; only what goes wrong there is of interest.
fn is_no_chatter(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::WARN || !metadata.target().starts_with(OPENTELEMETRY_TARGET)
}

fn is_carrier(metadata: &Metadata<'_>) -> bool {
    let crate_name = metadata.target().split("::").next().unwrap_or_default();
    CARRIER_TARGETS.contains(&crate_name) || crate_name.starts_with(OPENTELEMETRY_TARGET)
}
