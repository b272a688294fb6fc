//! A stream as a cell reads it: frame by frame.

use std::{io, sync::Arc};

use bytes::BytesMut;
use python::frame::{self, Frame};
use rustix::net::RecvFlags;
use tokio::{io::Interest, net::UnixStream};

/// How much is asked of the kernel at once.
const READ_BYTES: usize = 64 << 10;

/// Frames off a stream.
pub(super) struct Inbox {
    stream: Arc<UnixStream>,
    buffer: BytesMut,
    chunk: Vec<u8>,
}

impl Inbox {
    pub(super) fn new(stream: Arc<UnixStream>) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            chunk: vec![0; READ_BYTES],
        }
    }

    /// The next frame; `None` at the end of the stream. Nothing is lost when it is dropped early.
    pub(super) async fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = frame::take(&mut self.buffer).map_err(io::Error::other)? {
                return Ok(Some(frame));
            }
            match self.fill().await {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks the kernel first: what the runtime knows may be older than what just came, and of two
    /// streams the one that must not wait is to be seen first.
    async fn fill(&mut self) -> io::Result<usize> {
        let Self {
            stream,
            buffer,
            chunk,
        } = self;
        let mut receive = || -> io::Result<usize> {
            let (_, length) = rustix::net::recv(&**stream, &mut chunk[..], RecvFlags::DONTWAIT)?;
            Ok(length)
        };
        let mut received = receive();
        while let Err(error) = &received
            && error.kind() == io::ErrorKind::WouldBlock
        {
            stream.readable().await?;
            received = stream.try_io(Interest::READABLE, &mut receive);
        }
        let length = received?;
        buffer.extend_from_slice(&chunk[..length]);
        Ok(length)
    }
}
