//! What a worker and its tools write by descriptor, and the last lines of all they printed.

use std::{
    collections::VecDeque,
    io::{self, PipeReader},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::net::unix::pipe;

use super::lock;

/// Lines that are kept for the report of a crash, the dump of the interpreter's stack included.
const LINES_MAX: usize = 128;
/// How many of them a report shows beside the stack.
const SHOWN_MAX: usize = 20;
/// A longer line is cut into several.
const LINE_BYTES_MAX: usize = 4 << 10;
const READ_BYTES: usize = 64 << 10;
/// What is still read of an ended worker's log, which something that it started may go on filling.
const REST_BYTES_MAX: usize = 1 << 20;

pub(super) struct Log {
    pipe: pipe::Receiver,
    is_over: AtomicBool,
    partial: Mutex<Vec<u8>>,
    /// Each with the call that wrote it.
    last: Mutex<VecDeque<(u64, String)>>,
}

/// The end of a log, as a report shows it.
#[derive(Default)]
pub(super) struct LastLines {
    pub(super) lines: Vec<String>,
    /// Where the interpreter was, if it has said so.
    pub(super) traceback: String,
}

impl Log {
    pub(super) fn new(pipe: PipeReader) -> io::Result<Self> {
        Ok(Self {
            pipe: pipe::Receiver::from_owned_fd(pipe.into())?,
            is_over: AtomicBool::new(false),
            partial: Mutex::default(),
            last: Mutex::default(),
        })
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Waits until there is something to read.
    pub(super) async fn readable(&self) {
        if self.pipe.readable().await.is_err() {
            self.is_over.store(true, Ordering::Relaxed);
        }
    }

    /// The whole lines of what is there now, up to a bound.
    pub(super) fn read(&self) -> Vec<String> {
        let mut partial = lock(&self.partial);
        partial.reserve(READ_BYTES);
        match self.pipe.try_read_buf(&mut *partial) {
            Ok(0) => self.is_over.store(true, Ordering::Relaxed),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.is_over.store(true, Ordering::Relaxed),
        }
        take_lines(&mut partial)
    }

    /// What is left of an ended worker's log, its last line included.
    pub(super) fn read_rest(&self) -> Vec<String> {
        let mut partial = lock(&self.partial);
        let mut chunk = vec![0; READ_BYTES];
        while let Ok(length @ 1..) = rustix::io::read(&self.pipe, &mut chunk[..]) {
            partial.extend_from_slice(&chunk[..length]);
            if partial.len() > REST_BYTES_MAX {
                break;
            }
        }
        let mut lines = take_lines(&mut partial);
        if !partial.is_empty() {
            lines.push(text_of(&partial));
            partial.clear();
        }
        lines
    }

    pub(super) fn note(&self, call: u64, line: &str) {
        let mut last = lock(&self.last);
        if last.len() == LINES_MAX {
            last.pop_front();
        }
        last.push_back((call, line.to_owned()));
    }

    /// The last lines of this call and of those it has made.
    pub(super) fn last_lines(&self, from: u64) -> LastLines {
        let last = lock(&self.last);
        let own = last.iter().filter(|(call, _)| *call >= from);
        LastLines::of(own.map(|(_, line)| line.as_str()).collect())
    }
}

impl LastLines {
    /// Takes the stack that `faulthandler` wrote, innermost frame first, out of the lines.
    fn of(mut lines: Vec<&str>) -> Self {
        let is_head = |line: &&str| {
            line.starts_with("Current thread 0x") || *line == "Stack (most recent call first):"
        };
        let mut traceback = String::new();
        if let Some(at) = lines.iter().rposition(is_head) {
            let frames: Vec<_> = lines[at..]
                .iter()
                .filter(|line| line.starts_with("  File \"") && !line.contains("<luthier/"))
                .rev()
                .copied()
                .collect();
            if !frames.is_empty() {
                traceback = format!("Stack (most recent call last):\n{}\n", frames.join("\n"));
            }
            lines.truncate(at);
        }
        let lines = lines.iter().filter(|line| !line.is_empty());
        let lines: Vec<_> = lines.map(|line| (*line).to_owned()).collect();
        Self {
            lines: lines[lines.len().saturating_sub(SHOWN_MAX)..].to_vec(),
            traceback,
        }
    }
}

fn take_lines(partial: &mut Vec<u8>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = &partial[..];
    loop {
        let end = rest
            .iter()
            .take(LINE_BYTES_MAX)
            .position(|byte| *byte == b'\n');
        let length = match end {
            Some(end) => end + 1,
            None if rest.len() >= LINE_BYTES_MAX => LINE_BYTES_MAX,
            None => break,
        };
        let (line, after) = rest.split_at(length);
        lines.push(text_of(line));
        rest = after;
    }
    let taken = partial.len() - rest.len();
    partial.drain(..taken);
    lines
}

fn text_of(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().to_owned()
}
