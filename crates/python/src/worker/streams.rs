//! The stream of work as the worker reads it.

use std::{io, os::unix::net::UnixStream, sync::Arc};

use bytes::BytesMut;
use rustix::net::RecvFlags;

use crate::frame::{self, Frame, FrameError};

/// How much is asked of the kernel at once.
const READ_BYTES: usize = 64 << 10;

/// Frames off a stream, many for each read.
pub(super) struct Inbox {
    stream: Arc<UnixStream>,
    buffer: BytesMut,
    chunk: Vec<u8>,
}

/// What a read brought.
#[derive(PartialEq, Eq)]
pub(super) enum Filled {
    Some,
    NothingYet,
    End,
}

impl Inbox {
    pub(super) fn new(stream: Arc<UnixStream>) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            chunk: vec![0; READ_BYTES],
        }
    }

    pub(super) fn take(&mut self) -> Result<Option<Frame>, FrameError> {
        frame::take(&mut self.buffer)
    }

    /// Waits for more bytes.
    pub(super) fn fill(&mut self) -> io::Result<Filled> {
        self.receive(RecvFlags::empty())
    }

    /// Takes what is there.
    pub(super) fn fill_now(&mut self) -> io::Result<Filled> {
        self.receive(RecvFlags::DONTWAIT)
    }

    fn receive(&mut self, flags: RecvFlags) -> io::Result<Filled> {
        loop {
            match rustix::net::recv(&*self.stream, &mut self.chunk[..], flags) {
                Ok((_, 0)) => return Ok(Filled::End),
                Ok((_, length)) => {
                    self.buffer.extend_from_slice(&self.chunk[..length]);
                    return Ok(Filled::Some);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(Filled::NothingYet),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
