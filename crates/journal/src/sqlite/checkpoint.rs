//! Copies the write-ahead log back into the file beside the writer, so that commits don't wait.

use std::{
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use rusqlite::Connection;

use crate::WriterCounts;

/// The log grows by at least this many pages between two rounds.
const PAGES_BETWEEN_MIN: u32 = 500;

/// The writer's end of the checkpoint thread; the thread ends, and lets go of the file, when it is
/// dropped.
pub(super) struct Checkpointer {
    ask: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    asked_at_pages: u32,
}

impl Checkpointer {
    pub(super) fn start(
        connection: Connection,
        counts: Arc<WriterCounts>,
    ) -> std::io::Result<Self> {
        let (ask, asked) = sync_channel(1);
        let thread = thread::Builder::new()
            .name("journal-checkpoint".to_owned())
            .spawn(move || run(&connection, &asked, &counts))?;
        Ok(Self {
            ask: Some(ask),
            thread: Some(thread),
            asked_at_pages: 0,
        })
    }

    /// Asks for a round, unless one was asked for a moment ago.
    pub(super) fn ask(&mut self, pages: u32) {
        let has_restarted = pages < self.asked_at_pages;
        if !has_restarted && pages < self.asked_at_pages + PAGES_BETWEEN_MIN {
            return;
        }
        let ask = self.ask.as_ref();
        if ask.is_some_and(|ask| ask.try_send(()).is_ok()) {
            self.asked_at_pages = pages;
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.ask.take());
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the journal's checkpoint thread ended with a panic");
        }
    }
}

fn run(connection: &Connection, asked: &Receiver<()>, counts: &WriterCounts) {
    while asked.recv().is_ok() {
        counts.checkpoints.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = connection.pragma(None, "wal_checkpoint", "PASSIVE", |_| Ok(())) {
            tracing::warn!(%error, "the log could not be folded in; the writer will try");
        }
    }
}
