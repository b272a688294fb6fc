//! What a person asks the ledger after something went wrong.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan as _};
use journal::{Expect, Journal as _, OpenJournal as _, OpenOptions, SqliteJournal};
use model::{Context, EventType, NewEvent, event::AgentRole};
use serde_json::{Value, json};

use crate::server::Workspace;

/// Fifteen decisions, a minute apart, the crash of whoever made them, and one decision after it.
async fn history(journal: &Arc<SqliteJournal>, started: Timestamp) -> Timestamp {
    let append = async |kind: EventType, subject: &str, minute: i64, data: Value| {
        let at = started + minute.minutes();
        let event = NewEvent::new(kind, at, Context::of(AgentRole::Architect), data);
        journal
            .append(subject.parse().unwrap(), Expect::Any, event)
            .await
            .unwrap();
        at
    };
    for number in 1..=15 {
        let data = json!({ "rationale": format!("reason {number}"), "confidence": 0.9 });
        append(EventType::DECISION, "job.1", number, data).await;
    }
    let crash = json!({ "service": "architect", "kind": "escalated" });
    let crashed = append(EventType::SIGNAL, "signal.architect", 16, crash).await;
    append(
        EventType::DECISION,
        "job.2",
        17,
        json!({ "rationale": "after" }),
    )
    .await;
    crashed
}

#[test]
fn the_last_ten_decisions_before_a_crash() {
    let workspace = Workspace::new();
    let data = workspace.path().join(".luthier");
    std::fs::create_dir_all(&data).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let crashed = runtime.block_on(async {
        let journal = SqliteJournal::open(OpenOptions::new(data.join("journal.db"))).unwrap();
        let crashed = history(&journal, "2026-03-01T12:00:00Z".parse().unwrap()).await;
        journal.close().await;
        crashed
    });

    let asked = [
        "ledger",
        "query",
        "--type",
        "decision",
        "--newest-first",
        "--limit",
        "10",
    ];
    let until = crashed.to_string();
    let found = workspace.luthier_json(&[&asked[..], &["--until", &until]].concat());

    let reasons: Vec<&str> = found["events"]
        .as_array()
        .unwrap_or_else(|| panic!("{found}"))
        .iter()
        .map(|event| event["data"]["rationale"].as_str().unwrap())
        .collect();
    let expected: Vec<String> = (6..=15)
        .rev()
        .map(|number| format!("reason {number}"))
        .collect();
    assert_eq!(reasons, expected);
}
