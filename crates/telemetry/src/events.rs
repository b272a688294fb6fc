//! Events for whoever started the process: one JSON object a line, on a descriptor of its own.

mod descriptor;
mod reader;

use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::config::Rotation;
use crate::log::{LineQueue, Refused, RollingFile};
use reader::{Gone, Reader};

/// How long the reader may leave the descriptor full before events go to the file instead.
pub const STALL_MAX: Duration = Duration::from_secs(2);

/// How much may wait for the reader before [`EventsOut::send`] waits too.
const EVENTS_QUEUE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long a sender waits for room; longer than a stall, after which there is a file to write to.
const SEND_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long the end waits until all events are written.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(5);

/// Why the descriptor cannot carry events.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    #[error(
        "descriptor {fd} is not for events, as people and protocols use 0, 1 and 2: name another \
         and open it, for example `--events-fd 3 3>events.jsonl`"
    )]
    Standard { fd: RawFd },
    #[error(
        "descriptor {fd} is not open: whoever starts the process must open it, for example \
         `--events-fd {fd} {fd}>events.jsonl`"
    )]
    NotOpen { fd: RawFd, source: io::Error },
    #[error(
        "descriptor {fd} belongs to the process itself and was not handed to it: open one when \
         starting it, for example `--events-fd {fd} {fd}>events.jsonl`"
    )]
    NotGiven { fd: RawFd },
    #[error(
        "descriptor {fd} can only be read from: hand over the writing end, for example \
         `--events-fd {fd} {fd}>events.jsonl`"
    )]
    NotWritable { fd: RawFd },
    #[error("could not make the folder `{}` for events that nobody reads", folder.display())]
    Fallback { folder: PathBuf, source: io::Error },
    #[error("could not start the thread that writes events")]
    Thread(#[source] io::Error),
}

/// Why one event was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendRefused {
    #[error("events come faster than they are written: send it again later")]
    Full,
    #[error("the stream of events is closed")]
    Closed,
    #[error("an event must be one line, and not an empty one")]
    NotOneLine,
}

/// A stream of events. A line that was taken is written whole, to the reader or to the file.
///
/// The reader may go away at any time: what it had not read of a pipe is then written to the file as
/// well. A reader that merely stalled may thus find some lines in both. Of a line longer than a pipe
/// takes at once a part may stay there, without a line feed; the file has all of it.
pub struct EventsOut {
    queue: Arc<LineQueue>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl EventsOut {
    /// Takes over the descriptor, which the parent process opened; nothing else may use it. Events
    /// that nobody reads go to `fallback`, a file named like `events-main.jsonl`.
    pub fn open(fd: RawFd, fallback: &Path) -> Result<Self, EventsError> {
        Self::open_within(fd, fallback, STALL_MAX)
    }

    /// Like [`EventsOut::open`], with another bound for a reader that does not read.
    pub fn open_within(
        fd: RawFd,
        fallback: &Path,
        stall_max: Duration,
    ) -> Result<Self, EventsError> {
        let reader = Reader::new(descriptor::take(fd)?, stall_max);
        let fallback = Fallback::new(fallback)?;
        let queue = Arc::new(LineQueue::new(EVENTS_QUEUE_BYTES_MAX));
        let writer = Writer {
            fd,
            queue: Arc::clone(&queue),
            outlet: Outlet::Reader(reader),
            fallback,
        };
        let thread = thread::Builder::new().name("events-out".to_owned());
        let thread = thread
            .spawn(move || writer.run())
            .map_err(EventsError::Thread)?;
        Ok(Self {
            queue,
            writer: Mutex::new(Some(thread)),
        })
    }

    /// Hands over one event, waiting a bounded time if the reader is slow; not for async code.
    pub fn send(&self, line: &str) -> Result<(), SendRefused> {
        self.push(line, SEND_WAIT_MAX)
    }

    /// Hands over one event if there is room now.
    pub fn try_send(&self, line: &str) -> Result<(), SendRefused> {
        self.push(line, Duration::ZERO)
    }

    /// Writes what waits and closes the descriptor; false if that took too long.
    pub fn close(&self) -> bool {
        self.queue.end(&self.writer, CLOSE_WAIT_MAX)
    }

    fn push(&self, line: &str, wait_max: Duration) -> Result<(), SendRefused> {
        let line = line.strip_suffix('\n').unwrap_or(line);
        if line.is_empty() || line.contains('\n') {
            return Err(SendRefused::NotOneLine);
        }
        self.queue
            .push_within(format!("{line}\n"), wait_max)
            .map_err(|refused| match refused {
                Refused::Full => SendRefused::Full,
                Refused::Closed => SendRefused::Closed,
            })
    }
}

impl Drop for EventsOut {
    fn drop(&mut self) {
        self.close();
    }
}

/// Where events go that nobody reads.
struct Fallback {
    folder: PathBuf,
    name: String,
}

impl Fallback {
    fn new(path: &Path) -> Result<Self, EventsError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let name = path
            .file_stem()
            .map_or_else(|| "events".into(), |name| name.to_string_lossy());
        std::fs::create_dir_all(folder).map_err(|source| EventsError::Fallback {
            folder: folder.to_owned(),
            source,
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            name: name.into_owned(),
        })
    }

    fn open(&self) -> io::Result<RollingFile> {
        RollingFile::open(&self.folder, &self.name, Rotation::default())
    }
}

enum Outlet {
    Reader(Reader),
    File(RollingFile),
    /// Neither works; each line tries the file again.
    Nowhere,
}

struct Writer {
    fd: RawFd,
    queue: Arc<LineQueue>,
    outlet: Outlet,
    fallback: Fallback,
}

impl Writer {
    fn run(mut self) {
        while let Some(batch) = self.queue.take() {
            let mut lines: VecDeque<String> = batch.lines.iter().cloned().collect();
            self.write(&mut lines);
            self.queue.done(&batch.lines);
        }
        if let Outlet::Reader(reader) = &mut self.outlet
            && let Some(gone) = reader.find_gone()
        {
            let unread = reader.take_unread(0);
            self.fall_back(gone, &unread);
        }
    }

    fn write(&mut self, lines: &mut VecDeque<String>) {
        while let Outlet::Reader(reader) = &mut self.outlet {
            let Some(line) = lines.pop_front() else {
                return;
            };
            if let Err((gone, written_bytes)) = reader.write(&line) {
                let mut unread = reader.take_unread(written_bytes);
                unread.push(line);
                unread.extend(lines.drain(..));
                return self.fall_back(gone, &unread);
            }
        }
        self.write_to_file(lines.make_contiguous());
    }

    fn fall_back(&mut self, gone: Gone, lines: &[String]) {
        self.outlet = Outlet::Nowhere;
        self.write_to_file(lines);
        let Outlet::File(file) = &self.outlet else {
            return;
        };
        tracing::warn!(
            fd = self.fd,
            reason = %gone,
            file = %file.path().display(),
            "nobody reads the events any more; they go to a file from here on"
        );
    }

    fn write_to_file(&mut self, lines: &[String]) {
        if let Err(problem) = self.try_write_to_file(lines) {
            let lost = lines.len();
            tracing::error!(%problem, lost, "events reached neither their reader nor a file");
        }
    }

    fn try_write_to_file(&mut self, lines: &[String]) -> io::Result<()> {
        if let Outlet::File(file) = &mut self.outlet {
            return file.write_lines(lines);
        }
        let mut file = self.fallback.open()?;
        let written = file.write_lines(lines);
        self.outlet = Outlet::File(file);
        written
    }
}

#[cfg(test)]
mod tests;
