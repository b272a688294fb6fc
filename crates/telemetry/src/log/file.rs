//! The thread that writes JSON lines, so that no caller waits for a disk.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing::Level;

use super::line::notice;
use super::queue::{LineQueue, Refused};
use super::rolling::RollingFile;
use crate::config::Rotation;

/// How much may wait for the disk before lines are dropped, which is counted.
const LOG_QUEUE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// JSON lines of this process.
#[derive(Debug)]
pub(crate) struct LogFile {
    queue: Arc<LineQueue>,
    dropped: Arc<AtomicU64>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl LogFile {
    pub(crate) fn open(folder: &Path, name: &str, rotation: Rotation) -> io::Result<Self> {
        let file = RollingFile::open(folder, name, rotation)?;
        let queue = Arc::new(LineQueue::new(LOG_QUEUE_BYTES_MAX));
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            queue: Arc::clone(&queue),
            dropped: Arc::clone(&dropped),
            file,
        };
        let thread = thread::Builder::new().name("log-lines".to_owned());
        let writer = Mutex::new(Some(thread.spawn(move || writer.run())?));
        Ok(Self {
            queue,
            dropped,
            writer,
        })
    }

    /// Takes a line that ends in a line feed; without room it is dropped, and counted.
    pub(crate) fn push(&self, line: String) {
        match self.queue.push(line) {
            Ok(()) => {}
            Err(Refused::Full | Refused::Closed) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How many lines were never written, for want of room or because of the disk.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Writes what waits and ends the thread; false if the disk took longer than `wait_max`.
    pub(crate) fn close(&self, wait_max: Duration) -> bool {
        self.queue.end(&self.writer, wait_max)
    }
}

struct Writer {
    queue: Arc<LineQueue>,
    dropped: Arc<AtomicU64>,
    file: RollingFile,
}

impl Writer {
    fn run(mut self) {
        let mut is_failing = false;
        while let Some(batch) = self.queue.take() {
            let outcome = self
                .report(batch.refused)
                .and_then(|()| self.file.write_lines(&batch.lines));
            match outcome {
                Ok(()) => is_failing = false,
                Err(problem) => {
                    // A batch counts as a whole: which of its lines arrived is not known for sure.
                    self.dropped
                        .fetch_add(batch.lines.len() as u64, Ordering::Relaxed);
                    if !is_failing {
                        let path = self.file.path();
                        tracing::error!(%problem, path = %path.display(), "could not write log lines");
                    }
                    is_failing = true;
                }
            }
            self.queue.done(&batch.lines);
        }
    }

    fn report(&mut self, refused: u64) -> io::Result<()> {
        if refused == 0 {
            return Ok(());
        }
        let line = notice(
            Level::WARN,
            "log lines were dropped, as they came faster than the disk takes them",
            vec![("dropped", refused.into())],
        );
        self.file.write_lines(&[line])
    }
}
