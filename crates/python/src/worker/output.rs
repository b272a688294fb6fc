//! What the worker writes. Frames are first kept in memory that outlives the process, then written
//! many at a time.

use std::{
    io::Write as _,
    os::unix::net::UnixStream,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::shared::{HELD_BYTES_MAX, Shared};

use super::process;

/// Everything that goes to the pool.
pub(super) struct Outbox {
    shared: Shared,
    stream: Mutex<UnixStream>,
}

impl Outbox {
    pub(super) fn new(shared: Shared, stream: UnixStream) -> Self {
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
        let mut stream = self.stream();
        if self.shared.hold(frames) {
            return;
        }
        self.write_held(&mut stream);
        if frames.len() > HELD_BYTES_MAX {
            write(&mut stream, frames);
        } else {
            self.shared.hold(frames);
        }
    }

    pub(super) fn flush(&self) {
        process::end_if_forked();
        let mut stream = self.stream();
        self.write_held(&mut stream);
    }

    fn write_held(&self, stream: &mut UnixStream) {
        let held = self.shared.held_from(0);
        if !held.is_empty() {
            write(stream, held);
            self.shared.forget_held();
        }
    }

    fn stream(&self) -> MutexGuard<'_, UnixStream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pool that does not read any more is gone, and a worker without one has no purpose.
fn write(stream: &mut UnixStream, bytes: &[u8]) {
    if stream.write_all(bytes).is_err() {
        process::end_group();
    }
}
