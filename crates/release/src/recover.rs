//! What a process that died left half way.

use std::sync::Arc;

use model::{Event, LineageName};
use repo::CommitId;
use semver::Version;
use serde_json::Value;
use state::{Rollback, Root, Stamp, StateError};
use tokio::task::spawn_blocking;

use crate::{
    Notes, ReleaseError, Releaser, Terms,
    content::migrations,
    plan::{Kind, Plan, Source},
    publish::{INTENT, subject},
    turn::Turn,
};

impl Releaser {
    /// Finishes the release of `lineage` that a process began and did not end, if its references
    /// moved; without them nothing of it is there. Says which version that was.
    pub async fn recover(&self, lineage: &LineageName) -> Result<Option<Version>, ReleaseError> {
        let _turn = Turn::take(&self.parts.turns, lineage).await?;
        self.recover_in_turn(lineage).await
    }

    pub(crate) async fn recover_in_turn(
        &self,
        lineage: &LineageName,
    ) -> Result<Option<Version>, ReleaseError> {
        let last = self.parts.journal.last(&subject(lineage)).await?;
        let Some(intent) = last.filter(|event| event.kind.as_str() == INTENT) else {
            return Ok(None);
        };
        let Some(version) = intent.context.version.clone() else {
            return Ok(None);
        };
        let root = match self.parts.manager.root(lineage).await {
            Ok(root) => Some(root),
            Err(StateError::NoLineage { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        // Versions of one lineage only grow.
        if root.as_ref().is_some_and(|root| root.version >= version) {
            return Ok(None);
        }
        let Some((commit, notes)) = self.find_tag(lineage, &version).await? else {
            return Ok(None);
        };
        if notes.release.as_deref() != intent.data["id"].as_str() {
            return Ok(None);
        }
        self.roll_forward(lineage, &intent, root, commit).await?;
        tracing::info!(%lineage, %version, "a release that was begun before was finished");
        Ok(Some(version))
    }

    async fn roll_forward(
        &self,
        lineage: &LineageName,
        intent: &Arc<Event>,
        root: Option<Root>,
        commit: CommitId,
    ) -> Result<(), ReleaseError> {
        let content = self.load(commit).await?;
        let kind = match intent.data["kind"].as_str() {
            Some("promote") => Kind::Promote {
                terms: Terms::default(),
            },
            Some("rollback") => Kind::RollBack(Box::new(self.decided(lineage, intent).await?)),
            Some("adopt") => {
                let steps = migrations(&content.files, &(self.scripts)(&content.files));
                // They bring along what is staged, no more: the version and its state are there.
                let migrations = steps.unwrap_or_else(|error| {
                    tracing::warn!(%lineage, %error, "what is staged is not migrated");
                    Vec::new()
                });
                Kind::Code { migrations }
            }
            _ => Kind::First,
        };
        let version = intent.context.version.clone();
        let version = version.unwrap_or(crate::plan::VERSION_FIRST);
        let follows = root.as_ref().map_or(&version, |root| &root.version).clone();
        let facts = match &intent.data["facts"] {
            Value::Object(facts) => facts.clone(),
            _ => serde_json::Map::new(),
        };
        let stamp = Stamp {
            follows,
            version,
            commit: commit.to_string(),
            withdraws: None,
            canary_share: intent.data["canary_share"].as_f64(),
            facts,
        };
        let text = |name: &str| intent.data[name].as_str().map(str::to_owned);
        let author = state::Author {
            context: intent.context.clone(),
            key: text("key").and_then(|key| key.parse().ok()),
            reason: text("reason"),
            ..state::Author::default()
        };
        let plan = Plan {
            lineage: lineage.clone(),
            kind,
            source: Source::Commit(commit),
            parents: Vec::new(),
            content,
            verdict: compat::Verdict {
                bump: compat::Bump::Patch,
                reasons: Vec::new(),
            },
            root,
        };
        self.swap(&plan, &stamp, &author).await?;
        Ok(())
    }

    /// The rollback that `intent` is of, as it was decided then: whoever pinned a version since did
    /// so too late.
    async fn decided(
        &self,
        lineage: &LineageName,
        intent: &Event,
    ) -> Result<Rollback, ReleaseError> {
        let manager = &self.parts.manager;
        let version = |name: &str| -> Option<Version> { intent.data[name].as_str()?.parse().ok() };
        Ok(match (version("restores"), version("withdraws")) {
            (Some(restores), Some(withdraws)) => {
                let unpins = version("unpins");
                manager
                    .decided_rollback(lineage, &restores, withdraws, unpins)
                    .await?
            }
            // Intents used to say less.
            (restores, _) => manager.plan_rollback(lineage, restores).await?,
        })
    }

    /// The commit of a version, and what its tag says.
    pub(crate) async fn find_tag(
        &self,
        lineage: &LineageName,
        version: &Version,
    ) -> Result<Option<(CommitId, Notes)>, ReleaseError> {
        let (repo, lineage, version) = (self.parts.repo.clone(), lineage.clone(), version.clone());
        let found = spawn_blocking(move || {
            let versions = repo.versions()?;
            let is_it = |it: &&repo::Version| it.lineage == lineage && it.number == version;
            let Some(found) = versions.list.iter().find(is_it) else {
                return Ok(None);
            };
            let notes = Notes::parse(&repo.message(found)?);
            Ok(Some((found.commit, notes)))
        });
        found.await?
    }
}
