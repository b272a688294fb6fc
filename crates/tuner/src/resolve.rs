//! From what a path says for `{version}` to a lineage and one of its versions.

use model::{LineageName, VersionRef, nearest::nearest, version::Alias};
use semver::{Version, VersionReq};
use state::{Document, StateManager, Target};
use web::Problem;

use crate::answer::problem;

/// What a reference means at this moment.
pub(crate) struct Resolved {
    pub(crate) lineage: LineageName,
    pub(crate) at: At,
    /// The same answer for ever: it was named exactly and is no longer a head.
    pub(crate) is_immutable: bool,
}

/// Which state of the lineage.
pub(crate) enum At {
    /// The newest release, with the staged document beside it.
    Head,
    /// The same, named as a version: a pin holds the alias `active`, never a version.
    Newest(Version),
    /// The newest release's code with the staged state.
    Staged,
    /// An earlier release, which has no staged document.
    Released(Version),
}

/// Finds what `text` names, or says which versions there are.
pub(crate) async fn resolve(state: &StateManager, text: &str) -> Result<Resolved, Problem> {
    let reference: VersionRef = text
        .parse()
        // No version has a name that means nothing.
        .map_err(|error: model::version::InvalidVersionRef| {
            Problem::not_found(error.to_string()).with("version", text)
        })?;
    let main = LineageName::default();
    match reference {
        VersionRef::Alias(Alias::Active) => Ok(Resolved {
            lineage: main,
            at: At::Head,
            is_immutable: false,
        }),
        VersionRef::Alias(Alias::Staging) => Ok(Resolved {
            lineage: main,
            at: At::Staged,
            is_immutable: false,
        }),
        VersionRef::Alias(Alias::Latest) => highest(state, main, &VersionReq::STAR, text).await,
        VersionRef::Alias(Alias::Canary) => {
            let root = state.root(&main).await.map_err(problem)?;
            match root.canary {
                Some(canary) => Ok(Resolved {
                    lineage: main,
                    at: At::Newest(canary.version),
                    is_immutable: false,
                }),
                None => Err(Problem::not_found("no version is on trial")
                    .nearest(names(state, &main).await?)
                    .hint("use `active`, or name a version exactly")),
            }
        }
        VersionRef::Range(range) => highest(state, main, &range, text).await,
        VersionRef::Exact { lineage, version } => {
            let lineage = lineage.unwrap_or(main);
            let root = state.root(&lineage).await.map_err(problem)?;
            if root.version == version {
                return Ok(Resolved {
                    lineage,
                    at: At::Newest(version),
                    is_immutable: false,
                });
            }
            state
                .document_of(&lineage, &version)
                .await
                .map_err(problem)?;
            Ok(Resolved {
                lineage,
                at: At::Released(version),
                is_immutable: true,
            })
        }
        VersionRef::Commit(digits) => {
            let known = names(state, &main).await?;
            Err(
                Problem::not_found(format!("no version was released from commit {digits}"))
                    .nearest(known),
            )
        }
    }
}

/// The highest stable version that `range` allows.
async fn highest(
    state: &StateManager,
    lineage: LineageName,
    range: &VersionReq,
    text: &str,
) -> Result<Resolved, Problem> {
    let root = state.root(&lineage).await.map_err(problem)?;
    let stable = state.stable_versions(&lineage, &root).await;
    let stable = stable.map_err(problem)?.into_iter();
    let found = stable.filter(|version| range.matches(version)).max();
    match found {
        Some(version) if version == root.version => Ok(Resolved {
            lineage,
            at: At::Newest(version),
            is_immutable: false,
        }),
        Some(version) => Ok(Resolved {
            lineage,
            at: At::Released(version),
            is_immutable: false,
        }),
        None => {
            let known = names(state, &lineage).await?;
            let mut near = nearest(text, known.iter().map(String::as_str));
            if near.is_empty() {
                near = known.iter().map(String::as_str).collect();
            }
            Err(Problem::not_found(format!("no stable version matches `{text}`")).nearest(near))
        }
    }
}

/// The newest few versions, newest first.
async fn names(state: &StateManager, lineage: &LineageName) -> Result<Vec<String>, Problem> {
    const NAMES_MAX: usize = 3;
    let versions = state.versions(lineage).await.map_err(problem)?;
    Ok(versions
        .iter()
        .rev()
        .take(NAMES_MAX)
        .map(ToString::to_string)
        .collect())
}

impl Resolved {
    /// The document that `target` means here.
    pub(crate) async fn document(
        &self,
        state: &StateManager,
        target: Target,
    ) -> Result<Document, Problem> {
        let found = match (&self.at, target) {
            (At::Head, target) => state.document(&self.lineage, target).await,
            (At::Newest(version), Target::Active) => {
                state.document_of(&self.lineage, version).await
            }
            (At::Newest(_), Target::Staging) => {
                state.document(&self.lineage, Target::Staging).await
            }
            (At::Staged, _) => state.document(&self.lineage, Target::Staging).await,
            (At::Released(version), Target::Active) => {
                state.document_of(&self.lineage, version).await
            }
            (At::Released(version), Target::Staging) => {
                return Err(Problem::not_found(format!(
                    "{version} is not the newest version of its lineage, so nothing is staged on it"
                ))
                .hint("read `active`, or the staged state of the version `active`"));
            }
        };
        let mut document = found.map_err(problem)?;
        if matches!(self.at, At::Staged) {
            document.target = target;
        }
        Ok(document)
    }

    /// The earlier version that a write goes through, which gets a lineage of its own.
    pub(crate) fn version_to_open(&self) -> Option<&Version> {
        match &self.at {
            At::Released(version) if self.is_immutable => Some(version),
            At::Head | At::Newest(_) | At::Staged | At::Released(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
