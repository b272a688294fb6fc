//! What remembers the newest seal outside the journal: the vault, and the tags of releases.

use std::sync::Arc;

use journal::{Journal, Query, SealRecord, Witness};
use model::{EventType, LineageName, Subject};
use release::{Notes, Seal};
use repo::Repo;
use semver::Version;
use tokio::task::spawn_blocking;
use vault::Vault;

use crate::{exit::Exit, failure::Failure, session::recall_witness, up::chain};

/// Newest tags that are looked at for one that speaks of this journal.
const TAGS_MAX: usize = 1_000;

/// Whoever witnessed a seal.
#[derive(Clone)]
pub(crate) struct Witnesses {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) vault: Arc<Vault>,
    /// Where releases are tagged, if there are any.
    pub(crate) repo: Option<Arc<Repo>>,
}

/// The seal that a release carries.
struct Tagged {
    lineage: LineageName,
    version: Version,
    seal: Seal,
}

impl Witnesses {
    /// The newest seal that any of them remembers.
    pub(crate) async fn recall(&self) -> Result<Option<Witness>, Failure> {
        let vault = self.vault.clone();
        let kept = spawn_blocking(move || recall_witness(&vault)).await;
        let kept = kept.map_err(broken)??;
        let tagged = self.tagged().await?;
        Ok(kept.into_iter().chain(tagged).max_by_key(|seal| seal.seq))
    }

    async fn tagged(&self) -> Result<Option<Witness>, Failure> {
        let Some(repo) = self.repo.clone() else {
            return Ok(None);
        };
        let tagged = spawn_blocking(move || tagged(&repo)).await;
        for tagged in tagged.map_err(broken)?? {
            if !self.is_of_another_journal(&tagged).await? {
                return Ok(Some(self.witness(&tagged.seal).await?));
            }
        }
        Ok(None)
    }

    /// Was the release taken up from git, so that its seal is of a journal that was lost?
    async fn is_of_another_journal(&self, tagged: &Tagged) -> Result<bool, Failure> {
        let query = Query {
            kinds: vec![EventType::RELEASE],
            version: Some(tagged.version.clone()),
            limit: 1,
            ..Query::of(Subject::lineage(&tagged.lineage))
        };
        let found = self.journal.read(query).await?;
        Ok(found
            .first()
            .is_some_and(|event| event.data.get(release::REBUILT).is_some()))
    }

    async fn witness(&self, seal: &Seal) -> Result<Witness, Failure> {
        let query = Query {
            after: seal.seq.saturating_sub(1),
            until: seal.seq,
            limit: 1,
            ..Query::all()
        };
        let found = self.journal.read(query).await?;
        let record = found
            .first()
            .and_then(|event| serde_json::from_value::<SealRecord>(event.data.clone()).ok());
        Ok(Witness {
            seq: seal.seq,
            hash: seal.hash,
            to: record.map_or(seal.seq.saturating_sub(1), |record| record.to),
        })
    }
}

/// The seals of releases, newest first.
fn tagged(repo: &Repo) -> Result<Vec<Tagged>, Failure> {
    let unreadable = |error: &dyn std::error::Error| {
        Failure::new("git_failed", Exit::Failure, chain(error))
            .with_hint("look at `repo` in the data folder with `git fsck`".to_owned())
    };
    let versions = repo.versions().map_err(|error| unreadable(&error))?;
    let mut found = Vec::new();
    for version in versions.list.iter().rev().take(TAGS_MAX) {
        let message = repo.message(version).map_err(|error| unreadable(&error))?;
        let notes = Notes::parse(&message);
        if !notes.is_of(&version.lineage, &version.number) {
            continue;
        }
        found.extend(notes.seal.map(|seal| Tagged {
            lineage: version.lineage.clone(),
            version: version.number.clone(),
            seal,
        }));
    }
    found.sort_by_key(|tagged| std::cmp::Reverse(tagged.seal.seq));
    Ok(found)
}

fn broken(panic: tokio::task::JoinError) -> Failure {
    Failure::new("internal", Exit::Internal, panic)
}
