use std::{fmt, str::FromStr};

use gix::{ObjectId, bstr::ByteSlice as _, objs::CommitRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ObjectError, Repo,
    object::{OBJECT_BYTES_MAX, load_kind},
};

/// The hash of a commit: 40 hex digits, or 64 in a SHA-256 repository.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(pub(crate) ObjectId);

impl CommitId {
    /// Enough of it for a person to tell two apart.
    pub fn short(&self) -> String {
        const DIGITS: usize = 12;
        self.0.to_hex_with_len(DIGITS).to_string()
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A commit hash that is none.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no commit hash: it has 40 digits of 0-9 and a-f, or 64")]
pub struct InvalidCommitId(String);

impl FromStr for CommitId {
    type Err = InvalidCommitId;

    fn from_str(text: &str) -> Result<Self, InvalidCommitId> {
        ObjectId::from_hex(text.as_bytes())
            .map(Self)
            .map_err(|_invalid| InvalidCommitId(text.to_owned()))
    }
}

impl TryFrom<String> for CommitId {
    type Error = InvalidCommitId;

    fn try_from(text: String) -> Result<Self, InvalidCommitId> {
        text.parse()
    }
}

impl From<CommitId> for String {
    fn from(id: CommitId) -> String {
        id.to_string()
    }
}

/// Who made something, as git was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub name: String,
    pub email: String,
}

/// A commit without its files. Text that is not UTF-8 has replacement characters in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub id: CommitId,
    pub parents: Vec<CommitId>,
    pub author: Person,
    pub authored_at: Timestamp,
    pub committer: Person,
    pub committed_at: Timestamp,
    pub message: String,
    pub(crate) tree: ObjectId,
}

impl Repo {
    pub fn commit(&self, id: CommitId) -> Result<Commit, ObjectError> {
        load_commit(&self.local(), id.0)
    }
}

pub(crate) fn load_commit(git: &gix::Repository, id: ObjectId) -> Result<Commit, ObjectError> {
    let data = load_kind(git, id, gix::objs::Kind::Commit, OBJECT_BYTES_MAX)?;
    parse_commit(id, &data).map_err(ObjectError::damaged(id))
}

pub(crate) fn parse_commit(id: ObjectId, data: &[u8]) -> Result<Commit, gix::Error> {
    let commit = CommitRef::from_bytes(data, id.kind())?;
    let (author, authored_at) = signature(commit.author()?);
    let (committer, committed_at) = signature(commit.committer()?);
    Ok(Commit {
        id: CommitId(id),
        parents: commit.parents().map(CommitId).collect(),
        author,
        authored_at,
        committer,
        committed_at,
        message: message(commit.message),
        tree: commit.tree(),
    })
}

/// Who and when.
pub(crate) fn signature(signature: gix::actor::SignatureRef<'_>) -> (Person, Timestamp) {
    let person = signature.trim();
    let person = Person {
        name: person.name.to_str_lossy().into_owned(),
        email: person.email.to_str_lossy().into_owned(),
    };
    (person, moment(signature))
}

/// When. A time that cannot be read, or that no calendar has, is the epoch, as in git.
pub(crate) fn moment(signature: gix::actor::SignatureRef<'_>) -> Timestamp {
    let seconds = signature.trim().seconds();
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(crate) fn message(text: &gix::bstr::BStr) -> String {
    text.to_str_lossy().trim_end().to_owned()
}
