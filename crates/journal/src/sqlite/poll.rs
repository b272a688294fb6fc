//! Hears of what other processes write: `SQLite`'s change counter, asked while somebody watches.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::Connection;

use super::{OpenOptions, schema};
use crate::recent::Recent;

/// How often the counter is asked. A promote in another process is to be served within 5 ms of it.
const POLL_INTERVAL_MS: u64 = 4;

pub(super) struct Poller {
    options: OpenOptions,
    recent: Arc<Recent>,
    wanted: Arc<Wanted>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Whether there is anything to do for the thread.
#[derive(Default)]
struct Wanted {
    watchers: AtomicUsize,
    is_closed: AtomicBool,
}

/// One watcher's wish to be told; dropped with the watcher.
pub(super) struct Interest(Arc<Wanted>);

impl Drop for Interest {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Poller {
    pub(super) fn new(options: OpenOptions, recent: Arc<Recent>) -> Self {
        Self {
            options,
            recent,
            wanted: Arc::default(),
            thread: Mutex::default(),
        }
    }

    /// Counts a watcher in; the first one starts the thread, later ones wake it.
    pub(super) fn interest(&self) -> Interest {
        self.wanted.watchers.fetch_add(1, Ordering::Relaxed);
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() && !self.wanted.is_closed.load(Ordering::Relaxed) {
            *thread = self.start();
        }
        if let Some(thread) = thread.as_ref() {
            thread.thread().unpark();
        }
        Interest(self.wanted.clone())
    }

    /// Ends the thread, which lets go of the file; whoever needs that joins it.
    pub(super) fn close(&self) -> Option<JoinHandle<()>> {
        self.wanted.is_closed.store(true, Ordering::Relaxed);
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let thread = thread.take()?;
        thread.thread().unpark();
        Some(thread)
    }

    fn start(&self) -> Option<JoinHandle<()>> {
        let (options, wanted) = (self.options.clone(), self.wanted.clone());
        let recent = Arc::downgrade(&self.recent);
        let spawned = thread::Builder::new()
            .name("journal-poll".to_owned())
            .spawn(move || run(&options, &recent, &wanted));
        match spawned {
            Ok(thread) => Some(thread),
            Err(error) => {
                tracing::error!(%error, "watchers will not hear of other processes' events");
                None
            }
        }
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        // Not waited for: it ends by itself within one interval.
        drop(self.close());
    }
}

/// Until the journal is gone.
fn run(options: &OpenOptions, recent: &Weak<Recent>, wanted: &Wanted) {
    let mut connection = None;
    let mut version = None;
    let mut is_told = false;
    while let Some(recent) = recent.upgrade() {
        if wanted.is_closed.load(Ordering::Relaxed) {
            return;
        }
        if wanted.watchers.load(Ordering::Relaxed) == 0 {
            // Weak, so that a sleeping poller keeps nothing alive.
            drop(recent);
            thread::park();
            continue;
        }
        match look(options, &mut connection, &mut version) {
            Ok(newest) => {
                is_told = false;
                if let Some(newest) = newest {
                    recent.announce(newest);
                }
            }
            Err(error) => {
                // Once, or it would be a hundred times a second.
                if !is_told {
                    tracing::warn!(%error, "the journal's change counter could not be read");
                }
                is_told = true;
                // The counter of another connection says nothing about this one's.
                (connection, version) = (None, None);
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
