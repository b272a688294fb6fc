//! What every version that is served shares.

use std::{sync::Arc, time::Duration};

use journal::Journal;
use vault::ArrayStore;

use crate::{
    case::Cases,
    circuit::Circuits,
    config::RunnerConfig,
    logs::{LogHistory, RecentLogs},
    record::Recorder,
    sessions::Sessions,
    workers::Workers,
};

pub(crate) struct Core {
    pub(crate) config: RunnerConfig,
    pub(crate) pool: Workers,
    pub(crate) sessions: Sessions,
    pub(crate) circuits: Circuits,
    pub(crate) logs: RecentLogs,
    pub(crate) history: LogHistory,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) recorder: Recorder,
    /// There, if calls may be cases of tests.
    pub(crate) cases: Option<Cases>,
    /// Where arrays are that a state document names.
    pub(crate) arrays: Option<ArrayStore>,
}

impl Core {
    pub(crate) fn new(
        config: RunnerConfig,
        pool: Workers,
        journal: Arc<dyn Journal>,
        recorder: Recorder,
        cases: Option<Cases>,
        history: LogHistory,
        arrays: Option<ArrayStore>,
    ) -> Self {
        Self {
            pool,
            sessions: Sessions::new(journal.clone(), &config),
            journal,
            history,
            circuits: Circuits::new(&config),
            logs: RecentLogs::default(),
            recorder,
            cases,
            arrays,
            config,
        }
    }

    /// How long a tool may take that declares so much.
    pub(crate) fn deadline_of(&self, declared_ms: Option<u64>) -> Duration {
        let declared = declared_ms.map(Duration::from_millis);
        declared.map_or(self.config.deadline_default, |own| {
            own.min(self.config.deadline_max)
        })
    }
}
