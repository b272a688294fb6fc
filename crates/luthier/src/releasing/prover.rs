//! Proves what is proposed: serves it as a candidate and puts the cases of its tiers to it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use compat::ToolInterface;
use harness::{Evaluation, Partial, Shard, Tier, Verdict};
use python::Pool;
use release::{Base as ReleaseBase, Demand, Evals, Proof, Proposal, Prover, TestStatus, Unproved};
use semver::{Prerelease, Version};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{
    candidate::{self, Place},
    config::Config,
    environment::Environment,
    failure::Failure,
    output::Output,
    proof::{Base, Given, How, progress, prove},
    workspace::VERSION_FIRST,
};

/// Runs of some tiers that are remembered while the others are still to be run; each has a line a
/// case.
const MEASURED_MAX: usize = 8;

/// The tiers, run in workers of this machine.
pub(crate) struct TierProver {
    config: Config,
    workers: OnceCell<Pool>,
    output: Output,
    place: Place,
    environment: Environment,
    /// What [`TierProver::evaluate`] found good, the newest last.
    measured: Mutex<Vec<Partial>>,
    pub(crate) stop: CancellationToken,
}

impl TierProver {
    pub(crate) fn new(config: &Config, workers: Option<Pool>, output: Output) -> Self {
        Self {
            config: config.clone(),
            workers: OnceCell::new_with(workers),
            output,
            place: Place::Serving,
            environment: Environment::default(),
            measured: Mutex::default(),
            stop: CancellationToken::new(),
        }
    }

    /// One whose workers are somewhere else, for what nobody trusts yet.
    pub(crate) fn in_place(
        place: Place,
        config: &Config,
        environment: &Environment,
        output: Output,
    ) -> Self {
        // What an Architect makes is always proved.
        let config = Config {
            is_untested_released: false,
            ..config.clone()
        };
        Self {
            place,
            environment: environment.clone(),
            ..Self::new(&config, None, output)
        }
    }

    /// What some tiers come to. Those that it passes are not run again for the proof of the same.
    pub(crate) async fn evaluate(
        &self,
        proposal: &Proposal,
        tiers: &[Tier],
    ) -> Result<Evaluation, Unproved> {
        let given = given(proposal);
        let workers = self.workers().await.map_err(unproved)?;
        let how = self.how(&given, tiers);
        let proved = prove(workers, &self.config, &given, &how)
            .await
            .map_err(unproved)?;
        let partial = proved.partial.clone();
        let evaluation = proved.evaluate();
        if evaluation.summary.verdict != Verdict::Fail {
            let mut measured = self.measured();
            if measured.len() == MEASURED_MAX {
                measured.remove(0);
            }
            measured.push(partial);
        }
        Ok(evaluation)
    }

    fn measured(&self) -> MutexGuard<'_, Vec<Partial>> {
        (self.measured.lock()).unwrap_or_else(PoisonError::into_inner)
    }

    fn how(&self, given: &Given, tiers: &[Tier]) -> How {
        let tested = given.tested();
        let measured = self.measured();
        let earlier = measured.iter().filter(|known| known.tested == tested);
        How {
            earlier: earlier.cloned().collect(),
            tiers: tiers.to_vec(),
            shard: Shard::WHOLE,
            jobs: None,
            is_cached: false,
            has_coverage: false,
            progress: Some(progress(self.output, given, tiers, Shard::WHOLE)),
            stop: self.stop.child_token(),
        }
    }

    pub(super) async fn workers(&self) -> Result<&Pool, Failure> {
        let start = async || match self.place {
            Place::Serving => candidate::workers(&self.config),
            place => candidate::workers_in(place, &self.config, &self.environment),
        };
        self.workers.get_or_try_init(start).await
    }

    /// Without cases: that it loads, and what its tools are.
    async fn look(&self, given: &Given) -> Result<Proof, Failure> {
        let workers = self.workers().await?;
        let started = candidate::start(workers, &self.config, given.proposed()?).await?;
        let tools = interfaces(started.tools());
        started.shut_down().await;
        Ok(Proof {
            base_tools: None,
            tests: TestStatus::Unknown,
            tools: Some(tools),
            evals: None,
        })
    }

    /// What the tools of the version before take and give, if that was lost.
    async fn base_tools(
        &self,
        proposal: &Proposal,
    ) -> Result<Option<BTreeMap<String, ToolInterface>>, Failure> {
        let Some(base) = (proposal.base.as_ref()).filter(|base| base.has_unknown_tools) else {
            return Ok(None);
        };
        let proof = self.look(&given_base(proposal, base)).await?;
        Ok(proof.tools)
    }

    async fn run(&self, given: &Given, tiers: &[Tier]) -> Result<Result<Proof, Unproved>, Failure> {
        let workers = self.workers().await?;
        let how = self.how(given, tiers);
        let proved = prove(workers, &self.config, given, &how).await?;
        // A later proof of the same looks anew: tools may depend on the time.
        let tested = &proved.partial.tested;
        self.measured().retain(|known| known.tested != *tested);
        let tools = interfaces(&proved.tools);
        if tools.is_empty() && proved.dataset.cases.is_empty() {
            // There is nothing that could fail, and nothing to measure a budget by.
            return Ok(Ok(Proof {
                base_tools: None,
                tests: TestStatus::Pass,
                tools: Some(tools),
                evals: None,
            }));
        }
        let evaluation = proved.evaluate();
        let summary: Map<String, Value> = serde_json::from_slice(&evaluation.summary_json())
            .expect("a summary is an object of plain data");
        if evaluation.summary.verdict == Verdict::Fail {
            return Ok(Err(Unproved::Rejected {
                reason: reason(&evaluation),
                summary: Some(Box::new(summary)),
            }));
        }
        let report = harness::html(&evaluation.summary, &evaluation.cases);
        Ok(Ok(Proof {
            base_tools: None,
            tests: TestStatus::Pass,
            tools: Some(tools),
            evals: Some(Evals {
                summary,
                cases: evaluation.cases_jsonl(),
                report: report.into_bytes(),
            }),
        }))
    }
}

#[async_trait]
impl Prover for TierProver {
    async fn prove(&self, proposal: &Proposal) -> Result<Proof, Unproved> {
        let given = given(proposal);
        let base_tools = match self.base_tools(proposal).await {
            Ok(base_tools) => base_tools,
            Err(failure) => {
                tracing::warn!(%failure, "the tools of the version before stay unknown");
                None
            }
        };
        let outcome = match (proposal.demand, self.config.is_untested_released) {
            // Its code was loaded when it was released.
            (Demand::Micro, true) => Ok(Ok(Proof {
                base_tools: None,
                tests: TestStatus::Unknown,
                tools: None,
                evals: None,
            })),
            (Demand::All, true) => self.look(&given).await.map(Ok),
            (Demand::Micro, false) => self.run(&given, &[Tier::Micro]).await,
            (Demand::All, false) => self.run(&given, &Tier::ALL).await,
        };
        let proof = outcome.unwrap_or_else(|failure| Err(unproved(failure)))?;
        Ok(Proof {
            base_tools,
            ..proof
        })
    }
}

/// What is wrong with the version is a rejection, what is wrong with this machine is not.
fn unproved(failure: Failure) -> Unproved {
    if failure.is_of_input() {
        let reason = match failure.hint() {
            Some(hint) => format!("{failure} ({hint})"),
            None => failure.to_string(),
        };
        return Unproved::Rejected {
            reason,
            summary: None,
        };
    }
    Unproved::Broken(Box::new(failure))
}

fn interfaces(tools: &[runner::CandidateTool]) -> BTreeMap<String, ToolInterface> {
    let tools = tools.iter().map(|tool| {
        let interface = ToolInterface {
            input: tool.input_schema.clone(),
            output: Some(tool.output_schema.clone()),
        };
        (tool.name.clone(), interface)
    });
    tools.collect()
}

fn given(proposal: &Proposal) -> Given {
    let base = proposal.base.as_ref();
    let mut version = base.map_or(VERSION_FIRST, |base| next(&base.version));
    version.pre = Prerelease::new("candidate").expect("a word is a pre-release");
    Given {
        files: proposal.files.clone(),
        version,
        lineage: proposal.lineage.clone(),
        commit: None,
        base: base.map_or(Base::None, |base| {
            Base::Version(Box::new(given_base(proposal, base)))
        }),
    }
}

fn given_base(proposal: &Proposal, base: &ReleaseBase) -> Given {
    Given {
        files: base.files.clone(),
        version: base.version.clone(),
        lineage: proposal.lineage.clone(),
        commit: None,
        base: Base::Unknown,
    }
}

fn next(version: &Version) -> Version {
    Version::new(version.major, version.minor, version.patch + 1)
}

/// What to tell of a failed evaluation: the cases and budgets that decided, the first few.
pub(crate) fn reason(evaluation: &Evaluation) -> String {
    const TOLD_MAX: usize = 5;
    let failed = evaluation.cases.iter();
    let failed = failed.filter(|case| case.verdict == harness::CaseVerdict::Fail);
    let mut told: Vec<String> = failed
        .map(|case| {
            let why = case.error.as_deref().or(case.diff.as_deref());
            let why = why.and_then(|why| why.lines().next()).unwrap_or_default();
            format!("{}:{} `{}` {why}", case.file, case.line, case.tool)
        })
        .collect();
    let broken = evaluation.summary.budgets.iter();
    let broken = broken.filter(|budget| budget.verdict != harness::BudgetVerdict::Pass);
    told.extend(broken.map(|budget| {
        let why = budget.reason.clone().unwrap_or_else(|| {
            let value = budget.value.unwrap_or_default();
            format!("{value} where {} is allowed", budget.limit)
        });
        format!("budget `{}`: {why}", budget.name)
    }));
    let more = told.len().saturating_sub(TOLD_MAX);
    told.truncate(TOLD_MAX);
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told.join("; ")
}
