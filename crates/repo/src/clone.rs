use std::{
    collections::HashSet,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use gix::{
    ObjectId,
    refs::{FullName, Target},
};

use crate::{
    CommitId, HistoryError, InitError, ListError, ObjectError, OpenError, Repo,
    commit::load_commit,
    copy::Copy,
    init::make,
    reference::{self, BRANCHES},
    refs::{
        RefError,
        transaction::{self, Change, Expected, Outcome},
    },
    tag::TAGS,
    versions::{describe, version_tags},
};

/// Where the clone keeps what the branches of the workspace were when last looked at.
const REMOTE: &str = "refs/remotes/workspace/";

/// The branch of the lineage `main`, which a clone has whatever the workspace calls its own.
const MAIN: &str = "refs/heads/main";

/// How often a refresh is begun again because another process changed the clone meanwhile.
const REFRESH_TRIES: usize = 5;

/// What a look at the workspace brought into the clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    pub tags_added: Vec<String>,
    /// Tags that the workspace moved. The clone keeps what it had: a version never changes.
    pub tags_kept: Vec<String>,
    /// References that could not be brought in; the others were.
    pub skipped: Vec<SkippedRef>,
    pub objects_copied: usize,
    /// What is checked out in the workspace.
    pub head: Option<CommitId>,
}

/// A reference of the workspace that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedRef {
    pub name: String,
    pub reason: String,
}

/// Why a clone could not be made or brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum CloneError {
    /// Of the workspace: [`OpenError::NotARepository`] among them.
    #[error(transparent)]
    Source(OpenError),
    #[error("the clone of the workspace cannot be used: move it away, and it is made anew")]
    Clone(#[source] OpenError),
    #[error("`{}` is in the way of the clone of the workspace: move it away", path.display())]
    Occupied { path: PathBuf },
    #[error("the workspace hashes by {workspace}, its clone by {clone}: move the clone away")]
    HashesDiffer { workspace: String, clone: String },
    #[error("could not write `{}`", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Create(#[from] InitError),
    #[error("could not update the references of the clone")]
    References(#[from] RefError),
    #[error("others change the clone all the time: is another process stuck in it?")]
    Moving,
    #[error(transparent)]
    List(#[from] ListError),
    #[error(transparent)]
    Object(#[from] ObjectError),
}

impl Repo {
    /// A bare clone of the workspace `source` in the folder `clone`, made or brought up to date. It
    /// shares nothing with the workspace, so that no clean-up there takes a version away here.
    pub fn clone_into(source: &Path, clone: &Path) -> Result<(Self, Refreshed), CloneError> {
        let workspace = Repo::open(source).map_err(CloneError::Source)?;
        let repo = match Repo::open(clone) {
            Ok(repo) => repo,
            Err(OpenError::NotARepository { .. }) => create(&workspace, clone)?,
            Err(error) => return Err(CloneError::Clone(error)),
        };
        let refreshed = repo.refresh_from(&workspace)?;
        Ok((repo, refreshed))
    }

    /// Brings new versions and branches of the workspace `source` into this clone of it.
    pub fn refresh(&self, source: &Path) -> Result<Refreshed, CloneError> {
        let workspace = Repo::open(source).map_err(CloneError::Source)?;
        self.refresh_from(&workspace)
    }

    /// Does a branch of the workspace, as it was seen last, have `commit`?
    pub fn is_in_workspace(&self, commit: CommitId) -> Result<bool, HistoryError> {
        let git = self.local();
        let references = git.references().map_err(ObjectError::references)?;
        let branches = references
            .prefixed(REMOTE)
            .map_err(ObjectError::references)?;
        for branch in branches.flatten() {
            let branch = branch.detach();
            let Ok(tip) = reference::target_object(&git, branch.target) else {
                continue;
            };
            if self.is_ancestor(commit, CommitId(tip))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn refresh_from(&self, workspace: &Repo) -> Result<Refreshed, CloneError> {
        let (from, to) = (workspace.local(), self.local());
        if from.object_hash() != to.object_hash() {
            return Err(CloneError::HashesDiffer {
                workspace: from.object_hash().to_string(),
                clone: to.object_hash().to_string(),
            });
        }
        for _ in 0..REFRESH_TRIES {
            if let Some(refreshed) = try_refresh(self, &from, &to)? {
                return Ok(refreshed);
            }
        }
        Err(CloneError::Moving)
    }
}

/// Nothing if another process changed the clone meanwhile.
fn try_refresh(
    clone: &Repo,
    from: &gix::Repository,
    to: &gix::Repository,
) -> Result<Option<Refreshed>, CloneError> {
    let mut refreshed = Refreshed::default();
    let wanted = wanted(from, &mut refreshed)?;
    let shallow = shallow_commits(from)?;
    let mut copy = Copy::new(from, to, shallow.clone());
    deepen(from, to, &shallow, &mut copy)?;
    let mut changes = Vec::new();
    for wanted in wanted {
        if let Some(change) = bring(to, wanted, &mut copy, &mut refreshed)? {
            changes.push(change);
        }
    }
    refreshed.objects_copied = copy.finish()?;
    keep_shallow(to, &shallow)?;
    // Last: what a reference leads to is there before the reference.
    if changes.is_empty() {
        return Ok(Some(refreshed));
    }
    match transaction::run(to, &clone.common, changes)? {
        Outcome::Committed => Ok(Some(refreshed)),
        Outcome::Conflict(_) => Ok(None),
    }
}

fn create(workspace: &Repo, clone: &Path) -> Result<Repo, CloneError> {
    let parent = clone.parent().unwrap_or(Path::new("."));
    let create = gix::create::Options {
        object_hash: Some(workspace.local().object_hash()),
        ..gix::create::Options::default()
    };
    // Should another process be faster, or somebody keep something else there, opening tells.
    make(parent, clone, gix::create::Kind::Bare, create)?;
    Repo::open(clone).map_err(|error| match error {
        OpenError::NotARepository { path } => CloneError::Occupied { path },
        error => CloneError::Clone(error),
    })
}

/// A reference that the clone should have.
struct Wanted {
    name: String,
    target: ObjectId,
    rule: Rule,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// A version: made once, never moved.
    Tag,
    /// A lineage: begun where the workspace has it, then moved by releases alone.
    Branch,
    /// What the workspace has: always its newest.
    Remote,
}

fn wanted(from: &gix::Repository, refreshed: &mut Refreshed) -> Result<Vec<Wanted>, CloneError> {
    let mut unreadable = Vec::new();
    let mut wanted: Vec<Wanted> = version_tags(from, &mut unreadable)?
        .into_iter()
        .map(|(_, tag, target)| Wanted {
            name: format!("{TAGS}{tag}"),
            target,
            rule: Rule::Tag,
        })
        .collect();
    refreshed
        .skipped
        .extend(unreadable.into_iter().map(|skipped| SkippedRef {
            name: format!("{TAGS}{}", skipped.tag),
            reason: skipped.reason,
        }));
    for (branch, target) in branches(from, &mut refreshed.skipped)? {
        for (prefix, rule) in [(REMOTE, Rule::Remote), (BRANCHES, Rule::Branch)] {
            wanted.push(Wanted {
                name: format!("{prefix}{branch}"),
                target,
                rule,
            });
        }
    }
    if let Some(target) = reference::head_target(from)? {
        refreshed.head = Some(CommitId(reference::peel_to_commit(from, target)?));
        if !wanted.iter().any(|wanted| wanted.name == MAIN) {
            wanted.push(Wanted {
                name: MAIN.to_owned(),
                target,
                rule: Rule::Branch,
            });
        }
        // What is checked out may be on no branch at all, and a branch that the clone has stays.
        let is_brought = |it: &Wanted| it.target == target && it.rule != Rule::Branch;
        if !wanted.iter().any(is_brought) {
            wanted.push(Wanted {
                name: format!("{REMOTE}HEAD"),
                target,
                rule: Rule::Remote,
            });
        }
    }
    Ok(wanted)
}

pub(crate) fn branches(
    from: &gix::Repository,
    skipped: &mut Vec<SkippedRef>,
) -> Result<Vec<(String, ObjectId)>, ObjectError> {
    let platform = from.references().map_err(ObjectError::references)?;
    let mut found = Vec::new();
    for reference in platform.local_branches().map_err(ObjectError::references)? {
        match reference {
            Ok(reference) => found.push(reference.detach()),
            Err(error) => skipped.push(SkippedRef {
                name: BRANCHES.to_owned(),
                reason: format!("a branch is unreadable: {error:#}"),
            }),
        }
    }
    let mut branches = Vec::new();
    for found in found {
        let name = found.name.as_bstr().to_string();
        match reference::target_object(from, found.target) {
            Ok(target) => branches.push((name.replacen(BRANCHES, "", 1), target)),
            Err(reason) => skipped.push(SkippedRef { name, reason }),
        }
    }
    Ok(branches)
}

/// Copies what a reference needs, and says how the clone's own must change, if at all.
fn bring(
    to: &gix::Repository,
    wanted: Wanted,
    copy: &mut Copy<'_>,
    refreshed: &mut Refreshed,
) -> Result<Option<Change>, CloneError> {
    let Wanted { name, target, rule } = wanted;
    let full_name = match FullName::try_from(name.as_str()) {
        Ok(full_name) => full_name,
        Err(error) => {
            let reason = describe(&error);
            refreshed.skipped.push(SkippedRef { name, reason });
            return Ok(None);
        }
    };
    let current = to
        .try_find_reference(full_name.as_ref())
        .map_err(ObjectError::references)?
        .map(|reference| reference.detach().target);
    let expected = match (current, rule) {
        (Some(current), _) if current == Target::Object(target) => return Ok(None),
        (Some(_), Rule::Tag) => {
            refreshed.tags_kept.push(name.replacen(TAGS, "", 1));
            return Ok(None);
        }
        (Some(_), Rule::Branch) => return Ok(None),
        (Some(Target::Object(current)), Rule::Remote) => Expected::At(current),
        (Some(Target::Symbolic(_)), Rule::Remote) => Expected::Anything,
        (None, _) => Expected::Absent,
    };
    match copy.run(target) {
        Ok(()) => {}
        Err(error @ ObjectError::Write { .. }) => return Err(error.into()),
        Err(error) => {
            let reason = describe(&error);
            refreshed.skipped.push(SkippedRef { name, reason });
            return Ok(None);
        }
    }
    if rule == Rule::Tag {
        refreshed.tags_added.push(name.replacen(TAGS, "", 1));
    }
    Ok(Some(Change {
        name,
        expected,
        to: Some(target),
        log: None,
    }))
}

fn shallow_commits(git: &gix::Repository) -> Result<HashSet<ObjectId>, CloneError> {
    let commits = git.shallow_commits().map_err(ObjectError::references)?;
    Ok(commits
        .iter()
        .flat_map(|commits| commits.iter().copied())
        .collect())
}

/// Where the clone's history ended and the workspace's does no longer, fetches the rest.
fn deepen(
    from: &gix::Repository,
    to: &gix::Repository,
    shallow: &HashSet<ObjectId>,
    copy: &mut Copy<'_>,
) -> Result<(), CloneError> {
    for ended in shallow_commits(to)?.difference(shallow) {
        // A commit that the workspace dropped since ends the clone's history for good.
        if from.has_object(ended) {
            for parent in load_commit(from, *ended)?.parents {
                copy.run(parent.0)?;
            }
        }
    }
    Ok(())
}

/// Says, in git's own file, where the clone's history ends before its beginning.
fn keep_shallow(to: &gix::Repository, of_source: &HashSet<ObjectId>) -> Result<(), CloneError> {
    let before = shallow_commits(to)?;
    let mut after = Vec::new();
    for id in before.union(of_source) {
        if to.has_object(id) {
            let parents = load_commit(to, *id)?.parents;
            if parents.iter().any(|parent| !to.has_object(parent.0)) {
                after.push(*id);
            }
        }
    }
    after.sort();
    if after.iter().copied().collect::<HashSet<_>>() == before {
        return Ok(());
    }
    let path = to.shallow_file().map_err(ObjectError::references)?;
    write_shallow(&path, &after).map_err(|source| CloneError::Write { path, source })
}

fn write_shallow(path: &Path, commits: &[ObjectId]) -> io::Result<()> {
    if commits.is_empty() {
        return match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    for commit in commits {
        writeln!(file, "{commit}")?;
    }
    file.persist(path)?;
    Ok(())
}
