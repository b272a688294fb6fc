//! The embedded journal: one `SQLite` file, one writer, readers apart.

mod audit;
mod checkpoint;
mod command;
mod desk;
mod fork;
mod identity;
mod poll;
mod schema;
mod select;
mod sql;
mod stub;
mod view;
mod writer;

use std::{
    ffi::CString,
    io::ErrorKind,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use async_trait::async_trait;
use model::{Body, Digest, Event, NewEvent, Seq, Subject, event::IdempotencyKey};
use rusqlite::Connection;
use tokio::sync::Semaphore;

use self::{
    audit::audit,
    checkpoint::Checkpointer,
    command::{Answer, Command, Write},
    desk::{Closed, Desk},
    poll::Poller,
    writer::Writer,
};
pub(crate) use self::{
    fork::file_of,
    schema::read_error,
    select::last_before,
    stub::{Rows, stub_of, whole_events_after, whole_rows},
};
pub use self::{
    fork::{ForkError, fork},
    identity::FileIdentity,
    schema::FORMAT,
    sql::{SqlError, SqlTable},
};
use crate::{
    AppendError, ArchiveStore, Change, Committed, Journal, OpenJournal, Query, ReadError, Refusal,
    Unavailable, Verdict, Watch, Witness, WriterCounts,
    archive::Shelf,
    recent::{PAGE_EVENTS_MAX, Recent},
    watch::Source,
};

/// How many writes have what they lack of archives fetched at once.
const FETCHES_MAX: usize = 4;

/// How often one write is begun again because it lacked another archive.
const FETCH_ROUNDS_MAX: usize = 1_024;

/// How a journal file is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    pub path: PathBuf,
    /// How many writes may wait for the writer.
    pub queue_max: usize,
    /// How many writes one transaction takes at most.
    pub batch_max: usize,
    /// How many readers work at once.
    pub readers_max: usize,
    /// Memory that each connection may keep pages in.
    pub cache_kib_max: u32,
    /// How long a statement of [`SqliteJournal::sql`] may run.
    pub sql_ms_max: u64,
    /// A registered `SQLite` VFS: how tests stand in for a power cut.
    pub vfs: Option<CString>,
    /// `SQLite`'s `synchronous`: `FULL`. Anything less loses acknowledged writes in a power cut,
    /// which a test shows.
    pub synchronous: &'static str,
    /// The file that readers expect at `path`: the one that was there at opening, which finds this
    /// out itself. A reader of another file would take the log beside it for that file's own, find
    /// that it does not fit, and empty it, with commits that are nowhere else.
    pub file: Option<FileIdentity>,
    /// Where archives are kept. Without it nothing is archived, and what was cannot be read.
    pub archives: Option<Arc<dyn ArchiveStore>>,
}

impl OpenOptions {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            queue_max: 4096,
            batch_max: 256,
            readers_max: 8,
            cache_kib_max: 4096,
            sql_ms_max: 10_000,
            vfs: None,
            synchronous: "FULL",
            file: None,
            archives: None,
        }
    }
}

/// Why a journal was not opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the journal `{}` has format {found}, this build knows up to {known}", path.display())]
    Newer {
        path: PathBuf,
        found: i32,
        known: i32,
    },
    #[error("`{}` is not a journal", path.display())]
    Foreign { path: PathBuf },
    #[error("the journal `{}` cannot be opened", path.display())]
    Unavailable { path: PathBuf, source: Unavailable },
    #[error("a thread could not be started")]
    Thread(#[source] std::io::Error),
}

/// A [`Journal`] in one `SQLite` file. Several processes may open the same file.
pub struct SqliteJournal {
    options: OpenOptions,
    desk: Arc<Desk>,
    writer: Mutex<Option<JoinHandle<()>>>,
    recent: Arc<Recent>,
    readers: Mutex<Vec<Connection>>,
    reading: Arc<Semaphore>,
    fetching: Arc<Semaphore>,
    counts: Arc<WriterCounts>,
    is_unsettled: Arc<AtomicBool>,
    shelf: Arc<Shelf>,
    poller: Poller,
}

impl SqliteJournal {
    /// Opens the file, creating it if there is none. Blocks on the disk.
    pub fn open(mut options: OpenOptions) -> Result<Arc<Self>, OpenError> {
        let connection = schema::open_for_writing(&options)?;
        // What another VFS keeps is not to be found by its path.
        if options.vfs.is_none() {
            options.file = FileIdentity::of(&options.path).ok();
        }
        let unavailable = |error: &rusqlite::Error| OpenError::Unavailable {
            path: options.path.clone(),
            source: schema::unavailable(error),
        };
        let newest = match schema::newest(&connection) {
            Ok(newest) => newest,
            // Opened all the same, so that it can be verified and the whole part forked; the
            // writer finds the damage again at every write, and refuses it.
            Err(error) => match schema::unavailable(&error) {
                Unavailable::Damaged(reason) => {
                    tracing::error!(reason, "the newest event cannot be read");
                    0
                }
                _ => return Err(unavailable(&error)),
            },
        };
        let recent = Arc::new(Recent::new(newest));
        let counts = Arc::new(WriterCounts::default());
        let is_unsettled = Arc::new(AtomicBool::new(false));
        let shelf = Arc::new(Shelf::new(options.archives.clone()));
        let beside = schema::open_for_writing(&options)?;
        let checkpointer =
            Checkpointer::start(beside, counts.clone()).map_err(OpenError::Thread)?;
        let writer = Writer::new(
            connection,
            recent.clone(),
            counts.clone(),
            checkpointer,
            is_unsettled.clone(),
            shelf.clone(),
        );
        let (desk, writer) =
            Desk::open(writer, options.queue_max, options.batch_max).map_err(OpenError::Thread)?;
        Ok(Arc::new(Self {
            poller: Poller::new(options.clone(), recent.clone()),
            reading: Arc::new(Semaphore::new(options.readers_max)),
            fetching: Arc::new(Semaphore::new(FETCHES_MAX)),
            options,
            desk,
            writer: Mutex::new(Some(writer)),
            recent,
            readers: Mutex::default(),
            counts,
            is_unsettled,
            shelf,
        }))
    }

    /// Lets go of idle readers and their page caches.
    pub fn release_readers(&self) {
        let idle =
            std::mem::take(&mut *self.readers.lock().unwrap_or_else(PoisonError::into_inner));
        drop(idle);
    }

    /// What became of the file's path: whatever is written goes where nobody will look for it.
    fn find_loss(&self) -> Option<String> {
        let (path, file) = (&self.options.path, self.options.file?);
        let path_text = path.display();
        match FileIdentity::of(path) {
            Ok(found) if found == file => None,
            Ok(_) => Some(format!(
                "`{path_text}` was replaced by another file; put the first one back, or restart"
            )),
            Err(error) if error.kind() == ErrorKind::NotFound => Some(format!(
                "`{path_text}` was moved away; put it back, or stop the server"
            )),
            Err(error) => Some(format!("`{path_text}` cannot be looked at: {error}")),
        }
    }

    /// Runs one read-only SQL statement over the view `ledger` and the table `events`.
    pub async fn sql(
        self: &Arc<Self>,
        statement: String,
        rows_max: usize,
    ) -> Result<SqlTable, SqlError> {
        let (options, shelf) = (self.options.clone(), self.shelf.clone());
        tokio::task::spawn_blocking(move || sql::run(&options, &shelf, &statement, rows_max))
            .await
            .map_err(|_panic| SqlError::Unavailable(Unavailable::Closed))?
    }

    /// Has the writer find out what became of a commit that failed in the middle: until then, what
    /// is not there now could still come to light after a crash.
    async fn settle(&self) -> Result<(), ReadError> {
        let subject = crate::seal_subject();
        let change: Change = Box::new(|_head| Err(Refusal::new(OnlyToSettle)));
        match self.apply(subject, None, change).await {
            Err(AppendError::Unavailable(reason) | AppendError::Unknown(reason)) => {
                Err(ReadError::Unavailable(reason))
            }
            _ => Ok(()),
        }
    }

    /// Has the writer write it. What it lacks of archives is fetched here, where no transaction is
    /// open and nobody else waits.
    async fn write(&self, mut write: Write) -> Result<Committed, AppendError> {
        for _ in 0..FETCH_ROUNDS_MAX {
            let (command, answer) = Command::new(write);
            self.desk
                .hand_in(command)
                .await
                .map_err(|Closed| AppendError::Unavailable(Unavailable::Closed))?;
            write = match answer.await {
                Ok(Answer::Done(outcome)) => return outcome,
                Ok(Answer::Wanting(wanting)) => self.fetch_for(wanting).await?,
                // The writer answers every command; a dropped reply means that it died in the middle.
                Err(_) => return Err(AppendError::Unknown(Unavailable::Closed)),
            };
        }
        let reason = format!("a write needed more than {FETCH_ROUNDS_MAX} archives");
        Err(AppendError::Unavailable(Unavailable::Archive(reason)))
    }

    async fn fetch_for(&self, mut write: Write) -> Result<Write, AppendError> {
        let closed = || AppendError::Unavailable(Unavailable::Closed);
        let permit = self.fetching.clone().acquire_owned().await;
        let permit = permit.map_err(|_closed| closed())?;
        let shelf = self.shelf.clone();
        let fetch = move || {
            let fetched = write.at_hand.fetch(&shelf);
            // Only now: a caller that went away does not end the work.
            drop(permit);
            fetched.map(|()| write)
        };
        tokio::task::spawn_blocking(fetch)
            .await
            .map_err(|_panic| closed())?
            .map_err(AppendError::Unavailable)
    }

    /// What it has in archives.
    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    /// Has rows let go of what is archived of them, in one transaction between two of the writer's.
    pub(crate) async fn let_go(
        &self,
        events: Vec<(Seq, Digest, String)>,
    ) -> Result<usize, Unavailable> {
        let desk = self.desk.clone();
        tokio::task::spawn_blocking(move || desk.let_go(&events))
            .await
            .map_err(|_panic| Unavailable::Closed)?
    }

    /// Calls `work` with a connection that only reads, on a thread that may block.
    pub(crate) async fn with_reader<T: Send + 'static>(
        &self,
        work: impl FnOnce(Rows<'_>) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let closed = || ReadError::Unavailable(Unavailable::Closed);
        let permit = self.reading.clone().acquire_owned().await;
        let permit = permit.map_err(|_closed| closed())?;
        let idle = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let (options, shelf) = (self.options.clone(), self.shelf.clone());
        let run = move || {
            let connection = match idle {
                Some(connection) => connection,
                None => schema::open_for_reading(&options).map_err(|e| read_error(&e))?,
            };
            let outcome = work(Rows {
                connection: &connection,
                shelf: &shelf,
                at_hand: None,
            });
            // Only now: a caller that went away does not end the work.
            drop(permit);
            Ok::<_, ReadError>((connection, outcome))
        };
        let (connection, outcome) = tokio::task::spawn_blocking(run)
            .await
            .map_err(|_panic| closed())??;
        self.readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        outcome
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        self.desk.close();
    }
}

#[derive(Debug, thiserror::Error)]
#[error("there is nothing to write")]
struct OnlyToSettle;

#[async_trait]
impl Journal for SqliteJournal {
    async fn append_all(
        &self,
        subject: Subject,
        events: Vec<NewEvent>,
    ) -> Vec<Result<Committed, AppendError>> {
        let (commands, answers): (Vec<_>, Vec<_>) = events
            .into_iter()
            .map(|event| Command::new(Write::fact(subject.clone(), event)))
            .unzip();
        let taken = self.desk.hand_in_all(commands).await;
        let mut outcomes = Vec::with_capacity(answers.len());
        for (place, answer) in answers.into_iter().enumerate() {
            outcomes.push(match answer.await {
                Ok(Answer::Done(outcome)) => outcome,
                // Only for a key that is in use, so it writes nothing after those that follow.
                Ok(Answer::Wanting(write)) => match self.fetch_for(write).await {
                    Ok(write) => self.write(write).await,
                    Err(error) => Err(error),
                },
                Err(_) if place < taken => Err(AppendError::Unknown(Unavailable::Closed)),
                Err(_) => Err(AppendError::Unavailable(Unavailable::Closed)),
            });
        }
        outcomes
    }

    async fn apply(
        &self,
        subject: Subject,
        key: Option<IdempotencyKey>,
        change: Change,
    ) -> Result<Committed, AppendError> {
        self.write(Write::new(subject, key, change)).await
    }

    async fn last(&self, subject: &Subject) -> Result<Option<Arc<Event>>, ReadError> {
        let subject = subject.clone();
        self.with_reader(move |rows| select::last(rows, &subject))
            .await
    }

    async fn last_at(&self, subject: &Subject, seq: Seq) -> Result<Option<Arc<Event>>, ReadError> {
        let subject = subject.clone();
        self.with_reader(move |rows| select::last_at(rows, &subject, seq))
            .await
    }

    async fn subjects(&self, prefix: &str) -> Result<Vec<Subject>, ReadError> {
        let prefix = prefix.to_owned();
        self.with_reader(move |rows| select::subjects(rows.connection, &prefix))
            .await
    }

    async fn body(&self, seq: Seq) -> Result<Option<Body>, ReadError> {
        self.with_reader(move |rows| stub::body(rows, seq)).await
    }

    async fn read(&self, query: Query) -> Result<Vec<Arc<Event>>, ReadError> {
        self.with_reader(move |rows| select::read(rows, &query))
            .await
    }

    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<Arc<Event>>, ReadError> {
        if self.is_unsettled.load(Ordering::Acquire) {
            self.settle().await?;
        }
        let key = key.clone();
        self.with_reader(move |rows| select::find_key(rows, &key))
            .await
    }

    async fn newest(&self) -> Result<Seq, ReadError> {
        self.with_reader(|rows| schema::newest(rows.connection).map_err(|error| read_error(&error)))
            .await
    }

    fn watch(self: Arc<Self>, after: Seq, query: Query) -> Watch {
        let interest = self.poller.interest();
        let newest = self.recent.subscribe();
        Watch::new(self, after, query, newest, Box::new(interest))
    }
}

#[async_trait]
impl OpenJournal for SqliteJournal {
    fn counts(&self) -> &WriterCounts {
        &self.counts
    }

    fn queued(&self) -> usize {
        self.desk.queued()
    }

    fn queue_max(&self) -> usize {
        self.options.queue_max
    }

    async fn check(&self) -> Result<(), ReadError> {
        if let Some(loss) = self.find_loss() {
            return Err(ReadError::Unavailable(Unavailable::Failed(loss)));
        }
        self.newest().await.map(drop)
    }

    /// Blocks while a write goes on. What the page caches of readers took is `SQLite`'s to know.
    fn release(&self) -> usize {
        self.release_readers();
        self.recent.release() + self.desk.release_heads() + self.shelf.release()
    }

    async fn verify(
        &self,
        witness: Option<Witness>,
        progress: Box<dyn Fn(Seq) + Send>,
    ) -> Result<Verdict, ReadError> {
        self.with_reader(move |rows| Ok(audit(rows, witness.as_ref(), &progress)))
            .await
    }

    /// Folds the log in and releases the file, too.
    async fn close(&self) {
        self.desk.close();
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(writer) = writer else { return };
        let poller = self.poller.close();
        self.release_readers();
        let join = move || poller.map_or(Ok(()), JoinHandle::join).and(writer.join());
        let joined = tokio::task::spawn_blocking(join).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("a thread of the journal ended with a panic");
        }
        self.recent.close();
    }
}

#[async_trait]
impl Source for SqliteJournal {
    async fn events_after(&self, after: Seq) -> Result<Vec<Arc<Event>>, ReadError> {
        let recent = self.recent.after(after);
        if !recent.is_empty() {
            return Ok(recent);
        }
        let query = Query {
            after,
            limit: PAGE_EVENTS_MAX,
            ..Query::all()
        };
        self.read(query).await
    }
}
