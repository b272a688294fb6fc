//! Versions and branches of another repository, brought into this one.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use gix::{ObjectId, url::Scheme};

use crate::{
    ListError, ObjectError, OpenError, Repo, SkippedRef, TagName,
    clone::branches,
    copy::{Copy, require_whole},
    reference::BRANCHES,
    refs::{
        RefError,
        transaction::{self, Change, Expected, Outcome},
    },
    tag::TAGS,
    transfer::{self, TransferError},
    versions::{VERSIONS_MAX, version_tags},
};

const REMOTES: &str = "refs/remotes/";

/// How often the references are looked at again because another process changed them meanwhile.
const FETCH_TRIES: usize = 5;

/// How long a fetch may take, and how much it may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchBounds {
    pub time_max: Duration,
    pub bytes_max: u64,
}

impl Default for FetchBounds {
    fn default() -> Self {
        Self {
            time_max: Duration::from_mins(5),
            bytes_max: 1 << 30,
        }
    }
}

/// What a fetch brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Branches that are new, or have moved, there.
    pub branches: Vec<String>,
    pub tags_added: Vec<String>,
    /// Tags that the other repository has elsewhere. This one keeps what it had.
    pub tags_kept: Vec<String>,
    pub skipped: Vec<SkippedRef>,
}

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(
        "`{url}` is no address of a repository: write a path, or file:, https:, http:, ssh: or git:"
    )]
    Url { url: String },
    #[error("`{name}` is no name of a remote: git could not keep `{REMOTES}{name}/main`")]
    Name { name: String },
    #[error("could not open `{}`, which is to be fetched from", path.display())]
    Source {
        path: PathBuf,
        #[source]
        source: OpenError,
    },
    #[error("could not fetch from `{url}`: can `git ls-remote` reach it from here?")]
    Transfer {
        url: String,
        #[source]
        source: TransferError,
    },
    #[error("`{url}` has more than {VERSIONS_MAX} branches and tags")]
    TooMany { url: String },
    #[error("`{url}` hashes by {there}, this repository by {here}: fetch into another")]
    HashesDiffer {
        url: String,
        there: String,
        here: String,
    },
    #[error(
        "`{url}` sent only a part of what it has: run `git fsck` there; `git prune` here removes what \
         is left of an earlier try"
    )]
    Incomplete {
        url: String,
        #[source]
        source: ObjectError,
    },
    #[error("others change the references all the time: is another process stuck?")]
    Moving,
    #[error(transparent)]
    List(#[from] ListError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    References(#[from] RefError),
}

impl Repo {
    /// Brings the versions of another repository, and its branches as `refs/remotes/NAME/…`. A tag
    /// that is here is never moved, and no branch of this repository is. Nothing is asked of a
    /// person: an address that wants a password is refused.
    pub fn fetch(
        &self,
        url: &str,
        name: &str,
        bounds: &FetchBounds,
    ) -> Result<Fetched, FetchError> {
        let git = self.local();
        let tracking = format!("{REMOTES}{name}/");
        if gix::refs::FullName::try_from(format!("{tracking}main")).is_err() {
            return Err(FetchError::Name {
                name: name.to_owned(),
            });
        }
        let parsed = gix::url::parse(url).map_err(|_invalid| no_url(url))?;
        let mut fetched = Fetched::default();
        let there = match parsed.scheme {
            Scheme::File => from_folder(&git, url, &path_of(&parsed), &mut fetched)?,
            Scheme::Git | Scheme::Ssh | Scheme::Http | Scheme::Https => {
                from_network(self, &parsed, url, bounds)?
            }
            Scheme::Ext | Scheme::Helper(_) | Scheme::HelperUrl(_) => return Err(no_url(url)),
        };
        for _ in 0..FETCH_TRIES {
            let mut fetched = fetched.clone();
            let changes = self.changes(&there, &tracking, &mut fetched)?;
            if changes.is_empty() {
                return Ok(fetched);
            }
            match transaction::run(&git, &self.common, changes)? {
                Outcome::Committed => return Ok(fetched),
                Outcome::Conflict(_) => {}
            }
        }
        Err(FetchError::Moving)
    }

    fn changes(
        &self,
        there: &BTreeMap<String, ObjectId>,
        tracking: &str,
        fetched: &mut Fetched,
    ) -> Result<Vec<Change>, RefError> {
        let packed = transaction::load_packed(&self.common)?;
        let mut changes = Vec::new();
        for (name, id) in there {
            let (local, is_tag) = match name.strip_prefix(BRANCHES) {
                Some(branch) => (format!("{tracking}{branch}"), false),
                None => (name.clone(), true),
            };
            let now = match transaction::load_loose(&self.common, &local)? {
                Some(loose) => Some(loose),
                None => packed.find(&local),
            };
            let short = || name.replacen(BRANCHES, "", 1).replacen(TAGS, "", 1);
            let expected = match now {
                Some(now) if now == *id => continue,
                Some(_) if is_tag => {
                    fetched.tags_kept.push(short());
                    continue;
                }
                Some(now) => Expected::At(now),
                None => Expected::Absent,
            };
            if is_tag {
                fetched.tags_added.push(short());
            } else {
                fetched.branches.push(short());
            }
            changes.push(Change {
                name: local,
                expected,
                to: Some(*id),
                log: None,
            });
        }
        Ok(changes)
    }
}

fn no_url(url: &str) -> FetchError {
    FetchError::Url {
        url: url.to_owned(),
    }
}

fn path_of(url: &gix::Url) -> PathBuf {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    PathBuf::from(OsStr::from_bytes(&url.path))
}

/// From a folder without any program's help: what git would start for it may not be there.
fn from_folder(
    git: &gix::Repository,
    url: &str,
    path: &Path,
    fetched: &mut Fetched,
) -> Result<BTreeMap<String, ObjectId>, FetchError> {
    let source = Repo::open(path).map_err(|source| FetchError::Source {
        path: path.to_owned(),
        source,
    })?;
    let from = source.local();
    same_hash(git, from.object_hash(), url)?;
    let mut unreadable = Vec::new();
    let tags = version_tags(&from, &mut unreadable)?;
    let mut there: BTreeMap<_, _> = (tags.into_iter())
        .map(|(_, tag, id)| (format!("{TAGS}{tag}"), id))
        .collect();
    let skipped = unreadable.into_iter().map(|skipped| SkippedRef {
        name: format!("{TAGS}{}", skipped.tag),
        reason: skipped.reason,
    });
    fetched.skipped.extend(skipped);
    for (branch, id) in branches(&from, &mut fetched.skipped)? {
        there.insert(format!("{BRANCHES}{branch}"), id);
    }
    let shallow = from.shallow_commits().map_err(ObjectError::references)?;
    let shallow = shallow.iter().flat_map(|commits| commits.iter().copied());
    let mut copy = Copy::new(&from, git, shallow.collect());
    for id in there.values() {
        copy.run(*id).map_err(incomplete(url))?;
    }
    copy.finish()?;
    require_whole(git, git, there.values().copied()).map_err(incomplete(url))?;
    Ok(there)
}

fn from_network(
    repo: &Repo,
    parsed: &gix::Url,
    url: &str,
    bounds: &FetchBounds,
) -> Result<BTreeMap<String, ObjectId>, FetchError> {
    let failed = |source| FetchError::Transfer {
        url: url.to_owned(),
        source,
    };
    let before = repo.local();
    let received = transfer::run(&repo.git, parsed, bounds, is_wanted).map_err(failed)?;
    same_hash(&before, received.hash, url)?;
    if received.references.len() > VERSIONS_MAX {
        return Err(FetchError::TooMany {
            url: url.to_owned(),
        });
    }
    let after = received.quarantine.local();
    require_whole(&before, &after, received.references.values().copied())
        .map_err(incomplete(url))?;
    let let_in = received.quarantine.let_in();
    let_in.map_err(|source| failed(TransferError::Keep(source)))?;
    Ok(received.references)
}

fn incomplete(url: &str) -> impl Fn(ObjectError) -> FetchError {
    move |source| FetchError::Incomplete {
        url: url.to_owned(),
        source,
    }
}

/// Branches, and tags that are versions.
fn is_wanted(name: &str) -> bool {
    // The other side chooses the names, and they become paths here.
    if gix::refs::FullName::try_from(name).is_err() {
        return false;
    }
    name.starts_with(BRANCHES)
        || (name.strip_prefix(TAGS)).is_some_and(|tag| TagName::find(tag).is_some())
}

fn same_hash(git: &gix::Repository, there: gix::hash::Kind, url: &str) -> Result<(), FetchError> {
    if git.object_hash() == there {
        return Ok(());
    }
    Err(FetchError::HashesDiffer {
        url: url.to_owned(),
        there: there.to_string(),
        here: git.object_hash().to_string(),
    })
}
