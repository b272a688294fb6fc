//! A journal in another store: the same events at the same places, with the same hashes and documents.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use model::{
    Body, Context, Digest, Event, EventType, NewEvent, Seq, Subject,
    event::{AgentRole, PlacedEvent},
};
use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    AppendError, ForkError, Journal, NatsJournal, Query, ReadError, Verdict, sqlite::file_of,
};

/// Events that are read, and then written, at a time.
const PAGE_EVENTS_MAX: usize = 256;

/// Why a journal is not, or not all, in the other store.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("event {seq} is missing or was changed, so nothing from there on is copied")]
    Damaged { seq: Seq },
    #[error("what is there already is another journal: they differ at {seq}")]
    Differs { seq: Seq },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("an event could not be written")]
    Write(#[source] AppendError),
    #[error(transparent)]
    File(#[from] ForkError),
}

/// An event that is whole, with its document.
pub(crate) struct Copied {
    pub(crate) event: Arc<Event>,
    pub(crate) body: Option<Body>,
}

/// Copies what is not there yet, and compares all of it; a copy that was cut off goes on where it was. Says how
/// many events there are then.
pub async fn migrate_to_nats(
    from: &dyn Journal,
    into: &NatsJournal,
    progress: impl Fn(Seq),
) -> Result<Seq, MigrateError> {
    let newest = from.newest().await?;
    let there = into.newest().await?;
    if there > newest {
        return Err(MigrateError::Differs { seq: newest + 1 });
    }
    compare(from, into, there).await?;
    let mut at = there;
    while at < newest {
        for copied in page(from, at, newest).await? {
            at = copied.event.seq;
            let placed = PlacedEvent {
                text: copied.event.sealed_text(),
                event: Event::clone(&copied.event),
                body: copied.body,
            };
            into.take(&placed).await.map_err(MigrateError::Write)?;
        }
        progress(at);
    }
    compare(from, into, newest).await?;
    Ok(newest)
}

/// Copies all of it to a file that is not there yet, and verifies that. One more event says there where the others
/// come from.
pub async fn migrate_to_file(
    from: &dyn Journal,
    into: &Path,
    now: Timestamp,
    progress: impl Fn(Seq),
) -> Result<Verdict, MigrateError> {
    let newest = from.newest().await?;
    let (pages, written) = mpsc::channel(1);
    let read = async move {
        let mut time = now;
        let mut at = 0;
        while at < newest {
            let page = page(from, at, newest).await?;
            at = page.last().map_or(newest, |copied| copied.event.seq);
            let times = page.iter().map(|copied| copied.event.time);
            time = times.fold(time, Timestamp::max);
            // Nobody takes it where it could not be written, which is told by who writes.
            if pages.send(Some(page)).await.is_err() {
                break;
            }
            progress(at);
        }
        let said = where_from(from, newest, time).await?;
        // As above.
        drop(pages.send(Some(vec![said])).await);
        drop(pages.send(None).await);
        Ok::<_, MigrateError>(())
    };
    let (read, written) = tokio::join!(read, file_of(written, into));
    read?;
    Ok(written?)
}

fn subject() -> Subject {
    "migration".parse().expect("`migration` is a subject")
}

/// Says of all events before it that several processes wrote them, whose clocks are not one.
async fn where_from(
    from: &dyn Journal,
    newest: Seq,
    time: Timestamp,
) -> Result<Copied, MigrateError> {
    let last = from.last(&subject()).await?;
    let revision = last.map_or(0, |event| event.revision) + 1;
    let data = json!({"from": "nats", "events": newest});
    let context = Context::of(AgentRole::Operator);
    let event = NewEvent::new(EventType::CONFIG, time, context, data);
    let mut event = Event::place(event, subject(), revision).event;
    event.seq = newest + 1;
    Ok(Copied {
        event: Arc::new(event),
        body: None,
    })
}

/// Does it say that of all before it?
pub(crate) fn says_where_from(event: &Event) -> bool {
    event.kind == EventType::CONFIG
        && event.subject == subject()
        && event.data["events"].as_u64() == event.seq.checked_sub(1)
}

/// The next events, each of them whole.
async fn page(from: &dyn Journal, after: Seq, until: Seq) -> Result<Vec<Copied>, MigrateError> {
    let query = Query {
        after,
        until,
        limit: PAGE_EVENTS_MAX,
        ..Query::all()
    };
    let events = from.read(query).await?;
    if events.is_empty() {
        return Err(MigrateError::Damaged { seq: after + 1 });
    }
    let mut page = Vec::with_capacity(events.len());
    for (event, seq) in events.into_iter().zip(after + 1..) {
        let body = match event.body {
            Some(_) => from.body(event.seq).await?,
            None => None,
        };
        let is_whole = event.seq == seq
            && Digest::of(event.sealed_text().as_bytes()) == event.hash
            && body.as_ref().map(Body::hash) == event.body;
        if !is_whole {
            return Err(MigrateError::Damaged { seq });
        }
        page.push(Copied { event, body });
    }
    Ok(page)
}

/// Are both the same up to there? An event is what its hash says, and the hash what it holds.
async fn compare(one: &dyn Journal, other: &dyn Journal, until: Seq) -> Result<(), MigrateError> {
    let mut after = 0;
    while after < until {
        let query = Query {
            after,
            until,
            limit: PAGE_EVENTS_MAX,
            ..Query::all()
        };
        let (ours, theirs) = (one.read(query.clone()).await?, other.read(query).await?);
        let same = ours.iter().zip(&theirs).take_while(|(one, other)| {
            one.seq == other.seq
                && one.hash == other.hash
                && Digest::of(other.sealed_text().as_bytes()) == other.hash
        });
        let same = same.count() as Seq;
        if same == 0 || same < ours.len() as Seq {
            return Err(MigrateError::Differs {
                seq: after + same + 1,
            });
        }
        after += same;
    }
    Ok(())
}
