//! Writing to a reader that may be slow, may stop reading, and may go away.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread, write};
use rustix::pipe::fcntl_getpipe_size;

/// What a pipe that polls as writable takes at once without blocking (`PIPE_BUF`).
const CHUNK_BYTES_MAX: usize = 4096;

/// Why a reader is written off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Gone {
    #[error("its reader closed it")]
    Closed,
    #[error("its reader stopped reading")]
    Stalled,
    #[error("it cannot be written to: {0}")]
    Failed(Errno),
}

/// The far end of the descriptor.
///
/// The descriptor stays in blocking mode, as that belongs to everyone who shares it, a terminal for
/// instance; polling before each small write keeps a write from blocking.
pub(super) struct Reader {
    fd: OwnedFd,
    stall_max: Duration,
    /// The last lines written, as many as the pipe may still hold unread.
    kept: VecDeque<String>,
    kept_bytes: usize,
    /// 0 for what is no pipe: nobody can tell how much of it was read.
    pipe_bytes: usize,
}

impl Reader {
    pub(super) fn new(fd: OwnedFd, stall_max: Duration) -> Self {
        let pipe_bytes = fcntl_getpipe_size(&fd).unwrap_or(0);
        Self {
            fd,
            stall_max,
            kept: VecDeque::new(),
            kept_bytes: 0,
            pipe_bytes,
        }
    }

    /// Writes a whole line, or says why not and how many of its bytes were written.
    pub(super) fn write(&mut self, line: &str) -> Result<(), (Gone, usize)> {
        let deadline = Instant::now() + self.stall_max;
        let bytes = line.as_bytes();
        let mut written = 0;
        while written < bytes.len() {
            self.wait_until_writable(deadline)
                .map_err(|gone| (gone, written))?;
            let chunk_end = bytes.len().min(written + CHUNK_BYTES_MAX);
            match write(&self.fd, &bytes[written..chunk_end]) {
                Ok(count) => written += count,
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(Errno::PIPE | Errno::CONNRESET) => return Err((Gone::Closed, written)),
                Err(errno) => return Err((Gone::Failed(errno), written)),
            }
        }
        self.keep(line);
        Ok(())
    }

    /// Whether the reader is known to be gone already.
    pub(super) fn find_gone(&self) -> Option<Gone> {
        match self.poll(Duration::ZERO) {
            Ok(events) if is_hung_up(events) => Some(Gone::Closed),
            Ok(_) => None,
            Err(errno) => Some(Gone::Failed(errno)),
        }
    }

    /// The lines that were written and not, or not wholly, read. A pipe keeps what was not read even
    /// after its reader is gone; `partial_bytes` of it are of a line that is not among these.
    pub(super) fn take_unread(&mut self, partial_bytes: usize) -> Vec<String> {
        let in_pipe = match ioctl_fionread(&self.fd) {
            Ok(count) if self.pipe_bytes > 0 => usize::try_from(count).unwrap_or(usize::MAX),
            Ok(_) | Err(_) => return Vec::new(),
        };
        let unread_bytes = in_pipe.saturating_sub(partial_bytes);
        let mut first = self.kept.len();
        let mut found_bytes = 0;
        while found_bytes < unread_bytes && first > 0 {
            first -= 1;
            found_bytes += self.kept[first].len();
        }
        self.kept.drain(first..).collect()
    }

    fn keep(&mut self, line: &str) {
        if self.pipe_bytes == 0 {
            return;
        }
        self.kept.push_back(line.to_owned());
        self.kept_bytes += line.len();
        while let Some(oldest) = self.kept.front()
            && self.kept_bytes - oldest.len() >= self.pipe_bytes
        {
            self.kept_bytes -= oldest.len();
            self.kept.pop_front();
        }
    }

    fn wait_until_writable(&self, deadline: Instant) -> Result<(), Gone> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.poll(left) {
                Ok(events) if is_hung_up(events) => return Err(Gone::Closed),
                Ok(events) if events.contains(PollFlags::OUT) => return Ok(()),
                Ok(_) if left.is_zero() => return Err(Gone::Stalled),
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(Gone::Failed(errno)),
            }
        }
    }

    fn poll(&self, wait_max: Duration) -> Result<PollFlags, Errno> {
        let mut polled = [PollFd::new(&self.fd, PollFlags::OUT)];
        let wait_max = Timespec::try_from(wait_max).map_err(|_too_long| Errno::INVAL)?;
        poll(&mut polled, Some(&wait_max))?;
        Ok(polled[0].revents())
    }
}

fn is_hung_up(events: PollFlags) -> bool {
    events.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL)
}
