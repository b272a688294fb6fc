//! `versions evals`

use serde_json::Value;
use versions::Registry;

use super::VersionArgs;
use crate::{exit::Exit, failure::Failure, output::table, session::Session};

pub(super) async fn run(
    session: &Session,
    registry: &Registry,
    args: &VersionArgs,
) -> Result<(), Failure> {
    let bytes = registry.evals(&args.version).await?;
    let summary: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::new("evals_changed", Exit::Damaged, error))?;
    session.output.answer(&summary, text)
}

fn text(summary: &Value) -> String {
    let verdict = cell(&summary["verdict"]);
    let head = format!("{} of commit {}", verdict, cell(&summary["commit"]));
    let mut parts = vec![head];
    if let Some(tiers) = summary["tiers"].as_object() {
        let columns = ["cases", "passed", "failed", "skipped", "flaky", "p95_ms"];
        let mut rows = vec![
            ["tier"]
                .iter()
                .chain(&columns)
                .map(|name| (*name).to_owned())
                .collect(),
        ];
        for (name, tier) in tiers {
            let cells = columns.iter().map(|column| cell(&tier[*column]));
            rows.push(
                std::iter::once(name.clone())
                    .chain(cells)
                    .collect::<Vec<_>>(),
            );
        }
        parts.push(table(&rows));
    }
    if summary["budgets"]
        .as_array()
        .is_some_and(|budgets| !budgets.is_empty())
    {
        parts.push(budgets(&summary["budgets"]));
    }
    parts.join("\n\n")
}

/// Each budget, and how it was met.
pub(super) fn budgets(budgets: &Value) -> String {
    let columns = ["name", "limit", "value", "verdict", "reason"];
    let mut rows = vec![columns.map(|name| name.replace("name", "budget")).to_vec()];
    for budget in budgets.as_array().into_iter().flatten() {
        rows.push(columns.map(|column| cell(&budget[column])).to_vec());
    }
    table(&rows)
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
