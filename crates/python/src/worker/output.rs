//! What the worker writes. Frames are first kept in memory that outlives the process, then written
//! many at a time.

use std::{
    io::{self, IoSlice, Write as _},
    mem::MaybeUninit,
    os::{fd::BorrowedFd, unix::net::UnixStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

use crate::shared::{HELD_BYTES_MAX, Shared};

use super::process;

/// Everything that goes to the pool.
pub(super) struct Outbox {
    shared: Shared,
    /// The stream of work itself, not a copy: a forked child disarms one descriptor of it.
    stream: Mutex<Arc<UnixStream>>,
}

impl Outbox {
    pub(super) fn new(shared: Shared, stream: Arc<UnixStream>) -> Self {
        Self {
            shared,
            stream: Mutex::new(stream),
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Takes whole frames; they are on the stream after the next `flush`, and with the pool in any
    /// case, even if the process ends right now.
    pub(super) fn push(&self, frames: &[u8]) {
        process::end_if_forked();
        let stream = self.stream();
        if self.shared.hold(frames) {
            return;
        }
        self.write_held(&stream);
        if frames.len() > HELD_BYTES_MAX {
            write(&stream, frames);
        } else {
            self.shared.hold(frames);
        }
    }

    /// Writes one frame, and a descriptor with it. Nothing else may be held back.
    pub(super) fn hand_over(&self, frame: &[u8], descriptor: BorrowedFd<'_>) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let files = [descriptor];
        ancillary.push(SendAncillaryMessage::ScmRights(&files));
        let (stream, bytes) = (self.stream(), [IoSlice::new(frame)]);
        let sent = rustix::net::sendmsg(&**stream, &bytes, &mut ancillary, SendFlags::NOSIGNAL)?;
        if sent != frame.len() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        Ok(())
    }

    pub(super) fn flush(&self) {
        process::end_if_forked();
        let stream = self.stream();
        self.write_held(&stream);
    }

    fn write_held(&self, stream: &UnixStream) {
        let held = self.shared.held_from(0);
        if !held.is_empty() {
            write(stream, held);
            self.shared.forget_held();
        }
    }

    fn stream(&self) -> MutexGuard<'_, Arc<UnixStream>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pool that does not read any more is gone, and a worker without one has no purpose.
fn write(mut stream: &UnixStream, bytes: &[u8]) {
    if stream.write_all(bytes).is_err() {
        process::end_group();
    }
}
