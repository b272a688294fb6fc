//! Objects from one repository to another, all that a reference needs and no more.

use std::collections::HashSet;

use gix::{
    ObjectId,
    objs::{CommitRef, Kind, TagRef, TreeRefIter, tree::EntryKind},
    prelude::Write as _,
};

use crate::{ObjectError, object::load};

/// The largest object that is copied; it is in memory meanwhile.
const COPIED_BYTES_MAX: u64 = 512 << 20;

/// Copies objects with what they refer to, each after everything that it refers to. Whatever is in
/// the destination is therefore whole, even if the power went in the middle of an earlier copy.
pub(crate) struct Copy<'a> {
    from: &'a gix::Repository,
    to: &'a gix::Repository,
    /// Commits whose parents the source does not have either.
    shallow: HashSet<ObjectId>,
    seen: HashSet<ObjectId>,
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
            copied: 0,
        }
    }

    /// How many objects the destination did not have.
    pub(crate) fn copied(&self) -> usize {
        self.copied
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
                Step::Write(id, kind, data) => self.write(id, kind, &data)?,
            }
        }
        Ok(())
    }

    fn visit(&mut self, id: ObjectId, steps: &mut Vec<Step>) -> Result<(), ObjectError> {
        let (kind, data) = load(self.from, id, COPIED_BYTES_MAX)?;
        if kind == Kind::Blob {
            return self.write(id, kind, &data);
        }
        let needed = self
            .needed_by(id, kind, &data)
            .map_err(ObjectError::damaged(id))?;
        steps.push(Step::Write(id, kind, data));
        steps.extend(needed.into_iter().map(Step::Visit));
        Ok(())
    }

    fn needed_by(&self, id: ObjectId, kind: Kind, data: &[u8]) -> gix::Result<Vec<ObjectId>> {
        match kind {
            Kind::Blob => Ok(Vec::new()),
            Kind::Tag => Ok(vec![TagRef::from_bytes(data, id.kind())?.target()]),
            Kind::Commit => {
                let commit = CommitRef::from_bytes(data, id.kind())?;
                let mut needed = Vec::new();
                if !self.shallow.contains(&id) {
                    needed.extend(commit.parents());
                }
                // Last, hence first: fewer folders than ancestors wait on the stack.
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

    fn write(&mut self, id: ObjectId, kind: Kind, data: &[u8]) -> Result<(), ObjectError> {
        self.to
            .objects
            .write_buf_with_known_id(kind, data, id)
            .map_err(|source| ObjectError::Write {
                id: id.to_string(),
                source: Box::new(source),
            })?;
        self.copied += 1;
        Ok(())
    }
}
