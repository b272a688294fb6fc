//! Writing one object, so that it is certain afterwards whether it was written.

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata as _, SdkError},
    operation::put_object::{PutObjectError, builders::PutObjectFluentBuilder},
    primitives::ByteStream,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use uuid::Uuid;

use super::{
    Bucket, Patience, Trouble,
    multipart::{Memo, Source},
    read::{Found, PUT, SUM},
    trouble::{is_changed_on_its_way, sort},
};
use crate::{Key, Sha256Sum, error::Cause};

/// One object on its way.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) key: Key,
    pub(super) source: Source,
    pub(super) sum: Sha256Sum,
    /// Kept with the object, so that it is recognised when the answer was lost.
    pub(super) id: Uuid,
    /// Where an upload in parts is remembered, if it is to outlive the process.
    pub(super) memo: Option<Memo>,
}

/// What must be there for the object to be written.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Always,
    Absent,
    /// The object of this `ETag`.
    Is(String),
}

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    /// The condition did not hold.
    Lost,
    /// Another writer was at it at the same moment, and may have failed too.
    Conflict,
}

/// What is there after an attempt that may have written it.
enum Kept {
    Whole,
    /// Ours, but changed on the way.
    Changed(String),
    /// Not ours, or nothing.
    Other,
}

impl Condition {
    pub(super) fn if_match(&self) -> Option<String> {
        match self {
            Self::Is(etag) => Some(etag.clone()),
            Self::Always | Self::Absent => None,
        }
    }

    pub(super) fn if_none_match(&self) -> Option<String> {
        matches!(self, Self::Absent).then(|| "*".to_owned())
    }

    /// The same for an object of which our own damaged attempt is there now.
    fn over(self, etag: String) -> Self {
        match self {
            Self::Always => Self::Always,
            Self::Absent | Self::Is(_) => Self::Is(etag),
        }
    }
}

pub(super) fn base64_of(sum: Sha256Sum) -> String {
    STANDARD.encode(sum.as_bytes())
}

impl Bucket {
    /// Sends it until it is there whole, or the condition does not hold.
    pub(super) async fn write(
        &self,
        write: &Write,
        mut condition: Condition,
    ) -> Result<Written, Trouble> {
        let does_check = self.does_check().await?;
        let mut patience = Patience::new(&self.limits, write.source.size());
        // May an attempt whose answer was lost have written it?
        let mut is_unsure = false;
        loop {
            let sent = self.send(write, &condition).await;
            let refused = match &sent {
                Ok(()) if does_check => return Ok(Written::Done),
                Ok(()) => Written::Done,
                Err(Trouble::Conflict) => Written::Conflict,
                Err(_) => Written::Lost,
            };
            let cause: Cause = match sent {
                Err(Trouble::Passing(cause)) => {
                    is_unsure = true;
                    cause
                }
                Err(Trouble::Lost | Trouble::Absent | Trouble::Conflict) if !is_unsure => {
                    return Ok(refused);
                }
                Ok(()) | Err(Trouble::Lost | Trouble::Absent | Trouble::Conflict) => {
                    match self.compare(write).await? {
                        Kept::Whole => return Ok(Written::Done),
                        // Of another put that came after ours, or instead of it.
                        Kept::Other => return Ok(refused),
                        Kept::Changed(etag) => {
                            condition = condition.over(etag);
                            "the bytes were changed on their way".into()
                        }
                    }
                }
                Err(Trouble::UploadGone) => match self.compare(write).await? {
                    Kept::Whole => return Ok(Written::Done),
                    Kept::Other => "the upload in parts was dropped".into(),
                    Kept::Changed(etag) => {
                        condition = condition.over(etag);
                        "the bytes were changed on their way".into()
                    }
                },
                Err(trouble) => return Err(trouble),
            };
            self.rest(&mut patience, cause).await?;
        }
    }

    /// One attempt.
    async fn send(&self, write: &Write, condition: &Condition) -> Result<(), Trouble> {
        let size = write.source.size();
        if size > self.limits.part_bytes {
            return self.send_in_parts(write, condition).await;
        }
        let request = self
            .put_request(&write.key, write.source.read(0, size)?, write.sum)
            .metadata(PUT, write.id.to_string())
            .set_if_match(condition.if_match())
            .set_if_none_match(condition.if_none_match());
        let send = async { request.send().await.map_err(sort) };
        let answer = self.bounded(size, send).await?;
        confirm(answer.checksum_sha256(), write.sum)
    }

    fn put_request(&self, key: &Key, bytes: Bytes, sum: Sha256Sum) -> PutObjectFluentBuilder {
        self.client
            .put_object()
            .bucket(self.location.bucket())
            .key(self.location.path(key))
            .checksum_sha256(base64_of(sum))
            .metadata(SUM, sum.to_string())
            .body(ByteStream::from(bytes))
    }

    async fn compare(&self, write: &Write) -> Result<Kept, Trouble> {
        let found = self.fetch(&write.key).await?;
        let is_ours = |found: &Found| found.put.as_deref() == Some(&write.id.to_string());
        Ok(match found.filter(is_ours) {
            None => Kept::Other,
            Some(found) if found.is_whole() => Kept::Whole,
            Some(found) => Kept::Changed(found.etag),
        })
    }

    /// Whether the server compares bodies with their SHA-256. One that does refuses a body that
    /// came with a wrong one; with another, whatever is written must be read to be believed.
    async fn does_check(&self) -> Result<bool, Trouble> {
        let found_out = self.does_check.get_or_try_init(|| async {
            let key: Key = format!("doctor/{}", Uuid::now_v7())
                .parse()
                .expect("hex digits are a part of a key");
            let wrong = Sha256Sum::of(b"another");
            let is_refused = self.persist(0, || async {
                let request = self.put_request(&key, Bytes::from_static(b"one"), wrong);
                let sent = self.bounded(0, async {
                    match request.send().await {
                        Ok(_taken) => Ok(false),
                        Err(error) if is_about_the_sum(&error) => Ok(true),
                        Err(error) => Err(sort(error)),
                    }
                });
                sent.await
            });
            let is_refused = is_refused.await?;
            if !is_refused && let Err(error) = self.delete(&key).await {
                return Err(Trouble::Passing(error.into()));
            }
            Ok(is_refused)
        });
        found_out.await.copied()
    }
}

/// The SHA-256 that a server says it computed, if it does, must be ours.
pub(super) fn confirm(said: Option<&str>, sum: Sha256Sum) -> Result<(), Trouble> {
    match said {
        Some(said) if said != base64_of(sum) => {
            Err(Trouble::passing("the server computed another SHA-256"))
        }
        _ => Ok(()),
    }
}

fn is_about_the_sum(error: &SdkError<PutObjectError, HttpResponse>) -> bool {
    match error {
        SdkError::ServiceError(answer) => {
            is_changed_on_its_way(answer.err().code().unwrap_or_default())
        }
        _ => false,
    }
}
