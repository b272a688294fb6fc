//! Large arrays that a state document names by their hash instead of holding them.

use crate::{Key, Sha256Sum, Store, VaultError};

/// The most bytes of one array.
pub const ARRAY_BYTES_MAX: usize = 4 << 20;

/// Arrays by hash. What an event names is never let go of, so neither are they.
#[derive(Clone, Debug)]
pub struct ArrayStore {
    store: Store,
}

/// Why an array was not kept or is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum ArrayError {
    #[error("`{0}` is no hash of an array")]
    NoHash(String),
    #[error("an array of {bytes} bytes is too large: at most {ARRAY_BYTES_MAX}")]
    TooLarge { bytes: usize },
    #[error("the bytes are not those that {hash} stands for")]
    Other { hash: Sha256Sum },
    #[error("there is no array {hash}: restore `arrays/{hash}` from a copy of the vault")]
    Missing { hash: Sha256Sum },
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl ArrayStore {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Keeps `bytes` under the hash that they are said to have. Blocks on the disk.
    pub fn put(&self, hash: &str, bytes: &[u8]) -> Result<(), ArrayError> {
        let hash = parse(hash)?;
        if bytes.len() > ARRAY_BYTES_MAX {
            return Err(ArrayError::TooLarge { bytes: bytes.len() });
        }
        if Sha256Sum::of(bytes) != hash {
            return Err(ArrayError::Other { hash });
        }
        Ok(self.store.put_named(&key(hash), bytes)?)
    }

    /// The bytes of that hash, proved to be them. Blocks on the disk.
    pub fn get(&self, hash: &str) -> Result<Vec<u8>, ArrayError> {
        let hash = parse(hash)?;
        let bytes = self.store.get(&key(hash))?;
        let bytes = bytes.ok_or(ArrayError::Missing { hash })?;
        if Sha256Sum::of(&bytes) != hash {
            return Err(ArrayError::Other { hash });
        }
        Ok(bytes)
    }
}

fn parse(hash: &str) -> Result<Sha256Sum, ArrayError> {
    Sha256Sum::parse(hash).ok_or_else(|| ArrayError::NoHash(hash.to_owned()))
}

fn key(hash: Sha256Sum) -> Key {
    let key = format!("arrays/{hash}");
    key.parse().expect("hex digits are a part of a key")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Vault;

    #[test]
    fn an_array_is_kept_under_its_own_hash_alone() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        let arrays = ArrayStore::new(Store::of_folder(Arc::new(vault)));
        let hash = Sha256Sum::of(b"numbers").to_string();

        arrays.put(&hash, b"numbers").unwrap();
        let other = arrays.put(&hash, b"others").unwrap_err();
        let no_hash = arrays.put("../x", b"numbers").unwrap_err();
        let missing = arrays.get(&Sha256Sum::of(b"").to_string()).unwrap_err();

        assert_eq!(arrays.get(&hash).unwrap(), b"numbers");
        assert!(matches!(other, ArrayError::Other { .. }), "{other}");
        assert!(matches!(no_hash, ArrayError::NoHash(_)), "{no_hash}");
        assert!(matches!(missing, ArrayError::Missing { .. }), "{missing}");
    }
}
