//! A store that speaks S3: the objects of one bucket below one prefix.
//!
//! Callers block; the requests run on a thread of the store's own, so that it does not matter
//! whether the caller's thread drives a runtime.
#![expect(
    clippy::large_futures,
    reason = "what the client makes of a request is large; a few of them are made at once, on a \
              thread of the store's own"
)]

mod client;
mod limits;
mod multipart;
mod probe;
mod read;
mod settings;
mod trouble;
mod write;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use aws_sdk_s3::Client;
use tokio::{runtime::Runtime, sync::OnceCell};
use uuid::Uuid;

pub(crate) use self::multipart::{Memo, Upload};
use self::{
    limits::Patience,
    multipart::Source,
    trouble::Trouble,
    write::{Condition, Write, Written},
};
pub use self::{
    limits::S3Limits,
    probe::{Conditions, WRITERS},
    settings::{InvalidLocation, S3Credentials, S3Location, S3Settings},
};
use crate::{Key, Sha256Sum, VaultError, vault::check_size};

/// Objects in a bucket.
#[derive(Debug)]
pub(crate) struct S3 {
    bucket: Arc<Bucket>,
    runtime: Option<Runtime>,
}

/// What requests are made of; shared with the thread that makes them.
#[derive(Debug)]
struct Bucket {
    client: Client,
    location: S3Location,
    limits: S3Limits,
    /// Does the server compare what it gets with the SHA-256 that comes with it? Asked once.
    does_check: OnceCell<bool>,
    retries: AtomicU64,
}

impl S3 {
    pub(crate) fn open(settings: S3Settings) -> Result<Self, VaultError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("vault-s3")
            .enable_all()
            .build()
            .map_err(crate::folder::failed(
                "start the thread of",
                Path::new("vault-s3"),
            ))?;
        let bucket = Bucket {
            client: client::build(&settings),
            location: settings.location,
            limits: settings.limits,
            does_check: OnceCell::new(),
            retries: AtomicU64::new(0),
        };
        Ok(Self {
            bucket: Arc::new(bucket),
            runtime: Some(runtime),
        })
    }

    pub(crate) fn place(&self) -> &S3Location {
        &self.bucket.location
    }

    pub(crate) fn uri(&self, key: &Key) -> String {
        let Bucket { location, .. } = &*self.bucket;
        format!("s3://{}/{}", location.bucket(), location.path(key))
    }

    pub(crate) fn retried(&self) -> u64 {
        self.bucket.retries.load(Ordering::Relaxed)
    }

    pub(crate) fn put(&self, key: &Key, bytes: &[u8]) -> Result<(), VaultError> {
        let write = Write::of_bytes(key, bytes);
        self.wait(|bucket| async move {
            let written = bucket.write(&write, Condition::Always).await;
            written
                .map(drop)
                .map_err(|trouble| bucket.error("put", &write.key, trouble))
        })
    }

    /// Returns how large it was.
    pub(crate) fn put_file(
        &self,
        key: &Key,
        file: &Path,
        upload: Upload,
    ) -> Result<u64, VaultError> {
        let source = Source::open(file).map_err(crate::folder::failed("open", file))?;
        let size = source.size();
        check_size(size)?;
        let write = Write {
            key: key.clone(),
            source,
            sum: upload.sum,
            id: upload.id,
            memo: Some(upload.memo),
        };
        self.wait(move |bucket| async move {
            let written = bucket.write(&write, Condition::Always).await;
            written
                .map(drop)
                .map_err(|trouble| bucket.error("put", &write.key, trouble))
        })?;
        Ok(size)
    }

    pub(crate) fn put_if<E: From<VaultError>>(
        &self,
        key: &Key,
        bytes: &[u8],
        mut may_replace: impl FnMut(Option<&[u8]>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let write = Arc::new(Write::of_bytes(key, bytes));
        let mut patience = Patience::new(&self.bucket.limits, bytes.len() as u64);
        loop {
            let wanted = key.clone();
            let found = self.wait(|bucket| async move { bucket.get(&wanted).await })?;
            if !may_replace(found.as_ref().map(|found| &found.bytes[..]))? {
                return Ok(false);
            }
            let condition = match found {
                None => Condition::Absent,
                Some(found) => Condition::Is(found.etag),
            };
            let write = write.clone();
            let written = self.wait(|bucket| async move {
                let written = bucket.write(&write, condition).await;
                written.map_err(|trouble| bucket.error("put", &write.key, trouble))
            })?;
            match written {
                Written::Done => return Ok(true),
                Written::Lost | Written::Conflict => {}
            }
            let Some(rest) = patience.next_rest() else {
                let (key, ms) = (key.clone(), patience.waited_ms());
                return Err(VaultError::Contended { key, ms }.into());
            };
            std::thread::sleep(rest);
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, VaultError> {
        let key = key.clone();
        let found = self.wait(|bucket| async move { bucket.get(&key).await })?;
        Ok(found.map(|found| found.bytes))
    }

    pub(crate) fn delete(&self, key: &Key) -> Result<bool, VaultError> {
        let key = key.clone();
        self.wait(|bucket| async move { bucket.delete(&key).await })
    }

    pub(crate) fn list(
        &self,
        under: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Key>, VaultError> {
        let (under, after) = (under.clone(), after.cloned());
        self.wait(move |bucket| async move { bucket.list(&under, after.as_ref(), limit).await })
    }

    pub(crate) fn check(&self) -> Result<(), VaultError> {
        self.wait(|bucket| async move { bucket.check().await })
    }

    pub(crate) fn probe_conditions(&self) -> Result<Conditions, VaultError> {
        self.wait(|bucket| async move { probe::run(&bucket).await })
    }

    /// Blocks until the store's own thread has done `work`.
    fn wait<T, F>(&self, work: impl FnOnce(Arc<Bucket>) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let runtime = self.runtime.as_ref().expect("it is taken at the end only");
        let work = work(self.bucket.clone());
        let (answer, answered) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            // Whoever asked waits below.
            drop(answer.send(work.await));
        });
        answered.recv().expect("work that was begun answers")
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        // The last holder may be a task, and a runtime must not be waited for in one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Bucket {
    /// Does `attempt` until it works, it cannot, or patience ends.
    async fn persist<T, F>(&self, size: u64, mut attempt: impl FnMut() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let mut patience = Patience::new(&self.limits, size);
        loop {
            match attempt().await {
                Err(Trouble::Passing(cause)) => self.rest(&mut patience, cause).await?,
                ended => return ended,
            }
        }
    }

    /// An attempt to move `size` bytes, cut when the server takes too long over it.
    async fn bounded<T>(
        &self,
        size: u64,
        attempt: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        let limit = self.limits.attempt(size);
        let ended = tokio::time::timeout(limit, attempt).await;
        ended.unwrap_or_else(|_cut| Err(Trouble::passing(format!("no answer within {limit:?}"))))
    }

    /// Rests before the next attempt, or says that there was enough of them.
    async fn rest(
        &self,
        patience: &mut Patience,
        cause: crate::error::Cause,
    ) -> Result<(), Trouble> {
        let Some(rest) = patience.next_rest() else {
            return Err(Trouble::Lasting {
                attempts: patience.attempts(),
                ms: patience.waited_ms(),
                cause,
            });
        };
        self.retries.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(rest).await;
        Ok(())
    }

    fn error(&self, action: &str, key: &Key, trouble: Trouble) -> VaultError {
        match trouble {
            Trouble::Damaged => VaultError::Damaged {
                store: self.location.to_string(),
                key: key.clone(),
            },
            trouble => self.error_of(&format!("{action} `{key}`"), trouble),
        }
    }

    /// The same of what is about no one object.
    fn error_of(&self, action: &str, trouble: Trouble) -> VaultError {
        let (store, action) = (self.location.to_string(), action.to_owned());
        match trouble {
            Trouble::TooLarge(bytes) => VaultError::TooLarge {
                bytes,
                bytes_max: crate::OBJECT_BYTES_MAX,
            },
            Trouble::Lasting {
                attempts,
                ms,
                cause,
            } => VaultError::Unreachable {
                store,
                attempts,
                ms,
                source: cause,
            },
            Trouble::Passing(source) => VaultError::Unreachable {
                store,
                attempts: 1,
                ms: 0,
                source,
            },
            Trouble::Refused { code, cause } => VaultError::Refused {
                store,
                action,
                code,
                source: cause,
            },
            Trouble::Local { path, source } => VaultError::Io {
                action: "read",
                path,
                source,
            },
            // Whoever can meet one of these looks for it first.
            unexpected @ (Trouble::Absent
            | Trouble::Lost
            | Trouble::Conflict
            | Trouble::UploadGone
            | Trouble::Damaged) => VaultError::Refused {
                store,
                action,
                code: unexpected.to_string(),
                source: Box::new(unexpected),
            },
        }
    }
}

impl Write {
    fn of_bytes(key: &Key, bytes: &[u8]) -> Self {
        Self {
            key: key.clone(),
            sum: Sha256Sum::of(bytes),
            source: Source::of_bytes(bytes),
            id: Uuid::now_v7(),
            memo: None,
        }
    }
}
