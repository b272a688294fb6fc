//! The journal on `JetStream`: any number of processes on any number of machines write and read the same one.

mod audit;
mod connect;
mod follower;
mod keys;
mod leases;
mod reader;
mod wire;
mod writer;

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use async_nats::{Client, connection::State, jetstream};
use async_trait::async_trait;
use model::{
    Body, Event, Seq, Subject,
    event::{IdempotencyKey, PlacedEvent},
};
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};

pub use self::connect::{NatsError, NatsOptions};
pub use self::leases::{Hold, Tenure};
use self::{
    follower::Follower, keys::Keys, leases::Leases, reader::Reader, wire::Names, writer::Writer,
};
use crate::{
    AppendError, Change, Committed, Journal, OpenJournal, Query, ReadError, Unavailable, Verdict,
    Watch, Witness, WriterCounts,
    recent::{PAGE_EVENTS_MAX, Recent},
    watch::Source,
};

/// A [`Journal`] in a stream of `JetStream`.
pub struct NatsJournal {
    client: Client,
    reader: Arc<Reader>,
    writer: Arc<Writer>,
    keys: Arc<Keys>,
    recent: Arc<Recent>,
    writes: Semaphore,
    writes_max: u32,
    counts: WriterCounts,
    leases: Arc<Leases>,
    is_awaited: fn(&Event) -> bool,
    /// What goes on in the background until it is closed.
    tasks: Mutex<JoinSet<()>>,
}

impl NatsJournal {
    /// Connects, checks that nothing acknowledged can be lost, and makes the streams if there are none.
    pub async fn open(options: NatsOptions) -> Result<Arc<Self>, NatsError> {
        let client = connect::connect(&options.servers).await?;
        connect::check(&client, &options).await?;
        let mut context = jetstream::new(client.clone());
        context.set_timeout(reader::ANSWER_MAX);
        let names = Names::new(&options.stream);
        connect::streams(&context, &names, options.replicas).await?;
        let failed = |reason: Unavailable| NatsError::Unreachable {
            servers: options.stream.clone(),
            reason: reason.to_string(),
        };
        let reader = Reader::new(&context, names.clone()).await;
        let reader = Arc::new(reader.map_err(failed)?);
        let keys = Keys::open(context.clone(), reader.clone()).await;
        let keys = Arc::new(keys.map_err(failed)?);
        let newest = reader.newest().await.map_err(|error| NatsError::Create {
            stream: options.stream.clone(),
            reason: error.to_string(),
        })?;
        let recent = Arc::new(Recent::new(newest));
        let writer = Writer::new(context.clone(), reader.clone(), keys.clone());
        let writer = Arc::new(writer);
        // One that cannot be read says nothing of the time: `verify` names it.
        let last = reader.range(newest.max(1), newest).await;
        last.iter().flatten().for_each(|event| writer.heard(event));
        let events = context.get_stream_no_info(&names.events).await;
        let events = events.map_err(|error| failed(reader::unreachable(&error)))?;
        let follower = Follower {
            events,
            recent: recent.clone(),
            writer: writer.clone(),
            seen: newest,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(follower.follow());
        tasks.spawn(keys.clone().note());
        let leases = Leases::open(context, names).await.map_err(failed)?;
        tasks.spawn(leases.clone().listen());
        Ok(Arc::new(Self {
            client,
            reader,
            writer,
            keys,
            recent,
            writes: Semaphore::new(options.writes_max as usize),
            writes_max: options.writes_max,
            counts: WriterCounts::default(),
            leases,
            is_awaited: options.is_awaited,
            tasks: Mutex::new(tasks),
        }))
    }

    /// Opens what is there already; where nothing is, nothing is made.
    pub async fn find(options: NatsOptions) -> Result<Option<Arc<Self>>, NatsError> {
        let client = connect::connect(&options.servers).await?;
        if !connect::has_stream(&client, &options).await? {
            return Ok(None);
        }
        Self::open(options).await.map(Some)
    }

    /// A lease for somebody who answers from what it has taken up.
    pub fn begin_tenure(&self, length: Duration) -> Tenure {
        Tenure::begin(self.leases.clone(), length)
    }

    /// Has everybody who holds a [`Tenure`] taken up the event at `seq`?
    pub fn have_taken_up(&self, seq: Seq) -> bool {
        self.leases.have_taken_up(seq)
    }

    /// Waits for the right to do what one process does for all, for as long as it is renewed.
    pub async fn hold(&self, work: &str, length: Duration) -> Hold {
        Hold::wait(self.leases.clone(), work, length).await
    }

    /// Puts an event where it is in another journal: it has to be the next one.
    pub(crate) async fn take(&self, placed: &PlacedEvent) -> Result<(), AppendError> {
        self.writer.take(placed).await
    }
}

#[async_trait]
impl Journal for NatsJournal {
    async fn apply(
        &self,
        subject: Subject,
        key: Option<IdempotencyKey>,
        change: Change,
    ) -> Result<Committed, AppendError> {
        let permit = self.writes.acquire().await;
        let _permit = permit.map_err(|_closed| AppendError::Unavailable(Unavailable::Closed))?;
        let mut outcome = self.writer.apply(subject, key, change).await;
        if let Ok(committed) = &outcome
            && (self.is_awaited)(&committed.event)
            && let Err(reason) = self.leases.pass(committed.event.seq).await
        {
            // It is there, and somebody may not know.
            outcome = Err(AppendError::Unknown(reason));
        }
        let count = match &outcome {
            Ok(committed) if committed.was_repeated => return outcome,
            Ok(_) => &self.counts.events,
            Err(AppendError::Unavailable(_) | AppendError::Unknown(_)) => &self.counts.failed,
            Err(_) => &self.counts.refused,
        };
        count.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    async fn last(&self, subject: &Subject) -> Result<Option<Arc<Event>>, ReadError> {
        self.writer.last(subject).await
    }

    async fn last_at(&self, subject: &Subject, seq: Seq) -> Result<Option<Arc<Event>>, ReadError> {
        self.reader.last_at(subject, seq).await
    }

    async fn subjects(&self, prefix: &str) -> Result<Vec<Subject>, ReadError> {
        self.reader.subjects(prefix).await
    }

    async fn body(&self, seq: Seq) -> Result<Option<Body>, ReadError> {
        self.reader.body(seq).await
    }

    async fn read(&self, query: Query) -> Result<Vec<Arc<Event>>, ReadError> {
        self.reader.read(&query).await
    }

    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<Arc<Event>>, ReadError> {
        self.keys.find(key).await
    }

    async fn newest(&self) -> Result<Seq, ReadError> {
        self.reader.newest().await
    }

    fn watch(self: Arc<Self>, after: Seq, query: Query) -> Watch {
        let newest = self.recent.subscribe();
        Watch::new(self, after, query, newest, Box::new(()))
    }
}

#[async_trait]
impl OpenJournal for NatsJournal {
    fn counts(&self) -> &WriterCounts {
        &self.counts
    }

    fn queued(&self) -> usize {
        self.writes_max as usize - self.writes.available_permits()
    }

    fn queue_max(&self) -> usize {
        self.writes_max as usize
    }

    /// Does not wait for a server that was told to be gone.
    async fn check(&self) -> Result<(), ReadError> {
        if self.client.connection_state() != State::Connected {
            let reason = "there is no connection".to_owned();
            return Err(ReadError::Unavailable(Unavailable::Unreachable(reason)));
        }
        self.newest().await.map(drop)
    }

    fn release(&self) -> usize {
        self.recent.release() + self.writer.release()
    }

    async fn verify(
        &self,
        witness: Option<Witness>,
        progress: Box<dyn Fn(Seq) + Send>,
    ) -> Result<Verdict, ReadError> {
        audit::audit(&self.reader, witness.as_ref(), progress).await
    }

    async fn close(&self) {
        let all = self.writes.acquire_many(self.writes_max).await;
        self.writes.close();
        drop(all);
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
        self.recent.close();
        let flushed = timeout(reader::ANSWER_MAX, self.client.flush()).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("the connection was lost before the journal was closed");
        }
    }
}

#[async_trait]
impl Source for NatsJournal {
    async fn events_after(&self, after: Seq) -> Result<Vec<Arc<Event>>, ReadError> {
        let kept = self.recent.after(after);
        if !kept.is_empty() {
            return Ok(kept);
        }
        let until = after.saturating_add(PAGE_EVENTS_MAX as Seq);
        loop {
            match self.reader.range(after + 1, until).await {
                // Whoever watches waits for the server, however long it is away.
                Err(ReadError::Unavailable(reason)) if reason.may_pass() => {
                    if self.writes.is_closed() {
                        return Err(ReadError::Unavailable(Unavailable::Closed));
                    }
                    tracing::warn!(%reason, "events are read later");
                }
                read => return read,
            }
        }
    }
}
