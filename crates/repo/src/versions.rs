use std::{
    collections::HashMap,
    io,
    panic::resume_unwind,
    path::PathBuf,
    sync::{Arc, PoisonError},
    thread,
    time::SystemTime,
};

use gix::{
    ObjectId,
    bstr::{BStr, ByteSlice as _},
    objs::{Kind, TagRef},
};
use jiff::Timestamp;
use model::LineageName;

use crate::{
    CommitId, ObjectError, Person, Repo,
    commit::{load_commit, message, moment, parse_commit, signature},
    fingerprint::Fingerprint,
    object::{OBJECT_BYTES_MAX, load, load_kind, wrong_kind},
    open::options,
    reference,
    tag::{TAGS, TagName},
};

/// More tags of versions than this are refused: reading them would take a second on every change.
pub const VERSIONS_MAX: usize = 100_000;

/// How many threads read tags at once.
const LOAD_THREADS_MAX: usize = 8;

/// For fewer tags than this a thread would cost more than it saves.
const LOADED_BY_A_THREAD_MIN: usize = 256;

/// A tag that is a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub number: semver::Version,
    pub lineage: LineageName,
    pub commit: CommitId,
    /// When it was tagged; of a lightweight tag, when the commit was made.
    pub made_at: Timestamp,
    pub is_annotated: bool,
    /// What the tag points at: as long as it is the same, so is the rest.
    target: ObjectId,
}

impl Version {
    /// Its tag: `v1.4.2` on `main`, `side/v1.4.2` elsewhere.
    pub fn tag(&self) -> String {
        let name = TagName {
            lineage: self.lineage.clone(),
            number: self.number.clone(),
        };
        name.to_string()
    }

    /// What a client writes to mean it: `1.4.2` of `main`, `side~1.4.2` elsewhere.
    pub fn name(&self) -> String {
        if self.lineage == LineageName::default() {
            self.number.to_string()
        } else {
            format!("{}~{}", self.lineage, self.number)
        }
    }

    pub fn is_prerelease(&self) -> bool {
        !self.number.pre.is_empty()
    }
}

/// What a tag says of its version. Listings leave it out, for it may be long and there may be many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Of a lightweight tag, what its commit says.
    pub message: String,
    /// The tagger; of a lightweight tag, the committer.
    pub made_by: Person,
}

/// A tag that says a version and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedTag {
    pub tag: String,
    pub reason: String,
}

/// The versions of a repository, as they were when it was last looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// By number, lowest first; the same number of several lineages by the lineage's name.
    pub list: Vec<Version>,
    /// A broken tag takes no other with it, and is told of here.
    pub skipped: Vec<SkippedTag>,
}

/// Why the versions could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error("could not look at the tags in `{}`", path.display())]
    Look {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("there are more than {VERSIONS_MAX} tags of versions: remove some of old lineages")]
    TooMany,
    #[error(transparent)]
    References(#[from] ObjectError),
}

/// A listing, and what the tags looked like just before it was made.
pub(crate) struct Cached {
    fingerprint: Fingerprint,
    is_settled: bool,
    versions: Arc<Versions>,
}

impl Repo {
    /// Every version, from memory while no tag has changed: a look at metadata then, which hands out
    /// the same list.
    pub fn versions(&self) -> Result<Arc<Versions>, ListError> {
        Ok(self.versions_with(|_, _| ())?.0)
    }

    /// The same, with what `read` makes of the message of each version that was not in memory; it
    /// is asked on several threads. Reading messages later would unpack every tag again.
    pub fn versions_with<T: Send>(
        &self,
        read: impl Fn(&Version, &str) -> T + Sync,
    ) -> Result<(Arc<Versions>, Vec<Option<T>>), ListError> {
        // Held while reading, so that many callers after a change read once.
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemTime::now();
        let fingerprint = Fingerprint::load(&self.common).map_err(|source| ListError::Look {
            path: self.common.clone(),
            source,
        })?;
        if let Some(cached) = listed.as_ref()
            && cached.is_settled
            && cached.fingerprint == fingerprint
        {
            return Ok((Arc::clone(&cached.versions), Vec::new()));
        }
        let before = listed.as_ref().map(|cached| &cached.versions);
        let (versions, read) = self.list(before.map(|before| &**before), &read)?;
        let versions = match before {
            Some(before) if **before == versions => Arc::clone(before),
            _ => Arc::new(versions),
        };
        *listed = Some(Cached {
            is_settled: fingerprint.is_settled_at(now),
            fingerprint,
            versions: Arc::clone(&versions),
        });
        Ok((versions, read))
    }

    /// What the tag of a version says, without who made it.
    pub fn message(&self, version: &Version) -> Result<String, ObjectError> {
        Ok(self.statement(version)?.message)
    }

    /// What the tag of a version says; of a lightweight tag, what its commit says.
    pub fn statement(&self, version: &Version) -> Result<Statement, ObjectError> {
        let git = self.local();
        let of_commit = || {
            let commit = load_commit(&git, version.commit.0)?;
            Ok(Statement {
                message: commit.message,
                made_by: commit.committer,
            })
        };
        if !version.is_annotated {
            return of_commit();
        }
        let id = version.target;
        let damaged = ObjectError::damaged(id);
        let data = load_kind(&git, id, Kind::Tag, OBJECT_BYTES_MAX)?;
        let tag = TagRef::from_bytes(&data, id.kind()).map_err(&damaged)?;
        Ok(Statement {
            message: message(tag.message),
            made_by: match tag.tagger().map_err(&damaged)? {
                Some(tagger) => signature(tagger).0,
                // Tags of git's first years, and of some tools, have no tagger.
                None => of_commit()?.made_by,
            },
        })
    }
}

/// A tag that says a version, and what it points at.
type Said = (TagName, String, ObjectId);

/// Versions, each with what was made of its message if it was read.
type Listed<T> = Vec<(Version, Option<T>)>;

impl Repo {
    /// Reads the tags anew, but for those objects that `before` had read already.
    fn list<T: Send>(
        &self,
        before: Option<&Versions>,
        read: &(impl Fn(&Version, &str) -> T + Sync),
    ) -> Result<(Versions, Vec<Option<T>>), ListError> {
        // What a handle has looked at stays mapped as long as it lives, so this one is dropped.
        let git = (options()
            .open_path_as_is(true)
            .open(self.git.refs.git_dir()))
        .map_err(ObjectError::references)?;
        let mut skipped = Vec::new();
        let known: HashMap<_, _> = (before.iter())
            .flat_map(|before| &before.list)
            .map(|version| ((&version.lineage, &version.number), version))
            .collect();
        let said = version_tags(&git.to_thread_local(), &mut skipped)?;
        let mut listed = Listed::with_capacity(said.len());
        let mut unread = Vec::new();
        for (name, tag, target) in said {
            let version = known.get(&(&name.lineage, &name.number));
            if let Some(version) = version.filter(|version| version.target == target) {
                listed.push(((*version).clone(), None));
            } else {
                unread.push((name, tag, target));
            }
        }
        for outcome in load_all(&git, unread, read) {
            match outcome {
                Ok((version, read)) => listed.push((version, Some(read))),
                Err(tag) => skipped.push(tag),
            }
        }
        listed.sort_by(|(left, _), (right, _)| {
            (&left.number, &left.lineage).cmp(&(&right.number, &right.lineage))
        });
        skipped.sort_by(|left, right| left.tag.cmp(&right.tag));
        let mut list = Vec::with_capacity(listed.len());
        let mut made = Vec::with_capacity(listed.len());
        for (version, read) in listed {
            list.push(version);
            made.push(read);
        }
        Ok((Versions { list, skipped }, made))
    }
}

/// Reads tags, many of them with several threads: reading is mostly unpacking and hashing.
fn load_all<T: Send>(
    git: &gix::ThreadSafeRepository,
    tags: Vec<Said>,
    read: &(impl Fn(&Version, &str) -> T + Sync),
) -> Vec<Result<(Version, T), SkippedTag>> {
    let load = |tags: Vec<Said>| {
        let git = git.to_thread_local();
        let load = |(name, tag, target): Said| {
            let loaded = load_version(&git, name, target, read);
            loaded.map_err(|error| SkippedTag {
                tag,
                reason: describe(&error),
            })
        };
        tags.into_iter().map(load).collect::<Vec<_>>()
    };
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    let threads = (tags.len() / LOADED_BY_A_THREAD_MIN).clamp(1, cpus.min(LOAD_THREADS_MAX));
    let share = tags.len().div_ceil(threads);
    let mut mine = tags;
    thread::scope(|scope| {
        let others: Vec<Vec<Said>> = (1..threads)
            .map(|_| mine.split_off(mine.len() - share.min(mine.len())))
            .collect();
        let running: Vec<_> = (others.into_iter())
            .map(|tags| scope.spawn(move || load(tags)))
            .collect();
        let mut loaded = load(mine);
        for thread in running {
            loaded.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        loaded
    })
}

/// Tags that say a version, with what they point at; those that point nowhere go to `skipped`.
pub(crate) fn version_tags(
    git: &gix::Repository,
    skipped: &mut Vec<SkippedTag>,
) -> Result<Vec<Said>, ListError> {
    // gix compares the time of the packed references alone, which two changes may share.
    if git.refs.packed_refs_path().exists() {
        git.refs
            .force_refresh_packed_buffer()
            .map_err(ObjectError::references)?;
    }
    let platform = git.references().map_err(ObjectError::references)?;
    let mut said = Vec::new();
    for reference in platform.tags().map_err(ObjectError::references)? {
        match reference {
            Ok(reference) => {
                let reference = reference.detach();
                if let Some((name, tag)) = version_name(reference.name.as_bstr()) {
                    said.push((name, tag, reference.target));
                }
            }
            Err(error) => skipped.push(SkippedTag {
                tag: String::new(),
                reason: format!("a tag is unreadable: {error:#}"),
            }),
        }
        if said.len() + skipped.len() > VERSIONS_MAX {
            return Err(ListError::TooMany);
        }
    }
    let mut tags = Vec::with_capacity(said.len());
    for (name, tag, target) in said {
        match reference::target_object(git, target) {
            Ok(id) => tags.push((name, tag, id)),
            Err(reason) => skipped.push(SkippedTag { tag, reason }),
        }
    }
    Ok(tags)
}

fn version_name(reference: &BStr) -> Option<(TagName, String)> {
    let tag = reference.to_str().ok()?.strip_prefix(TAGS)?;
    Some((TagName::find(tag)?, tag.to_owned()))
}

fn load_version<T>(
    git: &gix::Repository,
    name: TagName,
    target: ObjectId,
    read: &impl Fn(&Version, &str) -> T,
) -> Result<(Version, T), ObjectError> {
    let version = |commit, made_at, is_annotated| Version {
        number: name.number,
        lineage: name.lineage,
        commit,
        made_at,
        is_annotated,
        target,
    };
    let (kind, data) = load(git, target, OBJECT_BYTES_MAX)?;
    let damaged = ObjectError::damaged(target);
    if kind == Kind::Commit {
        let commit = parse_commit(target, &data).map_err(damaged)?;
        let version = version(commit.id, commit.committed_at, false);
        let read = read(&version, &commit.message);
        return Ok((version, read));
    }
    if kind != Kind::Tag {
        return Err(wrong_kind(target, kind, Kind::Commit));
    }
    let tag = TagRef::from_bytes(&data, target.kind()).map_err(&damaged)?;
    // That the commit is there is enough: what a listing tells is in the tag.
    let commit = match (tag.target_kind, tag.target()) {
        (Kind::Commit, commit) if git.has_object(commit) => commit,
        (Kind::Commit, commit) => {
            let id = commit.to_string();
            return Err(ObjectError::Missing { id });
        }
        (Kind::Tag, inner) => reference::peel_to_commit(git, inner)?,
        (kind @ (Kind::Tree | Kind::Blob), id) => return Err(wrong_kind(id, kind, Kind::Commit)),
    };
    let made_at = match tag.tagger().map_err(&damaged)? {
        Some(tagger) => moment(tagger),
        // Tags of git's first years, and of some tools, have no tagger.
        None => load_commit(git, commit)?.committed_at,
    };
    let version = version(CommitId(commit), made_at, true);
    let read = read(&version, &message(tag.message));
    Ok((version, read))
}

/// An error and its causes on one line.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
