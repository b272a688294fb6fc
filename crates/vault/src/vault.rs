//! The one vault, over either store.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    Key, S3Settings, VaultError,
    folder::Folder,
    s3::{Conditions, S3, Upload},
};

/// The largest object.
pub const OBJECT_BYTES_MAX: u64 = 256 << 20;

/// The most keys that one listing names.
pub const LIST_MAX: usize = 1_000;

/// Objects by key. Several processes may use one store; whoever puts last wins.
///
/// Everything here blocks, on a disk or on a network: asynchronous callers use `spawn_blocking`.
#[derive(Debug)]
pub struct Vault {
    store: Store,
    puts: AtomicU64,
    bytes: AtomicU64,
}

#[derive(Debug)]
enum Store {
    Folder(Folder),
    S3(Box<S3>),
}

impl Vault {
    /// Opens the folder, creating it if there is none.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, VaultError> {
        Ok(Self::over(Store::Folder(Folder::open(root.into())?)))
    }

    /// Objects in a bucket. Nothing is sent yet: an unreachable one is noticed at its first use.
    pub fn s3(settings: S3Settings) -> Result<Self, VaultError> {
        Ok(Self::over(Store::S3(Box::new(S3::open(settings)?))))
    }

    fn over(store: Store) -> Self {
        Self {
            store,
            puts: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// Keeps `bytes` under `key`, in place of what was there. On return a power cut cannot undo it;
    /// a reader sees the old object or the new one and nothing between.
    pub fn put(&self, key: &Key, bytes: &[u8]) -> Result<(), VaultError> {
        check_size(bytes.len() as u64)?;
        match &self.store {
            Store::Folder(folder) => folder.put(key, bytes)?,
            Store::S3(s3) => s3.put(key, bytes)?,
        }
        self.count(bytes.len() as u64);
        Ok(())
    }

    /// Puts `bytes` under `key` if `may_replace` agrees with what is there; says whether it did. Of
    /// several processes that do this to one vault at once, one decides after the other. A bucket's
    /// writers learn only afterwards that another was faster: then `may_replace` is asked again.
    ///
    /// Equal bytes are the same object: one that was replaced and put back since it was read does
    /// not ask again. Who must tell those apart keeps a revision in the bytes.
    pub fn put_if<E: From<VaultError>>(
        &self,
        key: &Key,
        bytes: &[u8],
        may_replace: impl FnMut(Option<&[u8]>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        check_size(bytes.len() as u64)?;
        let is_put = match &self.store {
            Store::Folder(folder) => folder.put_if(key, bytes, may_replace)?,
            Store::S3(s3) => s3.put_if(key, bytes, may_replace)?,
        };
        if is_put {
            self.count(bytes.len() as u64);
        }
        Ok(is_put)
    }

    /// Puts an object that never changes; says whether it was not there yet. Other bytes under its
    /// key stay, and are an error.
    pub fn put_once(&self, key: &Key, bytes: &[u8]) -> Result<bool, VaultError> {
        self.put_if(key, bytes, |found| match found {
            None => Ok(true),
            Some(found) if found == bytes => Ok(false),
            Some(_) => Err(VaultError::Taken { key: key.clone() }),
        })
    }

    /// What is kept under `key`, proved to be what was put if the store keeps its SHA-256.
    pub fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, VaultError> {
        match &self.store {
            Store::Folder(folder) => folder.get(key),
            Store::S3(s3) => s3.get(key),
        }
    }

    /// Lets go of what is kept under `key`; says whether anything was.
    pub fn delete(&self, key: &Key) -> Result<bool, VaultError> {
        match &self.store {
            Store::Folder(folder) => folder.delete(key),
            Store::S3(s3) => s3.delete(key),
        }
    }

    /// Up to `limit` keys ([`LIST_MAX`] at most) that begin with `under` and a `/`, in the order of
    /// their bytes, from the first that comes after `after`.
    pub fn list(
        &self,
        under: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Key>, VaultError> {
        let limit = limit.min(LIST_MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        match &self.store {
            Store::Folder(folder) => folder.list(under, after, limit),
            Store::S3(s3) => s3.list(under, after, limit),
        }
    }

    /// Asks the store once for a sign of life, and waits little for it.
    pub fn check(&self) -> Result<(), VaultError> {
        match &self.store {
            Store::Folder(folder) => folder.check(),
            Store::S3(s3) => s3.check(),
        }
    }

    /// Lets writers race for one object, and says whether the store lets one of them win. A folder
    /// decides under a lock and needs no proof.
    pub fn probe_conditions(&self) -> Result<Conditions, VaultError> {
        match &self.store {
            Store::Folder(_) => Ok(Conditions::Honoured),
            Store::S3(s3) => s3.probe_conditions(),
        }
    }

    /// Where the object of `key` is: `file:///…` or `s3://bucket/…`.
    pub fn uri(&self, key: &Key) -> String {
        match &self.store {
            Store::Folder(folder) => format!("file://{}", folder.path(key).display()),
            Store::S3(s3) => s3.uri(key),
        }
    }

    /// The store in words: its folder, or its `s3://bucket/prefix`.
    pub fn place(&self) -> String {
        match &self.store {
            Store::Folder(folder) => folder.root().display().to_string(),
            Store::S3(s3) => s3.place().to_string(),
        }
    }

    /// Whether a network lies between here and the objects.
    pub fn is_remote(&self) -> bool {
        matches!(self.store, Store::S3(_))
    }

    /// Objects written since it was opened, and their bytes.
    pub fn written(&self) -> (u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (load(&self.puts), load(&self.bytes))
    }

    /// Requests that a store did not answer as it should and that were sent again.
    pub fn retried(&self) -> u64 {
        match &self.store {
            Store::Folder(_) => 0,
            Store::S3(s3) => s3.retried(),
        }
    }

    /// Puts an object that is in a file, going on where an upload of the same name was left.
    pub(crate) fn put_file(
        &self,
        key: &Key,
        file: &Path,
        upload: Upload,
    ) -> Result<(), VaultError> {
        match &self.store {
            Store::Folder(folder) => {
                let bytes = std::fs::read(file).map_err(crate::folder::failed("read", file))?;
                folder.put(key, &bytes)?;
                self.count(bytes.len() as u64);
            }
            Store::S3(s3) => self.count(s3.put_file(key, file, upload)?),
        }
        Ok(())
    }

    fn count(&self, bytes: u64) {
        self.puts.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

pub(crate) fn check_size(bytes: u64) -> Result<(), VaultError> {
    if bytes > OBJECT_BYTES_MAX {
        let bytes_max = OBJECT_BYTES_MAX;
        return Err(VaultError::TooLarge { bytes, bytes_max });
    }
    Ok(())
}
