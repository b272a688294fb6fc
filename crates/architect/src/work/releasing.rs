//! From a candidate that was proved to a version, or to somebody who has to approve of it.

use std::sync::Arc;

use async_trait::async_trait;
use model::{LineageName, event::IdempotencyKey};
use release::{
    Author, Decision, Offered, Order, Proof, Proposal, Provenance, Prover, ReleaseError, Unproved,
};
use repo::{Base as TreeBase, CommitId, HiddenName, NewCommit, Person};
use serde_json::json;
use tokio::task::spawn_blocking;
use tracing::Instrument as _;

use super::{
    Base, Halt, Work,
    candidate::{Candidate, Commit},
    planning::{Planned, one_line},
    proving::{Proved, chain},
};
use crate::{
    bench::Bench,
    job::{Entry, Job, Released, Stage, Verdict, context_of},
    policy::Autonomy,
    tree::{self, Files},
};

/// How often a release is tried that the machine does not carry through.
const RELEASE_TRIES_MAX: u32 = 3;

/// Whose decisions the ledger tells.
const AGENT: &str = "architect";

impl Work {
    /// Releases it, if nobody has to be asked first.
    pub(super) async fn release(
        &self,
        base: &Base,
        planned: &Planned,
        candidate: Candidate,
        proved: Proved,
    ) -> Result<(), Halt> {
        let tip = self.write_commits(base, planned, &candidate).await?;
        self.ask_approval(base, &candidate, tip).await?;
        self.enter_releasing(&proved).await?;
        let lineage = self.lineage(base).await?;
        let job = self.log.job().await;
        let order = self.order(&job, planned, &proved, &candidate);
        let prover = Kept {
            proof: proved.proof.clone(),
            files: tree::whole_digest(proved.proposal.files.files()),
            bench: self.inner.parts.bench.clone(),
        };
        let span = tracing::info_span!("release", version = %proved.version);
        let released = self
            .publish(&lineage, &Offered::Commit(tip), &order, &prover)
            .instrument(span)
            .await?;
        (self.inner.parts.on_released)().await;
        let is_tuned = candidate.is_state_alone(base);
        let notes = format!(
            "{}: {}",
            one_line(&planned.analysis.summary),
            proved.told(&candidate)
        );
        self.decide("release", &released.version, &notes, Vec::new())
            .await?;
        let entry = Entry::Released(Released {
            lineage: (lineage != self.job.ask.lineage).then_some(lineage),
            version: released.version.clone(),
            commit: released.commit.clone(),
            verdict: if is_tuned {
                Verdict::Tuned
            } else {
                Verdict::Committed
            },
            notes,
        });
        self.log.append(entry, None, self.now()).await?;
        Ok(())
    }

    /// From here on it cannot be called off, unless somebody just did.
    async fn enter_releasing(&self, proved: &Proved) -> Result<(), Halt> {
        let entry = Entry::Entered {
            note: Some(format!("releasing {}", proved.version)),
        };
        let entered = self
            .log
            .append_to_if(entry, self.now(), |job| match job.cancelled_by {
                Some(_) => Err(Halt::Cancelled),
                None => Ok(Stage::Releasing),
            });
        entered.await?.map(|_job| ())
    }

    /// What fails half way is finished by trying again under the same key.
    async fn publish(
        &self,
        lineage: &LineageName,
        offered: &Offered,
        order: &Order,
        prover: &Kept,
    ) -> Result<release::Released, Halt> {
        let releaser = &self.inner.parts.releaser;
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match releaser.release(lineage, offered, order, prover).await {
                Ok(released) => return Ok(released),
                Err(error) => error,
            };
            match error {
                ReleaseError::Stale { .. } | ReleaseError::Unrelated { .. } => {
                    return Err(Halt::Again(error.to_string()));
                }
                ReleaseError::Unproved(Unproved::Rejected { reason, .. }) => {
                    return Err(Halt::Rejected(format!("it was not proved: {reason}")));
                }
                error if error.is_of_input() => return Err(Halt::Rejected(chain(&error))),
                error if tries == RELEASE_TRIES_MAX => return Err(Halt::Rests(chain(&error))),
                error => {
                    tracing::warn!(job = %self.id, reason = chain(&error), "it is released again");
                }
            }
        }
    }

    /// The lineage that is written to; one that begins at an earlier version is opened now.
    async fn lineage(&self, base: &Base) -> Result<LineageName, Halt> {
        let Some(version) = &base.opens else {
            return Ok(base.lineage.clone());
        };
        let author = state::Author {
            context: context_of(&self.job),
            reason: Some(format!("job {} is about {version}", self.id)),
            ..state::Author::default()
        };
        let manager = &self.inner.parts.manager;
        let opened = manager.fork(&base.lineage, version, &author).await;
        opened.map_err(|error| Halt::Rejected(error.to_string()))
    }

    fn order(&self, job: &Job, planned: &Planned, proved: &Proved, candidate: &Candidate) -> Order {
        let key = format!("job-{}-release-{}", self.id, self.attempt());
        let key: Option<IdempotencyKey> = key.parse().ok();
        let trace = context_of(job).trace.map(String::from);
        Order {
            author: state::Author {
                context: context_of(job),
                key,
                reason: Some(one_line(&planned.analysis.summary)),
                facts: serde_json::Map::new(),
            },
            made_by: Author::Architect,
            text: format!("{}\n\n{}", planned.analysis.summary, proved.told(candidate)),
            provenance: Provenance {
                feedback: job.ask.feedback.clone(),
                job: Some(self.id.to_string()),
                trace,
                model: Some(self.inner.parts.provider.name().to_owned()),
                cost_usd: Some(format!("{:.4}", job.spent.cost_usd)),
            },
        }
    }

    /// The commits of the candidate, reachable under a hidden name and on nobody's branch. The same
    /// job writes the same commits again.
    async fn write_commits(
        &self,
        base: &Base,
        planned: &Planned,
        candidate: &Candidate,
    ) -> Result<CommitId, Halt> {
        let mut commits = candidate.commits.clone();
        let is_whole = commits
            .last()
            .is_some_and(|last| last.files == candidate.files);
        if !is_whole {
            commits.push(Commit {
                message: planned.analysis.summary.clone(),
                files: candidate.files.clone(),
            });
        }
        let job = self.log.job().await;
        let messages: Vec<String> = (commits.iter())
            .map(|commit| self.message(&job, planned, &commit.message))
            .collect();
        let (repo, at) = (
            self.inner.parts.releaser.repo().clone(),
            self.job.created_at,
        );
        let (first, parent) = (base.files.clone(), base.commit);
        let name: HiddenName = format!("jobs/{}", self.id)
            .parse()
            .map_err(|error: repo::InvalidHiddenName| Halt::Failed(error.to_string()))?;
        let write = spawn_blocking(move || {
            let (mut before, mut parent) = (first, parent);
            for (commit, message) in commits.iter().zip(&messages) {
                let changes = changes(&before, &commit.files);
                if changes.is_empty() {
                    continue;
                }
                let tree = repo.write_tree(TreeBase::Commit(parent), &changes)?;
                parent = repo.write_commit(&NewCommit {
                    tree,
                    parents: &[parent],
                    author: &architect(),
                    committer: &architect(),
                    at,
                    message,
                    signer: None,
                })?;
                before = commit.files.clone();
            }
            let kept = repo.set_hidden(&name, parent);
            Ok::<_, repo::WriteError>((parent, kept))
        });
        let written = write
            .await
            .map_err(|panic| Halt::Failed(panic.to_string()))?;
        let (tip, kept) = written.map_err(|error| Halt::Failed(chain(&error)))?;
        kept.map_err(|error| Halt::Failed(chain(&error)))?;
        Ok(tip)
    }

    /// Why, and where it comes from.
    fn message(&self, job: &Job, planned: &Planned, told: &str) -> String {
        let said = one_line(&job.ask.message);
        let (subject, what) = told.split_once('\n').unwrap_or((told, ""));
        let mut lines = vec![
            one_line(subject),
            String::new(),
            format!("Somebody said: {said}"),
        ];
        if what.trim().is_empty() {
            lines.extend(planned.analysis.reason.as_deref().map(one_line));
        } else {
            lines.push(one_line(what));
        }
        lines.push(String::new());
        let feedback = job.ask.feedback.iter();
        lines.extend(feedback.map(|id| format!("Luthier-Feedback: {id}")));
        lines.push(format!("Luthier-Job: {}", self.id));
        let trace = context_of(job).trace;
        lines.extend(trace.map(|trace| format!("Luthier-Trace: {}", trace.as_str())));
        let provider = self.inner.parts.provider.name();
        lines.push(format!("Luthier-Provider: {provider}"));
        lines.push(String::new());
        lines.join("\n")
    }

    /// Waits for a person where the policy says so.
    async fn ask_approval(
        &self,
        base: &Base,
        candidate: &Candidate,
        tip: CommitId,
    ) -> Result<(), Halt> {
        let commit = tip.to_string();
        if self.log.job().await.approved_commit.as_ref() == Some(&commit) {
            return Ok(());
        }
        let mut reasons = self.inner.policy.needs_approval(&candidate.kinds(base));
        reasons.extend(
            candidate
                .replaced()
                .map(|place| format!("it changes {place}")),
        );
        let packages = self.vet(&base.files, &candidate.files).await?;
        reasons.extend(packages.told());
        if self.inner.policy.autonomy == Autonomy::Propose {
            reasons.push(format!(
                "the policy proposes and does not release; the commits are at refs/luthier/jobs/{}",
                self.id
            ));
        }
        if reasons.is_empty() {
            return Ok(());
        }
        let entry = Entry::ApprovalAsked { reasons, commit };
        self.log.append(entry, None, self.now()).await?;
        Err(Halt::Waits)
    }

    /// Tells the ledger what was decided, and what was not done.
    pub(crate) async fn decide(
        &self,
        what: &'static str,
        version: &semver::Version,
        rationale: &str,
        rejected: Vec<String>,
    ) -> Result<(), Halt> {
        let job = self.log.job().await;
        let decision = Decision {
            what,
            version: version.clone(),
            rationale: rationale.to_owned(),
            rejected,
            numbers: json!({
                "job": self.id.to_string(),
                "requests": job.spent.requests,
                "input_tokens": job.spent.input_tokens,
                "output_tokens": job.spent.output_tokens,
                "cost_usd": job.spent.cost_usd,
            }),
            context: context_of(&job),
            key: format!("job-{}-decision", self.id).parse().ok(),
        };
        let journal = &*self.inner.parts.journal;
        let told = decision
            .append(journal, AGENT, &self.job.ask.lineage, self.now())
            .await;
        told.map_err(|error| Halt::Log(crate::job::LogError::Write(error)))
    }
}

/// A proof that is there already, for the same files; whatever else is proved anew.
struct Kept {
    proof: Option<Proof>,
    files: model::Digest,
    bench: Arc<dyn Bench>,
}

#[async_trait]
impl Prover for Kept {
    async fn prove(&self, proposal: &Proposal) -> Result<Proof, Unproved> {
        let is_same = tree::whole_digest(proposal.files.files()) == self.files;
        let knows_base = proposal
            .base
            .as_ref()
            .is_none_or(|base| !base.has_unknown_tools);
        match &self.proof {
            Some(proof) if is_same && knows_base => Ok(proof.clone()),
            _ => self.bench.prove(proposal).await,
        }
    }
}

fn changes(before: &Files, after: &Files) -> tree::Changes {
    let changed = tree::changed(before, after).into_iter();
    changed
        .map(|path| (path.clone(), after.get(&path).cloned()))
        .collect()
}

fn architect() -> Person {
    Person {
        name: "Luthier Architect".to_owned(),
        email: "luthier@localhost".to_owned(),
    }
}
