//! Archives of the journal, kept in the vault of its data folder.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use journal::{ArchivePlan, ArchiveStore, StoreFailure, Witness};
use model::EventType;
use state::StateManager;
use vault::Vault;

use crate::{config::VaultSettings, failure::Failure, session::open_vault};

/// Opened when an archive is asked for, which most commands never do.
pub(crate) struct VaultArchives {
    settings: VaultSettings,
    data: PathBuf,
    opened: Mutex<Option<Arc<Vault>>>,
}

impl VaultArchives {
    pub(crate) fn of(settings: &VaultSettings, data: &Path) -> Self {
        Self {
            settings: settings.clone(),
            data: data.to_owned(),
            opened: Mutex::default(),
        }
    }

    fn vault(&self) -> Result<Arc<Vault>, StoreFailure> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(vault) = opened.as_ref() {
            return Ok(vault.clone());
        }
        let vault = Arc::new(open_vault(&self.settings, &self.data)?);
        *opened = Some(vault.clone());
        Ok(vault)
    }
}

impl fmt::Debug for VaultArchives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultArchives")
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

impl ArchiveStore for VaultArchives {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreFailure> {
        Ok(self.vault()?.put(&name.parse()?, bytes)?)
    }

    fn find(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFailure> {
        Ok(self.vault()?.get(&name.parse()?)?)
    }
}

/// What is archived of this journal: events older than `before`, save what state is made of and the
/// releases, which every start looks through.
pub(crate) async fn plan(
    manager: &StateManager,
    before: Timestamp,
    witness: Option<Witness>,
    is_thorough: bool,
) -> Result<ArchivePlan, Failure> {
    Ok(ArchivePlan {
        before,
        witness,
        needed: manager.needed().await?,
        kinds_needed: vec![EventType::RELEASE],
        is_thorough,
        is_trial: false,
    })
}
