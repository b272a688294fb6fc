//! Objects from one repository to another, all that a reference needs and no more.

use std::collections::HashSet;

use gix::{
    ObjectId,
    objs::{CommitRef, Kind, TagRef, TreeRefIter, tree::EntryKind},
};

use crate::{
    COMMITS_WALKED_MAX, ObjectError,
    commit::load_commit,
    loose::{self, Object},
    object::{TREE_BYTES_MAX, header, load},
    reference::{peel_to_commit, target_object},
};

/// The largest object that is copied; it is in memory meanwhile.
const COPIED_BYTES_MAX: u64 = 512 << 20;

/// How many objects are written with one wait for the disk, and how large they may be together.
const PENDING_MAX: usize = 1024;
const PENDING_BYTES_MAX: usize = 64 << 20;

/// Copies objects with what they refer to, each after everything that it refers to. Whatever is in
/// the destination is therefore whole, even if the power went in the middle of an earlier copy.
pub(crate) struct Copy<'a> {
    from: &'a gix::Repository,
    to: &'a gix::Repository,
    /// Commits whose parents the source does not have either.
    shallow: HashSet<ObjectId>,
    seen: HashSet<ObjectId>,
    /// Copied, but not on disk yet.
    pending: Vec<Object<Vec<u8>>>,
    pending_bytes: usize,
    copied: usize,
}

enum Step {
    Visit(ObjectId),
    Write(ObjectId, Kind, Vec<u8>),
}

impl<'a> Copy<'a> {
    pub(crate) fn new(
        from: &'a gix::Repository,
        to: &'a gix::Repository,
        shallow: HashSet<ObjectId>,
    ) -> Self {
        Self {
            from,
            to,
            shallow,
            seen: HashSet::new(),
            pending: Vec::new(),
            pending_bytes: 0,
            copied: 0,
        }
    }

    /// Waits until all of it is on disk, and says how many objects the destination did not have.
    pub(crate) fn finish(mut self) -> Result<usize, ObjectError> {
        self.flush()?;
        Ok(self.copied)
    }

    pub(crate) fn run(&mut self, root: ObjectId) -> Result<(), ObjectError> {
        let mut steps = vec![Step::Visit(root)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Visit(id) => {
                    if !self.seen.insert(id) || self.to.objects.exists_without_refresh(&id) {
                        continue;
                    }
                    if let Err(error) = self.visit(id, &mut steps) {
                        // What waits on the stack was not written: another root may need it.
                        for step in steps {
                            let (Step::Visit(id) | Step::Write(id, ..)) = step;
                            self.seen.remove(&id);
                        }
                        self.seen.remove(&id);
                        return Err(error);
                    }
                }
                Step::Write(id, kind, data) => self.write(id, kind, data)?,
            }
        }
        Ok(())
    }

    fn visit(&mut self, id: ObjectId, steps: &mut Vec<Step>) -> Result<(), ObjectError> {
        let (kind, data) = load(self.from, id, COPIED_BYTES_MAX)?;
        if kind == Kind::Blob {
            return self.write(id, kind, data);
        }
        let mut needed = needed_by(id, kind, &data).map_err(ObjectError::damaged(id))?;
        if kind == Kind::Commit && self.shallow.contains(&id) {
            needed.drain(..needed.len() - 1);
        }
        steps.push(Step::Write(id, kind, data));
        steps.extend(needed.into_iter().map(Step::Visit));
        Ok(())
    }

    fn write(&mut self, id: ObjectId, kind: Kind, data: Vec<u8>) -> Result<(), ObjectError> {
        self.pending_bytes += data.len();
        self.pending.push(Object { id, kind, data });
        if self.pending.len() >= PENDING_MAX || self.pending_bytes >= PENDING_BYTES_MAX {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ObjectError> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        self.copied += pending.len();
        loose::write(self.to, &pending)
    }
}

/// Is everything that `roots` need in `after`? What references lead to in `before` is whole. All else
/// there may be left of something that broke off, so even its content is looked at; what is new in
/// `after` was hashed when it came.
pub(crate) fn require_whole(
    before: &gix::Repository,
    after: &gix::Repository,
    roots: impl Iterator<Item = ObjectId>,
) -> Result<(), ObjectError> {
    let (mut published, tips) = references(before)?;
    let mut steps: Vec<_> = roots.filter(|id| !published.contains(id)).collect();
    if steps.is_empty() {
        return Ok(());
    }
    let walk = before.rev_walk(tips).all();
    let walk = walk.map_err(ObjectError::references)?.flatten();
    published.extend(walk.take(COMMITS_WALKED_MAX).map(|info| info.id));
    let shallow = after.shallow_commits().map_err(ObjectError::references)?;
    let is_end = |id: &ObjectId| shallow.iter().any(|commits| commits.contains(id));
    let mut seen = HashSet::new();
    while let Some(id) = steps.pop() {
        if published.contains(&id) || !seen.insert(id) {
            continue;
        }
        let (kind, _) = header(after, id)?;
        if kind == Kind::Blob && !before.objects.exists_without_refresh(&id) {
            continue;
        }
        let (_, data) = load(after, id, COPIED_BYTES_MAX)?;
        let mut needed = needed_by(id, kind, &data).map_err(ObjectError::damaged(id))?;
        if kind == Kind::Commit {
            let parents = needed.len() - 1;
            for parent in needed[..parents]
                .iter()
                .filter(|id| published.contains(*id))
            {
                pass_tree_of(before, *parent, &mut seen);
            }
            if is_end(&id) {
                needed.drain(..parents);
            }
        }
        steps.extend(needed);
    }
    Ok(())
}

/// What references lead to, and the commits among that or behind it. Broken ones lead nowhere.
fn references(git: &gix::Repository) -> Result<(HashSet<ObjectId>, Vec<ObjectId>), ObjectError> {
    let platform = git.references().map_err(ObjectError::references)?;
    let (mut targets, mut tips) = (HashSet::new(), Vec::new());
    for reference in platform.all().map_err(ObjectError::references)?.flatten() {
        let reference = reference.detach();
        if let Ok(id) = target_object(git, reference.target)
            && let Ok(commit) = peel_to_commit(git, reference.peeled.unwrap_or(id))
        {
            targets.insert(id);
            tips.push(commit);
        }
    }
    Ok((targets, tips))
}

/// Notes as seen what a published commit consists of, of which its children have most.
fn pass_tree_of(git: &gix::Repository, commit: ObjectId, seen: &mut HashSet<ObjectId>) {
    let mut steps: Vec<ObjectId> = load_commit(git, commit)
        .map(|commit| commit.tree)
        .into_iter()
        .collect();
    while let Some(id) = steps.pop() {
        // What cannot be read is not passed, so whoever needs it is told.
        let Ok((kind, _)) = header(git, id) else {
            continue;
        };
        let inner = match kind {
            Kind::Tree => load(git, id, TREE_BYTES_MAX)
                .ok()
                .and_then(|(kind, data)| needed_by(id, kind, &data).ok()),
            Kind::Blob | Kind::Commit | Kind::Tag => Some(Vec::new()),
        };
        if let Some(inner) = inner
            && seen.insert(id)
        {
            steps.extend(inner);
        }
    }
}

/// What an object refers to; a commit's tree last, so that on a stack it comes first, and fewer
/// folders than ancestors wait there.
pub(crate) fn needed_by(id: ObjectId, kind: Kind, data: &[u8]) -> gix::Result<Vec<ObjectId>> {
    match kind {
        Kind::Blob => Ok(Vec::new()),
        Kind::Tag => Ok(vec![TagRef::from_bytes(data, id.kind())?.target()]),
        Kind::Commit => {
            let commit = CommitRef::from_bytes(data, id.kind())?;
            let mut needed: Vec<_> = commit.parents().collect();
            needed.push(commit.tree());
            Ok(needed)
        }
        Kind::Tree => {
            let mut needed = Vec::new();
            for entry in TreeRefIter::from_bytes(data, id.kind()) {
                let entry = entry?;
                if entry.mode.kind() != EntryKind::Commit {
                    needed.push(entry.oid.to_owned());
                }
            }
            Ok(needed)
        }
    }
}
