//! `luthier triggers`: what woke the Architect.

use std::{collections::BTreeMap, sync::Arc};

use clap::Args;
use journal::{Order, Query};
use model::{Event, Seq, Subject, event::time_text};
use serde_json::{Value, json};
use triggers::{recovery_subject, wake_subject};

use super::state::LineageArgs;
use crate::{
    failure::Failure,
    output::table,
    session::{Opened, Session},
};

/// How much of a message a line shows.
const MESSAGE_CHARS_MAX: usize = 60;

#[derive(Args, Clone, Debug)]
pub(crate) struct TriggersArgs {
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    lineage: LineageArgs,
}

pub(crate) fn run(session: &Session, args: &TriggersArgs) -> Result<(), Failure> {
    let opened = session.find_journal()?;
    session.work_on(opened, async |opened| {
        let lineage = &args.lineage.lineage;
        let woken = newest(opened, wake_subject(lineage), args.limit).await?;
        let over = newest(opened, recovery_subject(lineage), Query::LIMIT_MAX).await?;
        let over: BTreeMap<Seq, Arc<Event>> = over
            .into_iter()
            .filter_map(|event| Some((event.data["wake"].as_u64()?, event)))
            .collect();
        let told = woken.iter().map(|event| told(event, over.get(&event.seq)));
        let answer = json!({ "lineage": lineage, "triggers": told.collect::<Vec<_>>() });
        session.output.answer(&answer, text)
    })
}

async fn newest(
    opened: &Opened,
    subject: Subject,
    limit: usize,
) -> Result<Vec<Arc<Event>>, Failure> {
    let query = Query {
        order: Order::NewestFirst,
        limit,
        ..Query::of(subject)
    };
    Ok(opened.journal.read(query).await?)
}

/// A wake-up with its place, and when it was over.
fn told(woken: &Event, over: Option<&Arc<Event>>) -> Value {
    let mut told = woken.data.clone();
    told["seq"] = woken.seq.into();
    told["at"] = time_text(woken.time).into();
    if let Some(conversation) = &woken.context.conversation {
        told["conversation_id"] = conversation.as_str().into();
    }
    if let Some(over) = over {
        told["recovered"] = json!({ "seq": over.seq, "at": time_text(over.time) });
    }
    told
}

fn text(answer: &Value) -> String {
    let triggers = answer["triggers"].as_array();
    let rows: Vec<Vec<String>> = triggers.into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return "nothing woke the Architect".to_owned();
    }
    let head = ["AT", "WHY", "WHAT", "CONVERSATIONS", "OVER"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head.to_vec()).chain(rows).collect();
    table(&rows)
}

fn row(told: &Value) -> Vec<String> {
    let text = |name: &str| told[name].as_str().unwrap_or_default();
    let what = match told["budget"].as_str() {
        Some(budget) => format!(
            "{budget}: {} {} ({} {})",
            text("kpi"),
            told["value"],
            text("bound"),
            told["limit"]
        ),
        None => text("message").chars().take(MESSAGE_CHARS_MAX).collect(),
    };
    let conversations = told.pointer("/evidence/conversations");
    let conversations = conversations.and_then(Value::as_array).map_or(0, Vec::len);
    vec![
        text("at").to_owned(),
        text("reason").to_owned(),
        what,
        conversations.to_string(),
        told.pointer("/recovered/at")
            .and_then(Value::as_str)
            .unwrap_or("no")
            .to_owned(),
    ]
}
