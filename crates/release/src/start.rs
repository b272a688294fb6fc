//! What people committed becomes a version: the first of a workspace, or the next.

use model::LineageName;
use repo::{Bundle, CommitId, Move};
use serde_json::Value;
use state::{Adoption, CodeRef, Root, Seed, Stamp, StateError};
use tokio::task::spawn_blocking;

use crate::{
    Content, Demand, Notes, Order, Proposal, Prover, ReleaseError, Released, Releaser, STATE,
    content::migrations,
    kept,
    plan::{Kind, Plan, Source},
    publish::luthier,
    releaser::{ATTEMPTS_MAX, busy, head},
};

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
            if let Some(released) = self.publish(plan, proof, order).await? {
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
            let root = self.parts.manager.root(lineage).await?;
            let head = head(lineage, &root)?;
            let before = self.load(head).await?;
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
            let proposal = Proposal {
                lineage: lineage.clone(),
                demand: Demand::All,
                files: content.files.clone(),
                schema: content.schema.clone(),
                state: content.state.clone(),
                base: Some(before.as_base(&root.version)),
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
            if let Some(released) = self.publish(plan, proof, order).await? {
                return Ok(released);
            }
        }
        Err(busy(lineage))
    }

    /// Brings every version that git has and the journal has not into the journal, in order, and
    /// says how many those were. `told` hears of each.
    pub async fn rebuild(&self, mut told: impl FnMut(&str)) -> Result<usize, ReleaseError> {
        let repo = self.parts.repo.clone();
        let versions = spawn_blocking(move || repo.versions()).await??;
        let mut count = 0;
        for version in &versions.list {
            let notes = Notes::parse(&self.parts.repo.message(version)?);
            if notes.is_of(&version.lineage, &version.number)
                && self.take_up(version, &notes).await?
            {
                told(&version.name());
                count += 1;
            }
        }
        Ok(count)
    }

    /// Does the journal take a version that git has already? Not if it has a newer one.
    async fn take_up(&self, version: &repo::Version, notes: &Notes) -> Result<bool, ReleaseError> {
        let (lineage, manager) = (&version.lineage, &self.parts.manager);
        let root = self.find_root(lineage).await?;
        if root
            .as_ref()
            .is_some_and(|root| root.version >= version.number)
        {
            return Ok(false);
        }
        let content = self.load(version.commit).await?;
        let (vault, code) = (self.parts.vault.clone(), content.code.clone());
        spawn_blocking(move || kept::put_all(&vault, &[kept::code(&code)])).await??;
        let code = CodeRef {
            hash: content.code.digest(),
            commit: Some(version.commit.to_string()),
        };
        let author = state::Author::default();
        if let Some(root) = root {
            let stamp = Stamp {
                follows: root.version,
                version: version.number.clone(),
                commit: version.commit.to_string(),
                withdraws: notes.withdraws.clone(),
                facts: serde_json::Map::new(),
            };
            let adoption = Adoption {
                version: None,
                stamp: Some(stamp),
                code: Some(code),
                schema: content.schema,
                value: Some(content.state),
                migrations: Vec::new(),
            };
            manager.adopt(lineage, adoption, &author).await?;
        } else {
            let seed = Seed {
                version: version.number.clone(),
                code: Some(code),
                schema: content.schema,
                value: content.state,
            };
            manager.open(lineage, seed, &author).await?;
        }
        self.lead_branch(version)?;
        Ok(true)
    }

    /// The branch of a lineage is where its newest release is.
    fn lead_branch(&self, version: &repo::Version) -> Result<(), ReleaseError> {
        let repo = &self.parts.repo;
        let by = luthier();
        let from = repo.branch(&version.lineage)?;
        repo.publish(&Move {
            lineage: &version.lineage,
            from,
            to: version.commit,
            tags: &[],
            hidden: &[],
            by: &by,
            at: version.made_at,
            why: "rebuild",
        })?;
        Ok(())
    }

    async fn find_root(&self, lineage: &LineageName) -> Result<Option<Root>, ReleaseError> {
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
            Offered::Folder(bundle) => (Source::Folder(None), Vec::new(), Content::of(bundle)?),
        })
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
            Offered::Folder(bundle) => {
                return Ok(Fitted {
                    source: Source::Folder(Some(head)),
                    parents: vec![head],
                    content: Content::of(bundle)?,
                    base_state: before.state.clone(),
                });
            }
            Offered::Commit(commit) => *commit,
        };
        let content = self.load(commit).await?;
        let base = self.parts.repo.merge_base(head, commit)?;
        let base_content = match base {
            Some(base) if base == head => before.clone(),
            Some(base) => self.load(base).await?,
            None => {
                return Err(ReleaseError::Unrelated {
                    commit,
                    head: root.version.clone(),
                });
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
