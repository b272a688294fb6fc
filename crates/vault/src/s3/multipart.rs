//! An object too large for one request: it travels in parts, becomes visible when all are there,
//! and goes on where it was left if its upload is remembered.

use std::{
    collections::BTreeMap,
    fmt::Display,
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use aws_sdk_s3::{
    primitives::ByteStream,
    types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart},
};
use bytes::Bytes;
use fail::fail_point;
use uuid::Uuid;

use super::{
    Bucket, Trouble,
    read::{PUT, SUM},
    trouble::sort,
    write::{Condition, Write, base64_of, confirm},
};
use crate::Sha256Sum;

/// An object in a file, and how its upload is known.
pub(crate) struct Upload {
    pub(crate) id: Uuid,
    pub(crate) sum: Sha256Sum,
    pub(crate) memo: Memo,
}

/// Where the bytes come from.
#[derive(Debug)]
pub(super) enum Source {
    Bytes(Bytes),
    File {
        file: File,
        path: PathBuf,
        size: u64,
    },
}

impl Source {
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Self::Bytes(Bytes::copy_from_slice(bytes))
    }

    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Self::File {
            size: file.metadata()?.len(),
            file,
            path: path.to_owned(),
        })
    }

    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { size, .. } => *size,
        }
    }

    /// A stretch of it. A file is read on the store's own thread, which serves nobody else
    /// meanwhile.
    pub(super) fn read(&self, offset: u64, size: u64) -> Result<Bytes, Trouble> {
        let whole = |number: u64| usize::try_from(number).expect("an object fits into memory");
        match self {
            Self::Bytes(bytes) => Ok(bytes.slice(whole(offset)..whole(offset + size))),
            Self::File { file, path, .. } => {
                let mut bytes = vec![0; whole(size)];
                let read = file.read_exact_at(&mut bytes, offset);
                read.map_err(|source| Trouble::Local {
                    path: path.clone(),
                    source,
                })?;
                Ok(bytes.into())
            }
        }
    }
}

/// A file that remembers an upload in parts: a line about the upload, then one for each part that
/// arrived. A line that is torn is none.
#[derive(Clone, Debug)]
pub(crate) struct Memo(pub(crate) PathBuf);

impl Memo {
    fn load(&self) -> Option<Begun> {
        let text = fs::read_to_string(&self.0).ok()?;
        let mut lines = text
            .split_inclusive('\n')
            .map_while(|line| line.strip_suffix('\n')?.split_once(' '));
        let (part_bytes, id) = lines.next()?;
        let arrived = lines.filter_map(|(number, etag)| {
            let number = number.parse().ok()?;
            Some((number, etag.to_owned()))
        });
        Some(Begun {
            id: id.to_owned(),
            part_bytes: part_bytes.parse().ok().filter(|bytes| *bytes > 0)?,
            arrived: arrived.collect(),
        })
    }

    fn store(&self, begun: &Begun) -> Result<(), Trouble> {
        self.write(File::create(&self.0), &begun.part_bytes, &begun.id)
    }

    fn add(&self, number: i32, etag: &str) -> Result<(), Trouble> {
        let file = File::options().append(true).open(&self.0);
        self.write(file, &number, etag)
    }

    fn write(
        &self,
        file: io::Result<File>,
        number: &dyn Display,
        text: &str,
    ) -> Result<(), Trouble> {
        let write = || {
            let mut file = file?;
            file.write_all(format!("{number} {text}\n").as_bytes())?;
            file.sync_all()
        };
        write().map_err(|source| Trouble::Local {
            path: self.0.clone(),
            source,
        })
    }

    /// What stays is found to be gone at the next attempt.
    fn clear(&self) {
        drop(fs::remove_file(&self.0));
    }
}

/// An upload that the server knows, and the `ETag`s of the parts that it has.
struct Begun {
    id: String,
    part_bytes: u64,
    arrived: BTreeMap<i32, String>,
}

impl Bucket {
    pub(super) async fn send_in_parts(
        &self,
        write: &Write,
        condition: &Condition,
    ) -> Result<(), Trouble> {
        let begun = match write.memo.as_ref().and_then(Memo::load) {
            Some(begun) => begun,
            None => self.begin(write).await?,
        };
        let sent = async {
            let parts = self.send_parts(write, &begun).await?;
            self.complete(write, &begun, parts, condition).await
        };
        let sent = sent.await;
        match (&sent, &write.memo) {
            // Completed by a process that died over it, or dropped by the server: `write` looks.
            (Ok(()) | Err(Trouble::UploadGone), Some(memo)) => memo.clear(),
            // It is gone on with later.
            (Err(_), Some(_)) | (Ok(()), None) => {}
            (Err(_), None) => self.abort(write, &begun).await,
        }
        sent
    }

    async fn begin(&self, write: &Write) -> Result<Begun, Trouble> {
        let request = self
            .client
            .create_multipart_upload()
            .bucket(self.location.bucket())
            .key(self.location.path(&write.key))
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .metadata(SUM, write.sum.to_string())
            .metadata(PUT, write.id.to_string());
        let begun = self.persist(0, || async {
            let send = request.clone().send();
            self.bounded(0, async { send.await.map_err(sort) }).await
        });
        let begun = begun.await?;
        let id = begun.upload_id().unwrap_or_default().to_owned();
        let part_bytes = self.limits.part_bytes;
        let begun = Begun {
            id,
            part_bytes,
            arrived: BTreeMap::new(),
        };
        if let Some(memo) = &write.memo {
            memo.store(&begun)?;
        }
        Ok(begun)
    }

    async fn send_parts(
        &self,
        write: &Write,
        begun: &Begun,
    ) -> Result<Vec<CompletedPart>, Trouble> {
        let size = write.source.size();
        let mut parts = Vec::new();
        let mut offset = 0;
        for number in 1.. {
            if offset == size {
                break;
            }
            let bytes = write
                .source
                .read(offset, begun.part_bytes.min(size - offset))?;
            offset += bytes.len() as u64;
            let sum = Sha256Sum::of(&bytes);
            let etag = match begun.arrived.get(&number) {
                Some(etag) => etag.clone(),
                None => self.send_part(write, begun, number, bytes, sum).await?,
            };
            let part = CompletedPart::builder()
                .part_number(number)
                .e_tag(etag)
                .checksum_sha256(base64_of(sum));
            parts.push(part.build());
        }
        Ok(parts)
    }

    async fn send_part(
        &self,
        write: &Write,
        begun: &Begun,
        number: i32,
        bytes: Bytes,
        sum: Sha256Sum,
    ) -> Result<String, Trouble> {
        let size = bytes.len() as u64;
        let sent = self.persist(size, || async {
            let request = self
                .client
                .upload_part()
                .bucket(self.location.bucket())
                .key(self.location.path(&write.key))
                .upload_id(&begun.id)
                .part_number(number)
                .checksum_sha256(base64_of(sum))
                .body(ByteStream::from(bytes.clone()));
            let send = async { request.send().await.map_err(sort) };
            let sent = self.bounded(size, send).await?;
            confirm(sent.checksum_sha256(), sum)?;
            Ok(sent.e_tag().unwrap_or_default().to_owned())
        });
        let etag = match sent.await {
            Err(Trouble::Absent) => return Err(Trouble::UploadGone),
            sent => sent?,
        };
        if let Some(memo) = &write.memo {
            memo.add(number, &etag)?;
        }
        fail_point!("vault::after_part");
        Ok(etag)
    }

    /// Makes the object of its parts. Tried once: `write` knows how to find out what became of it.
    async fn complete(
        &self,
        write: &Write,
        begun: &Begun,
        parts: Vec<CompletedPart>,
        condition: &Condition,
    ) -> Result<(), Trouble> {
        fail_point!("vault::before_complete");
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts));
        let request = self
            .client
            .complete_multipart_upload()
            .bucket(self.location.bucket())
            .key(self.location.path(&write.key))
            .upload_id(&begun.id)
            .multipart_upload(parts.build())
            .set_if_match(condition.if_match())
            .set_if_none_match(condition.if_none_match());
        let send = async { request.send().await.map_err(sort) };
        self.bounded(write.source.size(), send).await?;
        fail_point!("vault::after_complete");
        Ok(())
    }

    /// Lets the server drop the parts. What it keeps all the same its owner pays for, until a rule
    /// of the bucket takes unfinished uploads away.
    async fn abort(&self, write: &Write, begun: &Begun) {
        let request = self
            .client
            .abort_multipart_upload()
            .bucket(self.location.bucket())
            .key(self.location.path(&write.key))
            .upload_id(&begun.id);
        let send = async { request.send().await.map_err(sort) };
        drop(self.bounded(0, send).await);
    }
}
