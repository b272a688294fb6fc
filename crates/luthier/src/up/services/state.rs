//! The State Manager under supervision.

use std::{
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use model::LineageName;
use state::{StateError, StateManager};
use supervision::{
    HealError, Health, Pressure, Service, SettingError, SettingSpec, SettingValue, Shed,
};

use super::{super::seed::Refused, chain, whole};

pub(in crate::up) const NAME: &str = "state";

const COPIES_INTERVAL_MS: i64 = 1_000;

pub(super) static SETTINGS: &[SettingSpec] = &[SettingSpec::integer(
    "copies_interval_ms",
    COPIES_INTERVAL_MS,
    (50, 3_600_000),
    "ms",
    "Time between two looks whether somebody edited a copy of a state document by hand.",
)];

/// What can be adjusted, as it stands now.
pub(in crate::up) struct StateKnobs {
    copies_interval_ms: AtomicU64,
}

impl Default for StateKnobs {
    fn default() -> Self {
        Self {
            copies_interval_ms: AtomicU64::new(COPIES_INTERVAL_MS.unsigned_abs()),
        }
    }
}

impl StateKnobs {
    pub(in crate::up) fn copies_interval(&self) -> Duration {
        Duration::from_millis(self.copies_interval_ms.load(Ordering::Relaxed))
    }
}

pub(in crate::up) struct StateService {
    pub(in crate::up) manager: StateManager,
    pub(in crate::up) knobs: Arc<StateKnobs>,
    /// Why what the workspace offers was not taken up.
    pub(in crate::up) refused: Refused,
    /// Was there a version before?
    pub(in crate::up) has_begun: AtomicBool,
}

impl StateService {
    /// Has `main` begun?
    async fn read(&self) -> Result<bool, String> {
        match self.manager.root(&LineageName::default()).await {
            Ok(_root) => Ok(true),
            Err(StateError::NoLineage { .. }) => Ok(false),
            Err(error) => Err(chain(&error)),
        }
    }
}

#[async_trait]
impl Service for StateService {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn health(&self) -> Health {
        let is_begun = match self.read().await {
            Ok(is_begun) => is_begun,
            Err(reason) => return Health::unhealthy(reason),
        };
        let refused = self
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match refused {
            Some(refused) => Health::degraded(refused),
            None if is_begun => {
                self.has_begun.store(true, Ordering::Relaxed);
                Health::Healthy
            }
            None if self.has_begun.load(Ordering::Relaxed) => {
                Health::unhealthy("`main` is gone from the journal")
            }
            // It is on its way: readiness says so.
            None => Health::Healthy,
        }
    }

    async fn shed_load(&self, _level: Pressure) -> Shed {
        let bytes = self.manager.cache_bytes() as u64;
        match self.manager.release_cache() {
            0 => Shed::nothing(),
            documents => Shed::new(bytes, format!("{documents} parsed documents")),
        }
    }

    async fn heal(&self) -> Result<(), HealError> {
        self.manager.release_cache();
        let read = self.read().await;
        read.map(|_is_begun| ()).map_err(HealError::failed)
    }

    async fn shutdown(&self) {
        self.manager.release_cache();
    }

    fn settings(&self) -> &'static [SettingSpec] {
        SETTINGS
    }

    fn set(&self, _name: &str, value: &SettingValue) -> Result<(), SettingError> {
        self.knobs
            .copies_interval_ms
            .store(whole(value), Ordering::Relaxed);
        Ok(())
    }
}
