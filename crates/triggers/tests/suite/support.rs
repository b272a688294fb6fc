//! A journal with calls and feedback in it, at times that the test decides.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use journal::{Expect, Journal as _, OpenOptions, Query, SqliteJournal};
use model::{Context, Event, EventType, LineageName, NewEvent, Subject, event::AgentRole};
use serde_json::{Value, json};
use tempfile::TempDir;
use triggers::{Episodes, Kpis, LiveBudgets, Told, feedback_subject, wake_subject};

pub(crate) struct Ledger {
    pub(crate) journal: Arc<SqliteJournal>,
    pub(crate) lineage: LineageName,
    _folder: TempDir,
}

/// A moment, so many seconds after the test began.
pub(crate) fn at(seconds: f64) -> Timestamp {
    let began: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    began + SignedDuration::try_from_secs_f64(seconds).unwrap()
}

pub(crate) fn budgets(live: &Value) -> LiveBudgets {
    LiveBudgets::parse(Some(json!({ "live": live }).to_string().as_bytes())).unwrap()
}

impl Ledger {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = OpenOptions::new(folder.path().join("journal.db"));
        Self {
            journal: SqliteJournal::open(options).unwrap(),
            lineage: LineageName::default(),
            _folder: folder,
        }
    }

    async fn append(
        &self,
        subject: Subject,
        kind: EventType,
        seconds: f64,
        context: Context,
        data: Value,
    ) {
        let event = NewEvent::new(kind, at(seconds), context, data);
        self.journal
            .append(subject, Expect::Any, event)
            .await
            .unwrap();
    }

    /// A call of `echo` that took `millis`.
    pub(crate) async fn call(&self, seconds: f64, conversation: &str, outcome: &str, millis: u64) {
        self.call_of("0.1.0", seconds, conversation, outcome, millis)
            .await;
    }

    pub(crate) async fn call_of(
        &self,
        version: &str,
        seconds: f64,
        conversation: &str,
        outcome: &str,
        millis: u64,
    ) {
        let mut data = json!({"tool": "echo", "outcome": outcome, "duration_us": millis * 1_000});
        if outcome == "raised" {
            data["error"] = "`echo` failed with KeyError: 'x'".into();
        }
        let subject = "call".parse().unwrap();
        let context = context(version, conversation);
        self.append(subject, EventType::CALL, seconds, context, data)
            .await;
    }

    pub(crate) async fn feedback(&self, seconds: f64, conversation: &str, data: Value) {
        let subject = feedback_subject(&self.lineage);
        let context = context("0.1.0", conversation);
        self.append(subject, EventType::FEEDBACK, seconds, context, data)
            .await;
    }

    /// Brings `kpis` up to the moment and tells what comes of it.
    pub(crate) async fn judge(
        &self,
        kpis: &mut Kpis,
        episodes: &mut Episodes,
        seconds: f64,
    ) -> Vec<Told> {
        kpis.catch_up(&*self.journal, at(seconds)).await.unwrap();
        let mut told = Vec::new();
        for judged in kpis.judge(at(seconds)) {
            let outcome = episodes.tell(&*self.journal, &judged, at(seconds)).await;
            told.extend(outcome.unwrap());
        }
        told
    }

    pub(crate) async fn episodes(&self) -> Episodes {
        Episodes::load(&*self.journal, self.lineage.clone())
            .await
            .unwrap()
    }

    pub(crate) async fn wakes(&self) -> Vec<Arc<Event>> {
        let query = Query::of(wake_subject(&self.lineage));
        self.journal.read(query).await.unwrap()
    }
}

fn context(version: &str, conversation: &str) -> Context {
    Context {
        conversation: Some(conversation.parse().unwrap()),
        version: Some(version.parse().unwrap()),
        ..Context::of(AgentRole::Runner)
    }
}
