//! A version becomes one: its branch and its tags move together.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use model::LineageName;

use crate::{
    CommitId, ObjectError, Person, Repo, TagId, TagName,
    hidden::HiddenName,
    reference::{self, BRANCHES},
    refs::{
        RefConflict, RefError,
        transaction::{self, Change, Expected, Outcome},
    },
    tag::TAGS,
};

/// References that change together or not at all.
#[derive(Clone, Debug)]
pub struct Move<'a> {
    /// Whose branch moves.
    pub lineage: &'a LineageName,
    /// Where the branch must be; nothing for a lineage that begins.
    pub from: Option<CommitId>,
    pub to: CommitId,
    /// Tags that must not be there yet.
    pub tags: &'a [(TagName, TagId)],
    /// Hidden references to set, or where there is no commit to remove, whatever they were.
    pub hidden: &'a [(HiddenName, Option<CommitId>)],
    /// For the branch's log.
    pub by: &'a Person,
    pub at: Timestamp,
    pub why: &'a str,
}

/// What became of a [`Move`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// All of it is on disk. What had been done before, by a process that died, counts as done.
    Committed {
        /// Working trees whose branch moved under them: their files are those of before, until
        /// somebody runs `git reset` or the like there. They were not touched.
        checked_out: Vec<PathBuf>,
    },
    /// Nothing changed, because these were not what they should have been.
    Conflict(Vec<RefConflict>),
}

impl Repo {
    /// Moves a branch and makes tags, if all of them are what the caller knows. On return the
    /// change survives a power cut; no reader sees a part of it.
    pub fn publish(&self, change: &Move<'_>) -> Result<Published, RefError> {
        let branch = format!("{BRANCHES}{}", change.lineage);
        let mut changes = vec![Change {
            name: branch.clone(),
            expected: change
                .from
                .map_or(Expected::Absent, |tip| Expected::At(tip.0)),
            to: Some(change.to.0),
            log: Some(log_line(change)),
        }];
        changes.extend(change.tags.iter().map(|(name, tag)| Change {
            name: format!("{TAGS}{name}"),
            expected: Expected::Absent,
            to: Some(tag.0),
            log: None,
        }));
        changes.extend((change.hidden.iter()).map(|(name, to)| name.change(*to)));
        let git = self.local();
        match transaction::run(&git, &self.common, changes)? {
            Outcome::Committed => Ok(Published::Committed {
                checked_out: checked_out(&git, &self.common, &branch),
            }),
            Outcome::Conflict(conflicts) => Ok(Published::Conflict(conflicts)),
        }
    }

    /// Packs the tags that people made: those in files of their own are listed twenty times as
    /// slowly. Ours are packed from the start. Says how many there were; call it again after a
    /// thousand.
    pub fn pack_tags(&self) -> Result<usize, RefError> {
        transaction::pack(&self.local(), &self.common, TAGS)
    }

    /// Where a lineage's branch is; nothing if there is none.
    pub fn branch(&self, lineage: &LineageName) -> Result<Option<CommitId>, RefError> {
        let git = self.local();
        let tip = self.find_reference(&format!("{BRANCHES}{lineage}"))?;
        let commit = tip.map(|tip| reference::peel_to_commit(&git, tip));
        Ok(commit.transpose()?.map(CommitId))
    }

    /// The lineages that have a branch, with where it is.
    pub fn branches(&self) -> Result<Vec<(LineageName, CommitId)>, RefError> {
        let git = self.local();
        let mut branches = Vec::new();
        for (name, target) in self.references_below(BRANCHES)? {
            if let Ok(lineage) = LineageName::try_from(name) {
                branches.push((lineage, CommitId(reference::peel_to_commit(&git, target)?)));
            }
        }
        Ok(branches)
    }
}

fn log_line(change: &Move<'_>) -> String {
    let Person { name, email } = change.by;
    let plain = |text: &str| text.replace(['<', '>', '\n', '\t'], " ");
    format!(
        "{} <{}> {} +0000\t{}",
        plain(name).trim(),
        plain(email).trim(),
        change.at.as_second(),
        plain(change.why).trim()
    )
}

/// The working trees on a branch. One that can't be looked at is none that anybody works in.
fn checked_out(git: &gix::Repository, common: &Path, branch: &str) -> Vec<PathBuf> {
    let is_on = |git_dir: &Path| {
        fs::read_to_string(git_dir.join("HEAD"))
            .is_ok_and(|head| head.trim_end().strip_prefix("ref: ") == Some(branch))
    };
    let linked = git.worktrees().unwrap_or_default();
    let linked = linked
        .into_iter()
        .filter(|worktree| is_on(worktree.git_dir()))
        .filter_map(|worktree| worktree.base().ok());
    // The main one's files are around the git folder, unless that is bare.
    let main = (!git.is_bare() && is_on(common))
        .then(|| common.parent().map(Path::to_owned))
        .flatten();
    let mut trees: Vec<PathBuf> = main.into_iter().chain(linked).collect();
    trees.sort();
    trees
}

impl Repo {
    /// A reference's target as it is on disk now, not as this process last saw it.
    pub(crate) fn find_reference(&self, name: &str) -> Result<Option<gix::ObjectId>, RefError> {
        if let Some(loose) = transaction::load_loose(&self.common, name)? {
            return Ok(Some(loose));
        }
        Ok(transaction::load_packed(&self.common)?.find(name))
    }

    /// The references below a folder such as `refs/heads/`, by the rest of their names. Those that
    /// lead nowhere, or to a reference, are left out.
    pub(crate) fn references_below(
        &self,
        folder: &str,
    ) -> Result<Vec<(String, gix::ObjectId)>, RefError> {
        let git = self.local();
        if git.refs.packed_refs_path().exists() {
            (git.refs.force_refresh_packed_buffer()).map_err(ObjectError::references)?;
        }
        let platform = git.references().map_err(ObjectError::references)?;
        let found = platform.prefixed(folder).map_err(ObjectError::references)?;
        let mut references = Vec::new();
        for reference in found.filter_map(Result::ok) {
            let reference = reference.detach();
            let name = reference.name.as_bstr().to_string();
            if let gix::refs::Target::Object(id) = reference.target
                && let Some(rest) = name.strip_prefix(folder)
            {
                references.push((rest.to_owned(), id));
            }
        }
        references.sort();
        Ok(references)
    }
}
