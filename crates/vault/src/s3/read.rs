//! Reading, listing and deleting.

use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectOutput;

use super::{Bucket, Trouble, trouble::sort};
use crate::{Key, OBJECT_BYTES_MAX, Sha256Sum, VaultError};

/// What the object's bytes had as SHA-256 when they were put, in hex.
pub(super) const SUM: &str = "sha256";

/// Who put it: a number of that one put.
pub(super) const PUT: &str = "put";

/// Bytes that are not what was put are read this often before the store is blamed and not the way.
const DAMAGED_READS_MAX: u32 = 3;

/// A sign of life that takes longer is none.
const CHECK_MS_MAX: u64 = 2_000;

/// An object as it was read.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) etag: String,
    pub(super) put: Option<String>,
    sum: Option<Sha256Sum>,
}

impl Found {
    /// What others put without a SHA-256 counts as whole.
    pub(super) fn is_whole(&self) -> bool {
        self.sum.is_none_or(|sum| sum == Sha256Sum::of(&self.bytes))
    }
}

impl Bucket {
    /// The object, if there is one, proved to be what was put.
    pub(super) async fn get(&self, key: &Key) -> Result<Option<Found>, VaultError> {
        let mut reads = 1;
        loop {
            let found = self.fetch(key).await;
            let found = found.map_err(|trouble| self.error("read", key, trouble))?;
            match found {
                Some(found) if !found.is_whole() && reads == DAMAGED_READS_MAX => {
                    return Err(self.error("read", key, Trouble::Damaged));
                }
                Some(found) if !found.is_whole() => reads += 1,
                found => return Ok(found),
            }
        }
    }

    /// The object as it is, damaged or not.
    pub(super) async fn fetch(&self, key: &Key) -> Result<Option<Found>, Trouble> {
        let path = self.location.path(key);
        let request = self.client.get_object().bucket(self.location.bucket());
        let request = request.key(path);
        let fetched = self
            .persist(0, || async {
                let send = request.clone().send();
                let answer = self.bounded(0, async { send.await.map_err(sort) }).await?;
                let size = size_of(&answer)?;
                self.bounded(size, read(answer, size)).await
            })
            .await;
        match fetched {
            Ok(found) => Ok(Some(found)),
            Err(Trouble::Absent) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    pub(super) async fn delete(&self, key: &Key) -> Result<bool, VaultError> {
        let failed = |trouble| self.error("delete", key, trouble);
        let (bucket, path) = (self.location.bucket(), self.location.path(key));
        // S3 deletes what is not there as gladly.
        let look = self.client.head_object().bucket(bucket).key(&path);
        let looked = self.persist(0, || async {
            let send = look.clone().send();
            self.bounded(0, async { send.await.map_err(sort) }).await
        });
        match looked.await {
            Ok(_found) => {}
            Err(Trouble::Absent) => return Ok(false),
            Err(trouble) => return Err(failed(trouble)),
        }
        let delete = self.client.delete_object().bucket(bucket).key(&path);
        let deleted = self.persist(0, || async {
            let send = delete.clone().send();
            self.bounded(0, async { send.await.map_err(sort) }).await
        });
        deleted.await.map_err(failed)?;
        Ok(true)
    }

    pub(super) async fn list(
        &self,
        under: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Key>, VaultError> {
        let failed = |trouble| self.error("list", under, trouble);
        let request = self.client.list_objects_v2().bucket(self.location.bucket());
        let request = request.prefix(format!("{}/", self.location.path(under)));
        let mut after = after.map(|after| self.location.path(after));
        let mut keys = Vec::new();
        loop {
            let wanted = i32::try_from(limit - keys.len()).unwrap_or(i32::MAX);
            let page = request.clone().max_keys(wanted);
            let page = page.set_start_after(after.clone());
            let listed = self.persist(0, || async {
                let send = page.clone().send();
                self.bounded(0, async { send.await.map_err(sort) }).await
            });
            let listed = listed.await.map_err(failed)?;
            let paths = listed.contents().iter().filter_map(|object| object.key());
            keys.extend(paths.filter_map(|path| self.location.key(path)));
            let last = listed.contents().last().and_then(|object| object.key());
            after = last.map(str::to_owned);
            if keys.len() >= limit || after.is_none() || listed.is_truncated() != Some(true) {
                return Ok(keys);
            }
        }
    }

    /// Asks for the bucket, once; the answer has no body, and so no name for what is amiss.
    pub(super) async fn check(&self) -> Result<(), VaultError> {
        let request = self.client.head_bucket().bucket(self.location.bucket());
        let limit = Duration::from_millis(CHECK_MS_MAX);
        let asked = tokio::time::timeout(limit, async { request.send().await.map_err(sort) });
        let late = |_cut| Err(Trouble::passing(format!("no answer within {limit:?}")));
        let trouble = match asked.await.unwrap_or_else(late) {
            Ok(_bucket) => return Ok(()),
            Err(Trouble::Absent) => Trouble::Refused {
                code: "NoSuchBucket".to_owned(),
                cause: "there is no such bucket".into(),
            },
            Err(trouble) => trouble,
        };
        Err(self.error_of("show its bucket", trouble))
    }
}

fn size_of(answer: &GetObjectOutput) -> Result<u64, Trouble> {
    let size = answer.content_length().unwrap_or_default();
    let size = u64::try_from(size).unwrap_or_default();
    if size > OBJECT_BYTES_MAX {
        return Err(Trouble::TooLarge(size));
    }
    Ok(size)
}

async fn read(mut answer: GetObjectOutput, size: u64) -> Result<Found, Trouble> {
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    loop {
        let more = answer.body.try_next().await;
        let Some(more) = more.map_err(|error| Trouble::Passing(error.into()))? else {
            break;
        };
        bytes.extend_from_slice(&more);
        if bytes.len() as u64 > OBJECT_BYTES_MAX {
            return Err(Trouble::TooLarge(bytes.len() as u64));
        }
    }
    if answer.content_length().is_some() && bytes.len() as u64 != size {
        return Err(Trouble::passing(format!(
            "{} of {size} bytes arrived",
            bytes.len()
        )));
    }
    let noted = |name: &str| answer.metadata().and_then(|notes| notes.get(name));
    Ok(Found {
        put: noted(PUT).cloned(),
        sum: noted(SUM).and_then(|sum| Sha256Sum::parse(sum)),
        etag: answer.e_tag().unwrap_or_default().to_owned(),
        bytes,
    })
}
