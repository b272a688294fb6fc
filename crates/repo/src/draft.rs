//! New trees, commits and tags, made in memory before any of them is written.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use gix::{
    ObjectId,
    objs::{Kind, tree::EntryKind},
    validate::path::component::Options as NameRules,
};
use jiff::Timestamp;

use crate::{
    Bounds, CommitId, LimitError, NotOwner, OBJECT_BYTES_MAX, ObjectError, Person, Repo,
    SigningError, TagName,
    bounds::Tally,
    commit::load_commit,
    loose,
    object::{TREE_BYTES_MAX, header, load_kind, wrong_kind},
    open::require_owner,
    tree::{find_entry, is_unsafe},
};

/// The hash of a tree: the files of a commit, without its history.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TreeId(pub(crate) ObjectId);

/// The hash of an annotated tag itself, not of what it tags.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagId(pub(crate) ObjectId);

/// The files that a new tree begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    Empty,
    Commit(CommitId),
    Tree(TreeId),
}

/// What changes from one tree to the next: a file's new content, or nothing where it goes.
pub type Changes = BTreeMap<String, Option<Bytes>>;

/// Is given the bytes of a commit or tag, and gives the signature, armoured.
pub type Signer<'a> = &'a dyn Fn(&[u8]) -> Result<String, SigningError>;

/// A commit to make.
pub struct NewCommit<'a> {
    pub tree: TreeId,
    pub parents: &'a [CommitId],
    pub author: &'a Person,
    pub committer: &'a Person,
    pub at: Timestamp,
    pub message: &'a str,
    pub signer: Option<Signer<'a>>,
}

/// An annotated tag to make; no reference leads to it before it is published.
pub struct NewTag<'a> {
    pub target: CommitId,
    pub name: &'a TagName,
    pub tagger: &'a Person,
    pub at: Timestamp,
    pub message: &'a str,
    pub signer: Option<Signer<'a>>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("`{path}` is no path of a file in a version: write it with `/` between plain names")]
    UnsafePath { path: String },
    #[error("`{path}` cannot be written while `{taken}` is a file: remove that in the same change")]
    FileInTheWay { path: String, taken: String },
    #[error("`{path}` cannot be written because it is a folder, a symlink or a submodule there")]
    NotAFile { path: String },
    #[error("there is no file `{path}` to remove")]
    NoSuchFile { path: String },
    #[error("the change holds too much")]
    Limit(#[from] LimitError),
    #[error(
        "`{name} <{email}>` is nobody for git: neither part is empty or holds < > or line ends"
    )]
    Person { name: String, email: String },
    #[error("a message is text without NUL, of 1 to {OBJECT_BYTES_MAX} bytes")]
    Message,
    #[error("could not sign it")]
    Sign(#[from] SigningError),
    #[error("could not put a tree together")]
    Tree(#[source] Box<gix::Error>),
    #[error(transparent)]
    NotOwner(#[from] NotOwner),
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// Objects that are in no repository yet. Their hashes are known, they refer to each other, and
/// [`Draft::write`] keeps all of them with one wait for the disk instead of one each.
pub struct Draft {
    git: gix::Repository,
}

impl Repo {
    pub fn draft(&self) -> Draft {
        Draft {
            git: self.local().with_object_memory(),
        }
    }

    /// [`Draft::tree`], written.
    pub fn write_tree(&self, base: Base, changes: &Changes) -> Result<TreeId, WriteError> {
        let mut draft = self.draft();
        let id = draft.tree(base, changes)?;
        draft.write()?;
        Ok(id)
    }

    /// [`Draft::commit`], written.
    pub fn write_commit(&self, new: &NewCommit<'_>) -> Result<CommitId, WriteError> {
        let mut draft = self.draft();
        let id = draft.commit(new)?;
        draft.write()?;
        Ok(id)
    }

    /// [`Draft::tag`], written.
    pub fn write_tag_object(&self, new: &NewTag<'_>) -> Result<TagId, WriteError> {
        let mut draft = self.draft();
        let id = draft.tag(new)?;
        draft.write()?;
        Ok(id)
    }
}

impl Draft {
    /// The files of `base` with `changes` made; a file that stays executable keeps being so.
    pub fn tree(&mut self, base: Base, changes: &Changes) -> Result<TreeId, WriteError> {
        check_changes(changes)?;
        let root = match base {
            Base::Empty => ObjectId::empty_tree(self.git.object_hash()),
            Base::Commit(commit) => load_commit(&self.git, commit.0)?.tree,
            Base::Tree(tree) => tree.0,
        };
        let mut edits = Vec::with_capacity(changes.len());
        for (path, content) in changes {
            let edit = match content {
                None => self.removal(root, path)?,
                Some(content) => self.replacement(root, path, content, changes)?,
            };
            edits.push((path, edit));
        }
        // First what goes: a file may take the place of a folder, and the other way around.
        edits.sort_by_key(|(_, edit)| edit.is_some());
        let failed = |source| WriteError::Tree(Box::new(source));
        let mut editor = self.git.edit_tree(root).map_err(failed)?;
        for (path, edit) in edits {
            match edit {
                None => editor.remove(path.as_str()).map_err(failed)?,
                Some((kind, id)) => editor.upsert(path.as_str(), kind, id).map_err(failed)?,
            };
        }
        let tree = editor.write().map_err(failed)?.detach();
        if tree == ObjectId::empty_tree(self.git.object_hash()) {
            // Every git knows it without having it; ours is asked for it as for any other.
            self.add(Kind::Tree, &[])?;
        }
        Ok(TreeId(tree))
    }

    pub fn commit(&mut self, new: &NewCommit<'_>) -> Result<CommitId, WriteError> {
        self.require(new.tree.0, Kind::Tree)?;
        for parent in new.parents {
            self.require(parent.0, Kind::Commit)?;
        }
        let mut commit = gix::objs::Commit {
            tree: new.tree.0,
            parents: new.parents.iter().map(|parent| parent.0).collect(),
            author: signature(new.author, new.at)?,
            committer: signature(new.committer, new.at)?,
            encoding: None,
            message: message(new.message)?.into(),
            extra_headers: Vec::new(),
        };
        let mut data = Vec::new();
        write_to(&commit, &mut data)?;
        if let Some(sign) = new.signer {
            let header = match self.git.object_hash() {
                gix::hash::Kind::Sha256 => "gpgsig-sha256",
                _ => "gpgsig",
            };
            let armoured = sign(&data)?;
            (commit.extra_headers).push((header.into(), armoured.trim_end().into()));
            data.clear();
            write_to(&commit, &mut data)?;
        }
        self.add(Kind::Commit, &data).map(CommitId)
    }

    pub fn tag(&mut self, new: &NewTag<'_>) -> Result<TagId, WriteError> {
        self.require(new.target.0, Kind::Commit)?;
        let tag = gix::objs::Tag {
            target: new.target.0,
            target_kind: Kind::Commit,
            name: new.name.to_string().into(),
            tagger: Some(signature(new.tagger, new.at)?),
            message: message(new.message)?.into(),
            signature: None,
        };
        let mut data = Vec::new();
        write_to(&tag, &mut data)?;
        if let Some(sign) = new.signer {
            let armoured = sign(&data)?;
            data.extend_from_slice(armoured.trim_end().as_bytes());
            data.push(b'\n');
        }
        self.add(Kind::Tag, &data).map(TagId)
    }

    /// Keeps what was made; on return it survives a power cut. Says how many objects were new.
    pub fn write(mut self) -> Result<usize, WriteError> {
        let objects = self.git.objects.take_object_memory().unwrap_or_default();
        let objects: Vec<_> = (objects.iter())
            .map(|(id, (kind, data))| loose::Object {
                id: *id,
                kind: *kind,
                data: data.as_slice(),
            })
            .collect();
        let count = objects.len();
        require_owner(&self.git, self.git.common_dir())?;
        loose::write(&self.git, &loose::in_order(objects))?;
        Ok(count)
    }

    fn removal(
        &self,
        root: ObjectId,
        path: &str,
    ) -> Result<Option<(EntryKind, ObjectId)>, WriteError> {
        let path = || path.to_owned();
        match find_entry(&self.git, root, &path())? {
            Some((EntryKind::Tree, _)) => Err(WriteError::NotAFile { path: path() }),
            Some(_) => Ok(None),
            None => Err(WriteError::NoSuchFile { path: path() }),
        }
    }

    fn replacement(
        &self,
        root: ObjectId,
        path: &str,
        content: &[u8],
        changes: &Changes,
    ) -> Result<Option<(EntryKind, ObjectId)>, WriteError> {
        for folder in folders_of(path) {
            let is_going = matches!(changes.get(folder), Some(None));
            if let Some((kind, _)) = find_entry(&self.git, root, folder)?
                && kind != EntryKind::Tree
                && !is_going
            {
                return Err(WriteError::FileInTheWay {
                    path: path.to_owned(),
                    taken: folder.to_owned(),
                });
            }
        }
        let kind = match find_entry(&self.git, root, path)? {
            None => EntryKind::Blob,
            Some((kind @ (EntryKind::Blob | EntryKind::BlobExecutable), _)) => kind,
            Some((EntryKind::Tree, folder)) if self.is_emptied(folder, path, changes)? => {
                EntryKind::Blob
            }
            Some((EntryKind::Tree | EntryKind::Link | EntryKind::Commit, _)) => {
                return Err(WriteError::NotAFile {
                    path: path.to_owned(),
                });
            }
        };
        let id = self.git.write_blob(content).map_err(|source| {
            WriteError::Object(ObjectError::Write {
                id: path.to_owned(),
                source: Box::new(source),
            })
        })?;
        Ok(Some((kind, id.detach())))
    }

    /// Do the changes remove every file of a folder?
    fn is_emptied(
        &self,
        folder: ObjectId,
        path: &str,
        changes: &Changes,
    ) -> Result<bool, WriteError> {
        let data = load_kind(&self.git, folder, Kind::Tree, TREE_BYTES_MAX)?;
        for entry in gix::objs::TreeRefIter::from_bytes(&data, folder.kind()) {
            let entry = entry.map_err(ObjectError::damaged(folder))?;
            let inner = format!("{path}/{}", entry.filename);
            let is_going = match entry.mode.kind() {
                EntryKind::Tree => self.is_emptied(entry.oid.to_owned(), &inner, changes)?,
                _ => matches!(changes.get(&inner), Some(None)),
            };
            if !is_going {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn require(&self, id: ObjectId, expected: Kind) -> Result<(), ObjectError> {
        let (found, _) = header(&self.git, id)?;
        if found == expected {
            Ok(())
        } else {
            Err(wrong_kind(id, found, expected))
        }
    }

    fn add(&self, kind: Kind, data: &[u8]) -> Result<ObjectId, WriteError> {
        use gix::prelude::Write as _;
        if data.len() as u64 > OBJECT_BYTES_MAX {
            return Err(WriteError::Message);
        }
        self.git.objects.write_buf(kind, data).map_err(|source| {
            WriteError::Object(ObjectError::Write {
                id: format!("of a new {kind}"),
                source: Box::new(source),
            })
        })
    }
}

/// Looks at the paths and sizes alone.
fn check_changes(changes: &Changes) -> Result<(), WriteError> {
    let mut tally = Tally::new(Bounds::default());
    for (path, content) in changes {
        let is_bad = |part: &str| {
            let part = part.as_bytes().into();
            is_unsafe(part)
                || gix::validate::path::component(part, None, NameRules::default()).is_err()
        };
        if path.split('/').any(is_bad) {
            return Err(WriteError::UnsafePath { path: path.clone() });
        }
        Tally::check_depth(path)?;
        let Some(content) = content else { continue };
        tally.add_file(path, content.len() as u64)?;
        for folder in folders_of(path) {
            if matches!(changes.get(folder), Some(Some(_))) {
                return Err(WriteError::FileInTheWay {
                    path: path.clone(),
                    taken: folder.to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// `a` and `a/b` of `a/b/c`.
fn folders_of(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

fn signature(person: &Person, at: Timestamp) -> Result<gix::actor::Signature, WriteError> {
    let is_bad = |text: &str| text.trim().is_empty() || text.contains(['<', '>', '\n', '\r', '\0']);
    if is_bad(&person.name) || is_bad(&person.email) {
        return Err(WriteError::Person {
            name: person.name.clone(),
            email: person.email.clone(),
        });
    }
    Ok(gix::actor::Signature {
        name: person.name.trim().into(),
        email: person.email.trim().into(),
        time: gix::date::Time {
            seconds: at.as_second(),
            offset: 0,
        },
    })
}

/// Ends in one line's end, as git's own messages do.
fn message(text: &str) -> Result<String, WriteError> {
    let text = text.trim_end();
    if text.trim().is_empty() || text.contains('\0') {
        return Err(WriteError::Message);
    }
    Ok(format!("{text}\n"))
}

fn write_to(object: &impl gix::objs::WriteTo, data: &mut Vec<u8>) -> Result<(), WriteError> {
    object.write_to(data).map_err(|source| {
        WriteError::Object(ObjectError::Write {
            id: format!("of a new {}", object.kind()),
            source: Box::new(gix::Error::from_error(source)),
        })
    })
}

impl fmt::Display for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TagId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TagId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
