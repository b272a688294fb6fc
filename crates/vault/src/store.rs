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
    /// Do others read in the vault what is named here?
    is_shared: bool,
}

impl Store {
    /// A folder that is the vault.
    pub fn of_folder(disk: Arc<Vault>) -> Self {
        Self {
            disk,
            outbox: None,
            is_shared: false,
        }
    }

    /// A folder, and what sends to the vault, which may be the same folder.
    pub fn new(disk: Arc<Vault>, outbox: Arc<Outbox>) -> Self {
        let is_elsewhere = outbox.vault().is_remote();
        Self {
            disk,
            outbox: is_elsewhere.then_some(outbox),
            is_shared: false,
        }
    }

    /// The same where processes without this folder follow what is said of it.
    #[must_use]
    pub fn shared(self) -> Self {
        Self {
            is_shared: true,
            ..self
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

    /// Keeps what is about to be named: where others follow that name, it is in the vault before
    /// they can hear of it.
    pub fn put_named(&self, key: &Key, bytes: &[u8]) -> Result<(), VaultError> {
        match &self.outbox {
            Some(outbox) if self.is_shared => {
                self.disk.put(key, bytes)?;
                outbox.vault().put(key, bytes)
            }
            _ => self.put(key, bytes),
        }
    }

    /// Is what is named here at hand for everybody who may follow that name?
    pub fn is_at_hand(&self, key: &Key) -> Result<bool, VaultError> {
        match &self.outbox {
            Some(outbox) if self.is_shared => Ok(outbox.vault().get(key)?.is_some()),
            _ => Ok(self.get(key)?.is_some()),
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
