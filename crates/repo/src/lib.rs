//! Versions in git: tags, commits and the files they carry, read through `gix` without a git binary.
//! It never writes to the repository it reads, runs no program, follows no symlink and reads neither
//! the environment nor anybody's git configuration; only [`Repo::clone_into`] and [`Repo::refresh`]
//! write, into the clone. Start at [`Repo`]; everything here blocks, so async callers use a thread.

mod bounds;
mod bundle;
mod clone;
mod commit;
mod copy;
mod fingerprint;
mod folder;
mod glance;
mod object;
mod open;
mod reference;
mod resolve;
mod tag;
mod tree;
mod versions;

pub use bounds::{
    BUNDLE_BYTES_MAX, Bounds, DEPTH_MAX, FILE_BYTES_MAX, FILES_MAX, LimitError, TREE_ENTRIES_MAX,
};
pub use bundle::{Bundle, FileSet, InvalidFileSet};
pub use clone::{CloneError, Refreshed, SkippedRef};
pub use commit::{Commit, CommitId, InvalidCommitId, Person};
pub use folder::FolderError;
pub use glance::Glance;
pub use object::{OBJECT_BYTES_MAX, ObjectError};
pub use open::{OpenError, Repo};
pub use resolve::{COMMITS_WALKED_MAX, Candidate, ResolveError, Resolved};
pub use tree::{SkipReason, SkippedFile, Tree, TreeError, TreeFile};
pub use versions::{ListError, SkippedTag, VERSIONS_MAX, Version, Versions};
