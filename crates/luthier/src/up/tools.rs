//! What runs tools in this process: for a server, for one client, for one call.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use journal::Journal;
use python::Pool;
use repo::Repo;
use runner::{CodeStore, LogHistory, Runner, RunnerParts};
use state::StateManager;
use telemetry::{StderrStyle, Telemetry, TelemetryConfig};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tuner::Tuner;
use vault::{ArrayStore, Store, Vault};

use super::{
    Claim, find_running,
    follow::Follower,
    lock::UpLock,
    seed::{self, Refused},
    stop::StopSignals,
    tuning,
};
use crate::{
    PYTHON_WORKER,
    config::{Config, RunnerSettings},
    failure::Failure,
    output::Output,
    releasing::{self, Releasing, repository},
    session::{Configured, Session, Unopened, logs_path},
};

/// Time that installing the packages of a version may take.
const WHEELS_MS_MAX: u64 = 5 * 60 * 1_000;

/// What a client that starts this program sees of the log, on stderr.
const LOG_LEVEL: &str = "warn";

/// Starts the workers. They take as long as everything else together, so they go first.
pub(crate) fn start_workers(config: &Config) -> Result<Pool, Failure> {
    let settings = worker_settings(config)?;
    Pool::start(settings).map_err(|error| Failure::io("start what runs tools", error))
}

/// The workers that are configured here.
pub(crate) fn worker_settings(config: &Config) -> Result<python::Settings, Failure> {
    let RunnerSettings {
        workers,
        queue_max,
        load_deadline,
        memory_bytes_max,
        ..
    } = config.runner;
    let program = std::env::current_exe().map_err(|error| Failure::io("find itself", error))?;
    let defaults = python::Settings::new(program, [PYTHON_WORKER.into()]);
    Ok(python::Settings {
        workers: workers.unwrap_or(defaults.workers),
        queue_max,
        load_deadline,
        memory_bytes_max,
        wheels: Some(wheels(config)),
        ..defaults
    })
}

/// Where third-party packages are, and how they get there.
pub(super) fn wheels(config: &Config) -> python::Wheels {
    python::Wheels {
        folder: config.data.join("envs"),
        uv: None,
        deadline: Duration::from_millis(WHEELS_MS_MAX),
    }
}

/// A workspace, and where what is taken up of it goes.
pub(super) struct Source {
    pub(super) manager: StateManager,
    pub(super) vault: Arc<Vault>,
    pub(super) store: Store,
    pub(super) workspace: PathBuf,
    pub(super) git: Option<Arc<Repo>>,
    pub(super) refused: Refused,
    /// What makes versions; nothing where the working tree is followed.
    pub(super) releasing: Option<Releasing>,
}

/// What a source is made of.
pub(super) struct SourceOf<'a> {
    pub(super) claim: Claim,
    pub(super) config: &'a Config,
    pub(super) workspace: PathBuf,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) manager: StateManager,
    pub(super) vault: Arc<Vault>,
    pub(super) store: Store,
    pub(super) pool: Option<Pool>,
    pub(super) output: Output,
}

impl SourceOf<'_> {
    pub(super) fn source(self, data: &Path) -> Result<Source, Failure> {
        let git = git(self.claim, &self.workspace, data)?;
        let releasing = match (self.claim, &git) {
            (Claim::Alone | Claim::Beside, Some(repo)) => {
                let shared = releasing::Shared {
                    journal: self.journal,
                    manager: self.manager.clone(),
                    store: self.store.clone(),
                    repo: repo.clone(),
                    workers: self.pool,
                    output: self.output,
                };
                let config = Config {
                    data: data.to_owned(),
                    ..self.config.clone()
                };
                Some(Releasing::new(shared, &config, Some(&self.workspace))?)
            }
            (Claim::WorkingTree | Claim::Replica, _) | (_, None) => None,
        };
        Ok(Source {
            manager: self.manager,
            vault: self.vault,
            store: self.store,
            workspace: self.workspace,
            git,
            refused: Refused::default(),
            releasing,
        })
    }
}

/// Where versions in git are read: in a clone, so that no clean-up of the workspace takes a release
/// away, or in the workspace itself where nothing is released.
fn git(claim: Claim, workspace: &Path, data: &Path) -> Result<Option<Arc<Repo>>, Failure> {
    match claim {
        Claim::Alone | Claim::Beside => repository(Some(workspace), data).map(Some),
        Claim::Replica => Ok(None),
        Claim::WorkingTree => Ok(seed::open(workspace)),
    }
}

/// Whose tools a command works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// What `luthier up` serves.
    Released,
    /// What `luthier dev` serves; where none runs, the working tree is followed here.
    WorkingTree,
    /// What `luthier dev` serves if one runs, else what `luthier up` does.
    Newest,
}

/// What serves the tools of versions, and what tunes them.
pub(crate) struct Hosts {
    pub(crate) runner: Runner,
    pub(crate) tuner: Tuner,
}

/// Runs `work` with hosts of this process's own, beside whatever server there is.
pub(crate) fn with_hosts<T, F>(
    session: &Session,
    of: Of,
    work: impl FnOnce(Hosts, CancellationToken) -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let configured = session.configure(Vec::new())?;
    let workspace = configured.workspace(session)?;
    let claim = claim(session, of, &configured)?;
    let configured = match claim {
        Claim::WorkingTree => configured.for_dev(),
        Claim::Alone | Claim::Beside | Claim::Replica => configured,
    };
    let data = configured.data(session)?;
    let config = configured.config.clone();
    let telemetry = chatter(session, &config)?;
    let runtime = super::runtime()?;
    let outcome = runtime.block_on(async {
        let pool = start_workers(&config)?;
        // A server that runs follows the workspace itself.
        let lock = if find_running(&data)?.is_empty() {
            lock(claim, &data)?
        } else {
            Lock::Theirs
        };
        let opened = Unopened { configured, data }.open().await?;
        let outcome = async {
            let of = SourceOf {
                claim,
                config: &config,
                workspace,
                journal: opened.journal.clone(),
                manager: StateManager::new(opened.journal.clone(), Arc::new(Timestamp::now)),
                vault: Arc::new(opened.vault()?),
                store: opened.store()?.0,
                pool: Some(pool.clone()),
                output: session.output,
            };
            let source = of.source(&opened.data)?;
            let manager = source.manager.clone();
            let parts = RunnerParts {
                journal: opened.journal.clone(),
                manager: source.manager.clone(),
                store: CodeStore::new(source.store.clone()),
                git: source.git.clone(),
                pool,
                history: LogHistory::new(logs_path(&opened.data), source.vault.clone()),
                arrays: Some(ArrayStore::new(source.store.clone())),
                tenure: None,
            };
            let runner = Runner::start(parts, config.runner.runner.clone());
            let tuning = tuning::Shared {
                handoff: None,
                config: &config,
                journal: opened.journal.clone(),
                manager: source.manager.clone(),
                store: source.store.clone(),
                releasing: source.releasing.as_ref(),
                runner: Some(runner.clone()),
            };
            let tuner = tuning.start();
            let stop = stop_on_signal()?;
            let follower = Follower::new(Some(source), &manager, Some(&runner));
            let following = lock.follow(follower, session.output, &stop).await?;
            let hosts = Hosts {
                runner: runner.clone(),
                tuner: tuner.clone(),
            };
            let outcome = work(hosts, stop).await;
            drop(following);
            tuner.shut_down().await;
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

/// Tells whoever runs a command of what its tools and workers meet.
pub(crate) fn chatter(session: &Session, config: &Config) -> Result<Telemetry, Failure> {
    let telemetry = telemetry::init(&TelemetryConfig {
        log_level: LOG_LEVEL.to_owned(),
        stderr: Some(StderrStyle {
            is_coloured: session.output.is_stderr_coloured(),
        }),
        ..TelemetryConfig::new(&config.name, "tools")
    });
    Ok(telemetry?)
}

/// Which server's data the command works with.
fn claim(session: &Session, of: Of, configured: &Configured) -> Result<Claim, Failure> {
    let is_of_dev = match of {
        Of::Released => false,
        Of::WorkingTree => true,
        Of::Newest => {
            let dev = !find_running(&configured.dev_data())?.is_empty();
            if dev && !find_running(&configured.config.data)?.is_empty() {
                session.output.note(
                    "`luthier dev` answers; `--version active` asks what `luthier up` serves",
                );
            }
            dev
        }
    };
    Ok(if is_of_dev {
        Claim::WorkingTree
    } else {
        Claim::Beside
    })
}

/// Who follows the workspace while a command runs.
enum Lock {
    /// A server that runs.
    Theirs,
    /// The command, for the moment.
    None,
    /// The command, and no other beside it.
    Own(UpLock),
}

fn lock(claim: Claim, data: &Path) -> Result<Lock, Failure> {
    if claim != Claim::WorkingTree {
        return Ok(Lock::None);
    }
    crate::session::create_folder(data)?;
    UpLock::take(data).map(Lock::Own)
}

impl Lock {
    /// Brings what is followed up to date; with a lock of its own the command goes on following
    /// until what it is handed back is dropped.
    async fn follow(
        self,
        mut follower: Follower,
        output: Output,
        stop: &CancellationToken,
    ) -> Result<Option<(AbortOnDropHandle<()>, UpLock)>, Failure> {
        // A server that is just starting may not have begun yet; what it does then is the same.
        if matches!(self, Self::Theirs) && follower.has_begun().await? {
            return Ok(None);
        }
        follower.begin().await?;
        let Self::Own(lock) = self else {
            return Ok(None);
        };
        let stop = stop.clone();
        let following = tokio::spawn(async move {
            if let Err(failure) = follower.run_aside(output, stop).await {
                tracing::error!(
                    error = &failure as &dyn std::error::Error,
                    "no save is noticed"
                );
            }
        });
        Ok(Some((AbortOnDropHandle::new(following), lock)))
    }
}

pub(crate) fn stop_on_signal() -> Result<CancellationToken, Failure> {
    let mut signals = StopSignals::listen()?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        told.cancel();
    });
    Ok(stop)
}
