//! `luthier up` and `luthier serve`: every role in one process, under one supervisor.
//!
//! The order matters: the lock, then the address, then the stores, then everything that runs. It is
//! taken down the other way round, so that whatever was acknowledged on the way is kept.

mod announce;
mod archiver;
mod ask;
mod dev;
mod events;
mod follow;
mod judging;
mod keeper;
mod live;
mod lock;
mod metrics;
mod observe;
mod outbox;
mod projections;
mod roles;
mod sealer;
mod seed;
mod server;
mod services;
mod settings;
mod shared;
mod signals;
mod stop;
mod tools;
mod triggers;
mod tuning;
mod watching;

use std::time::Duration;

use model::Seq;
use python::Pool;
use serde_json::json;
use telemetry::{OtlpConfig, OtlpProtocol, Rotation, StderrStyle, Telemetry, TelemetryConfig};
use tokio::runtime::{self, Runtime};
use web::{BindConfig, Bound, Listener};

pub(crate) use self::{
    archiver::hot_since,
    ask::ask,
    live::find_runners,
    lock::{Lease, Running, StartLock, find_running},
    seed::clone as clone_of_workspace,
    services::{catalogue, chain, free_bytes},
    tools::{Of, chatter, start_workers, stop_on_signal, with_hosts, worker_settings},
};
use self::{events::Events, lock::UpLock, server::Server};
use crate::{
    cli::{Role, UpArgs},
    config::{Config, Flags},
    failure::Failure,
    session::{Configured, Opened, Session, Unopened, logs_path},
};

/// The name of this process in logs and traces, beside those of its children.
const INSTANCE: &str = "up";
const INSTANCE_DEV: &str = "dev";

/// What `luthier dev` does not log, unless its level is configured.
const QUIET: &str = "supervision=error";

/// Time for what still blocks a thread once everything has ended: an upload, which goes on later.
const BLOCKED_MS_MAX: u64 = 1_000;

/// Everything that was taken before anything runs.
pub(crate) struct Taken {
    pub(crate) roles: Vec<Role>,
    pub(crate) claim: Claim,
    pub(crate) opened: Opened,
    pub(crate) bound: Bound,
    pub(crate) events: Option<Events>,
    /// The newest event before this process wrote any.
    pub(crate) began_after: Seq,
    /// What runs tools, where they are served.
    pub(crate) pool: Option<Pool>,
}

/// May other processes serve the same data folder in the same way?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// `luthier up`: there is one.
    Alone,
    /// `luthier serve`: as many as there is work for.
    Beside,
    /// `luthier serve` of roles that need nothing but a shared journal and a vault.
    Replica,
    /// `luthier dev`: there is one, in a folder of its own, and it serves the working tree.
    WorkingTree,
}

pub(crate) fn run(
    session: &Session,
    roles: &[Role],
    args: &UpArgs,
    claim: Claim,
) -> Result<(), Failure> {
    let configured = session.configure(flags(args))?;
    let is_shared = configured.config.journal.nats.is_some();
    let needs_workspace = roles.iter().any(|role| role.needs_workspace());
    let claim = match claim {
        Claim::Beside if is_shared && !needs_workspace => Claim::Replica,
        claim => claim,
    };
    let workspace = match claim {
        Claim::Replica => None,
        _ => Some(configured.workspace(session)?),
    };
    let (configured, instance) = match claim {
        Claim::Alone | Claim::Beside | Claim::Replica => (configured, INSTANCE),
        Claim::WorkingTree => (configured.for_dev(), INSTANCE_DEV),
    };
    let data = configured.data(session)?;
    crate::session::create_folder(&data)?;
    let mut lock = match claim {
        Claim::Alone | Claim::WorkingTree => UpLock::take(&data)?,
        Claim::Beside | Claim::Replica => UpLock::join(&data)?,
    };
    // Until the journal is there, nobody else makes one.
    let starting = StartLock::take(&data)?;
    let bound = bind(&configured.config)?;
    lock.announce(&bound.url(""))?;

    let telemetry = start_telemetry(session, &configured, instance)?;
    let events = args
        .events_fd
        .map(|fd| Events::open(fd, &data))
        .transpose()?;
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let has_runner = roles.contains(&Role::Runner);
        let pool = has_runner.then(|| start_workers(&configured.config));
        let opened = Unopened { configured, data }
            .open_starting(starting)
            .await?;
        let began_after = opened.journal.newest().await?;
        let mut roles = roles.to_vec();
        roles.sort_unstable();
        roles.dedup();
        let taken = Taken {
            roles,
            claim,
            opened,
            bound,
            events,
            began_after,
            pool: pool.transpose()?,
        };
        let starting = Server::start(session, workspace.as_deref(), taken, telemetry.scraper());
        Box::pin(starting).await?.run(session).await
    });
    runtime.shutdown_timeout(Duration::from_millis(BLOCKED_MS_MAX));
    telemetry.shutdown();
    drop(lock);
    outcome
}

/// What work on many threads runs on.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("luthier")
        .build()
        .map_err(|error| Failure::io("start the runtime", error))
}

fn flags(args: &UpArgs) -> Flags {
    let mut flags = Flags::new();
    if let Some(port) = args.port {
        flags.push(("http.port", json!(port), "--port"));
    }
    if let Some(bind) = args.bind {
        flags.push(("http.bind", json!(bind), "--bind"));
    }
    if args.insecure {
        flags.push(("http.insecure", json!(true), "--insecure"));
    }
    flags
}

fn bind(config: &Config) -> Result<Bound, Failure> {
    let http = &config.http;
    Ok(Listener::bind(&BindConfig {
        address: http.bind,
        port: http.port,
        has_token: !http.tokens.is_empty(),
        is_insecure: http.is_insecure,
    })?)
}

fn start_telemetry(
    session: &Session,
    configured: &Configured,
    instance: &str,
) -> Result<Telemetry, Failure> {
    let config = &configured.config;
    let otlp = config.telemetry.otlp.as_ref().map(|otlp| OtlpConfig {
        endpoint: otlp.endpoint.clone(),
        protocol: if otlp.is_http {
            OtlpProtocol::Http
        } else {
            OtlpProtocol::Grpc
        },
        headers: otlp.headers.clone(),
    });
    // What ails the working tree is said by whoever follows it, and better.
    let log_level = match instance {
        INSTANCE_DEV => format!("{QUIET},{}", config.telemetry.log_level),
        _ => config.telemetry.log_level.clone(),
    };
    Ok(telemetry::init(&TelemetryConfig {
        log_dir: Some(logs_path(&config.data)),
        log_level,
        rotation: Rotation {
            file_bytes_max: config.telemetry.log_file_bytes_max,
            files_max: config.telemetry.log_files_max,
            waits_for_archive: config.telemetry.is_archived,
        },
        stderr: Some(StderrStyle {
            is_coloured: session.output.is_stderr_coloured(),
        }),
        has_trace_files: config.telemetry.has_trace_files,
        has_metric_files: config.telemetry.has_metric_files,
        otlp,
        ..TelemetryConfig::new(&config.name, instance)
    })?)
}
