//! The vault under supervision.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use supervision::{HealError, Health, Service};
use vault::Vault;

use super::chain;
use crate::session::recall_witness;

/// What the last write into the vault came to.
#[derive(Debug, Default)]
pub(in crate::up) struct VaultHealth(Mutex<Option<String>>);

impl VaultHealth {
    pub(in crate::up) fn note(&self, problem: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    fn problem(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

pub(in crate::up) struct VaultService {
    pub(in crate::up) vault: Arc<Vault>,
    pub(in crate::up) folder: PathBuf,
    pub(in crate::up) health: Arc<VaultHealth>,
}

#[async_trait]
impl Service for VaultService {
    fn name(&self) -> &'static str {
        "vault"
    }

    async fn health(&self) -> Health {
        let vault = self.vault.clone();
        let read = tokio::task::spawn_blocking(move || recall_witness(&vault)).await;
        match read {
            Ok(Ok(_witness)) => self
                .health
                .problem()
                .map_or(Health::Healthy, Health::unhealthy),
            Ok(Err(failure)) => Health::unhealthy(chain(&failure)),
            Err(panic) => Health::unhealthy(panic.to_string()),
        }
    }

    /// Makes its folder anew if somebody took it away; the next seal shows whether that helped.
    async fn heal(&self) -> Result<(), HealError> {
        let folder = self.folder.clone();
        let opened = tokio::task::spawn_blocking(move || Vault::open(folder)).await;
        match opened {
            Ok(Ok(_vault)) => {
                self.health.note(None);
                Ok(())
            }
            Ok(Err(error)) => Err(HealError::failed(chain(&error))),
            Err(panic) => Err(HealError::failed(panic)),
        }
    }

    async fn shutdown(&self) {}
}
