//! From what a path says for `{version}` to a lineage and one of its versions.

use model::{
    LineageName, VersionRef,
    nearest::nearest,
    version::{Alias, InvalidVersionRef},
};
use semver::{Version, VersionReq};

use crate::{Document, StateError, StateManager, Target};

/// What a reference means at this moment.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub lineage: LineageName,
    pub at: At,
    /// The same answer for ever: it was named exactly and is no longer a head.
    pub is_immutable: bool,
}

/// Which state of the lineage.
#[derive(Clone, Debug)]
pub enum At {
    /// The newest release, with the staged document beside it.
    Head,
    /// The same, named as a version: a pin holds the alias `active`, never a version.
    Newest(Version),
    /// The newest release's code with the staged state.
    Staged,
    /// An earlier release, which has no staged document.
    Released(Version),
}

/// Why a reference means nothing.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// No version has a name that means nothing.
    #[error(transparent)]
    Unreadable(#[from] InvalidVersionRef),
    #[error("no version is on trial")]
    NoTrial { nearest: Vec<String> },
    #[error("no stable version matches `{text}`")]
    NoMatch { text: String, nearest: Vec<String> },
    #[error("no version was released from commit {digits}")]
    NoCommit {
        digits: String,
        nearest: Vec<String>,
    },
    #[error(transparent)]
    State(#[from] StateError),
}

impl StateManager {
    /// Finds what `text` names.
    pub async fn resolve(&self, text: &str) -> Result<Resolved, ResolveError> {
        let reference: VersionRef = text.parse()?;
        let main = LineageName::default();
        let of_main = |at| Resolved {
            lineage: LineageName::default(),
            at,
            is_immutable: false,
        };
        match reference {
            VersionRef::Alias(Alias::Active) => Ok(of_main(At::Head)),
            VersionRef::Alias(Alias::Staging) => Ok(of_main(At::Staged)),
            VersionRef::Alias(Alias::Latest) => highest(self, main, &VersionReq::STAR, text).await,
            VersionRef::Alias(Alias::Canary) => match self.root(&main).await?.canary {
                Some(canary) => Ok(of_main(At::Newest(canary.version))),
                None => Err(ResolveError::NoTrial {
                    nearest: names(self, &main).await?,
                }),
            },
            VersionRef::Range(range) => highest(self, main, &range, text).await,
            VersionRef::Exact { lineage, version } => {
                let lineage = lineage.unwrap_or(main);
                exact(self, lineage, version).await
            }
            VersionRef::Commit(digits) => Err(ResolveError::NoCommit {
                digits,
                nearest: names(self, &main).await?,
            }),
        }
    }
}

async fn exact(
    state: &StateManager,
    lineage: LineageName,
    version: Version,
) -> Result<Resolved, ResolveError> {
    if state.root(&lineage).await?.version == version {
        return Ok(Resolved {
            lineage,
            at: At::Newest(version),
            is_immutable: false,
        });
    }
    state.document_of(&lineage, &version).await?;
    Ok(Resolved {
        lineage,
        at: At::Released(version),
        is_immutable: true,
    })
}

/// The highest stable version that `range` allows.
async fn highest(
    state: &StateManager,
    lineage: LineageName,
    range: &VersionReq,
    text: &str,
) -> Result<Resolved, ResolveError> {
    let root = state.root(&lineage).await?;
    let stable = state.stable_versions(&lineage, &root).await?;
    let found = stable.into_iter().filter(|version| range.matches(version));
    if let Some(version) = found.max() {
        Ok(Resolved {
            at: if version == root.version {
                At::Newest(version)
            } else {
                At::Released(version)
            },
            lineage,
            is_immutable: false,
        })
    } else {
        let known = names(state, &lineage).await?;
        let near = nearest(text, known.iter().map(String::as_str));
        let near: Vec<String> = near.into_iter().map(str::to_owned).collect();
        Err(ResolveError::NoMatch {
            text: text.to_owned(),
            nearest: if near.is_empty() { known } else { near },
        })
    }
}

/// The newest few versions, newest first.
async fn names(state: &StateManager, lineage: &LineageName) -> Result<Vec<String>, StateError> {
    const NAMES_MAX: usize = 3;
    let versions = state.versions(lineage).await?;
    let newest = versions.iter().rev().take(NAMES_MAX);
    Ok(newest.map(ToString::to_string).collect())
}

impl Resolved {
    /// The document that `target` means here; nothing where nothing is staged.
    pub async fn document(
        &self,
        state: &StateManager,
        target: Target,
    ) -> Result<Option<Document>, StateError> {
        let lineage = &self.lineage;
        let document = match (&self.at, target) {
            (At::Head, target) => state.document(lineage, target).await?,
            (At::Newest(version) | At::Released(version), Target::Active) => {
                state.document_of(lineage, version).await?
            }
            (At::Newest(_), Target::Staging) => state.document(lineage, Target::Staging).await?,
            (At::Staged, target) => Document {
                target,
                ..state.document(lineage, Target::Staging).await?
            },
            (At::Released(_), Target::Staging) => return Ok(None),
        };
        Ok(Some(document))
    }

    /// The earlier version that a write goes through, which gets a lineage of its own.
    pub fn version_to_open(&self) -> Option<&Version> {
        match &self.at {
            At::Released(version) if self.is_immutable => Some(version),
            At::Head | At::Newest(_) | At::Staged | At::Released(_) => None,
        }
    }
}
