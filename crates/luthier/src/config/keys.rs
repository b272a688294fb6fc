//! Every key there is, with what it takes and what it is for. Documentation, warnings about
//! unknown keys and `config show` all read this table.

mod architect;
mod journal;

use serde_json::{Value, json};
use supervision::{SettingRange, SettingSpec};

use crate::up::catalogue;

/// One thing that can be configured.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Dotted, as a table and a name in TOML: `http.port`.
    pub(crate) path: String,
    pub(crate) kind: Kind,
    pub(crate) description: &'static str,
    /// Never shown.
    pub(crate) is_secret: bool,
    /// Also adjustable while `luthier up` runs, by `luthier config set`.
    pub(crate) is_adjustable: bool,
}

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text {
        default: &'static str,
    },
    Choice {
        default: &'static str,
        of: &'static [&'static str],
    },
    Path {
        default: &'static str,
    },
    Words,
    /// The same, where nothing said is not nothing.
    WordsOr {
        default: &'static [&'static str],
    },
    Switch {
        default: bool,
    },
    Whole {
        default: i64,
        min: i64,
        max: i64,
        unit: &'static str,
    },
    Number {
        default: f64,
        min: f64,
        max: f64,
        unit: &'static str,
    },
}

const DAY_MS: i64 = 86_400_000;
const TIB: i64 = 1 << 40;
const COUNT_MAX: i64 = 1 << 20;

impl Kind {
    pub(crate) fn default_value(self) -> Value {
        match self {
            Self::Text { default } | Self::Choice { default, .. } | Self::Path { default } => {
                json!(default)
            }
            Self::Words => json!([]),
            Self::WordsOr { default } => json!(default),
            Self::Switch { default } => json!(default),
            Self::Whole { default, .. } => json!(default),
            Self::Number { default, .. } => json!(default),
        }
    }

    /// What it takes, in words.
    pub(crate) fn takes(self) -> String {
        let counted = |text: String, unit: &str| match unit {
            "" => text,
            unit => format!("{text} {unit}"),
        };
        match self {
            Self::Text { .. } => "a text".to_owned(),
            Self::Choice { of, .. } => format!("one of `{}`", of.join("`, `")),
            Self::Path { .. } => "a path".to_owned(),
            Self::Words | Self::WordsOr { .. } => "a list of texts".to_owned(),
            Self::Switch { .. } => "`true` or `false`".to_owned(),
            Self::Whole { min, max, unit, .. } => {
                counted(format!("a whole number from {min} to {max}"), unit)
            }
            Self::Number { min, max, unit, .. } => {
                counted(format!("a number from {min} to {max}"), unit)
            }
        }
    }
}

/// What is fixed while the program runs.
const FIXED: [(&str, Kind, &str); 77] = [
    (
        "name",
        Kind::Text { default: "luthier" },
        "What the workspace is called: on its pages, in traces and metrics.",
    ),
    (
        "data",
        Kind::Path {
            default: ".luthier",
        },
        "The folder of the journal, the vault and the logs; relative to the workspace.",
    ),
    (
        "http.bind",
        Kind::Text {
            default: "127.0.0.1",
        },
        "The address to listen on. Beyond loopback a token is asked for.",
    ),
    (
        "http.port",
        Kind::Whole {
            default: 7777,
            min: 0,
            max: 65_535,
            unit: "",
        },
        "The port to listen on; 0 takes a free one.",
    ),
    (
        "http.tokens",
        Kind::Words,
        "Bearer tokens, any of which lets a request in; with none, no token is asked for.",
    ),
    (
        "http.hosts",
        Kind::Words,
        "Names in `Host` to answer for beside loopback's; `*` is any.",
    ),
    (
        "http.origins",
        Kind::Words,
        "Origins whose pages may use this server beside its own, such as `https://app.example`.",
    ),
    (
        "http.insecure",
        Kind::Switch { default: false },
        "Listen beyond loopback even without a token.",
    ),
    (
        "http.body_bytes_max",
        Kind::Whole {
            default: web::BODY_BYTES_MAX_DEFAULT.cast_signed(),
            min: 1_024,
            max: TIB,
            unit: "bytes",
        },
        "The largest body of a request.",
    ),
    (
        "http.request_ms_max",
        Kind::Whole {
            default: 30_000,
            min: 10,
            max: DAY_MS,
            unit: "ms",
        },
        "Time a request may take until its answer begins.",
    ),
    (
        "http.requests_max",
        Kind::Whole {
            default: 512,
            min: 1,
            max: COUNT_MAX,
            unit: "requests",
        },
        "Requests in progress at once.",
    ),
    (
        "http.connections_max",
        Kind::Whole {
            default: 1_024,
            min: 1,
            max: COUNT_MAX,
            unit: "connections",
        },
        "Connections open at once.",
    ),
    (
        "http.streams_max",
        Kind::Whole {
            default: 256,
            min: 1,
            max: COUNT_MAX,
            unit: "streams",
        },
        "Live streams open at once; three in four connections at most, so that some are left.",
    ),
    (
        "http.header_ms_max",
        Kind::Whole {
            default: 30_000,
            min: 10,
            max: DAY_MS,
            unit: "ms",
        },
        "Time a client may take to send a request's headers, and a connection may idle.",
    ),
    (
        "http.drain_ms_max",
        Kind::Whole {
            default: 10_000,
            min: 0,
            max: DAY_MS,
            unit: "ms",
        },
        "Time that requests in progress are given when the server stops.",
    ),
    (
        "runner.workers",
        Kind::Whole {
            default: 0,
            min: 0,
            max: 1_024,
            unit: "processes",
        },
        "Processes that run tools; 0 is one for each core.",
    ),
    (
        "runner.queue_max",
        Kind::Whole {
            default: 1_024,
            min: 1,
            max: COUNT_MAX,
            unit: "calls",
        },
        "Calls that may wait for a process; more are refused.",
    ),
    (
        "runner.deadline_ms",
        Kind::Whole {
            default: 30_000,
            min: 10,
            max: DAY_MS,
            unit: "ms",
        },
        "Time a call may take of a tool that declares none.",
    ),
    (
        "runner.deadline_ms_max",
        Kind::Whole {
            default: 600_000,
            min: 10,
            max: DAY_MS,
            unit: "ms",
        },
        "The most time that a tool may declare.",
    ),
    (
        "runner.load_ms_max",
        Kind::Whole {
            default: 30_000,
            min: 100,
            max: DAY_MS,
            unit: "ms",
        },
        "How long the modules of a version may take to load, in each worker.",
    ),
    (
        "runner.memory_bytes_max",
        Kind::Whole {
            default: 1 << 30,
            min: 64 << 20,
            max: TIB,
            unit: "bytes",
        },
        "Memory that the tools in one process may take.",
    ),
    (
        "runner.meta_tools",
        Kind::Switch { default: true },
        "Offer `find_tools` and `call_tool` to clients that do not notice new tools.",
    ),
    (
        "runner.failures_max",
        Kind::Whole {
            default: 5,
            min: 1,
            max: COUNT_MAX,
            unit: "failures",
        },
        "Failures in a row after which a tool is left alone for a while.",
    ),
    (
        "runner.rest_ms",
        Kind::Whole {
            default: 10_000,
            min: 1,
            max: DAY_MS,
            unit: "ms",
        },
        "Time that such a tool is left alone.",
    ),
    (
        "runner.recorded_bytes_max",
        Kind::Whole {
            default: 4 << 10,
            min: 0,
            max: 1 << 20,
            unit: "bytes",
        },
        "Arguments and results up to this size are kept with the event of a call; 0 keeps none.",
    ),
    (
        "runner.session_bytes_max",
        Kind::Whole {
            default: 256 << 10,
            min: 2,
            max: 1 << 20,
            unit: "bytes",
        },
        "The most that a conversation may remember.",
    ),
    (
        "tuner.workers",
        Kind::Whole {
            default: 1,
            min: 1,
            max: 64,
            unit: "",
        },
        "How many workers run tools of the tuner; they start when the first is called. Updates of a \
         lineage take turns whatever their number.",
    ),
    (
        "tuner.deadline_ms",
        Kind::Whole {
            default: 30_000,
            min: 1,
            max: DAY_MS,
            unit: "ms",
        },
        "How long a tool of the tuner may take that declares nothing.",
    ),
    (
        "tuner.updates_per_s_max",
        Kind::Whole {
            default: 5_000,
            min: 1,
            max: COUNT_MAX,
            unit: "",
        },
        "Updates of a lineage in one second; more are refused.",
    ),
    (
        "tuner.waiting_max",
        Kind::Whole {
            default: 1_024,
            min: 1,
            max: COUNT_MAX,
            unit: "",
        },
        "Updates of a lineage that may wait for their turn; more are refused.",
    ),
    (
        "tuner.changes_max",
        Kind::Whole {
            default: 10_000,
            min: 1,
            max: COUNT_MAX,
            unit: "",
        },
        "Places of the state document that one update may change.",
    ),
    (
        "tuner.promote_every",
        Kind::Whole {
            default: 0,
            min: 0,
            max: 10_000,
            unit: "updates",
        },
        "Promote what is staged after so many updates; 0 leaves that to people and agents.",
    ),
    (
        "tuner.promote_confidence",
        Kind::Number {
            default: 0.0,
            min: 0.0,
            max: 0.9999,
            unit: "",
        },
        "Promote only if `tuner.value_tool` says, with this confidence, that what is staged earns \
         more than what is active; 0 asks nobody.",
    ),
    (
        "tuner.promote_margin",
        Kind::Number {
            default: 0.0,
            min: 0.0,
            max: 1e9,
            unit: "",
        },
        "How much more that has to be, in rewards.",
    ),
    (
        "tuner.value_tool",
        Kind::Text {
            default: "policy_value",
        },
        "The tool of the tuner that is asked, with `confidence`, and answers with `low`: the gain is \
         at least that.",
    ),
    (
        "tuner.canary_share",
        Kind::Number {
            default: 0.0,
            min: 0.0,
            max: 1.0,
            unit: "",
        },
        "The share of `active`'s conversations that a promoted state gets while it is watched; 0 \
         makes it active at once.",
    ),
    (
        "tuner.memory",
        Kind::Whole {
            default: 16,
            min: 0,
            max: 10_000,
            unit: "releases",
        },
        "Releases that are looked back at: a state that was active in one of them is not promoted \
         again.",
    ),
    (
        "tuner.cool_down_s",
        Kind::Whole {
            default: 0,
            min: 0,
            max: 30 * DAY_MS / 1_000,
            unit: "s",
        },
        "Time between two changes of `active` that nobody asked for.",
    ),
    (
        "tuner.changes_per_day_max",
        Kind::Whole {
            default: 1_000,
            min: 1,
            max: COUNT_MAX,
            unit: "",
        },
        "Promotions that nobody asked for, within a day.",
    ),
    (
        "tuner.confirmations",
        Kind::Whole {
            default: 1,
            min: 1,
            max: 1_000,
            unit: "",
        },
        "How often in a row `tuner.value_tool` has to find that what is staged is better.",
    ),
    (
        "tuner.memory_bytes_max",
        Kind::Whole {
            default: 1 << 30,
            min: 64 << 20,
            max: TIB,
            unit: "bytes",
        },
        "The private memory of a worker of the tuner.",
    ),
    (
        "sandbox.cells",
        Kind::Whole {
            default: 0,
            min: 0,
            max: 1_024,
            unit: "cells",
        },
        "Candidates that are tried at once; 0 is one for each core.",
    ),
    (
        "sandbox.cells_per_second_max",
        Kind::Whole {
            default: 2_000,
            min: 1,
            max: COUNT_MAX,
            unit: "cells",
        },
        "How many instances of candidates may begin in a second.",
    ),
    (
        "sandbox.niceness",
        Kind::Whole {
            default: 10,
            min: 0,
            max: 19,
            unit: "",
        },
        "How far everything else goes before candidates where processors are busy.",
    ),
    (
        "sandbox.component",
        Kind::Path { default: "" },
        "The Wasm component with Python; without it, it is looked for beside the program.",
    ),
    (
        "sandbox.load_ms_max",
        Kind::Whole {
            default: 5_000,
            min: 10,
            max: DAY_MS,
            unit: "ms",
        },
        "How long the modules of a candidate may take to load.",
    ),
    (
        "sandbox.call_ms_max",
        Kind::Whole {
            default: 1_000,
            min: 1,
            max: DAY_MS,
            unit: "ms",
        },
        "How long one call of a candidate may take.",
    ),
    (
        "sandbox.memory_bytes_max",
        Kind::Whole {
            default: 256 << 20,
            min: 16 << 20,
            max: TIB,
            unit: "bytes",
        },
        "Memory that a candidate may take beside what Python itself has.",
    ),
    (
        "sandbox.output_bytes_max",
        Kind::Whole {
            default: 1 << 20,
            min: 0,
            max: 1 << 30,
            unit: "bytes",
        },
        "The most that one instance of a candidate may print and log.",
    ),
    (
        "gate.imports.allow",
        Kind::Words,
        "Modules that candidates may import beside those that only compute, with all below them.",
    ),
    (
        "gate.imports.refuse",
        Kind::Words,
        "Modules that candidates may not import although they only compute.",
    ),
    (
        "gate.builtins.allow",
        Kind::Words,
        "Built-in functions that candidates may name although they run text or open files.",
    ),
    (
        "gate.builtins.refuse",
        Kind::Words,
        "Built-in functions that candidates may not name either.",
    ),
    (
        "gate.attributes.allow",
        Kind::Words,
        "Attributes that candidates may name although they lead into the interpreter.",
    ),
    (
        "gate.attributes.refuse",
        Kind::Words,
        "Attributes that candidates may not name either.",
    ),
    (
        "gate.attributes.computed",
        Kind::Switch { default: false },
        "Let candidates take attributes by names that are not in the text.",
    ),
    (
        "gate.bounds.module_bytes_max",
        Kind::Whole {
            default: 256 << 10,
            min: 1,
            max: 1 << 30,
            unit: "bytes",
        },
        "The largest module of a candidate.",
    ),
    (
        "gate.bounds.bytes_max",
        Kind::Whole {
            default: 2 << 20,
            min: 1,
            max: 1 << 30,
            unit: "bytes",
        },
        "All modules of a candidate together.",
    ),
    (
        "release.untested",
        Kind::Switch { default: false },
        "Release versions that nothing proves. They stay unstable, and `latest` passes over them.",
    ),
    (
        "release.watch_s",
        Kind::Whole {
            default: 300,
            min: 0,
            max: DAY_MS / 1_000,
            unit: "s",
        },
        "Time that a version serves before it counts as good, once every Runner has taken it up; 0 \
         waits for the Runners alone.",
    ),
    (
        "vault.s3",
        Kind::Text { default: "" },
        "Where evals, code and archives are kept: `s3://bucket` or `s3://bucket/prefix`; empty is \
         the folder `vault` of the data folder.",
    ),
    (
        "vault.endpoint",
        Kind::Text { default: "" },
        "The server that speaks S3, such as `http://localhost:9000`; empty is Amazon's own. Unless \
         set, `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL` count.",
    ),
    (
        "vault.region",
        Kind::Text {
            default: "us-east-1",
        },
        "The bucket's region. Unless set, `AWS_REGION` or `AWS_DEFAULT_REGION` count.",
    ),
    (
        "vault.path_style",
        Kind::Switch { default: false },
        "Ask for `endpoint/bucket/key` instead of `bucket.endpoint/key`, as most servers beside \
         Amazon's want it.",
    ),
    (
        "vault.access_key_id",
        Kind::Text { default: "" },
        "Who asks. Unless this and the two below are set, `AWS_ACCESS_KEY_ID`, \
         `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` count.",
    ),
    (
        "vault.secret_access_key",
        Kind::Text { default: "" },
        "What proves it.",
    ),
    (
        "vault.session_token",
        Kind::Text { default: "" },
        "What goes with keys that are lent for a while.",
    ),
    (
        "telemetry.log_level",
        Kind::Text { default: "info" },
        "What is logged: `error`, `warn`, `info`, `debug`, `trace`, or a part at a time as in \
         `info,journal=debug`.",
    ),
    (
        "telemetry.log_file_bytes_max",
        Kind::Whole {
            default: 32 << 20,
            min: 4_096,
            max: TIB,
            unit: "bytes",
        },
        "The size at which a log file is closed and the next one begun.",
    ),
    (
        "telemetry.log_files_max",
        Kind::Whole {
            default: 8,
            min: 1,
            max: 10_000,
            unit: "files",
        },
        "Log files that are kept here, and of each other signal; those that are not in the vault yet \
         stay for longer, up to eight times as many.",
    ),
    (
        "telemetry.trace_files",
        Kind::Switch { default: false },
        "Write traces to files as OTLP, below the logs.",
    ),
    (
        "telemetry.metric_files",
        Kind::Switch { default: true },
        "Write metrics to files as OTLP once a minute, below the logs.",
    ),
    (
        "telemetry.archive",
        Kind::Switch { default: true },
        "Keep closed files of logs, metrics and traces in the vault.",
    ),
    (
        "telemetry.local_days",
        Kind::Whole {
            default: 7,
            min: 0,
            max: 36_500,
            unit: "days",
        },
        "Age from which files that are in the vault are removed here.",
    ),
    (
        "telemetry.otlp_endpoint",
        Kind::Text { default: "" },
        "Where traces and metrics are sent, such as `http://localhost:4317`; empty sends none.",
    ),
    (
        "telemetry.otlp_protocol",
        Kind::Choice {
            default: "grpc",
            of: &["grpc", "http"],
        },
        "How the collector is spoken to.",
    ),
    (
        "telemetry.otlp_headers",
        Kind::Words,
        "Headers for the collector, each as `name=value`.",
    ),
];

/// Whose values are for nobody's eyes.
const SECRETS: [&str; 8] = [
    "architect.api_key",
    "http.tokens",
    "journal.nats",
    "journal.nats_system",
    "vault.access_key_id",
    "vault.secret_access_key",
    "vault.session_token",
    "telemetry.otlp_headers",
];

/// Every key, in the order they are documented.
pub(crate) fn keys() -> Vec<Key> {
    let fixed = FIXED
        .iter()
        .chain(&architect::KEYS)
        .chain(&journal::KEYS)
        .map(|(path, kind, description)| Key {
            path: (*path).to_owned(),
            kind: *kind,
            description,
            is_secret: SECRETS.contains(path),
            is_adjustable: false,
        });
    let adjustable = catalogue().into_iter().flat_map(|known| {
        known.settings.iter().map(move |spec| Key {
            path: format!("{}.{}", known.service, spec.name),
            kind: kind_of(spec),
            description: spec.description,
            is_secret: false,
            is_adjustable: true,
        })
    });
    fixed.chain(adjustable).collect()
}

fn kind_of(spec: &SettingSpec) -> Kind {
    let unit = spec.unit;
    match spec.range {
        SettingRange::Integer { default, min, max } => Kind::Whole {
            default,
            min,
            max,
            unit,
        },
        SettingRange::Float { default, min, max } => Kind::Number {
            default,
            min,
            max,
            unit,
        },
        SettingRange::Bool { default } => Kind::Switch { default },
    }
}
