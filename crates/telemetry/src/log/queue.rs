//! A bounded queue of lines between those who speak and the one thread that writes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Lines on their way to a writer, bounded by the bytes that are not written yet.
#[derive(Debug)]
pub(crate) struct LineQueue {
    state: Mutex<State>,
    filled: Condvar,
    drained: Condvar,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    /// Of the lines waiting and of the batch being written.
    bytes: usize,
    accepted: u64,
    written: u64,
    refused: u64,
    is_closed: bool,
}

/// What the writer is handed at once.
pub(crate) struct Batch {
    pub(crate) lines: Vec<String>,
    /// How many lines found no room since the batch before.
    pub(crate) refused: u64,
}

/// Why a line was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Full,
    Closed,
}

impl LineQueue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            state: Mutex::new(State::default()),
            filled: Condvar::new(),
            drained: Condvar::new(),
            bytes_max,
        }
    }

    /// Takes a line if there is room now; a refusal for want of room is counted.
    pub(crate) fn push(&self, line: String) -> Result<(), Refused> {
        self.push_within(line, Duration::ZERO)
    }

    /// Takes a line, waiting for room at most `wait_max`.
    pub(crate) fn push_within(&self, line: String, wait_max: Duration) -> Result<(), Refused> {
        let deadline = Instant::now() + wait_max;
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return Err(Refused::Closed);
            }
            // A line longer than the whole bound is let in alone, or it would wait for ever.
            if state.bytes == 0 || state.bytes + line.len() <= self.bytes_max {
                break;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.refused += 1;
                return Err(Refused::Full);
            }
            state = wait(&self.drained, state, left);
        }
        state.bytes += line.len();
        state.accepted += 1;
        state.lines.push(line);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// All lines that wait, as soon as there are any; nothing once the queue is closed and empty.
    pub(crate) fn take(&self) -> Option<Batch> {
        let mut state = self.lock();
        while state.lines.is_empty() {
            if state.is_closed {
                return None;
            }
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let lines = std::mem::take(&mut state.lines);
        Some(Batch {
            lines,
            refused: std::mem::take(&mut state.refused),
        })
    }

    /// Makes room for as much as was taken.
    pub(crate) fn done(&self, lines: &[String]) {
        let mut state = self.lock();
        state.written += lines.len() as u64;
        state.bytes -= lines.iter().map(String::len).sum::<usize>();
        drop(state);
        self.drained.notify_all();
    }

    /// Waits until all that was pushed before this call is written; false if that took longer.
    pub(crate) fn flush(&self, wait_max: Duration) -> bool {
        let deadline = Instant::now() + wait_max;
        let mut state = self.lock();
        let goal = state.accepted;
        while state.written < goal {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = wait(&self.drained, state, left);
        }
        true
    }

    /// Takes no more lines, and ends the thread that writes, once; false if what waits was not
    /// written within `wait_max`.
    pub(crate) fn end(&self, writer: &Mutex<Option<JoinHandle<()>>>, wait_max: Duration) -> bool {
        self.close();
        let is_written = self.flush(wait_max);
        let writer = writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        match writer {
            Some(writer) if is_written => writer.join().is_ok(),
            Some(_) | None => is_written,
        }
    }

    /// Takes no more lines; the writer still gets those that wait.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.filled.notify_all();
        self.drained.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<'a>(
    event: &Condvar,
    state: MutexGuard<'a, State>,
    wait_max: Duration,
) -> MutexGuard<'a, State> {
    event
        .wait_timeout(state, wait_max)
        .unwrap_or_else(PoisonError::into_inner)
        .0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LineQueue, Refused};

    #[test]
    fn a_full_queue_refuses_counts_and_has_room_again_once_lines_are_written() {
        let queue = LineQueue::new(8);
        queue.push("12345\n".to_owned()).unwrap();

        assert_eq!(queue.push("678\n".to_owned()), Err(Refused::Full));
        let batch = queue.take().unwrap();
        assert_eq!(
            (batch.lines.as_slice(), batch.refused),
            (&["12345\n".to_owned()][..], 1)
        );
        assert_eq!(queue.push("678\n".to_owned()), Err(Refused::Full));
        queue.done(&batch.lines);

        assert_eq!(queue.push("678\n".to_owned()), Ok(()));
        assert_eq!(queue.take().unwrap().refused, 1);
    }

    #[test]
    fn a_line_longer_than_the_bound_passes_alone() {
        let queue = LineQueue::new(2);

        assert_eq!(queue.push("long\n".to_owned()), Ok(()));
        assert_eq!(queue.push("\n".to_owned()), Err(Refused::Full));
    }

    #[test]
    fn a_closed_queue_gives_what_waits_and_takes_nothing_more() {
        let queue = LineQueue::new(64);
        queue.push("last\n".to_owned()).unwrap();

        queue.close();

        assert_eq!(queue.push("late\n".to_owned()), Err(Refused::Closed));
        assert_eq!(queue.take().unwrap().lines, ["last\n"]);
        assert!(queue.take().is_none());
    }

    #[test]
    fn a_flush_ends_only_when_the_writer_is_done() {
        let queue = LineQueue::new(64);
        queue.push("line\n".to_owned()).unwrap();
        let batch = queue.take().unwrap();

        assert!(!queue.flush(Duration::ZERO));
        queue.done(&batch.lines);
        assert!(queue.flush(Duration::ZERO));
    }
}
