//! Where what a cell says becomes frames: on the stream of work, in order, and within bounds.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use python::frame::{self, Kind, LogHeader};
use tokio::net::UnixStream;

use super::instance::Stop;

/// A longer line is cut into several.
const LINE_BYTES_MAX: usize = 16 << 10;

/// More than this waits for whoever reads before code goes on.
const PENDING_BYTES_MAX: usize = 256 << 10;

/// One of the two streams that code prints to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// What goes out of a cell. It outlives the machine inside.
pub(super) struct Desk {
    stream: Arc<UnixStream>,
    out: Mutex<Out>,
    output_bytes_max: u64,
}

#[derive(Default)]
struct Out {
    /// Whole frames that are not yet on the stream.
    pending: Vec<u8>,
    /// The calls that run, each on top of the one before.
    running: Vec<u64>,
    /// Lines that have not ended: of which call, on which stream.
    partial: Vec<(u64, Stream, Vec<u8>)>,
    /// Printed and logged by the call that runs, and by those on top of it.
    printed: u64,
}

impl Desk {
    pub(super) fn new(stream: Arc<UnixStream>, output_bytes_max: u64) -> Self {
        Self {
            stream,
            out: Mutex::default(),
            output_bytes_max,
        }
    }

    /// The call that runs; 0 for none.
    pub(super) fn running(&self) -> u64 {
        self.out().running.last().copied().unwrap_or(0)
    }

    pub(super) fn begin(&self, id: u64) {
        let mut out = self.out();
        if out.running.is_empty() {
            out.printed = 0;
        }
        out.running.push(id);
    }

    pub(super) fn is_running(&self, id: u64) -> bool {
        self.out().running.contains(&id)
    }

    /// Ends the innermost call, and sends the lines that it has begun and not ended.
    pub(super) fn end_last(&self) {
        let mut out = self.out();
        if let Some(id) = out.running.pop() {
            out.end_lines(|of| of == id);
        }
    }

    /// Ends whatever runs.
    pub(super) fn end_all(&self) {
        let mut out = self.out();
        out.running.clear();
        out.end_lines(|_any| true);
    }

    /// Takes a whole frame. What the stream has no room for waits here.
    pub(super) fn push(&self, frame: &[u8]) {
        let mut out = self.out();
        out.pending.extend_from_slice(frame);
        self.write_some(&mut out);
    }

    /// Takes what was printed.
    pub(super) fn print(&self, stream: Stream, text: &[u8]) -> Result<(), Stop> {
        let mut out = self.out();
        self.count(&mut out, text.len())?;
        let id = out.running.last().copied().unwrap_or(0);
        let place = out
            .partial
            .iter()
            .position(|(of, on, _)| *of == id && *on == stream);
        let mut line = place
            .map(|place| out.partial.swap_remove(place).2)
            .unwrap_or_default();
        for piece in text.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                push_line(&mut out.pending, id, stream, &line);
                line.clear();
            }
            while line.len() > LINE_BYTES_MAX {
                let rest = line.split_off(character_end(&line));
                push_line(&mut out.pending, id, stream, &line);
                line = rest;
            }
        }
        if !line.is_empty() {
            out.partial.push((id, stream, line));
        }
        self.write_some(&mut out);
        Ok(())
    }

    /// Takes a log entry of so many bytes.
    pub(super) fn log(&self, frame: &[u8]) -> Result<(), Stop> {
        self.count(&mut self.out(), frame.len())?;
        self.push(frame);
        Ok(())
    }

    /// Waits for whoever reads, if much is waiting for them.
    pub(super) async fn make_room(&self) {
        let is_full = self.out().pending.len() > PENDING_BYTES_MAX;
        if is_full {
            // A stream that is gone ends the cell by itself.
            drop(self.flush().await);
        }
    }

    /// Waits until all of it is on the stream.
    pub(super) async fn flush(&self) -> io::Result<()> {
        loop {
            {
                let mut out = self.out();
                self.write_some(&mut out);
                if out.pending.is_empty() {
                    return Ok(());
                }
            }
            self.stream.writable().await?;
            self.check()?;
        }
    }

    /// A stream that is closed takes nothing any more, and is for ever writable.
    fn check(&self) -> io::Result<()> {
        match self.stream.try_write(&[]) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => match self.stream.take_error()? {
                Some(error) => Err(error),
                None => Ok(()),
            },
        }
    }

    fn count(&self, out: &mut Out, bytes: usize) -> Result<(), Stop> {
        out.printed = out.printed.saturating_add(bytes as u64);
        if out.printed > self.output_bytes_max {
            return Err(Stop::Output);
        }
        Ok(())
    }

    fn write_some(&self, out: &mut Out) {
        let mut written = 0;
        while written < out.pending.len() {
            match self.stream.try_write(&out.pending[written..]) {
                Ok(length) => written += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // Nobody reads any more; the end of the stream ends the cell.
                Err(_) => written = out.pending.len(),
            }
        }
        out.pending.drain(..written);
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Out {
    fn end_lines(&mut self, is_over: impl Fn(u64) -> bool) {
        for (id, stream, line) in self.partial.extract_if(.., |(of, ..)| is_over(*of)) {
            push_line(&mut self.pending, id, stream, &line);
        }
    }
}

/// Where the last whole character ends within the bound.
fn character_end(line: &[u8]) -> usize {
    let is_inside = |at: usize| line[at] & 0xC0 == 0x80;
    let mut at = LINE_BYTES_MAX;
    while at > LINE_BYTES_MAX - 4 && is_inside(at) {
        at -= 1;
    }
    at
}

fn push_line(out: &mut Vec<u8>, id: u64, stream: Stream, line: &[u8]) {
    let text = String::from_utf8_lossy(line);
    let header = LogHeader {
        level: "info".to_owned(),
        message: text.trim_end_matches(['\n', '\r']).to_owned(),
        stream: Some(stream.name().to_owned()),
        fields: serde_json::Map::new(),
    };
    frame::put(out, Kind::Log, id, &header, &[]);
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}
