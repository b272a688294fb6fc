//! The journal on `JetStream`: any number of processes on any number of machines write and read the same one.

mod audit;
mod connect;
mod follower;
mod keys;
mod reader;
mod wire;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};

use async_nats::{Client, connection::State, jetstream};
use async_trait::async_trait;
use model::{
    Body, Event, Seq, Subject,
    event::{IdempotencyKey, PlacedEvent},
};
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};

pub use self::connect::{NatsError, NatsOptions};
use self::{follower::Follower, keys::Keys, reader::Reader, wire::Names, writer::Writer};
use crate::{
    AppendError, Change, Committed, Journal, OpenJournal, Query, ReadError, Unavailable, Verdict,
    Watch, Witness,
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
        Ok(Arc::new(Self {
            client,
            reader,
            writer,
            keys,
            recent,
            writes: Semaphore::new(options.writes_max as usize),
            writes_max: options.writes_max,
            tasks: Mutex::new(tasks),
        }))
    }

    /// Is the server there?
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Lets go of what is kept in memory for watchers and writers; says about how many bytes it took.
    pub fn release_recent(&self) -> usize {
        self.recent.release() + self.writer.release()
    }

    /// Puts an event where it is in another journal: it has to be the next one.
    pub(crate) async fn take(&self, placed: &PlacedEvent) -> Result<(), AppendError> {
        self.writer.take(placed).await
    }

    /// Lets writes end that are under way, and ends every watch. Later writes are refused.
    pub async fn close(&self) {
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
impl Journal for NatsJournal {
    async fn apply(
        &self,
        subject: Subject,
        key: Option<IdempotencyKey>,
        change: Change,
    ) -> Result<Committed, AppendError> {
        let permit = self.writes.acquire().await;
        let _permit = permit.map_err(|_closed| AppendError::Unavailable(Unavailable::Closed))?;
        self.writer.apply(subject, key, change).await
    }

    async fn last(&self, subject: &Subject) -> Result<Option<Arc<Event>>, ReadError> {
        self.reader.last(subject).await
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
    async fn verify(
        &self,
        witness: Option<Witness>,
        progress: Box<dyn Fn(Seq) + Send>,
    ) -> Result<Verdict, ReadError> {
        audit::audit(&self.reader, witness.as_ref(), progress).await
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
        self.reader.range(after + 1, until).await
    }
}
