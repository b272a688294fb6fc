//! What tunes versions in this process: for a server, or for one client.

use std::{io, sync::Arc};

use atoms::Handoff;
use journal::Journal;
use python::Pool;
use runner::{CodeStore, Runner};
use state::StateManager;
use tuner::{Promoter, Tuner, TunerParts};
use vault::Store;

use crate::{PYTHON_WORKER, config::Config, releasing::Releasing};

/// Where the modules of a version's tuner are.
const MODULES: &str = "tools/tuner";

/// What a Tuner shares with the rest of the process.
pub(super) struct Shared<'a> {
    pub(super) config: &'a Config,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) manager: StateManager,
    pub(super) store: Store,
    /// Nothing where nothing is released.
    pub(super) releasing: Option<&'a Releasing>,
    /// Sees at once what was changed here.
    pub(super) runner: Option<Runner>,
    /// Atoms that wait for a client of the Tuner.
    pub(super) handoff: Option<Handoff>,
}

impl Shared<'_> {
    pub(super) fn start(self) -> Tuner {
        let code = CodeStore::new(self.store.clone());
        let runner = self.runner;
        let config = self.config.clone();
        let promoter = self.releasing.map(|releasing| Promoter {
            releaser: releasing.releaser.clone(),
            prover: releasing.prover.clone(),
        });
        let parts = TunerParts {
            journal: self.journal,
            manager: self.manager,
            store: self.store,
            files: Arc::new(move |hash| Ok(code.get(hash)?)),
            workers: Arc::new(move || start_workers(&config)),
            promoter,
            handoff: self.handoff,
            on_moved: Arc::new(move || {
                let runner = runner.clone();
                Box::pin(async move {
                    if let Some(runner) = runner {
                        runner.catch_up().await;
                    }
                })
            }),
        };
        Tuner::start(parts, self.config.tuner.tuner.clone())
    }
}

/// Workers that can change nothing but what they answer.
fn start_workers(config: &Config) -> io::Result<Pool> {
    let defaults = python::Settings::new(std::env::current_exe()?, [PYTHON_WORKER.into()]);
    Pool::start(python::Settings {
        workers: config.tuner.workers,
        folder: MODULES.to_owned(),
        rails: true,
        memory_bytes_max: config.tuner.memory_bytes_max,
        load_deadline: config.runner.load_deadline,
        wheels: Some(super::tools::wheels(config)),
        ..defaults
    })
}
