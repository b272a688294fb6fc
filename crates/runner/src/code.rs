//! Code by the hash of its files, kept in the vault: a release never loses its code, whatever
//! happens to the workspace, and who serves it needs no git.

use bytes::Bytes;
use model::Digest;
use repo::FileSet;
use vault::{Key, Store, VaultError};

/// Keeps the code of every release.
#[derive(Clone)]
pub struct CodeStore {
    store: Store,
}

/// Why code is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    #[error("the vault has no code {hash}: restore `code/{hash}` from a copy")]
    Missing { hash: Digest },
    #[error("code {hash} in the vault is damaged: restore `code/{hash}` from a copy")]
    Damaged { hash: Digest },
    #[error("the code could not be read from the vault or kept there")]
    Vault(#[from] VaultError),
}

impl CodeStore {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Keeps `files`, unless they are there. Blocks on the disk.
    pub fn put(&self, files: &FileSet) -> Result<(), CodeError> {
        let key = key(files.digest());
        match self.get(files.digest()) {
            Ok(_kept) if self.store.is_at_hand(&key)? => Ok(()),
            Ok(_) | Err(CodeError::Missing { .. } | CodeError::Damaged { .. }) => {
                Ok(self.store.put_named(&key, &files.to_bytes())?)
            }
            Err(error) => Err(error),
        }
    }

    /// Lets go of code that nobody will ask for. Blocks on the disk.
    pub fn forget(&self, hash: Digest) -> Result<(), CodeError> {
        Ok(self.store.forget(&key(hash))?)
    }

    /// The files of that hash, proved to be them. Blocks on the disk.
    pub fn get(&self, hash: Digest) -> Result<FileSet, CodeError> {
        let bytes = self.store.get(&key(hash))?;
        let bytes = Bytes::from(bytes.ok_or(CodeError::Missing { hash })?);
        match FileSet::parse(&bytes) {
            Ok(files) if files.digest() == hash => Ok(files),
            Ok(_) | Err(_) => Err(CodeError::Damaged { hash }),
        }
    }
}

fn key(hash: Digest) -> Key {
    let key = format!("code/{hash}");
    key.parse().expect("hex digits are a part of a key")
}
