//! The configuration as the program uses it.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use release::Steadiness;
use runner::RunnerConfig;
use sandbox::{
    Limits,
    gate::{NameError, Policy},
};
use serde_json::Value;
use tuner::TunerConfig;
use vault::{S3Credentials, S3Limits, S3Settings};
use web::Token;

use super::{ArchitectSettings, ConfigError, JournalSettings, Origin, Settings};

/// Everything that is fixed while the program runs.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) name: String,
    pub(crate) data: PathBuf,
    pub(crate) http: HttpConfig,
    pub(crate) runner: RunnerSettings,
    pub(crate) tuner: TunerSettings,
    pub(crate) sandbox: SandboxSettings,
    pub(crate) architect: ArchitectSettings,
    /// Are versions released that nothing proves?
    pub(crate) is_untested_released: bool,
    /// How long a version serves before it counts as good.
    pub(crate) watch: Duration,
    pub(crate) telemetry: TelemetrySettings,
    pub(crate) vault: VaultSettings,
    pub(crate) journal: JournalSettings,
}

/// Where and how to serve.
#[derive(Clone, Debug)]
pub(crate) struct HttpConfig {
    pub(crate) bind: IpAddr,
    pub(crate) port: u16,
    pub(crate) tokens: Vec<Token>,
    pub(crate) hosts: Vec<String>,
    pub(crate) origins: Vec<String>,
    pub(crate) is_insecure: bool,
    pub(crate) body_bytes_max: u64,
    pub(crate) request_ms_max: u64,
    pub(crate) requests_max: usize,
    pub(crate) connections_max: usize,
    /// Leaves room for other requests whatever is configured.
    pub(crate) streams_max: usize,
    pub(crate) header_ms_max: u64,
    pub(crate) drain_ms_max: u64,
}

/// What runs tools, and how much they may take.
#[derive(Clone, Debug)]
pub(crate) struct RunnerSettings {
    /// One for each core, if it is none.
    pub(crate) workers: Option<usize>,
    pub(crate) queue_max: usize,
    pub(crate) load_deadline: Duration,
    pub(crate) memory_bytes_max: u64,
    pub(crate) runner: RunnerConfig,
}

/// What runs tools of the tuner, and when what they staged becomes active.
#[derive(Clone, Debug)]
pub(crate) struct TunerSettings {
    pub(crate) workers: usize,
    pub(crate) memory_bytes_max: u64,
    pub(crate) tuner: TunerConfig,
}

/// Where candidates are tried, and within which bounds.
#[derive(Clone, Debug)]
pub(crate) struct SandboxSettings {
    /// One for each core, if it is none.
    pub(crate) cells: Option<usize>,
    pub(crate) cells_per_second_max: u32,
    pub(crate) niceness: u8,
    pub(crate) component: Option<PathBuf>,
    pub(crate) limits: Limits,
    pub(crate) policy: Policy,
}

/// What is logged and where it is sent.
#[derive(Clone, Debug)]
pub(crate) struct TelemetrySettings {
    pub(crate) log_level: String,
    pub(crate) log_file_bytes_max: u64,
    pub(crate) log_files_max: usize,
    pub(crate) has_trace_files: bool,
    pub(crate) has_metric_files: bool,
    pub(crate) is_archived: bool,
    pub(crate) local_days: u64,
    pub(crate) otlp: Option<OtlpSettings>,
}

/// Where objects are kept.
#[derive(Clone, Debug)]
pub(crate) enum VaultSettings {
    /// Below the data folder.
    Folder,
    Bucket(Box<S3Settings>),
}

/// A collector.
#[derive(Clone, Debug)]
pub(crate) struct OtlpSettings {
    pub(crate) endpoint: String,
    pub(crate) is_http: bool,
    pub(crate) headers: Vec<(String, String)>,
}

impl Config {
    /// `workspace` and `folder` are what relative paths are relative to: those of files to the
    /// workspace, those of flags and variables to the current folder.
    pub(crate) fn of(
        settings: &Settings,
        workspace: Option<&Path>,
        folder: &Path,
    ) -> Result<Self, ConfigError> {
        let data = match settings.origin("data") {
            Origin::Flag(_) | Origin::Variable(_) => folder,
            Origin::File { .. } | Origin::Default | Origin::Ledger { .. } => {
                workspace.unwrap_or(folder)
            }
        };
        Ok(Self {
            name: text(settings, "name"),
            data: data.join(text(settings, "data")),
            http: HttpConfig::of(settings)?,
            runner: RunnerSettings::of(settings),
            tuner: TunerSettings::of(settings),
            sandbox: SandboxSettings::of(settings)?,
            architect: ArchitectSettings::of(settings, workspace.unwrap_or(folder))?,
            is_untested_released: switch(settings, "release.untested"),
            watch: Duration::from_secs(whole(settings, "release.watch_s")),
            telemetry: TelemetrySettings::of(settings)?,
            vault: VaultSettings::of(settings)?,
            journal: JournalSettings::of(settings)?,
        })
    }
}

impl HttpConfig {
    fn of(settings: &Settings) -> Result<Self, ConfigError> {
        let tokens = words(settings, "http.tokens")
            .iter()
            .map(|token| {
                token
                    .parse()
                    .map_err(|error| refused(settings, "http.tokens", &error))
            })
            .collect::<Result<_, _>>()?;
        let connections_max = whole(settings, "http.connections_max");
        Ok(Self {
            bind: text(settings, "http.bind")
                .parse()
                .map_err(|error| refused(settings, "http.bind", &error))?,
            port: whole(settings, "http.port"),
            tokens,
            hosts: words(settings, "http.hosts"),
            origins: words(settings, "http.origins"),
            is_insecure: switch(settings, "http.insecure"),
            body_bytes_max: whole(settings, "http.body_bytes_max"),
            request_ms_max: whole(settings, "http.request_ms_max"),
            requests_max: whole(settings, "http.requests_max"),
            connections_max,
            streams_max: whole::<usize>(settings, "http.streams_max")
                .min(connections_max * 3 / 4)
                .max(1),
            header_ms_max: whole(settings, "http.header_ms_max"),
            drain_ms_max: whole(settings, "http.drain_ms_max"),
        })
    }
}

impl RunnerSettings {
    fn of(settings: &Settings) -> Self {
        let time = |key: &str| Duration::from_millis(whole(settings, key));
        let workers: usize = whole(settings, "runner.workers");
        Self {
            workers: (workers > 0).then_some(workers),
            queue_max: whole(settings, "runner.queue_max"),
            load_deadline: time("runner.load_ms_max"),
            memory_bytes_max: whole(settings, "runner.memory_bytes_max"),
            runner: RunnerConfig {
                deadline_default: time("runner.deadline_ms"),
                deadline_max: time("runner.deadline_ms_max"),
                has_meta_tools: switch(settings, "runner.meta_tools"),
                failures_max: whole(settings, "runner.failures_max"),
                rest: time("runner.rest_ms"),
                recorded_bytes_max: whole(settings, "runner.recorded_bytes_max"),
                session_bytes_max: whole(settings, "runner.session_bytes_max"),
                serves_stale: switch(settings, "runner.serves_stale"),
                ..RunnerConfig::default()
            },
        }
    }
}

impl TunerSettings {
    fn of(settings: &Settings) -> Self {
        let defaults = TunerConfig::default();
        Self {
            workers: whole(settings, "tuner.workers"),
            memory_bytes_max: whole(settings, "tuner.memory_bytes_max"),
            tuner: TunerConfig {
                deadline_default: Duration::from_millis(whole(settings, "tuner.deadline_ms")),
                updates_per_s_max: whole(settings, "tuner.updates_per_s_max"),
                waiting_max: whole(settings, "tuner.waiting_max"),
                changes_max: whole(settings, "tuner.changes_max"),
                policy: tuner::Policy {
                    every_updates: whole(settings, "tuner.promote_every"),
                    confidence: number(settings, "tuner.promote_confidence"),
                    value_tool: text(settings, "tuner.value_tool"),
                    canary_share: Some(number(settings, "tuner.canary_share"))
                        .filter(|share| *share > 0.0),
                    steadiness: Steadiness {
                        memory: whole(settings, "tuner.memory"),
                        cool_down: Duration::from_secs(whole(settings, "tuner.cool_down_s")),
                        changes_per_day_max: whole(settings, "tuner.changes_per_day_max"),
                        confirmations: whole(settings, "tuner.confirmations"),
                        margin: number(settings, "tuner.promote_margin"),
                    },
                },
                ..defaults
            },
        }
    }
}

impl SandboxSettings {
    fn of(settings: &Settings) -> Result<Self, ConfigError> {
        let cells: usize = whole(settings, "sandbox.cells");
        let component = text(settings, "sandbox.component");
        Ok(Self {
            cells: (cells > 0).then_some(cells),
            cells_per_second_max: whole(settings, "sandbox.cells_per_second_max"),
            niceness: whole(settings, "sandbox.niceness"),
            component: (!component.is_empty()).then(|| component.into()),
            limits: Limits {
                load_ms_max: whole(settings, "sandbox.load_ms_max"),
                call_ms_max: whole(settings, "sandbox.call_ms_max"),
                memory_bytes_max: whole(settings, "sandbox.memory_bytes_max"),
                output_bytes_max: whole(settings, "sandbox.output_bytes_max"),
                ..Limits::default()
            },
            policy: gate(settings)?,
        })
    }
}

/// What the gate lets through.
fn gate(settings: &Settings) -> Result<Policy, ConfigError> {
    let mut policy = Policy::default();
    policy.imports.allow = names(settings, "gate.imports.allow")?;
    policy.imports.refuse = names(settings, "gate.imports.refuse")?;
    policy.builtins.allow = names(settings, "gate.builtins.allow")?;
    policy.builtins.refuse = names(settings, "gate.builtins.refuse")?;
    policy.attributes.allow = names(settings, "gate.attributes.allow")?;
    policy.attributes.refuse = names(settings, "gate.attributes.refuse")?;
    policy.attributes.computed = switch(settings, "gate.attributes.computed");
    policy.bounds.module_bytes_max = whole(settings, "gate.bounds.module_bytes_max");
    policy.bounds.bytes_max = whole(settings, "gate.bounds.bytes_max");
    Ok(policy)
}

fn names<T>(settings: &Settings, key: &'static str) -> Result<BTreeSet<T>, ConfigError>
where
    T: TryFrom<String, Error = NameError> + Ord,
{
    let names = words(settings, key).into_iter().map(T::try_from);
    let names: Result<_, _> = names.collect();
    names.map_err(|error| refused(settings, key, &error))
}

impl TelemetrySettings {
    fn of(settings: &Settings) -> Result<Self, ConfigError> {
        const HEADERS: &str = "telemetry.otlp_headers";
        let headers = words(settings, HEADERS)
            .iter()
            .map(|header| {
                let pair = header.split_once('=');
                pair.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
                    .ok_or_else(|| refused(settings, HEADERS, &"a header is written `name=value`"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let endpoint = text(settings, "telemetry.otlp_endpoint");
        let is_http = text(settings, "telemetry.otlp_protocol") == "http";
        Ok(Self {
            log_level: text(settings, "telemetry.log_level"),
            log_file_bytes_max: whole(settings, "telemetry.log_file_bytes_max"),
            log_files_max: whole(settings, "telemetry.log_files_max"),
            has_trace_files: switch(settings, "telemetry.trace_files"),
            has_metric_files: switch(settings, "telemetry.metric_files"),
            is_archived: switch(settings, "telemetry.archive"),
            local_days: whole(settings, "telemetry.local_days"),
            otlp: (!endpoint.is_empty()).then_some(OtlpSettings {
                endpoint,
                is_http,
                headers,
            }),
        })
    }
}

impl VaultSettings {
    fn of(settings: &Settings) -> Result<Self, ConfigError> {
        let place = text(settings, "vault.s3");
        if place.is_empty() {
            return Ok(Self::Folder);
        }
        let said = |key: &str| Some(text(settings, key)).filter(|text| !text.is_empty());
        let needed = |key: &'static str| {
            let unset = "a bucket is used with it, and it is not set; nor is its `AWS_` variable";
            said(key).ok_or_else(|| refused(settings, key, &unset))
        };
        let endpoint = said("vault.endpoint");
        let is_url = |text: &String| text.starts_with("http://") || text.starts_with("https://");
        if endpoint.as_ref().is_some_and(|text| !is_url(text)) {
            let reason = "it begins with neither `http://` nor `https://`";
            return Err(refused(settings, "vault.endpoint", &reason));
        }
        Ok(Self::Bucket(Box::new(S3Settings {
            location: place
                .parse()
                .map_err(|error| refused(settings, "vault.s3", &error))?,
            endpoint,
            region: needed("vault.region")?,
            is_path_style: switch(settings, "vault.path_style"),
            credentials: S3Credentials {
                access_key_id: needed("vault.access_key_id")?,
                secret_access_key: needed("vault.secret_access_key")?,
                session_token: said("vault.session_token"),
            },
            limits: S3Limits::default(),
        })))
    }
}

pub(super) fn refused(
    settings: &Settings,
    key: &'static str,
    reason: &dyn std::fmt::Display,
) -> ConfigError {
    ConfigError::Refused {
        key,
        reason: reason.to_string(),
        origin: settings.origin(key).clone(),
    }
}

pub(super) fn text(settings: &Settings, key: &str) -> String {
    settings.value(key).as_str().unwrap_or_default().to_owned()
}

pub(super) fn words(settings: &Settings, key: &str) -> Vec<String> {
    let items = settings
        .value(key)
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    items
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

pub(super) fn number(settings: &Settings, key: &str) -> f64 {
    settings.value(key).as_f64().unwrap_or_default()
}

pub(super) fn switch(settings: &Settings, key: &str) -> bool {
    settings.value(key).as_bool().unwrap_or_default()
}

/// The bounds of the key were checked and lie within its type.
pub(super) fn whole<N: TryFrom<i64>>(settings: &Settings, key: &str) -> N {
    let number = settings.value(key).as_i64();
    number
        .and_then(|number| N::try_from(number).ok())
        .expect("the bounds of a key lie within its type")
}
