//! From what a path says for `{version}` to the code and the state that it means.

use std::sync::Arc;

use bytes::Bytes;
use model::{Digest, LineageName, Revision, VersionRef, version::Alias};
use repo::{Bounds, Bundle, CommitId, Repo, TreeError};
use semver::{Version, VersionReq};
use state::{CodeRef, Document, Root, StateError, StateManager, Target};
use tokio::task;

use crate::code::{CodeError, CodeStore};

/// The state that a version in git carries, unless it carries none.
const STATE_FILE: &str = "state/active.state.json";

/// At most this many versions are named in place of one that does not exist.
const NEAREST_MAX: usize = 3;

/// What to serve.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) lineage: LineageName,
    pub(crate) version: Version,
    pub(crate) commit: Option<String>,
    pub(crate) code: Source,
    pub(crate) state: Kept,
}

impl Wanted {
    pub(crate) fn code_hash(&self) -> Digest {
        match &self.code {
            Source::Nowhere => repo::FileSet::default().digest(),
            Source::Store(hash) => *hash,
            Source::Files(files) => files.digest(),
        }
    }
}

/// Where the code is.
#[derive(Clone)]
pub(crate) enum Source {
    /// A release without tools.
    Nowhere,
    Store(Digest),
    Files(Arc<repo::FileSet>),
}

/// A state document to serve.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) revision: Revision,
    pub(crate) hash: Digest,
    /// Canonical JSON.
    pub(crate) json: Bytes,
}

/// What a reference follows, so that its clients see new versions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum View {
    /// What the lineage serves.
    Active,
    /// The newest code with the staged state.
    Staging,
    /// The highest stable version that fits.
    Highest(VersionReq),
    /// The version on trial; when none is any more, what was.
    Canary,
    /// The same for ever.
    Fixed,
}

/// Why a reference cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error(transparent)]
    Malformed(#[from] model::version::InvalidVersionRef),
    #[error("there is no version `{reference}`")]
    Unknown {
        reference: String,
        nearest: Vec<String>,
    },
    #[error("no version is on trial: use `active`, or name a version exactly")]
    NoCanary,
    #[error(transparent)]
    Git(#[from] repo::ResolveError),
    #[error("version {commit} cannot be read from git")]
    Tree {
        commit: String,
        #[source]
        source: TreeError,
    },
    #[error("`{STATE_FILE}` of commit {commit} cannot be used: {reason}")]
    State { commit: String, reason: String },
    #[error(transparent)]
    Code(#[from] CodeError),
    #[error(transparent)]
    Store(StateError),
    #[error("{reason}")]
    Broken { reason: String },
}

impl ResolveError {
    /// May it pass by itself?
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Code(CodeError::Vault(_)) | Self::Store(_))
    }
}

impl From<StateError> for ResolveError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::UnknownVersion {
                version, nearest, ..
            } => Self::Unknown {
                reference: version.to_string(),
                nearest,
            },
            StateError::NoLineage { lineage, nearest } => Self::Unknown {
                reference: lineage.to_string(),
                nearest,
            },
            other => Self::Store(other),
        }
    }
}

/// Finds versions in the state of the lineages, and those that nobody released in git.
#[derive(Clone)]
pub(crate) struct Registry {
    pub(crate) manager: StateManager,
    pub(crate) store: CodeStore,
    pub(crate) git: Option<Arc<Repo>>,
}

/// The lineage that a reference is about and how it follows it.
pub(crate) fn view_of(reference: &VersionRef) -> (LineageName, View) {
    let main = LineageName::default();
    match reference {
        VersionRef::Alias(Alias::Active) => (main, View::Active),
        VersionRef::Alias(Alias::Staging) => (main, View::Staging),
        VersionRef::Alias(Alias::Latest) => (main, View::Highest(VersionReq::STAR)),
        VersionRef::Range(range) => (main, View::Highest(range.clone())),
        VersionRef::Exact { lineage, .. } => (lineage.clone().unwrap_or(main), View::Fixed),
        VersionRef::Alias(Alias::Canary) => (main, View::Canary),
        VersionRef::Commit(_) => (main, View::Fixed),
    }
}

impl Registry {
    /// What `reference` means at this moment.
    pub(crate) async fn resolve(&self, reference: &VersionRef) -> Result<Wanted, ResolveError> {
        let (lineage, view) = view_of(reference);
        match (reference, view) {
            (VersionRef::Exact { version, .. }, _) => {
                match self.released(&lineage, version).await {
                    Err(ResolveError::Unknown { nearest, .. }) => {
                        self.in_git(reference, nearest).await
                    }
                    found => found,
                }
            }
            (VersionRef::Commit(_), _) => {
                let newest = self.newest(&lineage).await?;
                self.in_git(reference, newest).await
            }
            (_, view) => {
                let root = self.manager.root(&lineage).await?;
                self.under(&lineage, &root, &view, reference).await
            }
        }
    }

    /// What a reference that follows `lineage` means while its root is `root`.
    pub(crate) async fn under(
        &self,
        lineage: &LineageName,
        root: &Root,
        view: &View,
        reference: &VersionRef,
    ) -> Result<Wanted, ResolveError> {
        let version = match view {
            View::Staging => {
                let document = self.manager.document_under(lineage, Target::Staging, root);
                return Ok(wanted(root, &document.await?));
            }
            View::Active | View::Fixed => root.serving_version().clone(),
            View::Canary => match &root.canary {
                Some(canary) => canary.version.clone(),
                None => return Err(ResolveError::NoCanary),
            },
            View::Highest(range) => self.highest(lineage, root, range, reference).await?,
        };
        if version == root.version {
            let document = self.manager.document_under(lineage, Target::Active, root);
            return Ok(wanted(root, &document.await?));
        }
        self.released(lineage, &version).await
    }

    async fn highest(
        &self,
        lineage: &LineageName,
        root: &Root,
        range: &VersionReq,
        reference: &VersionRef,
    ) -> Result<Version, ResolveError> {
        let stable = self.manager.stable_versions(lineage, root).await?;
        match stable.iter().filter(|it| range.matches(it)).max() {
            Some(version) => Ok(version.clone()),
            None => Err(ResolveError::Unknown {
                reference: reference.to_string(),
                nearest: self.newest(lineage).await?,
            }),
        }
    }

    /// A version that a lineage released.
    pub(crate) async fn released(
        &self,
        lineage: &LineageName,
        version: &Version,
    ) -> Result<Wanted, ResolveError> {
        let root = self.manager.root_of(lineage, version).await?;
        let document = self
            .manager
            .document_under(lineage, Target::Active, &root)
            .await?;
        Ok(wanted(&root, &document))
    }

    /// A version or commit that nobody released: it runs when it is asked for by its name alone.
    async fn in_git(
        &self,
        reference: &VersionRef,
        nearest: Vec<String>,
    ) -> Result<Wanted, ResolveError> {
        let Some(git) = self.git.clone() else {
            return Err(ResolveError::Unknown {
                reference: reference.to_string(),
                nearest,
            });
        };
        let wanted = reference.clone();
        let read = task::spawn_blocking(move || read_commit(&git, &wanted));
        let found = read.await.map_err(|panic| ResolveError::Broken {
            reason: panic.to_string(),
        })?;
        match found {
            Err(ResolveError::Git(repo::ResolveError::Unknown {
                reference,
                nearest: in_git,
            })) => Err(ResolveError::Unknown {
                reference,
                nearest: if nearest.is_empty() { in_git } else { nearest },
            }),
            found => found,
        }
    }

    async fn newest(&self, lineage: &LineageName) -> Result<Vec<String>, ResolveError> {
        Ok(names(&self.manager.versions(lineage).await?))
    }
}

fn names(versions: &[Version]) -> Vec<String> {
    let newest = versions.iter().rev().take(NEAREST_MAX);
    newest.map(ToString::to_string).collect()
}

fn wanted(root: &Root, document: &Document) -> Wanted {
    let code = root.code.as_ref();
    Wanted {
        lineage: document.lineage.clone(),
        version: root.version.clone(),
        commit: code.and_then(|code| code.commit.clone()),
        code: code.map_or(Source::Nowhere, |CodeRef { hash, .. }| Source::Store(*hash)),
        state: Kept {
            revision: document.revision,
            hash: document.hash,
            json: Bytes::copy_from_slice(document.value.bytes()),
        },
    }
}

fn read_commit(git: &Repo, reference: &VersionRef) -> Result<Wanted, ResolveError> {
    let found = git.resolve(reference)?;
    let commit = found.commit.to_string();
    let bundle = bundle(git, found.commit)?;
    let state = match bundle.set().find(STATE_FILE) {
        Some(bytes) => state_of(bytes).map_err(|reason| ResolveError::State {
            commit: commit.clone(),
            reason,
        })?,
        None => Bytes::from_static(b"{}"),
    };
    let (lineage, version) = match found.version {
        Some(version) => (version.lineage, version.number),
        None => (LineageName::default(), unnumbered(found.commit)),
    };
    Ok(Wanted {
        lineage,
        version,
        commit: Some(commit),
        code: Source::Files(Arc::new(bundle.code())),
        state: Kept {
            revision: 1,
            hash: Digest::of(&state),
            json: state,
        },
    })
}

fn bundle(git: &Repo, commit: CommitId) -> Result<Bundle, ResolveError> {
    git.bundle(commit, &Bounds::default())
        .map_err(|source| ResolveError::Tree {
            commit: commit.to_string(),
            source,
        })
}

/// The number of a commit without one: below every release.
fn unnumbered(commit: CommitId) -> Version {
    let mut version = Version::new(0, 0, 0);
    if let Ok(build) = semver::BuildMetadata::new(&commit.short()) {
        version.build = build;
    }
    version
}

fn state_of(bytes: &[u8]) -> Result<Bytes, String> {
    let limits = model::json::Limits::default();
    let value = model::json::parse(bytes, &limits).map_err(|error| error.to_string())?;
    if value.is_object() {
        Ok(model::canonical::to_string(&value).into())
    } else {
        Err("it is no JSON object".to_owned())
    }
}
