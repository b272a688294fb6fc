//! What runs tools in this process: for a server, for one client, for one call.

use std::{path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use journal::SqliteJournal;
use repo::Repo;
use runner::{CodeStore, Runner, RunnerParts};
use state::StateManager;
use telemetry::{StderrStyle, TelemetryConfig};
use tokio_util::sync::CancellationToken;
use vault::Vault;

use super::{find_running, seed, seed::WorkspaceFollower, stop::StopSignals};
use crate::{
    PYTHON_WORKER,
    config::{Config, RunnerSettings},
    failure::Failure,
    session::{Opened, Session},
};

/// Time that installing the packages of a version may take.
const WHEELS_MS_MAX: u64 = 5 * 60 * 1_000;

/// What a client that starts this program sees of the log, on stderr.
const LOG_LEVEL: &str = "warn";

/// Starts a Runner; its workers start meanwhile.
pub(super) fn start_runner(
    config: &Config,
    journal: Arc<SqliteJournal>,
    manager: StateManager,
    vault: Arc<Vault>,
    git: Option<Arc<Repo>>,
) -> Result<Runner, Failure> {
    let RunnerSettings {
        workers,
        queue_max,
        memory_bytes_max,
        runner,
    } = config.runner.clone();
    let program = std::env::current_exe().map_err(|error| Failure::io("find itself", error))?;
    let defaults = python::Settings::new(program, [PYTHON_WORKER.into()]);
    let settings = python::Settings {
        workers: workers.unwrap_or(defaults.workers),
        queue_max,
        memory_bytes_max,
        wheels: Some(python::Wheels {
            folder: config.data.join("envs"),
            uv: None,
            deadline: Duration::from_millis(WHEELS_MS_MAX),
        }),
        ..defaults
    };
    let pool = python::Pool::start(settings)
        .map_err(|error| Failure::io("start what runs tools", error))?;
    let parts = RunnerParts {
        journal,
        manager,
        store: CodeStore::new(vault),
        git,
        pool,
    };
    Ok(Runner::start(parts, runner))
}

/// What follows the workspace for whoever serves it.
pub(super) fn follow_workspace(
    manager: StateManager,
    vault: Arc<Vault>,
    workspace: &Path,
    data: &Path,
) -> Result<WorkspaceFollower, Failure> {
    Ok(WorkspaceFollower {
        manager,
        store: CodeStore::new(vault),
        workspace: workspace.to_owned(),
        git: seed::clone(workspace, data)?,
        refused: seed::Refused::default(),
    })
}

/// Runs `work` with a Runner of this process's own, beside whatever server there is.
pub(crate) fn with_runner<T, F>(
    session: &Session,
    work: impl FnOnce(Runner, CancellationToken) -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let configured = session.configure(Vec::new())?;
    let workspace = configured.workspace(session)?;
    let data = configured.data(session)?;
    let config = configured.config.clone();
    let telemetry = telemetry::init(&TelemetryConfig {
        log_level: LOG_LEVEL.to_owned(),
        stderr: Some(StderrStyle {
            is_coloured: session.output.is_stderr_coloured(),
        }),
        ..TelemetryConfig::new(&config.name, "tools")
    })?;
    let runtime = super::runtime()?;
    let outcome = runtime.block_on(async {
        let opened = Opened::new(configured, data)?;
        let outcome = async {
            let vault = Arc::new(opened.vault()?);
            let manager = StateManager::new(opened.journal.clone(), Arc::new(Timestamp::now));
            let follower =
                follow_workspace(manager.clone(), vault.clone(), &workspace, &opened.data)?;
            // A server that runs follows the workspace itself.
            if find_running(&opened.data)?.is_empty() {
                follower.bring().await?;
            }
            let git = follower.git.clone();
            let runner = start_runner(&config, opened.journal.clone(), manager, vault, git)?;
            let stop = stop_on_signal()?;
            let outcome = work(runner.clone(), stop).await;
            runner.shut_down().await;
            outcome
        };
        let outcome = outcome.await;
        opened.close().await;
        outcome
    });
    // A thread that waits for standard input never comes back.
    runtime.shutdown_background();
    telemetry.shutdown();
    outcome
}

fn stop_on_signal() -> Result<CancellationToken, Failure> {
    let mut signals = StopSignals::listen()?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        told.cancel();
    });
    Ok(stop)
}
