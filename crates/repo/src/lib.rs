//! Versions in git: tags, commits and the files they carry, read and written through `gix` without a
//! git binary. It never touches a working tree or an index, moves no tag, follows no symlink, reads
//! nobody's git configuration, and runs no program but git to push and ssh where an address asks for
//! it. Start at [`Repo`], at [`Draft`] to write; everything here blocks, so async callers use a thread.

mod bounds;
mod bundle;
mod clone;
mod commit;
mod copy;
mod diff;
mod draft;
mod fetch;
mod fingerprint;
mod folder;
mod glance;
mod hidden;
mod history;
mod init;
mod loose;
mod object;
mod open;
mod publish;
mod push;
mod quarantine;
mod reference;
mod refs;
mod resolve;
mod signing;
mod tag;
mod transfer;
mod tree;
mod versions;

pub use bounds::{
    BUNDLE_BYTES_MAX, Bounds, DEPTH_MAX, FILE_BYTES_MAX, FILES_MAX, LimitError, TREE_ENTRIES_MAX,
};
pub use bundle::{Bundle, FileSet, InvalidFileSet};
pub use clone::{CloneError, Refreshed, SkippedRef};
pub use commit::{Commit, CommitId, InvalidCommitId, Person};
pub use diff::{ContentDiff, Diff, DiffBounds, FileChange, FileDiff};
pub use draft::{Base, Changes, Draft, NewCommit, NewTag, Signer, TagId, TreeId, WriteError};
pub use fetch::{FetchBounds, FetchError, Fetched};
pub use folder::FolderError;
pub use glance::Glance;
pub use hidden::{HiddenName, InvalidHiddenName};
pub use history::{HistoryError, LOG_MAX, Log};
pub use init::InitError;
pub use object::{OBJECT_BYTES_MAX, ObjectError};
pub use open::{NotOwner, OpenError, Repo};
pub use publish::{Move, Published};
pub use push::{PushError, Pusher, Rejected};
pub use refs::{LockError, RefConflict, RefError};
pub use resolve::{COMMITS_WALKED_MAX, Candidate, ResolveError, Resolved};
pub use signing::{SigningError, SigningKey};
pub use tag::TagName;
pub use transfer::TransferError;
pub use tree::{SkipReason, SkippedFile, Tree, TreeError, TreeFile};
pub use versions::{ListError, SkippedTag, Statement, VERSIONS_MAX, Version, Versions};
