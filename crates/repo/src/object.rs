use std::{io, path::PathBuf};

use gix::{ObjectId, objs::Kind};

/// The largest commit or tag that is read.
pub const OBJECT_BYTES_MAX: u64 = 1 << 20;

/// The largest single folder of a tree that is read.
pub(crate) const TREE_BYTES_MAX: u64 = 8 << 20;

/// Why an object could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    #[error("object {id} is missing: `git fsck` lists what else is, `git fetch` may bring it back")]
    Missing { id: String },
    #[error("object {id} is a {found} and no {expected}")]
    WrongKind {
        id: String,
        found: String,
        expected: String,
    },
    #[error("object {id} has {bytes} bytes, more than the {bytes_max} that are read")]
    TooLarge {
        id: String,
        bytes: u64,
        bytes_max: u64,
    },
    #[error("object {id} is damaged: `git fsck` lists what else is; restore it from another clone")]
    Damaged {
        id: String,
        #[source]
        source: Box<gix::Error>,
    },
    #[error("could not write object {id}: is the disk full?")]
    Write {
        id: String,
        #[source]
        source: Box<gix::Error>,
    },
    #[error("could not write `{}` to disk", path.display())]
    Folder {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the references cannot be read: `git for-each-ref` may say which is broken")]
    References {
        #[source]
        source: Box<gix::Error>,
    },
}

impl ObjectError {
    pub(crate) fn damaged(id: ObjectId) -> impl Fn(gix::Error) -> Self {
        move |source| Self::Damaged {
            id: id.to_string(),
            source: Box::new(source),
        }
    }

    pub(crate) fn references(source: gix::Error) -> Self {
        Self::References {
            source: Box::new(source),
        }
    }
}

/// Kind and size, without reading the rest.
pub(crate) fn header(git: &gix::Repository, id: ObjectId) -> Result<(Kind, u64), ObjectError> {
    let header = git
        .try_find_header(id)
        .map_err(ObjectError::damaged(id))?
        .ok_or_else(|| ObjectError::Missing { id: id.to_string() })?;
    Ok((header.kind(), header.size()))
}

/// Reads an object whole. Its size is asked for before, so that a small file that unpacks to a huge
/// one does no harm, and its hash is checked after, because git's own checksums guard less.
pub(crate) fn load(
    git: &gix::Repository,
    id: ObjectId,
    bytes_max: u64,
) -> Result<(Kind, Vec<u8>), ObjectError> {
    let (_, bytes) = header(git, id)?;
    if bytes > bytes_max {
        return Err(ObjectError::TooLarge {
            id: id.to_string(),
            bytes,
            bytes_max,
        });
    }
    let mut object = git
        .try_find_object(id)
        .map_err(ObjectError::damaged(id))?
        .ok_or_else(|| ObjectError::Missing { id: id.to_string() })?;
    gix::objs::Data::new(&object.data, object.kind, id.kind())
        .verify_checksum(&id)
        .map_err(ObjectError::damaged(id))?;
    Ok((object.kind, std::mem::take(&mut object.data)))
}

/// [`load`], of one kind.
pub(crate) fn load_kind(
    git: &gix::Repository,
    id: ObjectId,
    expected: Kind,
    bytes_max: u64,
) -> Result<Vec<u8>, ObjectError> {
    let (found, data) = load(git, id, bytes_max)?;
    if found == expected {
        Ok(data)
    } else {
        Err(wrong_kind(id, found, expected))
    }
}

pub(crate) fn wrong_kind(id: ObjectId, found: Kind, expected: Kind) -> ObjectError {
    ObjectError::WrongKind {
        id: id.to_string(),
        found: found.to_string(),
        expected: expected.to_string(),
    }
}
