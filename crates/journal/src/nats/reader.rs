//! What is asked of the server.
//!
//! Who leads a stream answers for it; a replica may be behind and is asked only where the answer shows whether it
//! was: places in the stream have no gaps, and neither have the revisions of a subject.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_nats::{
    Client, StatusCode,
    jetstream::{
        self,
        stream::{RawMessageErrorKind, Stream},
    },
};
use futures_util::{StreamExt as _, TryStreamExt as _};
use model::{Body, Event, Seq, Subject};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::wire::{Names, Stored};
use crate::{Order, Query, ReadError, Unavailable};

/// So many events are fetched at once.
pub(super) const PAGE_EVENTS_MAX: usize = 256;
/// And no more bytes, one event excepted.
const PAGE_BYTES_MAX: usize = 16 << 20;
/// The history of a subject is read forwards; from its end so many events are looked for one by one.
const STEPS_BACK_MAX: usize = 8;
/// So long one answer may take.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(5);
/// So long a read is tried again while nobody leads the stream or the connection is lost.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
/// A filter that every subject fits.
const EVERYTHING: &str = ">";

pub(super) struct Reader {
    client: Client,
    pub(super) names: Names,
    events: Stream<()>,
    keys: Stream<()>,
}

impl Reader {
    pub(super) async fn new(
        context: &jetstream::Context,
        names: Names,
    ) -> Result<Self, Unavailable> {
        let unreachable = |error: jetstream::context::GetStreamError| unreachable(&error);
        let events = context.get_stream_no_info(&names.events);
        let keys = context.get_stream_no_info(&names.keys);
        Ok(Self {
            events: events.await.map_err(unreachable)?,
            keys: keys.await.map_err(unreachable)?,
            client: context.client(),
            names,
        })
    }

    /// The seq of the newest event.
    pub(super) async fn newest(&self) -> Result<Seq, ReadError> {
        patiently(|| async {
            let info = self.events.get_info().await;
            info.map(|info| info.state.last_sequence)
                .map_err(|error| unreachable(&error))
        })
        .await
    }

    /// The newest event of a subject, as the leader has it.
    pub(super) async fn last(&self, subject: &Subject) -> Result<Option<Arc<Event>>, ReadError> {
        let filter = self.names.of_subject(subject);
        let found = patiently(|| async {
            let asked = self.events.raw_message_builder().last_by_subject(&filter);
            told(asked.send().await)
        });
        event_of(found.await?)
    }

    /// The first message from `from` on whose subject fits, as the leader has it.
    pub(super) async fn next(&self, filter: &str, from: Seq) -> Result<Option<Stored>, ReadError> {
        patiently(|| async {
            let asked = self.events.raw_message_builder();
            let asked = asked.sequence(from.max(1)).next_by_subject(filter);
            told(asked.send().await)
        })
        .await
    }

    pub(super) async fn at(&self, seq: Seq) -> Result<Option<Stored>, ReadError> {
        if seq == 0 {
            return Ok(None);
        }
        // What is there never changes; where a replica does not have it, the leader may.
        if let Ok(message) = self.events.direct_get(seq).await {
            return Ok(Some(message.into()));
        }
        patiently(|| async {
            let asked = self.events.raw_message_builder().sequence(seq);
            told(asked.send().await)
        })
        .await
    }

    pub(super) async fn body(&self, seq: Seq) -> Result<Option<Body>, ReadError> {
        Ok(self.at(seq).await?.and_then(|stored| stored.body()))
    }

    /// The place that is noted for a key.
    pub(super) async fn noted(&self, subject: &str) -> Result<Option<Seq>, ReadError> {
        let found = patiently(|| async {
            let asked = self.keys.raw_message_builder().last_by_subject(subject);
            told(asked.send().await)
        });
        Ok(found.await?.and_then(|stored| stored.number()))
    }

    /// The events from `from` on without a gap, up to `until` and as many as fit a page.
    pub(super) async fn range(&self, from: Seq, until: Seq) -> Result<Vec<Arc<Event>>, ReadError> {
        let page = self.stored(from, until).await?;
        let events = page.iter().map(Stored::event);
        Ok(events.collect::<Result<_, _>>()?)
    }

    /// The messages from `from` on without a gap, or the one behind it, whatever they are.
    pub(super) async fn stored(&self, from: Seq, until: Seq) -> Result<Vec<Stored>, ReadError> {
        if from > until {
            return Ok(Vec::new());
        }
        let count = (until - from + 1).min(PAGE_EVENTS_MAX as Seq);
        let page = self.fetch(json!({"seq": from, "batch": count, "max_bytes": PAGE_BYTES_MAX}));
        let mut page = page.await?;
        let places = page.iter().map(|stored| stored.seq);
        let whole = places.zip(from..).take_while(|(found, seq)| found == seq);
        page.truncate(whole.count());
        if page.is_empty() {
            // A replica that is behind, or a message that somebody took out: the leader knows.
            let first = self.next(EVERYTHING, from).await?;
            page.extend(first.filter(|stored| stored.seq <= until));
        }
        Ok(page)
    }

    /// The history of a subject, oldest first: what is after `after`, and no later than `until`.
    pub(super) async fn history(
        &self,
        subject: &Subject,
        after: Seq,
        until: Seq,
        limit: usize,
    ) -> Result<Vec<Arc<Event>>, ReadError> {
        let filter = self.names.of_subject(subject);
        let mut events: Vec<Arc<Event>> = Vec::new();
        let mut from = after.saturating_add(1);
        while events.len() < limit {
            let Some(first) = event_of(self.next(&filter, from).await?)? else {
                break;
            };
            let mut last = first.clone();
            events.push(first);
            let rest = json!({
                "seq": last.seq + 1,
                "next_by_subj": filter,
                "batch": PAGE_EVENTS_MAX,
                "max_bytes": PAGE_BYTES_MAX,
            });
            for stored in self.fetch(rest).await? {
                let event = stored.event()?;
                if event.revision != last.revision + 1 {
                    break;
                }
                events.push(event.clone());
                last = event;
            }
            from = last.seq + 1;
            if last.seq >= until {
                break;
            }
        }
        let end = events.partition_point(|event| event.seq <= until);
        events.truncate(end.min(limit));
        Ok(events)
    }

    /// The newest event of a subject at or before `seq`.
    pub(super) async fn last_at(
        &self,
        subject: &Subject,
        seq: Seq,
    ) -> Result<Option<Arc<Event>>, ReadError> {
        let newest = self.last(subject).await?;
        if newest.as_ref().is_none_or(|event| event.seq <= seq) || seq == 0 {
            return Ok(newest.filter(|_| seq > 0));
        }
        let filter = self.names.of_subject(subject);
        let mut found = self.before(&filter, seq).await?;
        // A replica that is behind has told of an older one: from there on the leader goes.
        loop {
            let from = found.as_ref().map_or(1, |event| event.seq + 1);
            match event_of(self.next(&filter, from).await?)? {
                Some(next) if next.seq <= seq => found = Some(next),
                _ => return Ok(found),
            }
        }
    }

    /// What some replica has as the newest one at or before `seq`.
    async fn before(&self, filter: &str, seq: Seq) -> Result<Option<Arc<Event>>, ReadError> {
        let request = json!({"multi_last": [filter], "up_to_seq": seq});
        let found = self.fetch(request).await?;
        event_of(found.into_iter().max_by_key(|stored| stored.seq))
    }

    pub(super) async fn subjects(&self, prefix: &str) -> Result<Vec<Subject>, ReadError> {
        let names = patiently(|| async {
            let info = self.events.info_with_subjects(self.names.all_events());
            let names = info.await.map_err(|error| unreachable(&error))?;
            let names = names.map_ok(|(name, _count)| name);
            let names: Result<Vec<String>, _> = names.try_collect().await;
            names.map_err(|error| unreachable(&error))
        });
        let names = names.await?;
        let subjects = names.iter().filter_map(|name| self.names.subject_of(name));
        let mut subjects: Vec<Subject> = subjects
            .filter(|subject| subject.as_str().starts_with(prefix))
            .collect();
        subjects.sort();
        subjects.dedup();
        Ok(subjects)
    }

    pub(super) async fn read(&self, query: &Query) -> Result<Vec<Arc<Event>>, ReadError> {
        let limit = query.limit.min(Query::LIMIT_MAX);
        let until = query.until.min(self.newest().await?);
        if limit == 0 || query.after >= until {
            return Ok(Vec::new());
        }
        if let Some(subject) = &query.subject {
            return self.read_subject(query, subject, until, limit).await;
        }
        let mut found: Vec<Arc<Event>> = Vec::new();
        match query.order {
            Order::OldestFirst => {
                let mut seen = query.after;
                while seen < until && found.len() < limit {
                    let page = self.page(query, seen + 1, until).await?;
                    let Some(last) = page.last() else { break };
                    seen = last.seq;
                    found.extend(page.into_iter().filter(|event| query.matches(event)));
                }
            }
            Order::NewestFirst => {
                let mut until = until;
                while until > query.after && found.len() < limit {
                    let after = until
                        .saturating_sub(PAGE_EVENTS_MAX as Seq)
                        .max(query.after);
                    let mut page = Vec::new();
                    while let Some(next) = self.rest(&page, after, until).await? {
                        page.extend(next);
                    }
                    let page = page.into_iter().rev();
                    found.extend(page.filter(|event| query.matches(event)));
                    until = after;
                }
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    async fn read_subject(
        &self,
        query: &Query,
        subject: &Subject,
        until: Seq,
        limit: usize,
    ) -> Result<Vec<Arc<Event>>, ReadError> {
        let is_oldest_first = query.order == Order::OldestFirst;
        let mut until = until;
        let mut newest = Vec::new();
        if !is_oldest_first {
            // What is asked for most is among the last few.
            for _ in 0..STEPS_BACK_MAX {
                let Some(event) = self.last_at(subject, until).await? else {
                    return Ok(newest);
                };
                if event.seq <= query.after {
                    return Ok(newest);
                }
                until = event.seq - 1;
                newest.extend(Some(event).filter(|event| query.matches(event)));
                if newest.len() == limit {
                    return Ok(newest);
                }
            }
        }
        let limit = limit - newest.len();
        let mut found = VecDeque::new();
        let mut seen = query.after;
        while !(is_oldest_first && found.len() >= limit) {
            let page = self.history(subject, seen, until, PAGE_EVENTS_MAX).await?;
            let Some(last) = page.last() else { break };
            seen = last.seq;
            found.extend(page.into_iter().filter(|event| query.matches(event)));
            while !is_oldest_first && found.len() > limit {
                found.pop_front();
            }
        }
        found.truncate(limit);
        if is_oldest_first {
            return Ok(found.into());
        }
        newest.extend(found.into_iter().rev());
        Ok(newest)
    }

    /// What follows a part of a page; nothing where that is all of it.
    async fn rest(
        &self,
        page: &[Arc<Event>],
        after: Seq,
        until: Seq,
    ) -> Result<Option<Vec<Arc<Event>>>, ReadError> {
        let seen = page.last().map_or(after, |event| event.seq);
        let next = self.range(seen + 1, until).await?;
        Ok(Some(next).filter(|next| !next.is_empty()))
    }

    /// Events from `from` on, at least all of the next ones that the query selects. Where it names types, those
    /// alone are asked for, each of the leader.
    async fn page(
        &self,
        query: &Query,
        from: Seq,
        until: Seq,
    ) -> Result<Vec<Arc<Event>>, ReadError> {
        let [kind] = query.kinds.as_slice() else {
            return self.range(from, until).await;
        };
        let next = self.next(&self.names.of_kind(kind), from).await?;
        let next = next.filter(|stored| stored.seq <= until);
        Ok(event_of(next)?.into_iter().collect())
    }

    /// What a replica answers with: messages, and then a sign that there are no more.
    async fn fetch(&self, request: Value) -> Result<Vec<Stored>, ReadError> {
        let subject = format!("$JS.API.DIRECT.GET.{}", self.names.events);
        let request = request.to_string();
        patiently(|| async {
            let inbox = self.client.new_inbox();
            let answers = self.client.subscribe(inbox.clone()).await;
            let mut answers = answers.map_err(|error| unreachable(&error))?;
            let asked =
                self.client
                    .publish_with_reply(subject.clone(), inbox, request.clone().into());
            asked.await.map_err(|error| unreachable(&error))?;
            let mut found = Vec::new();
            loop {
                let answer = timeout(ANSWER_MAX, answers.next()).await;
                let Ok(Some(answer)) = answer else {
                    return Err(Unavailable::Unreachable("there was no answer".to_owned()));
                };
                match answer.status.as_ref().map(StatusCode::as_u16) {
                    // The end, or nothing that fits.
                    Some(204 | 404) => return Ok(found),
                    Some(status) if status >= 400 => {
                        let reason = answer.description.unwrap_or_else(|| status.to_string());
                        return Err(Unavailable::Unreachable(reason));
                    }
                    _ => found.extend(Stored::of_answer(answer)),
                }
            }
        })
        .await
    }
}

fn event_of(stored: Option<Stored>) -> Result<Option<Arc<Event>>, ReadError> {
    stored
        .map(|stored| stored.event())
        .transpose()
        .map_err(ReadError::from)
}

/// The message, if there is one.
pub(super) fn told<M: Into<Stored>>(
    answer: Result<M, jetstream::stream::RawMessageError>,
) -> Result<Option<Stored>, Unavailable> {
    match answer {
        Ok(message) => Ok(Some(message.into())),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(unreachable(&error)),
    }
}

pub(super) fn unreachable(error: &dyn std::error::Error) -> Unavailable {
    let mut text = error.to_string();
    if let Some(source) = error.source() {
        text = format!("{text}: {source}");
    }
    Unavailable::Unreachable(text)
}

/// Asks again while nobody answers.
pub(super) async fn patiently<T, A>(ask: impl Fn() -> A + Send) -> Result<T, ReadError>
where
    A: Future<Output = Result<T, Unavailable>> + Send,
{
    let until = Instant::now() + PATIENCE;
    loop {
        // While there is no connection, not even the question leaves.
        let answer = timeout(2 * ANSWER_MAX, ask())
            .await
            .unwrap_or_else(|_late| {
                let reason = "there is no connection".to_owned();
                Err(Unavailable::Unreachable(reason))
            });
        match answer {
            Ok(answer) => return Ok(answer),
            Err(reason) if Instant::now() >= until => return Err(ReadError::Unavailable(reason)),
            Err(_) => sleep(PAUSE).await,
        }
    }
}
