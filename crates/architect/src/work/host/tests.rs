//! Tests that a script runs.

use release::{Proposal, Unproved};
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::{JobHost, Trouble, lock};
use crate::{
    bench::{Tier, TierReport},
    tree,
    work::{Halt, candidate::Candidate},
};

/// Failures that are told; the first few say enough.
const TOLD_MAX: usize = 10;

impl JobHost {
    /// All cases of a tier, budgets included.
    pub(super) async fn run_tests(&self, tier: plan::Tier) -> Result<Value, Trouble> {
        let tier = tier_of(tier);
        let candidate = self.candidate();
        // A script need not have asked for red flags, and what runs tests installs packages.
        let refused = self.refused_packages(&candidate).await?;
        if !refused.is_empty() {
            return Ok(json!({ "passed": false, "failures": refused }));
        }
        let proposal = match self.proposal(&candidate) {
            Ok(proposal) => proposal,
            Err(reason) => return Ok(json!({ "passed": false, "failures": [reason] })),
        };
        let digest = tree::whole_digest(&candidate.files);
        let report = if tier == Tier::Full {
            self.prove_all(&proposal, digest).await?
        } else {
            self.work.run_tiers(&proposal, &[tier], digest).await?
        };
        Ok(json!({ "passed": report.is_passed, "failures": failures(&report) }))
    }

    /// The last tier is run with all before it, as a release demands: what comes of that is the
    /// proof of the release, if nothing changes any more.
    async fn prove_all(
        &self,
        proposal: &Proposal,
        digest: model::Digest,
    ) -> Result<TierReport, Trouble> {
        let name = format!("tests-all-{}", &digest.to_string()[..16]);
        if let Some(kept) = self.work.log.find(&name).await? {
            return Ok(serde_json::from_value(kept).unwrap_or_default());
        }
        let proved = self.work.unless_stopped(async {
            let span = tracing::info_span!("tests", tiers = "micro fast full");
            match self
                .work
                .inner
                .parts
                .bench
                .prove(proposal)
                .instrument(span)
                .await
            {
                Ok(proof) => Ok(Ok(proof)),
                Err(Unproved::Rejected { reason, summary }) => Ok(Err((reason, summary))),
                Err(Unproved::Broken(error)) => Err(Halt::Failed(error.to_string())),
            }
        });
        let report = match proved.await? {
            Ok(proof) => {
                let summary = proof.evals.as_ref().map(|evals| evals.summary.clone());
                lock(&self.made).proof = Some((digest, proof));
                TierReport {
                    is_passed: true,
                    summary: summary.unwrap_or_default(),
                    ..TierReport::default()
                }
            }
            Err((reason, summary)) => TierReport {
                reason: Some(reason),
                summary: summary.map(|it| *it).unwrap_or_default(),
                ..TierReport::default()
            },
        };
        self.work.keep_report("all", &report).await?;
        let value = serde_json::to_value(&report).unwrap_or_default();
        self.work.log.record(&name, &value, self.work.now()).await?;
        Ok(report)
    }

    /// Adds a tester's cases, and sees that they fail on what is there.
    pub(super) async fn run_new_tests(&self, answer: &Value) -> Result<Value, Trouble> {
        let cases = answer["cases"].as_array().into_iter().flatten();
        let cases: Vec<(String, Value)> = cases
            .filter_map(|it| Some((it["file"].as_str()?.to_owned(), it["case"].clone())))
            .collect();
        let mut candidate = self.candidate();
        let message = &self.planned.message;
        let is_asked_for = |case: &Value| crate::work::says(message, &self.base, case);
        if let Err(reason) = candidate.add_cases(&cases, is_asked_for) {
            return Ok(json!({ "proved": false, "added": false, "reason": reason }));
        }
        if candidate.proving_cases().is_empty() {
            let reason = "each of the cases is there already";
            return Ok(json!({ "proved": false, "added": false, "reason": reason }));
        }
        let only = Candidate::with_only(&cases, &self.base.files);
        let digest = tree::whole_digest(&only);
        let (state, schema) = (self.base.state.clone(), self.base.schema.clone());
        let proposal = self.base.proposal(only, state, schema);
        let tiers = [Tier::Micro, Tier::Fast, Tier::Full];
        let report = self.work.run_tiers(&proposal, &tiers, digest).await?;
        let is_failing = !report.is_passed;
        candidate.is_shown_to_fail |= is_failing;
        lock(&self.made).candidate = candidate;
        Ok(if is_failing {
            json!({ "proved": true, "added": true, "reason": failures(&report).join("; ") })
        } else {
            json!({
                "proved": false,
                "added": true,
                "reason": "they pass already, so they show nothing of what is asked for",
            })
        })
    }

    /// Does a candidate do what the new cases ask?
    pub(super) async fn passes_new_cases(
        &self,
        candidate: &Candidate,
    ) -> Result<Result<(), String>, Trouble> {
        let cases = candidate.proving_cases();
        if cases.is_empty() {
            return Ok(Ok(()));
        }
        let only = Candidate::with_only(&cases, &candidate.files);
        let digest = tree::whole_digest(&only);
        let (state, schema) = match (candidate.state(), candidate.schema()) {
            (Ok(state), Ok(schema)) => (state, schema),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Err(reason)),
        };
        let proposal = self.base.proposal(only, state, schema);
        let tiers = [Tier::Micro, Tier::Fast, Tier::Full];
        let report = self.work.run_tiers(&proposal, &tiers, digest).await?;
        Ok(if report.is_passed {
            Ok(())
        } else {
            Err(failures(&report).join("; "))
        })
    }

    pub(super) fn proposal(&self, candidate: &Candidate) -> Result<Proposal, String> {
        let (state, schema) = (candidate.state()?, candidate.schema()?);
        Ok(self.base.proposal(candidate.files.clone(), state, schema))
    }
}

fn failures(report: &TierReport) -> Vec<String> {
    let failed = report
        .failed
        .iter()
        .map(|case| format!("{}:{} `{}` {}", case.file, case.line, case.tool, case.why));
    let mut told: Vec<String> = failed.take(TOLD_MAX).collect();
    if told.is_empty() {
        told.extend(report.reason.clone());
    }
    told
}

fn tier_of(tier: plan::Tier) -> Tier {
    match tier {
        plan::Tier::Micro => Tier::Micro,
        plan::Tier::Fast => Tier::Fast,
        plan::Tier::Full => Tier::Full,
    }
}
