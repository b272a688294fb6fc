//! What a job begins with: a version, whole.

use model::LineageName;
use release::Proposal;
use repo::{Bounds, CommitId, FileSet};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use state::StateError;
use tokio::task::spawn_blocking;
use topology::Graph;

use super::{Halt, Work};
use crate::tree::Files;

/// The version that is changed.
pub(crate) struct Base {
    pub(crate) lineage: LineageName,
    /// The earlier version that a lineage is opened at, where there is none yet.
    pub(crate) opens: Option<Version>,
    pub(crate) version: Version,
    pub(crate) commit: CommitId,
    pub(crate) files: Files,
    pub(crate) graph: Graph,
    pub(crate) schema: Value,
    pub(crate) state: Value,
}

/// Which one it is: all that has to be kept of it.
#[derive(Serialize, Deserialize)]
struct Begun {
    lineage: LineageName,
    opens: Option<Version>,
    version: Version,
    commit: String,
}

impl Work {
    /// The head of the lineage, or the earlier version that somebody speaks of.
    pub(super) async fn base(&self) -> Result<Base, Halt> {
        let begun: Begun = self.once("base", self.find_base()).await?;
        let commit: CommitId = (begun.commit.parse())
            .map_err(|_odd| Halt::Failed(format!("`{}` is no commit", begun.commit)))?;
        let repo = self.inner.parts.releaser.repo().clone();
        let read = spawn_blocking(move || repo.bundle(commit, &Bounds::default()));
        let read = read
            .await
            .map_err(|panic| Halt::Failed(panic.to_string()))?;
        // It was there when the job began.
        let bundle = read.map_err(|error| {
            Halt::Rejected(format!(
                "version {} cannot be read any more: {error}; see that the repository of releases \
                 is whole, and ask again",
                begun.version
            ))
        })?;
        let content = release::Content::of(&bundle).map_err(|error| {
            Halt::Rejected(format!(
                "version {} is no workspace: {error}",
                begun.version
            ))
        })?;
        let files = content.files.files().clone();
        Ok(Base {
            lineage: begun.lineage,
            opens: begun.opens,
            version: begun.version,
            commit,
            graph: Graph::of(&files),
            schema: content.schema,
            state: content.state,
            files,
        })
    }

    /// The lineage that is changed; what is said of an earlier version again goes to the lineage that
    /// was opened there.
    async fn target(&self) -> Result<(LineageName, Option<Version>), Halt> {
        let ask = &self.job.ask;
        let Some(version) = &ask.opens else {
            return Ok((ask.lineage.clone(), None));
        };
        let branch = state::branch_name(&ask.lineage, version)
            .map_err(|error| Halt::Rejected(error.to_string()))?;
        match self.inner.parts.manager.root(&branch).await {
            Ok(_root) => Ok((branch, None)),
            Err(StateError::NoLineage { .. }) => Ok((ask.lineage.clone(), Some(version.clone()))),
            Err(error) => Err(Halt::Rejected(error.to_string())),
        }
    }

    async fn find_base(&self) -> Result<Begun, Halt> {
        let manager = &self.inner.parts.manager;
        let (lineage, opens) = self.target().await?;
        let root = match &opens {
            Some(version) => manager.root_of(&lineage, version).await,
            None => manager.root(&lineage).await,
        };
        let root = root.map_err(|error| match error {
            // The first version is being proved.
            StateError::NoLineage { .. } if self.may_come() => Halt::NotYet,
            error => Halt::Rejected(error.to_string()),
        })?;
        let commit = root.code.as_ref().and_then(|code| code.commit.clone());
        let commit = commit.ok_or_else(|| {
            Halt::Rejected(format!(
                "version {} has no commit to begin with: release it first",
                root.version
            ))
        })?;
        Ok(Begun {
            lineage,
            opens,
            version: root.version,
            commit,
        })
    }
}

/// Time in which the first version of a workspace has to be there.
const FIRST_VERSION_S_MAX: i64 = 120;

impl Work {
    /// Is the first version perhaps being proved?
    fn may_come(&self) -> bool {
        let waited = self.now().duration_since(self.job.created_at).as_secs();
        self.job.ask.lineage == LineageName::default() && waited < FIRST_VERSION_S_MAX
    }
}

impl Base {
    /// A candidate, as whoever proves it is given it.
    pub(crate) fn proposal(&self, files: Files, state: Value, schema: Value) -> Proposal {
        Proposal {
            lineage: self.lineage.clone(),
            demand: release::Demand::All,
            files: FileSet::new(files),
            schema,
            state,
            base: Some(release::Base {
                version: self.version.clone(),
                files: FileSet::new(self.files.clone()),
                schema: self.schema.clone(),
                state: self.state.clone(),
                has_unknown_tools: false,
            }),
        }
    }
}
