//! Where the calls arrive that a held process may not make.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

use crate::{attempt, kernel};

/// Hears of each call that the rails do not allow, and refuses it. Who makes it waits meanwhile.
///
/// It can be read when there is a call; so it can be waited for together with other things.
#[derive(Debug)]
pub struct Guard(OwnedFd);

/// A call that was not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    id: u64,
    /// The name of the system call.
    pub what: String,
    /// What it was to be done to, such as a path, as the process named it; may be empty.
    pub detail: String,
}

impl Guard {
    /// The next call that waits to be refused, if there is one now. An error, too, when nobody is left
    /// who could make one.
    pub fn next(&self) -> io::Result<Option<Attempt>> {
        loop {
            if !kernel::has_message(self.as_fd())? {
                return Ok(None);
            }
            let message = match kernel::receive(self.as_fd()) {
                Ok(message) => message,
                Err(error) if is_passing(&error) => continue,
                Err(error) => return Err(error),
            };
            let (what, detail) = attempt::describe(&message);
            // What was read may be another process's by now, if the one that asked has ended.
            if kernel::is_waiting(self.as_fd(), message.id) {
                let id = message.id;
                return Ok(Some(Attempt { id, what, detail }));
            }
        }
    }

    /// Has the call fail with `EPERM`. Whoever made it may have ended, and then nothing is to be done.
    pub fn refuse(&self, attempt: &Attempt) -> io::Result<()> {
        match kernel::refuse(self.as_fd(), attempt.id) {
            Err(error) if !is_passing(&error) => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Did only the one call come to nothing?
fn is_passing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR))
}

impl From<OwnedFd> for Guard {
    fn from(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }
}

impl AsFd for Guard {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Guard {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
