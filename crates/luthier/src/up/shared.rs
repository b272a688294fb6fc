//! What the services and tasks of one server share, and what is made of it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
    time::SystemTime,
};

use architect::Architect;
use atoms::Handoff;
use jiff::Timestamp;
use journal::OpenJournal;
use python::Pool;
use repo::Repo;
use runner::{CodeStore, LogHistory, Runner, RunnerParts};
use state::StateManager;
use supervision::{Limits, Service, Supervisor, SystemMemory};
use tokio_util::sync::CancellationToken;
use tuner::Tuner;
use vault::{ArrayStore, Outbox, Store, Vault};
use versions::{Registry, Sources};

use super::{
    Taken,
    seed::Refused,
    services::{
        HttpService, JournalKnobs, JournalService, RunnerService, StateKnobs, StateService,
        TelemetryService, VaultHealth, VaultService, chain,
    },
    signals::LedgerSink,
    tools, tuning,
};
use crate::{
    architecting,
    config::Config,
    exit::Exit,
    failure::Failure,
    ledger::Ledger,
    releasing::Releasing,
    session::{self, Session, allowed_signers, logs_path, vault_path},
};

/// What services and tasks share.
pub(super) struct Shared {
    pub(super) ledger: Ledger,
    pub(super) journal: Arc<dyn OpenJournal>,
    pub(super) vault: Arc<Vault>,
    /// What may wait for the vault.
    pub(super) outbox: Arc<Outbox>,
    /// What belongs to versions.
    pub(super) store: Store,
    pub(super) manager: StateManager,
    pub(super) journal_knobs: Arc<JournalKnobs>,
    pub(super) state_knobs: Arc<StateKnobs>,
    pub(super) vault_health: Arc<VaultHealth>,
}

impl Shared {
    pub(super) fn open(taken: &Taken) -> Result<Self, Failure> {
        let journal = taken.opened.journal.clone();
        let vault = Arc::new(taken.opened.vault()?);
        let outbox = Arc::new(session::outbox(vault.clone(), &taken.opened.data));
        Ok(Self {
            ledger: taken.opened.ledger.clone(),
            store: session::store(&outbox, &taken.opened.configured.config)?,
            outbox,
            vault,
            manager: StateManager::new(journal.clone(), Arc::new(Timestamp::now)),
            journal,
            journal_knobs: Arc::default(),
            state_knobs: Arc::default(),
            vault_health: Arc::default(),
        })
    }

    /// Nothing where the journal alone is followed.
    pub(super) fn source(
        &self,
        session: &Session,
        workspace: Option<&Path>,
        taken: &Taken,
    ) -> Result<Option<tools::Source>, Failure> {
        let Some(workspace) = workspace else {
            return Ok(None);
        };
        let source = tools::SourceOf {
            claim: taken.claim,
            config: &taken.opened.configured.config,
            workspace: workspace.to_owned(),
            journal: self.journal.clone(),
            manager: self.manager.clone(),
            vault: self.vault.clone(),
            store: self.store.clone(),
            pool: taken.pool.clone(),
            output: session.output,
        };
        source.source(&taken.opened.data).map(Some)
    }

    pub(super) fn start_runner(
        &self,
        config: &Config,
        pool: Pool,
        git: Option<Arc<Repo>>,
    ) -> Runner {
        let parts = RunnerParts {
            journal: self.journal.clone(),
            manager: self.manager.clone(),
            store: CodeStore::new(self.store.clone()),
            git,
            pool,
            history: LogHistory::new(logs_path(&config.data), self.vault.clone()),
            arrays: Some(ArrayStore::new(self.store.clone())),
            tenure: match &self.ledger {
                Ledger::File(_) => None,
                Ledger::Shared(journal) => Some(journal.begin_tenure(config.journal.lease)),
            },
        };
        Runner::start(parts, config.runner.runner.clone())
    }

    /// Nothing where nothing is released from here.
    pub(super) fn start_architect(
        &self,
        (session, config, data): (&Session, &Config, &Path),
        releasing: Option<&Releasing>,
        runner: Option<Runner>,
        cancel: CancellationToken,
    ) -> Result<Option<Architect>, Failure> {
        let Some(releasing) = releasing else {
            return Ok(None);
        };
        let parts = architecting::Shared {
            config,
            environment: &session.environment,
            journal: self.journal.clone(),
            manager: self.manager.clone(),
            store: self.store.clone(),
            releasing,
            runner,
            output: session.output,
            cancel,
        };
        architecting::architect(parts, data).map(Some)
    }

    pub(super) fn start_tuner(
        &self,
        config: &Config,
        releasing: Option<&Releasing>,
        runner: Option<Runner>,
        handoff: Option<Handoff>,
    ) -> Tuner {
        let tuning = tuning::Shared {
            handoff,
            config,
            journal: self.journal.clone(),
            manager: self.manager.clone(),
            store: self.store.clone(),
            releasing,
            runner,
        };
        tuning.start()
    }

    /// What cannot be read yet is tried again while the server runs.
    pub(super) async fn open_registry(&self, git: Option<Arc<Repo>>, data: &Path) -> Registry {
        let registry = Registry::new(Sources {
            repo: git,
            manager: self.manager.clone(),
            store: self.store.clone(),
            allowed_signers: allowed_signers(data),
        });
        if let Err(error) = registry.refresh().await {
            tracing::warn!(reason = chain(&error), "the versions are not known yet");
        }
        registry
    }

    pub(super) fn supervise(
        &self,
        config: &Config,
        url: &str,
        refused: Refused,
        runner: Option<&Runner>,
    ) -> Result<Arc<Supervisor>, Failure> {
        let sink = Arc::new(LedgerSink {
            journal: self.journal.clone(),
        });
        let started_at = SystemTime::now();
        let supervisor = Supervisor::new(
            Limits::default(),
            SystemMemory::discover(),
            sink,
            started_at,
        );
        let mut services: Vec<Arc<dyn Service>> = vec![
            Arc::new(TelemetryService {
                logs: Arc::new(logs_path(&config.data)),
            }),
            Arc::new(JournalService {
                journal: self.journal.clone(),
                data: config.data.clone(),
                knobs: self.journal_knobs.clone(),
                failed_before: AtomicU64::new(0),
            }),
            Arc::new(VaultService {
                outbox: self.outbox.clone(),
                folder: vault_path(&config.data),
                health: self.vault_health.clone(),
            }),
            Arc::new(StateService {
                manager: self.manager.clone(),
                knobs: self.state_knobs.clone(),
                refused,
                has_begun: AtomicBool::new(false),
            }),
            Arc::new(HttpService {
                url: url.to_owned(),
            }),
        ];
        // None is started anew. Telemetry and HTTP live as long as the process; the journal, the
        // vault and the state manager are shared by everything that holds them, so that another one
        // in their place would leave those with the old one: they mend themselves in `heal`. The
        // tasks beside them (sealer, copies, settings) end the server when they end, and whatever
        // started it starts all of it anew.
        if let Some(runner) = runner {
            services.push(Arc::new(RunnerService {
                runner: runner.clone(),
            }));
        }
        for service in services {
            supervisor
                .register(service, None)
                .map_err(|error| Failure::new("internal", Exit::Internal, error))?;
        }
        Ok(Arc::new(supervisor))
    }
}
