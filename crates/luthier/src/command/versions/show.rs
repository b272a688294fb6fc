//! `versions show`

use serde_json::Value;
use versions::{Details, Registry};

use super::VersionArgs;
use crate::{failure::Failure, output::table, session::Session};

pub(super) async fn run(
    session: &Session,
    registry: &Registry,
    args: &VersionArgs,
) -> Result<(), Failure> {
    let details = registry.describe(&args.version).await?;
    for warning in &details.warnings {
        session.output.warn(warning);
    }
    session.output.answer(&details, text)
}

fn text(details: &Details) -> String {
    let version = &details.descriptor;
    let mut rows = vec![
        ("version", version.version.clone()),
        ("lineage", version.lineage.clone()),
        ("commit", version.commit_hash.clone()),
        ("made", version.created_at.clone()),
        ("by", by(details)),
        ("tests", version.tests.status().to_owned()),
    ];
    let tags: Vec<&str> = version.tags.iter().map(|tag| tag.as_str()).collect();
    if !tags.is_empty() {
        rows.push(("tags", tags.join(", ")));
    }
    rows.extend(details.parents.iter().map(|parent| {
        let name = parent.version.as_ref();
        let name = name.map_or(String::new(), |name| format!(" ({name})"));
        ("parent", format!("{}{name}", parent.commit_hash))
    }));
    rows.extend(details.bump.clone().map(|bump| ("bump", bump)));
    rows.extend((details.bump_reasons.iter()).map(|reason| ("because", reason.clone())));
    let from = &details.provenance;
    rows.extend((from.feedback.iter()).map(|id| ("feedback", id.clone())));
    for (name, value) in [
        ("job", &from.job),
        ("trace", &from.trace),
        ("model", &from.model),
        ("cost, USD", &from.cost_usd),
        ("withdraws", &from.withdraws),
        ("restores", &from.restores),
    ] {
        rows.extend(value.clone().map(|value| (name, value)));
    }
    if let Some(tools) = details.tools.as_ref().and_then(Value::as_object) {
        let names: Vec<&str> = tools.keys().map(String::as_str).collect();
        rows.push(("tools", names.join(", ")));
    }
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    let mut text = table(&rows);
    if let Some(budgets) = &details.budgets {
        text.push_str("\n\n");
        text.push_str(&super::evals::budgets(budgets));
    }
    text.push_str("\n\n");
    text.push_str(&details.changelog);
    text
}

fn by(details: &Details) -> String {
    let author = &details.author;
    (author.name.as_ref()).map_or(author.kind.to_owned(), |name| format!("{name} (a person)"))
}
