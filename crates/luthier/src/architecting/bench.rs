//! Tries candidates: the tiers in workers that can only compute, calls in both sandboxes.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use architect::{
    Bench, BenchError, Call, FailedCase, Fault, Finding, Mended, SandboxReport, Tier, TierReport,
    wheels::{Index, Vetted, Wheel},
};
use async_trait::async_trait;
use bytes::Bytes;
use harness::{CaseVerdict, Evaluation, Verdict as TestVerdict};
use release::{Proof, Proposal, Prover, Unproved};
use repo::FileSet;
use sandbox::{
    Candidate, Case, Isolation, Loaded, Report, Sandbox, Verdict, gate::Policy as GatePolicy,
};
use serde_json::{Map, Value};

use super::{checks::Checks, mending::Mending};
use crate::{
    candidate::Place, config::Config, environment::Environment, failure::Failure, output::Output,
    releasing::TierProver, sandboxes, up::chain,
};

/// Where the tools are that are tried.
const FOLDERS: [&str; 2] = ["tools/runner", "tools/tuner"];

/// Names third-party packages, which Wasm cannot load.
const REQUIREMENTS: &str = "tools/requirements.txt";

pub(super) struct JobBench {
    tiers: TierProver,
    sandbox: Sandbox,
    limits: sandbox::Limits,
    policy: GatePolicy,
    checks: Checks,
    index: Index,
    mending: Mending,
}

impl JobBench {
    pub(super) fn new(
        config: &Config,
        environment: &Environment,
        output: Output,
    ) -> Result<Self, Failure> {
        Ok(Self {
            tiers: TierProver::in_place(Place::Rails, config, environment, output),
            sandbox: sandboxes::sandbox(config, environment)?,
            limits: config.sandbox.limits,
            policy: config.sandbox.policy.clone(),
            checks: Checks::new(&config.architect, environment),
            index: config.architect.wheels.clone(),
            mending: Mending {
                folder: config.data.join("architect/repairs"),
                budget: config.architect.repair_time_max,
                confidence_min: config.architect.repair_confidence_min,
            },
        })
    }

    async fn run_in(
        &self,
        tier: sandbox::Tier,
        folder: &str,
        proposal: &Proposal,
        calls: &[Call],
    ) -> Result<Report, BenchError> {
        let candidate = self.candidate(folder, proposal, calls);
        let ran = self.sandbox.run(tier, &candidate).await;
        ran.map_err(|unfit| BenchError(Box::new(Failure::from(unfit))))
    }

    fn candidate(&self, folder: &str, proposal: &Proposal, calls: &[Call]) -> Candidate {
        let state = serde_json::to_vec(&proposal.state).unwrap_or_default();
        let cases = calls.iter().map(|call| Case {
            kind: "tool".to_owned(),
            name: call.tool.clone(),
            arguments: Bytes::from(call.arguments.to_string()),
            session: call
                .session
                .as_ref()
                .map(|session| Bytes::from(session.to_string())),
            seed: call.seed,
            notes_lines: false,
            answers: Vec::new(),
        });
        Candidate {
            label: "candidate".to_owned(),
            files: code(&proposal.files),
            folder: folder.to_owned(),
            state: Bytes::from(state),
            packages: Vec::<PathBuf>::new(),
            cases: cases.collect(),
            isolation: Isolation::Shared,
            limits: self.limits,
        }
    }
}

fn code(files: &FileSet) -> BTreeMap<String, Bytes> {
    let code = files.files().iter();
    let code = code.filter(|(path, _)| path.starts_with("tools/"));
    code.map(|(path, text)| (path.clone(), text.clone()))
        .collect()
}

#[async_trait]
impl Prover for JobBench {
    async fn prove(&self, proposal: &Proposal) -> Result<Proof, Unproved> {
        self.tiers.prove(proposal).await
    }
}

/// Tells whoever goes by it to stop when nobody waits any more.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Bench for JobBench {
    async fn run(&self, proposal: &Proposal, tiers: &[Tier]) -> Result<TierReport, Unproved> {
        let tiers: Vec<harness::Tier> = tiers.iter().map(|tier| tier_of(*tier)).collect();
        let evaluation = self.tiers.evaluate(proposal, &tiers).await?;
        if evaluation.cases.is_empty() {
            // There is nothing that could fail, and nothing to measure a budget by.
            return Ok(TierReport {
                is_passed: true,
                ..TierReport::default()
            });
        }
        Ok(report(&evaluation))
    }

    async fn examine(&self, files: &FileSet) -> Result<Vec<Finding>, BenchError> {
        let code = code(files);
        let policy = self.policy.clone();
        let read = tokio::task::spawn_blocking(move || sandbox::gate::check(&code, &policy));
        let refusals = read.await.map_err(|panic| broken(&panic))?;
        let findings = refusals.into_iter().map(|refusal| Finding {
            check: "gate".to_owned(),
            file: refusal.file,
            line: refusal.line,
            what: format!("{}: {}", refusal.code.as_str(), refusal.reason),
        });
        Ok(findings.collect())
    }

    async fn check(&self, files: &FileSet) -> Result<Vec<Finding>, BenchError> {
        self.checks.run(files).await
    }

    async fn vet(&self, wheels: &[Wheel]) -> Result<Vec<Vetted>, BenchError> {
        let vetted = self.index.vet(wheels).await;
        vetted.map_err(|error| BenchError(Box::new(error)))
    }

    async fn mend(
        &self,
        name: &str,
        proposal: &Proposal,
        fault: &Fault,
    ) -> Result<Mended, BenchError> {
        let (mending, name) = (self.mending.clone(), name.to_owned());
        let (proposal, fault) = (proposal.clone(), fault.clone());
        // A job that is cancelled lets go of this future, and its search is to end, too.
        let stop = StopOnDrop::default();
        let is_over = Arc::clone(&stop.0);
        let search =
            tokio::task::spawn_blocking(move || mending.mend(&name, &proposal, &fault, &is_over));
        search.await.map_err(|panic| broken(&panic))?
    }

    async fn make(&self, symbol: &str, wanted: &[Value]) -> Result<Mended, BenchError> {
        let making = self.mending.making();
        let (symbol, wanted) = (symbol.to_owned(), wanted.to_vec());
        let search = tokio::task::spawn_blocking(move || making.make(&symbol, &wanted));
        search.await.map_err(|panic| broken(&panic))?
    }

    async fn confine(
        &self,
        proposal: &Proposal,
        calls: &[Call],
    ) -> Result<SandboxReport, BenchError> {
        let mut told = SandboxReport {
            calls: calls.len(),
            ..SandboxReport::default()
        };
        if proposal.files.find(REQUIREMENTS).is_some() {
            // The jail of the workers that run the tiers has them; neither cell does.
            told.wasm_skipped = Some("the tools need third-party packages".to_owned());
            return Ok(told);
        }
        let calls_of = |folder: &str| if folder == FOLDERS[0] { calls } else { &[] };
        let is_tried = |folder: &&'static str| {
            let mut paths = proposal.files.files().keys();
            let is_there = paths.any(|path| path.starts_with(folder));
            is_there && (!calls_of(folder).is_empty() || !is_as_before(proposal, folder))
        };
        let runs = FOLDERS.into_iter().filter(is_tried).flat_map(|folder| {
            let calls = calls_of(folder);
            sandboxes::TIERS.map(|tier| async move {
                let report = self.run_in(tier, folder, proposal, calls).await?;
                Ok::<_, BenchError>(misbehaviour(&report).map(|why| format!("{tier:?}: {why}")))
            })
        });
        // Side by side, and told in the order in which they are named.
        for refused in futures_util::future::join_all(runs).await {
            if let Some(reason) = refused? {
                told.refused.get_or_insert(reason);
            }
        }
        Ok(told)
    }
}

/// Does a folder load what it loaded in the version before? Beside its own it has `tools/lib` alone.
fn is_as_before(proposal: &Proposal, folder: &str) -> bool {
    let Some(base) = proposal.base.as_ref() else {
        return false;
    };
    let loaded = |files: &FileSet| {
        let mut files = code(files);
        files.retain(|path, _| {
            let mut others = FOLDERS.iter().filter(|other| **other != folder);
            !others.any(|other| path.starts_with(other))
        });
        files
    };
    base.state == proposal.state && loaded(&base.files) == loaded(&proposal.files)
}

/// What a candidate did that it may not: a value and an exception are both answers, whether they
/// are right is for the tests to say.
fn misbehaviour(report: &Report) -> Option<String> {
    match &report.loaded {
        Loaded::Manifest(_) => {}
        Loaded::Failed(failed) => return Some(format!("it does not load: {}", failed.message)),
        Loaded::Ended(ending) => return Some(format!("loading {}", ending.word())),
    }
    report
        .outcomes
        .iter()
        .find_map(|outcome| match &outcome.verdict {
            Verdict::Value { .. } | Verdict::Raised(_) => None,
            Verdict::Ended(ending) => Some(format!("a call {}", ending.word())),
        })
}

fn report(evaluation: &Evaluation) -> TierReport {
    let failed = evaluation
        .cases
        .iter()
        .filter(|case| case.verdict == CaseVerdict::Fail);
    let failed = failed.map(|case| FailedCase {
        file: case.file.clone(),
        line: case.line,
        tool: case.tool.clone(),
        why: case
            .error
            .clone()
            .or_else(|| case.diff.clone())
            .unwrap_or_default(),
    });
    let passed = evaluation
        .cases
        .iter()
        .filter(|case| case.verdict == CaseVerdict::Pass);
    let is_passed = evaluation.summary.verdict != TestVerdict::Fail;
    let summary: Map<_, _> = serde_json::from_slice(&evaluation.summary_json()).unwrap_or_default();
    TierReport {
        is_passed,
        reason: (!is_passed).then(|| crate::releasing::reason(evaluation)),
        passed: passed.count(),
        failed: failed.collect(),
        summary,
    }
}

fn tier_of(tier: Tier) -> harness::Tier {
    match tier {
        Tier::Micro => harness::Tier::Micro,
        Tier::Fast => harness::Tier::Fast,
        Tier::Full => harness::Tier::Full,
    }
}

/// A failure of this machine, for whoever works on a job.
pub(super) fn broken(error: &dyn std::error::Error) -> BenchError {
    BenchError(chain(error).into())
}
