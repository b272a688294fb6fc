//! The journal's lineages from git alone, where the journal was lost or is behind.

use std::collections::BTreeSet;

use model::{Digest, LineageName};
use repo::{CommitId, Move, Published};
use serde_json::{Value, json};
use state::{Adoption, CodeRef, Rollback, Root, Seed, Stamp};
use tokio::task::spawn_blocking;

use crate::{
    Content, Notes, ReleaseError, Releaser, kept,
    publish::luthier,
    releaser::{ATTEMPTS_MAX, busy, commit_of},
    turn::Turn,
};

/// What the event of a version says that was taken up from git.
pub const REBUILT: &str = "rebuilt";

impl Releaser {
    /// Brings every version that git has and the journal has not into the journal, in order, and
    /// says how many those were. `told` hears of each. Pins are in the journal alone, so those of a
    /// journal that was lost are lost, and so is what was staged.
    pub async fn rebuild(&self, mut told: impl FnMut(&str)) -> Result<usize, ReleaseError> {
        let released = self.released().await?;
        let mut count = 0;
        for (version, notes) in &released {
            if self.take_up(version, notes).await? {
                told(&version.name());
                count += 1;
            }
        }
        let lineages: BTreeSet<_> = released.iter().map(|(it, _)| &it.lineage).collect();
        for lineage in lineages {
            self.lead_branch(lineage).await?;
        }
        Ok(count)
    }

    /// The versions that this program made, lowest first.
    async fn released(&self) -> Result<Vec<(repo::Version, Notes)>, ReleaseError> {
        let repo = self.parts.repo.clone();
        let read = spawn_blocking(move || {
            let mut released = Vec::new();
            for version in &repo.versions()?.list {
                let notes = Notes::parse(&repo.message(version)?);
                if notes.is_of(&version.lineage, &version.number) {
                    released.push((version.clone(), notes));
                }
            }
            Ok(released)
        });
        read.await?
    }

    /// Does the journal take a version that git has already? Not if it has a newer one.
    async fn take_up(&self, version: &repo::Version, notes: &Notes) -> Result<bool, ReleaseError> {
        let lineage = &version.lineage;
        let is_there =
            |root: Option<&Root>| root.is_some_and(|root| root.version >= version.number);
        if is_there(self.find_root(lineage).await?.as_ref()) {
            return Ok(false);
        }
        let _turn = Turn::take(&self.parts.turns, lineage).await?;
        let recovered = self.recover_in_turn(lineage).await?;
        let root = self.find_root(lineage).await?;
        if is_there(root.as_ref()) {
            return Ok(recovered.as_ref() == Some(&version.number));
        }
        let content = self.load(version.commit).await?;
        let (store, code) = (self.parts.store.clone(), content.code.clone());
        spawn_blocking(move || kept::put_all(&store, &[kept::code(&code)])).await??;
        match root {
            Some(root) => self.replay(version, notes, root, content).await?,
            None => self.replay_first(version, notes, content).await?,
        }
        Ok(true)
    }

    async fn replay_first(
        &self,
        version: &repo::Version,
        notes: &Notes,
        content: Content,
    ) -> Result<(), ReleaseError> {
        let seed = Seed {
            facts: facts(notes),
            version: version.number.clone(),
            code: Some(code_of(version, &content)),
            schema: content.schema,
            value: content.state,
        };
        let (manager, author) = (&self.parts.manager, state::Author::default());
        manager.open(&version.lineage, seed, &author).await?;
        Ok(())
    }

    /// Swaps the root as the release did.
    async fn replay(
        &self,
        version: &repo::Version,
        notes: &Notes,
        root: Root,
        content: Content,
    ) -> Result<(), ReleaseError> {
        let (lineage, manager) = (&version.lineage, &self.parts.manager);
        let author = state::Author::default();
        let rollback = self.replayed(lineage, notes, &root, &content).await?;
        let stamp = Stamp {
            follows: root.version,
            version: version.number.clone(),
            commit: version.commit.to_string(),
            withdraws: notes.withdraws.clone(),
            canary_share: None,
            facts: facts(notes),
        };
        if let Some(rollback) = rollback {
            manager
                .roll_back_as(lineage, rollback, &stamp, &author)
                .await?;
            return Ok(());
        }
        let adoption = Adoption {
            version: None,
            stamp: Some(stamp),
            code: Some(code_of(version, &content)),
            schema: content.schema,
            value: Some(content.state),
            migrations: Vec::new(),
        };
        manager.adopt(lineage, adoption, &author).await?;
        Ok(())
    }

    /// The rollback that `notes` tell of; nothing if they tell of none, or if what it brought back is
    /// not there to be brought back.
    async fn replayed(
        &self,
        lineage: &LineageName,
        notes: &Notes,
        root: &Root,
        content: &Content,
    ) -> Result<Option<Rollback>, ReleaseError> {
        let manager = &self.parts.manager;
        let (Some(to), Some(bad)) = (&notes.restores, &notes.withdraws) else {
            return Ok(None);
        };
        if manager.find_root_of(lineage, to).await?.is_none() {
            return Ok(None);
        }
        // A rollback lets go of whichever pin there is.
        let unpins = root.pins.get(Root::ACTIVE).cloned();
        let rollback = manager
            .decided_rollback(lineage, to, bad.clone(), unpins)
            .await?;
        let is_same = rollback.document().hash == Digest::of_json(&content.state)
            && rollback.schema() == Digest::of_json(&content.schema)
            && rollback.code().map(|code| code.hash) == Some(content.code.digest());
        Ok(is_same.then_some(rollback))
    }

    /// The branch of a lineage is where its newest release is: one that is behind or was lost is
    /// moved there. One that is elsewhere is somebody's, and the next release tells of it.
    async fn lead_branch(&self, lineage: &LineageName) -> Result<(), ReleaseError> {
        if self.parts.repo.branch(lineage)? == self.find_head(lineage).await? {
            return Ok(());
        }
        let _turn = Turn::take(&self.parts.turns, lineage).await?;
        self.recover_in_turn(lineage).await?;
        let Some(head) = self.find_head(lineage).await? else {
            return Ok(());
        };
        let (repo, lineage) = (self.parts.repo.clone(), lineage.clone());
        let (releaser, at) = (self.clone(), (self.parts.clock)());
        let moving = spawn_blocking(move || {
            for _attempt in 0..ATTEMPTS_MAX {
                let tip = repo.branch(&lineage)?;
                match tip {
                    Some(tip) if tip == head => return Ok(()),
                    // Where the workspace's branch is ahead, the releases' begins at the release.
                    Some(tip)
                        if !repo.is_ancestor(tip, head)? && !releaser.is_of_workspace(tip)? =>
                    {
                        tracing::warn!(%lineage, %tip, %head, "the branch is not at the release");
                        return Ok(());
                    }
                    Some(_) | None => {}
                }
                let moved = repo.publish(&Move {
                    lineage: &lineage,
                    from: tip,
                    to: head,
                    tags: &[],
                    hidden: &[],
                    by: &luthier(),
                    at,
                    why: "rebuild",
                })?;
                match moved {
                    Published::Committed { .. } => return Ok(()),
                    // Somebody moved it between the two looks.
                    Published::Conflict(_) => {}
                }
            }
            Err(busy(&lineage))
        });
        moving.await?
    }

    async fn find_head(&self, lineage: &LineageName) -> Result<Option<CommitId>, ReleaseError> {
        let root = self.find_root(lineage).await?;
        Ok(root.and_then(|root| commit_of(root.code.as_ref()?)))
    }
}

/// What the event of the release said.
fn facts(notes: &Notes) -> serde_json::Map<String, Value> {
    let facts = json!({
        "release": notes.release,
        "bump": notes.bump.map(|bump| bump.to_string()),
        "reasons": notes.reasons,
        "tests": notes.tests.to_string(),
        "made_by": notes.author.as_ref().map(ToString::to_string),
        REBUILT: true,
    });
    match facts {
        Value::Object(facts) => facts,
        _ => unreachable!("it was written as an object"),
    }
}

fn code_of(version: &repo::Version, content: &Content) -> CodeRef {
    CodeRef {
        hash: content.code.digest(),
        commit: Some(version.commit.to_string()),
    }
}
