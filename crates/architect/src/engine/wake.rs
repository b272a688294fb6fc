//! Wake-ups: breached budgets and escalations become jobs, each once.

use std::collections::BTreeMap;

use journal::{Order, Query};
use model::{Event, LineageName, Seq};
use serde_json::Value;
use triggers::wake_subject;

use crate::{
    architect::{Architect, JobError, WAKE_KEY},
    job::{Ask, Origin},
};

/// Wake-ups that were written while nobody listened are looked for among the newest of a lineage.
const MISSED_MAX: usize = 16;

/// Which lineages are listened to.
pub(super) struct Wakes {
    missed: BTreeMap<Seq, (LineageName, Event)>,
}

impl Wakes {
    pub(super) async fn load(architect: &Architect, up_to: Seq) -> Result<Self, JobError> {
        let mut missed = BTreeMap::new();
        for subject in architect.journal().subjects("wake.").await? {
            let Some(lineage) = lineage_of(&subject) else {
                continue;
            };
            let query = Query {
                until: up_to,
                order: Order::NewestFirst,
                limit: MISSED_MAX,
                ..Query::of(subject)
            };
            for event in architect.journal().read(query).await? {
                missed.insert(event.seq, (lineage.clone(), Event::clone(&event)));
            }
        }
        Ok(Self { missed })
    }

    /// Those that were written while nobody listened. The key of each makes it one job.
    pub(super) async fn ask_missed(&mut self, architect: &Architect) -> Result<(), JobError> {
        for (lineage, event) in std::mem::take(&mut self.missed).into_values() {
            ask(architect, lineage, &event).await?;
        }
        Ok(())
    }

    pub(super) async fn take(
        &mut self,
        architect: &Architect,
        event: &Event,
    ) -> Result<(), JobError> {
        match lineage_of(&event.subject) {
            Some(lineage) => ask(architect, lineage, event).await,
            None => Ok(()),
        }
    }
}

async fn ask(architect: &Architect, lineage: LineageName, event: &Event) -> Result<(), JobError> {
    let ask = Ask {
        message: message(&event.data),
        attachments: attachments(&event.data),
        dry_run: false,
        lineage,
        opens: None,
        origin: Origin::Wake { event: event.seq },
        priority: super::WOKEN,
        feedback: feedback(&event.data),
        traceparent: None,
    };
    let key = format!("{WAKE_KEY}{}", event.seq).parse();
    let key = key.expect("a word and digits are a key");
    match architect.ask(ask, Some(key)).await {
        Ok(_job) => Ok(()),
        // What the journal does not take now is asked again at the next start.
        Err(error @ JobError::Log(_)) => Err(error),
        // It stays in the journal, and a budget that stays broken wakes again.
        Err(error) => {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(event = event.seq, error = cause, "a wake-up became no job");
            Ok(())
        }
    }
}

/// What it says, as a person would.
fn message(data: &Value) -> String {
    if let Some(message) = data["message"].as_str() {
        return message.to_owned();
    }
    let evidence = said(data);
    let tool = data["tool"].as_str().map(|tool| format!(" of `{tool}`"));
    let told = format!(
        "The budget `{}` is broken in use: {}{} is {} where {} {} is allowed.",
        data["budget"].as_str().unwrap_or("unnamed"),
        data["kpi"].as_str().unwrap_or("a figure"),
        tool.unwrap_or_default(),
        data["value"],
        data["bound"].as_str().unwrap_or("a limit of"),
        data["limit"],
    );
    if evidence.is_empty() {
        told
    } else {
        format!("{told}\nWhat people said:\n{}", evidence.join("\n"))
    }
}

/// Words of people among the evidence.
fn said(data: &Value) -> Vec<String> {
    let messages = data["evidence"]["messages"].as_array();
    let messages = messages.into_iter().flatten().filter_map(Value::as_str);
    messages.map(|message| format!("- {message}")).collect()
}

/// The logs of the conversations that it is about.
fn attachments(data: &Value) -> Vec<String> {
    let conversations = data["evidence"]["conversations"].as_array();
    let conversations = conversations
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let uris = conversations.map(|conversation| format!("logs://{conversation}"));
    uris.take(crate::attachments::ATTACHMENTS_MAX).collect()
}

fn feedback(data: &Value) -> Vec<String> {
    let ids = data["evidence"]["feedback"].as_array();
    let ids = ids.into_iter().flatten().filter_map(Value::as_str);
    ids.map(str::to_owned).collect()
}

fn lineage_of(subject: &model::Subject) -> Option<LineageName> {
    let rest = subject.as_str().strip_prefix("wake.")?;
    let lineage: model::Subject = rest.parse().ok()?;
    // The same subject that whoever wakes writes to.
    lineage
        .as_lineage()
        .filter(|lineage| wake_subject(lineage) == *subject)
}
