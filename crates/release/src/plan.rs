//! What was decided about a release, before anything of it exists.

use compat::Verdict;
use model::{Digest, LineageName};
use repo::{Base, Changes, CommitId};
use semver::Version;
use state::{Migration, Rollback, Root};

use crate::{
    BumpKind, Content, Terms,
    content::{STATE, state_text},
};

/// The first version of a workspace that has none.
pub const VERSION_FIRST: Version = Version::new(0, 1, 0);

pub(crate) struct Plan {
    pub(crate) lineage: LineageName,
    pub(crate) kind: Kind,
    pub(crate) source: Source,
    pub(crate) parents: Vec<CommitId>,
    pub(crate) content: Content,
    pub(crate) verdict: Verdict,
    /// What it follows; nothing if it is the first.
    pub(crate) root: Option<Root>,
}

pub(crate) enum Kind {
    First,
    /// With the revision that staging has to be at, if the terms name one. Without one, the document
    /// that was proved is released though another is staged by now, which stays staged.
    Promote {
        terms: Terms,
    },
    Code {
        migrations: Vec<Migration>,
    },
    RollBack(Box<Rollback>),
}

/// The files around the state.
pub(crate) enum Source {
    Commit(CommitId),
    /// A folder that is not in git, with the hash of its own state.
    Folder {
        /// The release before.
        over: Option<CommitId>,
        state: Digest,
    },
}

impl Plan {
    /// May it still be carried out on what is there now?
    pub(crate) fn is_on(&self, now: Option<&Root>) -> bool {
        let (Some(root), Some(now)) = (&self.root, now) else {
            return self.root.is_none() && now.is_none();
        };
        let is_head = root.version == now.version && root.code == now.code && root.pins == now.pins;
        let is_head = is_head && root.is_closed == now.is_closed && root.canary == now.canary;
        match &self.kind {
            Kind::Promote { terms } => {
                let base = terms.base;
                is_head && base.is_none_or(|base| now.staging.revision == base)
            }
            Kind::Code { .. } => is_head && root.active.hash == now.active.hash,
            Kind::First | Kind::RollBack(_) => is_head,
        }
    }

    /// The share of conversations that it gets while it is on trial, if it has to stand one.
    pub(crate) fn canary_share(&self) -> Option<f64> {
        match &self.kind {
            Kind::Promote { terms } => terms.canary_share,
            Kind::First | Kind::Code { .. } | Kind::RollBack(_) => None,
        }
    }

    /// The number that it gets if nobody has it.
    pub(crate) fn number(&self) -> Version {
        self.root
            .as_ref()
            .map_or(VERSION_FIRST, |root| self.next(&root.version))
    }

    pub(crate) fn next(&self, version: &Version) -> Version {
        self.verdict.bump.next(version)
    }

    pub(crate) fn bump(&self) -> BumpKind {
        match (&self.root, self.verdict.bump) {
            (None, _) => BumpKind::First,
            (Some(_), compat::Bump::Patch) => BumpKind::Patch,
            (Some(_), compat::Bump::Minor) => BumpKind::Minor,
            (Some(_), compat::Bump::Major) => BumpKind::Major,
        }
    }

    pub(crate) fn reasons(&self) -> Vec<String> {
        let decisive = self.verdict.decisive().take(REASONS_MAX);
        decisive.map(ToString::to_string).collect()
    }

    pub(crate) fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::First => "first",
            Kind::Promote { .. } => "promote",
            Kind::Code { .. } => "adopt",
            Kind::RollBack(_) => "rollback",
        }
    }

    /// The commit that is it already, if nothing has to change in what a person committed.
    pub(crate) fn as_it_is(&self, changes: &Changes) -> Option<CommitId> {
        match self.source {
            Source::Commit(commit) if changes.is_empty() && self.parents == [commit] => {
                Some(commit)
            }
            Source::Commit(_) | Source::Folder { .. } => None,
        }
    }

    /// The tree to begin with, and what changes in it.
    pub(crate) fn tree(&self, before: &Content) -> (Base, Changes) {
        match self.source {
            Source::Commit(commit) => {
                let mut changes = Changes::new();
                if before.state != self.content.state {
                    let text = state_text(&self.content.state);
                    changes.insert(STATE.to_owned(), Some(text));
                }
                (Base::Commit(commit), changes)
            }
            Source::Folder { over: None, .. } => {
                let files = self.content.files.files().iter();
                let all = files.map(|(path, content)| (path.clone(), Some(content.clone())));
                (Base::Empty, all.collect())
            }
            Source::Folder {
                over: Some(commit), ..
            } => {
                let (old, new) = (before.files.files(), self.content.files.files());
                let gone = old.keys().filter(|path| !new.contains_key(*path));
                let mut changes: Changes = gone.map(|path| (path.clone(), None)).collect();
                let other = new
                    .iter()
                    .filter(|(path, content)| old.get(*path) != Some(content));
                changes.extend(other.map(|(path, content)| (path.clone(), Some(content.clone()))));
                (Base::Commit(commit), changes)
            }
        }
    }

    /// The commit whose files are compared with those of the new one.
    pub(crate) fn compared_with(&self) -> Option<CommitId> {
        match self.source {
            Source::Commit(commit) => Some(commit),
            Source::Folder { over, .. } => over,
        }
    }

    /// What the folder that it is made from holds as its state.
    pub(crate) fn folder_state(&self) -> Option<Digest> {
        match self.source {
            Source::Folder { state, .. } => Some(state),
            Source::Commit(_) => None,
        }
    }
}

/// More reasons than this are not told in a tag.
const REASONS_MAX: usize = 20;

#[cfg(test)]
mod tests;
