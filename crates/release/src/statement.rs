//! Where a version came from, in the form that others check: an in-toto statement whose predicate
//! is shaped as SLSA's provenance is.

use jiff::Timestamp;
use repo::{CommitId, TagName};
use serde_json::{Value, json};

use crate::Notes;

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://slsa.dev/provenance/v1";
const BUILD_TYPE: &str = "urn:luthier:release:v1";

pub(crate) fn of(
    notes: &Notes,
    tag: &TagName,
    commit: CommitId,
    parents: &[CommitId],
    at: Timestamp,
) -> Value {
    let git = |commit: &CommitId| json!({ "gitCommit": commit.to_string() });
    let parents: Vec<Value> = parents
        .iter()
        .map(|parent| json!({ "uri": "git+file:repo", "digest": git(parent) }))
        .collect();
    let from = &notes.provenance;
    json!({
        "_type": STATEMENT,
        "subject": [{ "name": tag.to_string(), "digest": git(&commit) }],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "lineage": notes.lineage,
                    "bump": notes.bump.map(|bump| bump.to_string()),
                    "reasons": notes.reasons,
                    "restores": notes.restores,
                    "withdraws": notes.withdraws,
                    "feedback": from.feedback,
                },
                "internalParameters": {
                    "job": from.job,
                    "trace": from.trace,
                    "model": from.model,
                    "cost_usd": from.cost_usd,
                    "code": notes.code,
                    "state": notes.state,
                },
                "resolvedDependencies": parents,
            },
            "runDetails": {
                "builder": { "id": notes.author.as_ref().map(ToString::to_string) },
                "metadata": { "invocationId": notes.release, "finishedOn": at.to_string() },
                "byproducts": notes.evals.map(|evals| json!([{
                    "name": "summary.json",
                    "digest": { "sha256": evals },
                }])),
            },
        },
    })
}
