//! What is kept of versions: on this disk, where it is at hand whatever the network does, and, if
//! the vault is elsewhere, on its way there.

use std::sync::Arc;

use crate::{Key, Outbox, Vault, VaultError};

/// Objects by key on this disk and in the vault, which may be the same. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    disk: Arc<Vault>,
    /// None where the folder is the vault.
    outbox: Option<Arc<Outbox>>,
}

impl Store {
    /// A folder that is the vault.
    pub fn of_folder(disk: Arc<Vault>) -> Self {
        Self { disk, outbox: None }
    }

    /// A folder, and what sends to the vault, which may be the same folder.
    pub fn new(disk: Arc<Vault>, outbox: Arc<Outbox>) -> Self {
        let is_elsewhere = outbox.vault().is_remote();
        Self {
            disk,
            outbox: is_elsewhere.then_some(outbox),
        }
    }

    /// What is here at once, for locks and notes that are nobody else's.
    pub fn disk(&self) -> &Arc<Vault> {
        &self.disk
    }

    /// Keeps `bytes` for `key`, in place of what was there. A power cut cannot undo it.
    pub fn put(&self, key: &Key, bytes: &[u8]) -> Result<(), VaultError> {
        self.disk.put(key, bytes)?;
        match &self.outbox {
            Some(outbox) => outbox.put(key, bytes),
            None => Ok(()),
        }
    }

    /// What was kept last for `key`.
    pub fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, VaultError> {
        match (self.disk.get(key)?, &self.outbox) {
            (None, Some(outbox)) => outbox.get(key),
            (found, _) => Ok(found),
        }
    }

    /// Lets go of it on this disk.
    pub fn forget(&self, key: &Key) -> Result<(), VaultError> {
        let _was_there = self.disk.delete(key)?;
        Ok(())
    }

    /// Where others find it.
    pub fn uri(&self, key: &Key) -> String {
        let vault = self.outbox.as_ref().map_or(&self.disk, |it| it.vault());
        vault.uri(key)
    }
}
