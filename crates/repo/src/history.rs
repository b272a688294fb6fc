//! Which commits lie between two, and where their histories part.

use std::collections::{BinaryHeap, HashMap};

use gix::ObjectId;
use jiff::Timestamp;

use crate::{COMMITS_WALKED_MAX, Commit, CommitId, ObjectError, Repo, commit::load_commit};

/// How many commits a log holds at most, whatever was asked for.
pub const LOG_MAX: usize = 10_000;

/// How many commits are still looked at when all that are left seem to be on both sides: a clock
/// that was wrong may have put one of them later than its child.
const LOOKED_AT_AFTER: usize = 64;

/// The commits between two, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    pub commits: Vec<Commit>,
    /// Are there more than were asked for?
    pub has_more: bool,
}

/// Why a history could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("the history is longer than {COMMITS_WALKED_MAX} commits: ask between nearer versions")]
    TooLong,
    #[error(transparent)]
    Object(#[from] ObjectError),
}

impl Repo {
    /// What `to` has in its history and `from` has not, itself included; all of its history when
    /// there is no `from`. A shallow clone's ends where the clone does.
    pub fn log(
        &self,
        from: Option<CommitId>,
        to: CommitId,
        count_max: usize,
    ) -> Result<Log, HistoryError> {
        let count_max = count_max.min(LOG_MAX);
        let git = self.local();
        let mut walk = Walk::new(&git)?;
        walk.enter(to.0, Side::NEW)?;
        if let Some(from) = from {
            walk.enter(from.0, Side::OLD)?;
        }
        let mut found: Vec<Commit> = Vec::new();
        // Without another side nothing that was found can turn out to be on it.
        while from.is_some() || found.len() <= count_max {
            let Some((commit, sides)) = walk.next(Side::OLD)? else {
                break;
            };
            if !sides.has(Side::OLD) {
                found.push(commit);
            }
        }
        found.retain(|commit| !walk.sides[&commit.id.0].has(Side::OLD));
        let has_more = found.len() > count_max;
        found.truncate(count_max);
        Ok(Log {
            commits: found,
            has_more,
        })
    }

    /// The newest commit that both have in their history; nothing when they have none in common.
    pub fn merge_base(
        &self,
        one: CommitId,
        other: CommitId,
    ) -> Result<Option<CommitId>, HistoryError> {
        let git = self.local();
        let mut walk = Walk::new(&git)?;
        walk.enter(one.0, Side::NEW)?;
        walk.enter(other.0, Side::OLD)?;
        let mut common = Vec::new();
        while let Some((commit, sides)) = walk.next(Side::BELOW)? {
            if sides.has(Side::NEW) && sides.has(Side::OLD) && !sides.has(Side::BELOW) {
                common.push(commit.id);
                for parent in &commit.parents {
                    walk.enter(parent.0, Side::BELOW)?;
                }
            }
        }
        let is_base = |id: &&CommitId| !walk.sides[&id.0].has(Side::BELOW);
        Ok(common.iter().find(is_base).copied())
    }

    /// Is `old` in the history of `new`, or the same?
    pub fn is_ancestor(&self, old: CommitId, new: CommitId) -> Result<bool, HistoryError> {
        Ok(self.merge_base(old, new)? == Some(old))
    }
}

/// From which sides a commit was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Side(u8);

impl Side {
    const NEW: Self = Self(1);
    const OLD: Self = Self(2);
    /// Below a commit that both sides have.
    const BELOW: Self = Self(4);

    fn has(self, side: Self) -> bool {
        self.0 & side.0 != 0
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Commits from several sides, newest first; each again when it is reached from another side.
struct Walk<'a> {
    git: &'a gix::Repository,
    shallow: Vec<ObjectId>,
    waiting: BinaryHeap<(Timestamp, ObjectId)>,
    loaded: HashMap<ObjectId, Commit>,
    sides: HashMap<ObjectId, Side>,
    looked_at_after: usize,
}

impl<'a> Walk<'a> {
    fn new(git: &'a gix::Repository) -> Result<Self, ObjectError> {
        let shallow = git.shallow_commits().map_err(ObjectError::references)?;
        Ok(Self {
            git,
            shallow: (shallow.iter())
                .flat_map(|commits| commits.iter().copied())
                .collect(),
            waiting: BinaryHeap::new(),
            loaded: HashMap::new(),
            sides: HashMap::new(),
            looked_at_after: 0,
        })
    }

    fn enter(&mut self, id: ObjectId, side: Side) -> Result<(), HistoryError> {
        let known = self.sides.get(&id).copied();
        let sides = known.unwrap_or_default().with(side);
        if known == Some(sides) {
            return Ok(());
        }
        if self.sides.len() >= COMMITS_WALKED_MAX {
            return Err(HistoryError::TooLong);
        }
        self.sides.insert(id, sides);
        let at = if let Some(commit) = self.loaded.get(&id) {
            commit.committed_at
        } else {
            let commit = load_commit(self.git, id)?;
            let at = commit.committed_at;
            self.loaded.insert(id, commit);
            at
        };
        self.waiting.push((at, id));
        Ok(())
    }

    /// The next commit; nothing when all that are left are on the side of `ended`.
    fn next(&mut self, ended: Side) -> Result<Option<(Commit, Side)>, HistoryError> {
        let is_ended = (self.waiting.iter()).all(|(_, id)| self.sides[id].has(ended));
        if is_ended {
            self.looked_at_after += 1;
            if self.looked_at_after > LOOKED_AT_AFTER {
                return Ok(None);
            }
        }
        let Some((_, id)) = self.waiting.pop() else {
            return Ok(None);
        };
        let (commit, sides) = (self.loaded[&id].clone(), self.sides[&id]);
        if !self.shallow.contains(&id) {
            for parent in &commit.parents {
                self.enter(parent.0, sides)?;
            }
        }
        Ok(Some((commit, sides)))
    }
}
