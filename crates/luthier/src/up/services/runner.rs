//! The Runner under supervision.

use async_trait::async_trait;
use runner::Runner;
use supervision::{Health, Pressure, Service, Shed};

pub(super) const NAME: &str = "runner";

pub(in crate::up) struct RunnerService {
    pub(in crate::up) runner: Runner,
}

#[async_trait]
impl Service for RunnerService {
    fn name(&self) -> &'static str {
        NAME
    }

    /// The one place where a person sees why a new version is not served.
    async fn health(&self) -> Health {
        let troubles = self.runner.troubles();
        let told: Vec<_> = troubles
            .iter()
            .map(|(reference, reason)| format!("`{reference}`: {reason}"))
            .collect();
        if told.is_empty() {
            Health::Healthy
        } else {
            Health::degraded(told.join("; "))
        }
    }

    async fn shed_load(&self, _level: Pressure) -> Shed {
        match self.runner.release_idle() {
            0 => Shed::nothing(),
            versions => Shed::new(0, format!("{versions} versions that nobody used lately")),
        }
    }

    async fn shutdown(&self) {
        self.runner.shut_down().await;
    }
}
