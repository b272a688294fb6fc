//! Hears of what other processes write: `SQLite`'s change counter, asked while somebody watches.

use std::{
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, Thread},
    time::Duration,
};

use rusqlite::Connection;

use super::{OpenOptions, recent::Recent, schema};

/// How often the counter is asked: half of what a watcher in another process may wait.
const POLL_INTERVAL_MS: u64 = 10;

pub(super) struct Poller {
    options: OpenOptions,
    recent: Arc<Recent>,
    watchers: Arc<AtomicUsize>,
    thread: OnceLock<Option<Thread>>,
}

/// One watcher's wish to be told; dropped with the watcher.
pub(super) struct Interest(Arc<AtomicUsize>);

impl Drop for Interest {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Poller {
    pub(super) fn new(options: OpenOptions, recent: Arc<Recent>) -> Self {
        Self {
            options,
            recent,
            watchers: Arc::default(),
            thread: OnceLock::new(),
        }
    }

    /// Counts a watcher in; the first one starts the thread, later ones wake it.
    pub(super) fn interest(&self) -> Interest {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        if let Some(thread) = self.thread.get_or_init(|| self.start()) {
            thread.unpark();
        }
        Interest(self.watchers.clone())
    }

    fn start(&self) -> Option<Thread> {
        let (options, watchers) = (self.options.clone(), self.watchers.clone());
        let recent = Arc::downgrade(&self.recent);
        let spawned = thread::Builder::new()
            .name("journal-poll".to_owned())
            .spawn(move || run(&options, &recent, &watchers));
        match spawned {
            Ok(handle) => Some(handle.thread().clone()),
            Err(error) => {
                tracing::error!(%error, "watchers will not hear of other processes' events");
                None
            }
        }
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        if let Some(Some(thread)) = self.thread.get() {
            thread.unpark();
        }
    }
}

/// Until the journal is gone.
fn run(options: &OpenOptions, recent: &Weak<Recent>, watchers: &AtomicUsize) {
    let mut connection = None;
    let mut version = None;
    while let Some(recent) = recent.upgrade() {
        if watchers.load(Ordering::Relaxed) == 0 {
            // Weak, so that a sleeping poller keeps nothing alive.
            drop(recent);
            thread::park();
            continue;
        }
        match look(options, &mut connection, &mut version) {
            Ok(Some(newest)) => recent.announce(newest),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "the journal's change counter could not be read");
                connection = None;
            }
        }
        drop(recent);
        thread::sleep(Duration::from_millis(POLL_INTERVAL_MS));
    }
}

/// The newest seq, if somebody wrote since the last look.
fn look(
    options: &OpenOptions,
    connection: &mut Option<Connection>,
    version: &mut Option<i64>,
) -> rusqlite::Result<Option<model::Seq>> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(schema::open_for_reading(options)?),
    };
    let now = connection
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get::<_, i64>(0))?;
    if version.replace(now) == Some(now) {
        return Ok(None);
    }
    schema::newest(connection).map(Some)
}
