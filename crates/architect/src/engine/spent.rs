//! What was spent before this process began, as the journal tells it.

use std::collections::{HashMap, HashSet};

use jiff::{Timestamp, tz::TimeZone};
use journal::{Query, ReadError};
use model::EventType;

use crate::{
    architect::Architect,
    job::{Job, JobId, entry_of},
};

/// Counts what open jobs have spent, and what all jobs have spent today.
pub(super) async fn note(
    architect: &Architect,
    open: impl Iterator<Item = &Job>,
) -> Result<(), ReadError> {
    let now = architect.now();
    let midnight = now.to_zoned(TimeZone::UTC).start_of_day();
    let midnight = midnight.map_or(now, |midnight| midnight.timestamp());
    let today = today(architect, midnight).await?;
    let ledger = &architect.inner.ledger;
    let mut of_today: HashMap<JobId, (u64, f64)> = HashMap::new();
    for (id, _, tokens, cost_usd) in &today {
        let spent = of_today.entry(*id).or_default();
        spent.0 += tokens;
        spent.1 += cost_usd.unwrap_or_default();
    }
    let mut is_open = HashSet::new();
    for job in open {
        is_open.insert(job.id);
        let (tokens, cost_usd) = of_today.get(&job.id).copied().unwrap_or_default();
        let all = job.spent.input_tokens + job.spent.output_tokens;
        let before = all.saturating_sub(tokens);
        let yesterday = job.created_at.min(midnight);
        let cost_usd = (job.spent.cost_usd - cost_usd).max(0.0);
        ledger.note(&job.id.to_string(), before, Some(cost_usd), yesterday);
    }
    for (id, at, tokens, cost_usd) in today {
        ledger.note(&id.to_string(), tokens, cost_usd, at);
        if !is_open.contains(&id) {
            ledger.close(&id.to_string());
        }
    }
    Ok(())
}

type Spending = (JobId, Timestamp, u64, Option<f64>);

async fn today(architect: &Architect, midnight: Timestamp) -> Result<Vec<Spending>, ReadError> {
    let mut spent = Vec::new();
    let mut after = 0;
    loop {
        let query = Query {
            after,
            kinds: vec![EventType::JOB],
            since: Some(midnight),
            limit: Query::LIMIT_MAX,
            ..Query::all()
        };
        let page = architect.journal().read(query).await?;
        for event in &page {
            let Some(id) = JobId::of(&event.subject) else {
                continue;
            };
            let used = entry_of(event).ok().and_then(|entry| entry.used());
            if let Some((input_tokens, output_tokens, cost_usd)) = used {
                spent.push((id, event.time, input_tokens + output_tokens, cost_usd));
            }
        }
        match page.last() {
            Some(last) if page.len() == Query::LIMIT_MAX => after = last.seq,
            _ => return Ok(spent),
        }
    }
}
