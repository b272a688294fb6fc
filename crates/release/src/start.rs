//! What people committed becomes a version: the first of a workspace, or the next.

use std::collections::HashMap;

use model::{Digest, LineageName};
use repo::{Bundle, CommitId};
use semver::Version;
use serde_json::Value;
use state::{Adoption, CodeRef, Root, StateError};
use tokio::task::spawn_blocking;

use crate::{
    Base, Content, Demand, Notes, Order, Proposal, Prover, ReleaseError, Released, Releaser, STATE,
    content::migrations,
    kept,
    plan::{Kind, Plan, Source},
    releaser::{ATTEMPTS_MAX, busy, head},
};

/// How far back the last release of a folder is looked for.
const COMMITS_MAX: usize = 10_000;

/// What somebody wants released.
#[derive(Clone, Debug)]
pub enum Offered {
    /// A commit that is in the repository of releases.
    Commit(CommitId),
    /// A folder that is not in git.
    Folder(Bundle),
}

/// What is offered, as it would be released on a head.
struct Fitted {
    source: Source,
    parents: Vec<CommitId>,
    /// With the state that the person last saw.
    content: Content,
    /// The state that the change began with.
    base_state: Value,
}

impl Releaser {
    /// Makes the first version of `lineage`, or finds those that were made elsewhere.
    pub async fn begin(
        &self,
        lineage: &LineageName,
        offered: &Offered,
        order: &Order,
        prover: &dyn Prover,
    ) -> Result<Option<Released>, ReleaseError> {
        if self.rebuild(|_version| ()).await? > 0 && self.find_root(lineage).await?.is_some() {
            return Ok(None);
        }
        for _attempt in 0..ATTEMPTS_MAX {
            if self.find_root(lineage).await?.is_some() {
                return Ok(None);
            }
            let (source, parents, content) = self.first(offered).await?;
            let proposal = Proposal {
                lineage: lineage.clone(),
                demand: Demand::All,
                files: content.files.clone(),
                schema: content.schema.clone(),
                state: content.state.clone(),
                base: None,
            };
            let proof = prover.prove(&proposal).await?;
            let plan = Plan {
                lineage: lineage.clone(),
                kind: Kind::First,
                source,
                parents,
                content,
                verdict: compat::Verdict {
                    bump: compat::Bump::Patch,
                    reasons: Vec::new(),
                },
                root: None,
            };
            if let Some(released) = Box::pin(self.publish(plan, proof, order)).await? {
                return Ok(Some(released));
            }
        }
        Err(busy(lineage))
    }

    /// Releases what a person committed: proved by all tiers, with the number that the change
    /// demands and the state that is active now.
    pub async fn release(
        &self,
        lineage: &LineageName,
        offered: &Offered,
        order: &Order,
        prover: &dyn Prover,
    ) -> Result<Released, ReleaseError> {
        for _attempt in 0..ATTEMPTS_MAX {
            let repeated = self.parts.manager.find_adopted(lineage, &order.author);
            if let Some(written) = repeated.await? {
                return Ok(Released::repeated(written));
            }
            let root = self.parts.manager.root(lineage).await?;
            let head = head(lineage, &root)?;
            let before = self.load_served(lineage, &root, head).await?;
            let fitted = self.fit(offered, head, &before, &root).await?;
            let files = &fitted.content.files;
            let steps = migrations(files, &(self.scripts)(files))?;
            let adopted = self.adopted(lineage, &fitted, &steps).await?;
            if adopted.root.version != root.version || adopted.before != before.state {
                // What is active is not what the head's commit says: it has just moved.
                continue;
            }
            let content = fitted.content.clone().with_state(adopted.value);
            if content.files == before.files {
                return Err(ReleaseError::Nothing {
                    version: root.version,
                });
            }
            let has_unknown_tools = kept::load_tools(&self.parts.store, head).await?.is_none();
            let proposal = Proposal {
                lineage: lineage.clone(),
                demand: Demand::All,
                files: content.files.clone(),
                schema: content.schema.clone(),
                state: content.state.clone(),
                base: Some(Base {
                    has_unknown_tools,
                    ..before.as_base(without_trial(&root))
                }),
            };
            let proof = prover.prove(&proposal).await?;
            let migrates = !adopted.migrations.is_empty();
            let verdict = self
                .verdict(&before, Some(head), &content, &proof, migrates)
                .await?;
            let plan = Plan {
                lineage: lineage.clone(),
                kind: Kind::Code { migrations: steps },
                source: fitted.source,
                parents: fitted.parents,
                content,
                verdict,
                root: Some(root),
            };
            if let Some(released) = Box::pin(self.publish(plan, proof, order)).await? {
                return Ok(released);
            }
        }
        Err(busy(lineage))
    }

    pub(crate) async fn find_root(
        &self,
        lineage: &LineageName,
    ) -> Result<Option<Root>, ReleaseError> {
        match self.parts.manager.root(lineage).await {
            Ok(root) => Ok(Some(root)),
            Err(StateError::NoLineage { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn first(
        &self,
        offered: &Offered,
    ) -> Result<(Source, Vec<CommitId>, Content), ReleaseError> {
        Ok(match offered {
            Offered::Commit(commit) => {
                let content = self.load(*commit).await?;
                (Source::Commit(*commit), vec![*commit], content)
            }
            Offered::Folder(bundle) => {
                let content = Content::of(bundle)?;
                let state = Digest::of_json(&content.state);
                let source = Source::Folder { over: None, state };
                (source, Vec::new(), content)
            }
        })
    }

    /// What a release is made on: the head or, while that is on trial, the version that stays, which
    /// differs from it in its state alone.
    async fn load_served(
        &self,
        lineage: &LineageName,
        root: &Root,
        newest: CommitId,
    ) -> Result<Content, ReleaseError> {
        let Some(canary) = &root.canary else {
            return self.load(newest).await;
        };
        let stays = self.parts.manager.root_of(lineage, &canary.stays).await?;
        self.load(head(lineage, &stays)?).await
    }

    /// Puts what is offered onto the head, if the two do not contradict each other.
    async fn fit(
        &self,
        offered: &Offered,
        head: CommitId,
        before: &Content,
        root: &Root,
    ) -> Result<Fitted, ReleaseError> {
        let commit = match offered {
            Offered::Folder(bundle) => return self.fit_folder(bundle, head, before, root).await,
            Offered::Commit(commit) => *commit,
        };
        let content = self.load(commit).await?;
        let base = self.parts.repo.merge_base(head, commit)?;
        let base_content = match base {
            // The head of a trial holds what is tried, which is not what serves.
            Some(base) if base == head && root.canary.is_none() => before.clone(),
            Some(base) => self.load(base).await?,
            None => {
                return self
                    .fit_unrelated(commit, content, head, before, root)
                    .await;
            }
        };
        let stale = |changed: &str| ReleaseError::Stale {
            commit,
            head: root.version.clone(),
            changed: changed.to_owned(),
        };
        let is_new_state = content.state != base_content.state;
        if is_new_state && before.state != base_content.state {
            return Err(stale(STATE));
        }
        if let Some(path) = first_difference(&base_content, before) {
            return Err(stale(&path));
        }
        Ok(Fitted {
            source: Source::Commit(commit),
            parents: if base == Some(head) {
                vec![commit]
            } else {
                vec![head, commit]
            },
            content,
            base_state: base_content.state,
        })
    }

    /// A folder that was released before it came into git, and has no history in common with that.
    async fn fit_unrelated(
        &self,
        commit: CommitId,
        content: Content,
        head: CommitId,
        before: &Content,
        root: &Root,
    ) -> Result<Fitted, ReleaseError> {
        let Some(last_state) = self.last_folder_state(head).await? else {
            return Err(ReleaseError::Unrelated {
                commit,
                head: root.version.clone(),
            });
        };
        let state = Digest::of_json(&content.state);
        let is_left_behind = last_state == state || is_on_trial(root, state);
        Ok(Fitted {
            source: Source::Commit(commit),
            parents: vec![head, commit],
            base_state: if is_left_behind {
                content.state.clone()
            } else {
                before.state.clone()
            },
            content,
        })
    }

    /// A folder is compared with the head, but for its state: promotions leave that of a folder
    /// behind, so that it is the person's only where it is not what it was the last time.
    async fn fit_folder(
        &self,
        bundle: &Bundle,
        head: CommitId,
        before: &Content,
        root: &Root,
    ) -> Result<Fitted, ReleaseError> {
        let content = Content::of(bundle)?;
        let state = Digest::of_json(&content.state);
        let is_left_behind =
            self.last_folder_state(head).await? == Some(state) || is_on_trial(root, state);
        let base_state = if is_left_behind {
            content.state.clone()
        } else {
            before.state.clone()
        };
        Ok(Fitted {
            source: Source::Folder {
                over: Some(head),
                state,
            },
            parents: vec![head],
            content,
            base_state,
        })
    }

    /// What the folder held as its state that was released last before `head`, or as it.
    async fn last_folder_state(&self, head: CommitId) -> Result<Option<Digest>, ReleaseError> {
        let repo = self.parts.repo.clone();
        let walk = spawn_blocking(move || {
            let versions = repo.versions()?;
            let versions = versions.list.iter();
            let versions: HashMap<_, _> = versions.map(|it| (it.commit, it)).collect();
            let mut commit = head;
            for _step in 0..COMMITS_MAX {
                if let Some(version) = versions.get(&commit) {
                    let notes = Notes::parse(&repo.message(version)?);
                    if notes.folder_state.is_some() {
                        return Ok(notes.folder_state);
                    }
                }
                match repo.commit(commit)?.parents.first() {
                    Some(parent) => commit = *parent,
                    None => break,
                }
            }
            Ok(None)
        });
        walk.await?
    }

    async fn adopted(
        &self,
        lineage: &LineageName,
        fitted: &Fitted,
        steps: &[state::Migration],
    ) -> Result<state::Adopted, ReleaseError> {
        let content = &fitted.content;
        let is_new_state = content.state != fitted.base_state;
        let adoption = Adoption {
            version: None,
            stamp: None,
            code: Some(CodeRef {
                hash: content.code.digest(),
                commit: None,
            }),
            schema: content.schema.clone(),
            value: is_new_state.then(|| content.state.clone()),
            migrations: steps.to_vec(),
        };
        Ok(self.parts.manager.plan_adoption(lineage, &adoption).await?)
    }
}

/// The version that serves, or would if no pin held `active`.
fn without_trial(root: &Root) -> &Version {
    let canary = root.canary.as_ref();
    canary.map_or(&root.version, |canary| &canary.stays)
}

/// Is it the state that was to be tried? A person who has it has pulled it, and changed nothing.
fn is_on_trial(root: &Root, state: Digest) -> bool {
    root.canary.is_some() && root.active.hash == state
}

/// A file other than the state in which two versions differ.
fn first_difference(left: &Content, right: &Content) -> Option<String> {
    let (left, right) = (left.files.files(), right.files.files());
    let paths = left
        .keys()
        .chain(right.keys())
        .filter(|path| *path != STATE);
    let mut other = paths.filter(|path| left.get(*path) != right.get(*path));
    other.next().cloned()
}
