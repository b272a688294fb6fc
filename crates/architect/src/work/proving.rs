//! From a script to a candidate that was proved.

use std::{collections::BTreeSet, sync::Arc};

use atoms::contract::Intent;
use plan::{Limits, RunError, Script};
use release::{Proof, Proposal, Unproved};
use repo::FileSet;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::Instrument as _;

use super::{
    Base, Halt, Work,
    candidate::Candidate,
    host::{JobHost, StepRecorder},
    planning::{Planned, name_of},
};
use crate::{
    bench::{Call, Finding, SandboxReport, Tier, TierReport},
    job::Stage,
    product::message::{Message, Outcome, is_equal},
    tree::{self, Files, Kind},
};

/// Calls that are made in the sandboxes.
const CONFINED_MAX: usize = 32;

/// What was proved, and what it would be called.
pub(crate) struct Proved {
    /// Nothing where it has to be proved again, after a restart.
    pub(crate) proof: Option<Proof>,
    pub(crate) proposal: Proposal,
    pub(crate) version: Version,
    pub(crate) bump: String,
    pub(crate) reasons: Vec<String>,
}

/// What is kept of it.
#[derive(Serialize, Deserialize)]
struct Number {
    version: Version,
    bump: String,
    reasons: Vec<String>,
}

impl Proved {
    /// What changed and what it is, in words.
    pub(crate) fn told(&self, candidate: &Candidate) -> String {
        let mut told = format!("{} as {}", self.version, self.bump);
        match candidate.new_cases().len() {
            0 => {}
            1 => told += ", with 1 new case",
            count => told = format!("{told}, with {count} new cases"),
        }
        if !self.reasons.is_empty() {
            told = format!("{told} ({})", self.reasons.join("; "));
        }
        told
    }
}

impl Work {
    /// Runs the script, and looks at what it made.
    pub(super) async fn execute(
        self: &Arc<Self>,
        base: &Arc<Base>,
        planned: &Arc<Planned>,
        (script, text): (Script, String),
    ) -> Result<(Candidate, Option<Proof>), Halt> {
        if !self.is_past(Stage::Executing).await {
            self.enter(Stage::Executing, "running the script").await?;
        }
        let host = Arc::new(JobHost::new(self, base, planned));
        let told = format!("{text}\n{}\n{}", planned.message.text(), planned.as_value());
        let recorder = Arc::new(StepRecorder::new(self, &self.named(&told)));
        let limits = Limits {
            wall_clock_ms_max: self.inner.policy.wall_ms_max,
            ..Limits::default()
        };
        let (plan, running) = (planned.as_value(), host.clone());
        let run = tokio::task::spawn_blocking(move || script.run(plan, running, recorder, limits));
        let ended = run.await.map_err(|panic| Halt::Failed(panic.to_string()))?;
        if let Some(halt) = host.take_halt() {
            return Err(halt);
        }
        match ended {
            Ok(_outcome) => {}
            Err(RunError::Rejected { text, .. }) => return Err(Halt::Rejected(text)),
            Err(RunError::Unrecorded { source, .. }) => return Err(Halt::Failed(source.0)),
            Err(error @ RunError::Thread { .. }) => return Err(Halt::Failed(error.to_string())),
            Err(error) => return Err(Halt::Rejected(error.to_string())),
        }
        let (candidate, proof) = host.result();
        let diff = tree::diff(&base.files, &candidate.files);
        self.artefact(
            "change.diff",
            "text/x-diff; charset=utf-8",
            diff.into_bytes(),
        )
        .await?;
        let packages = self.vet(&base.files, &candidate.files).await?;
        if !packages.refused.is_empty() {
            let told = packages.refused.join("; ");
            return Err(Halt::Rejected(format!(
                "its packages are not let in: {told}"
            )));
        }
        if let Some(flag) = host.flags(&candidate).await?.into_iter().next() {
            return Err(Halt::Rejected(format!(
                "the change is not let any further: {flag}"
            )));
        }
        check_candidate(base, planned, &candidate)?;
        Ok((candidate, proof))
    }

    pub(super) async fn prove(
        &self,
        base: &Base,
        candidate: &Candidate,
        proof: Option<Proof>,
    ) -> Result<Proved, Halt> {
        if !self.is_past(Stage::Proving).await {
            self.enter(Stage::Proving, "trying it in both sandboxes")
                .await?;
        }
        let told = |reason: String| Halt::Rejected(reason);
        let (state, schema) = (
            candidate.state().map_err(told)?,
            candidate.schema().map_err(told)?,
        );
        let proposal = base.proposal(candidate.files.clone(), state, schema);
        let digest = name_of(&tree::whole_digest(&candidate.files).to_string());
        let confined: SandboxReport = self
            .once(
                &format!("sandbox-{digest}"),
                self.confine(&proposal, candidate),
            )
            .await?;
        if let Some(reason) = confined.refused {
            return Err(Halt::Rejected(format!(
                "it was not let out of the sandbox: {reason}"
            )));
        }
        let number = format!("number-{digest}");
        let proof = match proof {
            Some(proof) => Some(proof),
            None if self.log.find(&self.named(&number)).await?.is_none() => {
                self.enter(Stage::Proving, "running all tiers").await?;
                Some(self.prove_whole(&proposal).await?)
            }
            None => None,
        };
        let named: Number = self
            .once(&number, self.number(base, &proposal, proof.as_ref()))
            .await?;
        Ok(Proved {
            proof,
            proposal,
            version: named.version,
            bump: named.bump,
            reasons: named.reasons,
        })
    }

    pub(super) async fn prove_whole(&self, proposal: &Proposal) -> Result<Proof, Halt> {
        let proving = async {
            match self.inner.parts.bench.prove(proposal).await {
                Ok(proof) => Ok(proof),
                Err(Unproved::Rejected { reason, .. }) => {
                    Err(Halt::Rejected(format!("it was not proved: {reason}")))
                }
                Err(Unproved::Broken(error)) => Err(Halt::Failed(error.to_string())),
            }
        };
        let span = tracing::info_span!("tests", tiers = "micro fast full");
        self.unless_stopped(proving.instrument(span)).await
    }

    async fn number(
        &self,
        base: &Base,
        proposal: &Proposal,
        proof: Option<&Proof>,
    ) -> Result<Number, Halt> {
        let proof = proof.ok_or_else(|| Halt::Failed("the proof was lost".to_owned()))?;
        let releaser = &self.inner.parts.releaser;
        let opens = base.opens.as_ref();
        let rehearsed = releaser.rehearse(&base.lineage, opens, &proposal.files, proof);
        let rehearsed = rehearsed
            .await
            .map_err(|error| Halt::Rejected(error.to_string()))?;
        Ok(Number {
            version: rehearsed.version,
            bump: rehearsed.bump.to_string(),
            reasons: rehearsed.reasons,
        })
    }

    async fn confine(
        &self,
        proposal: &Proposal,
        candidate: &Candidate,
    ) -> Result<SandboxReport, Halt> {
        let calls: Vec<Call> = candidate
            .new_cases()
            .iter()
            .filter(|(_, case)| case.get("state").is_none() && case.get("session").is_none())
            .filter_map(|(_, case)| {
                Some(Call {
                    tool: case["tool"].as_str()?.to_owned(),
                    arguments: case
                        .get("args")
                        .cloned()
                        .unwrap_or_else(|| serde_json::json!({})),
                    session: None,
                    seed: case["seed"].as_u64().unwrap_or_default(),
                })
            })
            .take(CONFINED_MAX)
            .collect();
        let span = tracing::info_span!("sandbox", calls = calls.len());
        let report = self
            .inner
            .parts
            .bench
            .confine(proposal, &calls)
            .instrument(span)
            .await;
        report.map_err(|error| Halt::Failed(chain(&error)))
    }

    /// Some tiers of a candidate, run once.
    pub(super) async fn run_tiers(
        &self,
        proposal: &Proposal,
        tiers: &[Tier],
        digest: model::Digest,
    ) -> Result<TierReport, Halt> {
        let words: Vec<String> = tiers
            .iter()
            .map(|tier| format!("{tier:?}").to_lowercase())
            .collect();
        let name = format!("tests-{}-{}", words.join("-"), &digest.to_string()[..16]);
        let run = async {
            match self.inner.parts.bench.run(proposal, tiers).await {
                Ok(report) => Ok(report),
                Err(Unproved::Rejected { reason, summary }) => Ok(TierReport {
                    reason: Some(reason),
                    summary: summary.map(|it| *it).unwrap_or_default(),
                    ..TierReport::default()
                }),
                Err(Unproved::Broken(error)) => Err(Halt::Failed(chain(&*error))),
            }
        };
        let span = tracing::info_span!("tests", tiers = words.join(" "));
        let report = self.once(&name, run.instrument(span)).await?;
        self.keep_report(
            &format!("{}-{}", words.join("-"), &digest.to_string()[..8]),
            &report,
        )
        .await?;
        Ok(report)
    }

    pub(super) async fn keep_report(&self, name: &str, report: &TierReport) -> Result<(), Halt> {
        let pretty = serde_json::to_vec_pretty(report);
        let pretty = pretty.map_err(|error| Halt::Failed(error.to_string()))?;
        self.artefact(&format!("tests-{name}.json"), "application/json", pretty)
            .await
    }

    /// What the gate and the workspace's own checks find in some files.
    pub(super) async fn findings(&self, files: &Files) -> Result<Vec<Finding>, Halt> {
        let digest = tree::whole_digest(files).to_string();
        let name = format!("checks-{}", &digest[..16]);
        self.once(&name, async {
            let (bench, files) = (&self.inner.parts.bench, FileSet::new(files.clone()));
            let failed = |error: crate::bench::BenchError| Halt::Failed(chain(&error));
            let mut findings = bench.examine(&files).await.map_err(failed)?;
            findings.extend(bench.check(&files).await.map_err(failed)?);
            Ok(findings)
        })
        .await
    }
}

/// What holds of every change, whatever script made it.
fn check_candidate(base: &Base, planned: &Planned, candidate: &Candidate) -> Result<(), Halt> {
    let kinds = candidate.kinds(base);
    if kinds.is_empty() {
        return Err(Halt::Rejected("in the end nothing is different".to_owned()));
    }
    if kinds.contains(&Kind::Foreign) {
        return Err(Halt::Rejected(
            "it writes what no Architect may write".to_owned(),
        ));
    }
    let needs_case = matches!(
        planned.analysis.kind,
        Intent::Repair | Intent::AddTool | Intent::ChangeBehaviour
    );
    if needs_case && kinds.contains(&Kind::Code) && !candidate.is_shown_to_fail {
        return Err(Halt::Rejected(
            "no case fails before the change and passes after it, so nothing shows that it does \
             what is asked for"
                .to_owned(),
        ));
    }
    if let Some(kind) = unasked(planned.analysis.kind, &kinds) {
        return Err(Halt::Rejected(format!(
            "it changes {kind} as well, and nothing would show that this is what was asked for"
        )));
    }
    let first = candidate.commits.first();
    let is_same = first.is_none_or(|commit| {
        tree::proof_digest(&commit.files) == tree::proof_digest(&candidate.files)
    });
    if needs_case && candidate.commits.len() > 1 && !is_same {
        return Err(Halt::Rejected(
            "tests, budgets or limits changed after the cases were written".to_owned(),
        ));
    }
    Ok(())
}

/// What a change reaches for beyond its intent. Budgets and cases of what is so already have no new
/// case that would prove anything else.
fn unasked(intent: Intent, kinds: &BTreeSet<Kind>) -> Option<Kind> {
    let asked: &[Kind] = match intent {
        Intent::Budgets => &[Kind::Budgets],
        Intent::AddCases => &[Kind::NewGoldens, Kind::ExistingGoldens],
        Intent::Repair
        | Intent::AddTool
        | Intent::ChangeBehaviour
        | Intent::Tune
        | Intent::Rename
        | Intent::Remove
        | Intent::Refactor
        | Intent::Reject => return None,
    };
    kinds.iter().copied().find(|kind| !asked.contains(kind))
}

/// Does a message say what a case expects?
pub(crate) fn says(planned: &Message, base: &Base, case: &Value) -> bool {
    let Some(tool) = case["tool"].as_str() else {
        return false;
    };
    let known = super::known::known(base);
    let Some(parameters) = known.tools.get(tool) else {
        return false;
    };
    let message = planned.resolved(&known.shapes());
    let none = Value::Object(serde_json::Map::new());
    message.examples().iter().any(|example| {
        let arguments = example.call.arguments(parameters);
        let is_same_call = example.call.tool == tool
            && arguments
                .is_ok_and(|it| is_equal(&Value::Object(it), case.get("args").unwrap_or(&none)));
        is_same_call
            && match (&example.expected, Outcome::of_case(&case["expect"])) {
                (Outcome::Value(said), Some(Outcome::Value(there))) => is_equal(said, &there),
                (Outcome::Error(said), Some(Outcome::Error(there))) => *said == there,
                _ => false,
            }
    })
}

/// An error with what caused it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        told.push_str(": ");
        told.push_str(&inner.to_string());
        cause = inner.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_new_case_reaches_for_nothing_else() {
        let table: [(Intent, &[Kind], Option<Kind>); 6] = [
            (Intent::Budgets, &[Kind::Budgets], None),
            (
                Intent::Budgets,
                &[Kind::Code, Kind::Budgets],
                Some(Kind::Code),
            ),
            (Intent::Budgets, &[Kind::State], Some(Kind::State)),
            (Intent::AddCases, &[Kind::NewGoldens], None),
            (
                Intent::AddCases,
                &[Kind::NewGoldens, Kind::Budgets],
                Some(Kind::Budgets),
            ),
            (Intent::AddTool, &[Kind::Code, Kind::NewGoldens], None),
        ];
        for (intent, kinds, found) in table {
            let kinds = kinds.iter().copied().collect();
            assert_eq!(unasked(intent, &kinds), found, "{intent:?} {kinds:?}");
        }
    }
}
