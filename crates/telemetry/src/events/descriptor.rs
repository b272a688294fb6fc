//! Taking over a descriptor that the parent process named by its number.

use std::io;
use std::os::fd::{BorrowedFd, FromRawFd as _, OwnedFd, RawFd};

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{Errno, FdFlags, fcntl_getfd, fcntl_setfd};

use super::EventsError;

/// The last of the descriptors that have a meaning of their own: stdin, stdout and stderr.
const STANDARD_FD_MAX: RawFd = 2;

/// Makes a number that was inherited into a descriptor that is owned, and no longer passed on to
/// processes that this one starts: they would keep the stream open after its end.
#[expect(
    unsafe_code,
    reason = "a descriptor that is inherited is known by its number alone"
)]
pub(super) fn take(fd: RawFd) -> Result<OwnedFd, EventsError> {
    if fd <= STANDARD_FD_MAX {
        return Err(EventsError::Standard { fd });
    }
    // SAFETY: it is not -1, and is borrowed for system calls that touch no memory and merely fail
    // if the number is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    let not_open = |errno: Errno| EventsError::NotOpen {
        fd,
        source: io::Error::from(errno),
    };
    let flags = fcntl_getfd(borrowed).map_err(not_open)?;
    // What this process opens itself is closed on exec, so an open descriptor without that flag came
    // from its parent.
    if flags.contains(FdFlags::CLOEXEC) {
        return Err(EventsError::NotGiven { fd });
    }
    let mode = fcntl_getfl(borrowed).map_err(not_open)?;
    if mode & OFlags::ACCMODE == OFlags::RDONLY {
        return Err(EventsError::NotWritable { fd });
    }
    fcntl_setfd(borrowed, flags | FdFlags::CLOEXEC).map_err(not_open)?;
    // SAFETY: the number is open, came from the parent for this use alone, and is taken once: from
    // now on it has the flag that is refused above.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
