//! What proving a version can meet, sorted by who can do what about it.

use harness::{BadBudgets, BadDataset, MergeError, TargetError};
use serde_json::json;
use triggers::BadLiveBudget;

use super::Failure;
use crate::exit::Exit;

impl From<BadDataset> for Failure {
    fn from(error: BadDataset) -> Self {
        let problems = error.problems.iter().map(
            |problem| json!({"file": problem.file, "line": problem.line, "message": problem.what}),
        );
        let problems: Vec<_> = problems.collect();
        Self::new("bad_cases", Exit::Invalid, error)
            .with_hint("mend the lines that are named; nothing was run".to_owned())
            .with("problems", problems)
    }
}

const NOT_JSON: &str = "check `ci/budgets.json` with `python3 -m json.tool`";
const NO_BUDGET: &str = "`luthier test --budgets-schema` says what `ci/budgets.json` may hold";

impl From<BadBudgets> for Failure {
    fn from(error: BadBudgets) -> Self {
        let hint = match &error {
            BadBudgets::NotJson(_) => NOT_JSON,
            BadBudgets::Wrong { .. } => NO_BUDGET,
        };
        Self::new("bad_budgets", Exit::Invalid, error).with_hint(hint.to_owned())
    }
}

impl From<BadLiveBudget> for Failure {
    fn from(error: BadLiveBudget) -> Self {
        let hint = match &error {
            BadLiveBudget::NotJson(_) => NOT_JSON,
            BadLiveBudget::Wrong { .. } => NO_BUDGET,
        };
        Self::new("bad_budgets", Exit::Invalid, error).with_hint(hint.to_owned())
    }
}

impl From<MergeError> for Failure {
    fn from(error: MergeError) -> Self {
        let hint = match &error {
            MergeError::Empty | MergeError::Missing { .. } => {
                "run the missing parts with --shard I/N --out DIR, then name all of the folders"
            }
            MergeError::Twice(_) => "name each folder once",
            MergeError::Different { .. } => {
                "run all parts again, on the same files and with the same tiers and N; the files \
                 of a commit, which `--version` names, stay as they are"
            }
        };
        Self::new("not_one_run", Exit::Conflict, error).with_hint(hint.to_owned())
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        Self::new("not_served", Exit::Failure, error)
    }
}
