use std::{collections::HashSet, fmt::Write as _};

use gix::{ObjectId, objs::Kind};
use model::{LineageName, VersionRef, nearest::nearest, version::Alias};

use crate::{
    CommitId, ListError, ObjectError, Repo, Version, Versions,
    object::header,
    reference::{head_target, peel_to_commit, target_object},
};

/// How far back in history a commit is looked for.
pub const COMMITS_WALKED_MAX: usize = 1_000_000;

/// At most this many candidates are named in an error.
const CANDIDATES_NAMED_MAX: usize = 8;

/// How many of the newest versions are named when none is like what was asked for.
const NEWEST_NAMED: usize = 3;

/// What a reference stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    pub commit: CommitId,
    /// The version that the reference names; of a commit the highest that it carries, if any.
    pub version: Option<Version>,
}

/// One of several things that a reference may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub name: String,
    pub commit: CommitId,
}

/// Why a reference stands for nothing, or for too much.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error("there is no version `{reference}`{}", meant(nearest))]
    Unknown {
        reference: String,
        nearest: Vec<String>,
    },
    #[error(
        "`{reference}` is a version of several lineages: write {}",
        named(candidates)
    )]
    AmbiguousVersion {
        reference: String,
        candidates: Vec<Candidate>,
    },
    #[error(
        "several commits begin with `{digits}`: {}; write more digits",
        hashes(commits)
    )]
    AmbiguousCommit {
        digits: String,
        commits: Vec<CommitId>,
    },
    #[error("commit {commit} is on no branch and in no version: tag it to make it one")]
    Unpublished { commit: CommitId },
    #[error("`{}` is told by the state of a lineage, not by git", VersionRef::Alias(*alias))]
    NotInGit { alias: Alias },
    #[error("the history is longer than {COMMITS_WALKED_MAX} commits: name the version instead")]
    HistoryTooLong,
    #[error(transparent)]
    List(#[from] ListError),
    #[error(transparent)]
    Object(#[from] ObjectError),
}

impl Repo {
    /// The version or commit that a reference stands for.
    pub fn resolve(&self, reference: &VersionRef) -> Result<Resolved, ResolveError> {
        self.resolve_among(reference, |_| true)
    }

    /// The same, where ranges and `latest` choose among stable versions for which `is_eligible`: git
    /// does not know which ones were withdrawn. An exact version or a commit is never held back.
    pub fn resolve_among(
        &self,
        reference: &VersionRef,
        is_eligible: impl Fn(&Version) -> bool,
    ) -> Result<Resolved, ResolveError> {
        let is_stable = |version: &Version| !version.is_prerelease() && is_eligible(version);
        match reference {
            VersionRef::Commit(digits) => self.resolve_commit(digits),
            VersionRef::Exact { lineage, version } => {
                let versions = self.versions()?;
                let matching = (versions.list.iter())
                    .filter(|known| known.number == *version)
                    .filter(|known| lineage.as_ref().is_none_or(|name| known.lineage == *name));
                choose(reference, &versions, matching.collect())
            }
            VersionRef::Range(range) => {
                let versions = self.versions()?;
                let matching = (versions.list.iter())
                    .filter(|known| is_stable(known) && range.matches(&known.number));
                choose(reference, &versions, highest(matching))
            }
            VersionRef::Alias(Alias::Latest) => {
                let versions = self.versions()?;
                let matching = (versions.list.iter())
                    .filter(|known| is_stable(known) && known.lineage == LineageName::default());
                choose(reference, &versions, highest(matching))
            }
            VersionRef::Alias(alias @ (Alias::Active | Alias::Canary | Alias::Staging)) => {
                Err(ResolveError::NotInGit { alias: *alias })
            }
        }
    }

    fn resolve_commit(&self, digits: &str) -> Result<Resolved, ResolveError> {
        let git = self.local();
        let versions = self.versions()?;
        let mut commits = commits_beginning_with(&git, digits)?;
        commits.sort();
        match commits[..] {
            [] => {
                let known = short_hashes(&versions, digits.len());
                let mut alike = owned(nearest(digits, known.iter().map(String::as_str)));
                if alike.is_empty() {
                    alike = newest(&versions);
                }
                Err(ResolveError::Unknown {
                    reference: digits.to_owned(),
                    nearest: alike,
                })
            }
            [commit] => {
                let carried = versions
                    .list
                    .iter()
                    .rev()
                    .find(|known| known.commit.0 == commit);
                if carried.is_none() {
                    require_published(&git, &versions, commit)?;
                }
                Ok(Resolved {
                    commit: CommitId(commit),
                    version: carried.cloned(),
                })
            }
            _ => Err(ResolveError::AmbiguousCommit {
                digits: digits.to_owned(),
                commits: commits.into_iter().map(CommitId).collect(),
            }),
        }
    }
}

/// One of `matching`: the one of `main` if it is there, the only one otherwise.
fn choose(
    reference: &VersionRef,
    versions: &Versions,
    matching: Vec<&Version>,
) -> Result<Resolved, ResolveError> {
    let of_main = (matching.iter()).find(|version| version.lineage == LineageName::default());
    let chosen = match (of_main, &matching[..]) {
        (Some(version), _) | (None, [version]) => *version,
        (None, []) => {
            return Err(ResolveError::Unknown {
                reference: reference.to_string(),
                nearest: alike(reference, versions),
            });
        }
        (None, _) => {
            return Err(ResolveError::AmbiguousVersion {
                reference: reference.to_string(),
                candidates: matching.into_iter().map(candidate).collect(),
            });
        }
    };
    Ok(Resolved {
        commit: chosen.commit,
        version: Some(chosen.clone()),
    })
}

/// The highest of `main`, or else the highest of all, of which several lineages may have one.
fn highest<'a>(matching: impl Iterator<Item = &'a Version>) -> Vec<&'a Version> {
    let matching: Vec<&Version> = matching.collect();
    let of_main = (matching.iter()).rfind(|version| version.lineage == LineageName::default());
    match of_main.or(matching.last()) {
        Some(best) if of_main.is_none() => (matching.iter().copied())
            .filter(|version| version.number == best.number)
            .collect(),
        best => best.copied().into_iter().collect(),
    }
}

fn candidate(version: &Version) -> Candidate {
    Candidate {
        name: version.name(),
        commit: version.commit,
    }
}

/// Names like the one asked for, or the newest when there is none.
fn alike(reference: &VersionRef, versions: &Versions) -> Vec<String> {
    let names: Vec<String> = versions.list.iter().map(Version::name).collect();
    let alike = nearest(&reference.to_string(), names.iter().map(String::as_str));
    if alike.is_empty() {
        newest(versions)
    } else {
        owned(alike)
    }
}

fn newest(versions: &Versions) -> Vec<String> {
    let newest = versions.list.iter().rev().take(NEWEST_NAMED);
    newest.map(Version::name).collect()
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

fn short_hashes(versions: &Versions, digits: usize) -> Vec<String> {
    let hashes = versions.list.iter().map(|version| {
        let mut hash = version.commit.to_string();
        hash.truncate(digits);
        hash
    });
    hashes.collect()
}

fn commits_beginning_with(
    git: &gix::Repository,
    digits: &str,
) -> Result<Vec<ObjectId>, ObjectError> {
    // More digits than the repository's hashes have begin none of them.
    if digits.len() > git.object_hash().len_in_hex() {
        return Ok(Vec::new());
    }
    let prefix = gix::hash::Prefix::from_hex(digits).map_err(ObjectError::references)?;
    let mut found = HashSet::new();
    git.objects
        .lookup_prefix(prefix, Some(&mut found))
        .map_err(ObjectError::references)?;
    let mut commits = Vec::new();
    for id in found {
        if header(git, id)?.0 == Kind::Commit {
            commits.push(id);
        }
    }
    Ok(commits)
}

/// Candidates that nobody has proved are commits too, on references of their own. They run in a
/// sandbox or not at all, so a hash alone is no way to them.
fn require_published(
    git: &gix::Repository,
    versions: &Versions,
    commit: ObjectId,
) -> Result<(), ResolveError> {
    let mut tips: Vec<ObjectId> = versions
        .list
        .iter()
        .map(|version| version.commit.0)
        .collect();
    tips.extend(branch_tips(git)?);
    let walk = git
        .rev_walk(tips)
        .all()
        .map_err(ObjectError::damaged(commit))?;
    for (walked, info) in walk.enumerate() {
        if walked == COMMITS_WALKED_MAX {
            return Err(ResolveError::HistoryTooLong);
        }
        if info.map_err(ObjectError::damaged(commit))?.id == commit {
            return Ok(());
        }
    }
    Err(ResolveError::Unpublished {
        commit: CommitId(commit),
    })
}

/// Commits that people work on: `HEAD`, branches, and branches of remotes. Broken ones lead nowhere.
fn branch_tips(git: &gix::Repository) -> Result<Vec<ObjectId>, ObjectError> {
    let platform = git.references().map_err(ObjectError::references)?;
    let mut targets = Vec::new();
    let branches = platform.local_branches().map_err(ObjectError::references)?;
    let remotes = platform
        .remote_branches()
        .map_err(ObjectError::references)?;
    for branch in branches.chain(remotes).flatten() {
        targets.push(branch.detach().target);
    }
    let tips = targets
        .into_iter()
        .filter_map(|target| target_object(git, target).ok())
        .chain(head_target(git)?);
    Ok(tips
        .filter_map(|tip| peel_to_commit(git, tip).ok())
        .collect())
}

fn meant(nearest: &[String]) -> String {
    if nearest.is_empty() {
        "; there is none at all yet: tag a commit `v0.1.0`".to_owned()
    } else {
        format!("; the nearest are {}", nearest.join(", "))
    }
}

fn named(candidates: &[Candidate]) -> String {
    let mut text = String::new();
    for (place, Candidate { name, commit }) in
        candidates.iter().take(CANDIDATES_NAMED_MAX).enumerate()
    {
        let between = if place == 0 { "" } else { ", or " };
        write!(text, "{between}{name} (commit {})", commit.short())
            .expect("a string takes whatever is written");
    }
    text
}

fn hashes(commits: &[CommitId]) -> String {
    let shown = commits.iter().take(CANDIDATES_NAMED_MAX);
    shown
        .map(CommitId::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
