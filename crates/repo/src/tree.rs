use bytes::Bytes;
use gix::{
    ObjectId,
    bstr::ByteSlice as _,
    objs::{Kind, TreeRefIter, tree::EntryKind},
};

use crate::{
    Bounds, CommitId, FILE_BYTES_MAX, LimitError, ObjectError, Repo,
    bounds::Tally,
    commit::load_commit,
    object::{TREE_BYTES_MAX, header, load_kind},
};

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// From the top of the repository, with `/` between its parts.
    pub path: String,
    pub bytes: u64,
    pub is_executable: bool,
    pub(crate) id: ObjectId,
}

impl TreeFile {
    /// What git calls its content: files with the same hash are the same.
    pub fn hash(&self) -> String {
        self.id.to_string()
    }
}

/// Something in a commit or folder that is no file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedFile {
    /// With replacement characters where it is not UTF-8.
    pub path: String,
    pub reason: SkipReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkipReason {
    /// It may lead anywhere, and Python would see a text file where git's target is not checked out.
    #[error("it is a symlink")]
    Symlink,
    /// Its files are in another repository.
    #[error("it is a submodule")]
    Submodule,
    /// Neither JSON nor Python's imports could name it.
    #[error("its name is not UTF-8")]
    NotUtf8,
    /// A pipe, a socket or a device.
    #[error("it is no file")]
    NotAFile,
}

/// The files of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// By path.
    pub files: Vec<TreeFile>,
    pub skipped: Vec<SkippedFile>,
}

/// Why files of a commit could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error("there is no file `{path}` in commit {commit}")]
    NoSuchFile { commit: CommitId, path: String },
    #[error("commit {commit} has `{path}`, which is no name for a file: it was made to do harm")]
    UnsafePath { commit: CommitId, path: String },
    #[error("commit {commit} holds too much")]
    Limit {
        commit: CommitId,
        #[source]
        source: LimitError,
    },
    #[error(transparent)]
    Object(#[from] ObjectError),
}

impl Repo {
    /// The files at and below `prefixes` (`tools`, `state/schema.json`), or all of them when none is
    /// given; their contents are not read.
    pub fn tree(
        &self,
        commit: CommitId,
        prefixes: &[&str],
        bounds: &Bounds,
    ) -> Result<Tree, TreeError> {
        self.walk(commit, bounds, &|path, is_folder| {
            prefixes.is_empty() || prefixes.iter().any(|prefix| is_at(path, is_folder, prefix))
        })
    }

    /// One file of a commit.
    pub fn read(&self, commit: CommitId, path: &str) -> Result<Bytes, TreeError> {
        let git = self.local();
        let tree = load_commit(&git, commit.0)?.tree;
        match find_entry(&git, tree, path)? {
            Some((EntryKind::Blob | EntryKind::BlobExecutable, id)) => {
                Ok(load_kind(&git, id, Kind::Blob, FILE_BYTES_MAX)?.into())
            }
            _ => Err(TreeError::NoSuchFile {
                commit,
                path: path.to_owned(),
            }),
        }
    }

    /// The files for whose path, and for each folder on the way to it, `is_wanted` holds.
    pub(crate) fn walk(
        &self,
        commit: CommitId,
        bounds: &Bounds,
        is_wanted: &dyn Fn(&str, bool) -> bool,
    ) -> Result<Tree, TreeError> {
        let git = self.local();
        let mut walk = Walk {
            git: &git,
            commit,
            is_wanted,
            tally: Tally::new(*bounds),
            tree: Tree::default(),
            folders: vec![(String::new(), load_commit(&git, commit.0)?.tree)],
        };
        while let Some((path, id)) = walk.folders.pop() {
            walk.visit(&path, id)?;
        }
        let mut tree = walk.tree;
        tree.files.sort_by(|left, right| left.path.cmp(&right.path));
        tree.skipped
            .sort_by(|left, right| left.path.cmp(&right.path));
        if let Some(twice) = (tree.files.windows(2)).find(|pair| pair[0].path == pair[1].path) {
            return Err(TreeError::UnsafePath {
                commit,
                path: twice[0].path.clone(),
            });
        }
        Ok(tree)
    }
}

/// What is at a path below `tree`, be it a file, a folder or else.
pub(crate) fn find_entry(
    git: &gix::Repository,
    tree: ObjectId,
    path: &str,
) -> Result<Option<(EntryKind, ObjectId)>, ObjectError> {
    let mut at = (EntryKind::Tree, tree);
    for part in path.split('/') {
        let (EntryKind::Tree, folder) = at else {
            return Ok(None);
        };
        let data = load_kind(git, folder, Kind::Tree, TREE_BYTES_MAX)?;
        let mut found = None;
        for entry in TreeRefIter::from_bytes(&data, folder.kind()) {
            let entry = entry.map_err(ObjectError::damaged(folder))?;
            if entry.filename == part.as_bytes() {
                found = Some((entry.mode.kind(), entry.oid.to_owned()));
                break;
            }
        }
        match found {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

struct Walk<'a> {
    git: &'a gix::Repository,
    commit: CommitId,
    is_wanted: &'a dyn Fn(&str, bool) -> bool,
    tally: Tally,
    tree: Tree,
    /// Folders that are still to be visited, each path ending in `/` but for the top.
    folders: Vec<(String, ObjectId)>,
}

impl Walk<'_> {
    fn visit(&mut self, folder: &str, id: ObjectId) -> Result<(), TreeError> {
        let data = load_kind(self.git, id, Kind::Tree, TREE_BYTES_MAX)?;
        for entry in TreeRefIter::from_bytes(&data, id.kind()) {
            let entry = entry.map_err(ObjectError::damaged(id))?;
            self.tally
                .add_entry()
                .map_err(|limit| self.too_much(limit))?;
            self.enter(folder, entry)?;
        }
        Ok(())
    }

    fn enter(
        &mut self,
        folder: &str,
        entry: gix::objs::tree::EntryRef<'_>,
    ) -> Result<(), TreeError> {
        let kind = entry.mode.kind();
        let path = format!("{folder}{}", entry.filename.to_str_lossy());
        if !(self.is_wanted)(&path, kind == EntryKind::Tree) {
            return Ok(());
        }
        if is_unsafe(entry.filename) {
            return Err(TreeError::UnsafePath {
                commit: self.commit,
                path,
            });
        }
        let skip = match kind {
            _ if entry.filename.to_str().is_err() => Some(SkipReason::NotUtf8),
            EntryKind::Link => Some(SkipReason::Symlink),
            EntryKind::Commit => Some(SkipReason::Submodule),
            EntryKind::Tree | EntryKind::Blob | EntryKind::BlobExecutable => None,
        };
        if let Some(reason) = skip {
            self.tree.skipped.push(SkippedFile { path, reason });
            return Ok(());
        }
        let id = entry.oid.to_owned();
        if kind == EntryKind::Tree {
            Tally::check_depth(&path).map_err(|limit| self.too_much(limit))?;
            self.folders.push((path + "/", id));
            return Ok(());
        }
        let (_, bytes) = header(self.git, id)?;
        (self.tally.add_file(&path, bytes)).map_err(|limit| self.too_much(limit))?;
        self.tree.files.push(TreeFile {
            path,
            bytes,
            is_executable: kind == EntryKind::BlobExecutable,
            id,
        });
        Ok(())
    }

    fn too_much(&self, source: LimitError) -> TreeError {
        TreeError::Limit {
            commit: self.commit,
            source,
        }
    }
}

/// Is `path` at or below `prefix`, or a folder on the way there?
pub(crate) fn is_at(path: &str, is_folder: bool, prefix: &str) -> bool {
    let is_below = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    is_below(path, prefix) || (is_folder && is_below(prefix, path))
}

/// git refuses to make such names, so somebody went to the trouble of writing them.
pub(crate) fn is_unsafe(name: &gix::bstr::BStr) -> bool {
    name.is_empty()
        || name == "."
        || name == ".."
        || name.contains(&b'/')
        || name.contains(&b'\\')
        || name.eq_ignore_ascii_case(b".git")
}
