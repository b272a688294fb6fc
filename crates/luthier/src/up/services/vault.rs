//! The vault under supervision.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use supervision::{HealError, Health, Service};
use vault::{Outbox, Vault, VaultError};

use super::chain;
use crate::{failure::Failure, session::recall_witness};

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
    pub(in crate::up) outbox: Arc<Outbox>,
    pub(in crate::up) folder: PathBuf,
    pub(in crate::up) health: Arc<VaultHealth>,
}

#[async_trait]
impl Service for VaultService {
    fn name(&self) -> &'static str {
        "vault"
    }

    /// A bucket out of reach does not keep tools from being served, so it makes the vault worse and
    /// not ill.
    async fn health(&self) -> Health {
        let outbox = self.outbox.clone();
        let looked = tokio::task::spawn_blocking(move || look(&outbox)).await;
        match looked {
            Ok(Ok(None)) => self
                .health
                .problem()
                .map_or(Health::Healthy, Health::unhealthy),
            Ok(Ok(Some(away))) => Health::degraded(away),
            Ok(Err(failure)) => Health::unhealthy(chain(&failure)),
            Err(panic) => Health::unhealthy(panic.to_string()),
        }
    }

    /// Makes its folder anew if somebody took it away; the next seal shows whether that helped.
    async fn heal(&self) -> Result<(), HealError> {
        let (outbox, folder) = (self.outbox.clone(), self.folder.clone());
        let healed = tokio::task::spawn_blocking(move || {
            if outbox.vault().is_remote() {
                return outbox.vault().check();
            }
            Vault::open(folder).map(drop)
        });
        match healed.await {
            Ok(Ok(())) => {
                self.health.note(None);
                Ok(())
            }
            Ok(Err(error)) => Err(HealError::failed(chain(&error))),
            Err(panic) => Err(HealError::failed(panic)),
        }
    }

    async fn shutdown(&self) {}
}

/// Why the vault cannot be reached, or what it does not take, if it is so.
fn look(outbox: &Outbox) -> Result<Option<String>, Failure> {
    let vault = outbox.vault();
    if !vault.is_remote() {
        recall_witness(vault)?;
        return Ok(None);
    }
    let backlog = outbox.backlog(SystemTime::now())?;
    match vault.check() {
        Ok(()) => Ok(backlog.is_amiss().then(|| backlog.to_string())),
        Err(error @ VaultError::Unreachable { .. }) => {
            Ok(Some(format!("{}; {backlog}", chain(&error))))
        }
        Err(error) => Err(error.into()),
    }
}
