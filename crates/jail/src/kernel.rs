//! The system calls for which there is no safe interface.
#![expect(unsafe_code, reason = "seccomp has no safe interface")]

use std::{
    io,
    mem::MaybeUninit,
    os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
};

use libc::{c_ulong, seccomp_notif, seccomp_notif_resp, seccomp_notif_sizes, sock_filter};

/// The smallest page there is; text is read up to the end of one at a time.
const PAGE_BYTES: u64 = 4096;

pub(crate) fn own_pid() -> u32 {
    std::process::id()
}

/// Holds the calling thread to a filter, and gives back what hears of the calls that it refers.
pub(crate) fn install(program: &[sock_filter]) -> io::Result<OwnedFd> {
    check_sizes()?;
    renounce()?;
    let listens = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // Without it a signal ends the wait for an answer, and the call is made and told of again.
    let waits = libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let descriptor = match set_filter(program, listens | waits) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => set_filter(program, listens),
        result => result,
    }?;
    // SAFETY: the kernel has just made it, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Holds the calling thread to a filter that decides by itself.
pub(crate) fn install_silently(program: &[sock_filter]) -> io::Result<()> {
    renounce()?;
    set_filter(program, 0).map(|_zero| ())
}

/// Nothing that is started from here on has more rights than this.
fn renounce() -> io::Result<()> {
    // SAFETY: plain numbers.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })
}

fn set_filter(program: &[sock_filter], flags: c_ulong) -> io::Result<i32> {
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog {
        len: length,
        filter: program.as_ptr().cast_mut(),
    };
    let set = libc::SECCOMP_SET_MODE_FILTER;
    // SAFETY: the kernel copies the program, which is as long as it says.
    let descriptor = unsafe { libc::syscall(libc::SYS_seccomp, set, flags, &raw const program) };
    let descriptor = i32::try_from(descriptor).map_err(io::Error::other)?;
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(descriptor)
}

/// Becomes this user, of no group but its own, for ever.
pub(crate) fn become_user(id: u32) -> io::Result<()> {
    // SAFETY: plain numbers; no group is an empty list.
    unsafe {
        check(libc::setgroups(0, std::ptr::null()))?;
        check(libc::setresgid(id, id, id))?;
        check(libc::setresuid(id, id, id))
    }
}

/// What programs learn of the machine's name, in a namespace of its own.
pub(crate) fn take_name(name: &str) -> io::Result<()> {
    // SAFETY: the kernel copies as many bytes as it is told.
    check(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) })
}

/// Leaves namespaces for new ones in which there is nobody else.
pub(crate) fn leave(namespaces: i32) -> io::Result<()> {
    // SAFETY: plain numbers, and none that has threads of one process see different files open.
    check(unsafe { libc::unshare(namespaces) })
}

pub(crate) fn is_root() -> bool {
    // SAFETY: has no preconditions.
    unsafe { libc::geteuid() == 0 }
}

/// Ends with the process that started it. To be said again after each change of user.
pub(crate) fn end_with_parent() -> io::Result<()> {
    // SAFETY: plain numbers.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) })
}

pub(crate) fn limit(resource: libc::__rlimit_resource_t, most: u64) -> io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: the kernel reads the structure.
    check(unsafe { libc::setrlimit(resource, &raw const limit) })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Does the kernel mean the same structures?
fn check_sizes() -> io::Result<()> {
    let mut sizes = MaybeUninit::<seccomp_notif_sizes>::zeroed();
    let ask = libc::SECCOMP_GET_NOTIF_SIZES;
    // SAFETY: the kernel fills in the structure, for which all zeros are a value.
    let sizes = unsafe {
        if libc::syscall(libc::SYS_seccomp, ask, 0, sizes.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        sizes.assume_init()
    };
    let fits = usize::from(sizes.seccomp_notif) == size_of::<seccomp_notif>()
        && usize::from(sizes.seccomp_notif_resp) == size_of::<seccomp_notif_resp>();
    if fits {
        Ok(())
    } else {
        Err(io::Error::other("the kernel's messages have other sizes"))
    }
}

/// Is there a call to hear of? `BrokenPipe` when whoever was held has ended.
pub(crate) fn has_message(listener: BorrowedFd<'_>) -> io::Result<bool> {
    let mut poll = libc::pollfd {
        fd: listener.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one structure, and it does not wait.
    if unsafe { libc::poll(&raw mut poll, 1, 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    if poll.revents & libc::POLLIN != 0 {
        return Ok(true);
    }
    if poll.revents & (libc::POLLHUP | libc::POLLERR) != 0 {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    Ok(false)
}

/// Takes the next message. Waits for one, unless there was one a moment ago whose caller has ended
/// since: that is `NotFound`.
pub(crate) fn receive(listener: BorrowedFd<'_>) -> io::Result<seccomp_notif> {
    let mut message = MaybeUninit::<seccomp_notif>::zeroed();
    let request = libc::SECCOMP_IOCTL_NOTIF_RECV;
    // SAFETY: zeroed, as the kernel wants it, and as large as it takes it to be.
    unsafe {
        if libc::ioctl(listener.as_raw_fd(), request, message.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(message.assume_init())
    }
}

/// Is it still this caller that waits, and no other that was given its number?
pub(crate) fn is_waiting(listener: BorrowedFd<'_>, id: u64) -> bool {
    let request = libc::SECCOMP_IOCTL_NOTIF_ID_VALID;
    // SAFETY: the kernel reads one number.
    unsafe { libc::ioctl(listener.as_raw_fd(), request, &raw const id) == 0 }
}

/// Has a call fail.
pub(crate) fn refuse(listener: BorrowedFd<'_>, id: u64) -> io::Result<()> {
    let mut answer = seccomp_notif_resp {
        id,
        val: 0,
        error: -libc::EPERM,
        flags: 0,
    };
    let request = libc::SECCOMP_IOCTL_NOTIF_SEND;
    // SAFETY: as large as the kernel takes it to be.
    if unsafe { libc::ioctl(listener.as_raw_fd(), request, &raw mut answer) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Copies what another process has at an address, up to the end of what can be read.
pub(crate) fn read_memory(thread: u32, address: u64, into: &mut [u8]) -> usize {
    let mut length = 0;
    while length < into.len() {
        let Some(from) = address.checked_add(length as u64) else {
            break;
        };
        let in_page = usize::try_from(PAGE_BYTES - from % PAGE_BYTES).unwrap_or(usize::MAX);
        let end = into.len().min(length.saturating_add(in_page));
        if !read_piece(thread, from, &mut into[length..end]) {
            break;
        }
        length = end;
    }
    length
}

fn read_piece(thread: u32, address: u64, into: &mut [u8]) -> bool {
    let Ok(thread) = i32::try_from(thread) else {
        return false;
    };
    let here = libc::iovec {
        iov_base: into.as_mut_ptr().cast(),
        iov_len: into.len(),
    };
    let there = libc::iovec {
        iov_base: address as *mut libc::c_void,
        iov_len: into.len(),
    };
    // SAFETY: the kernel writes no more than the slice is long; the other address is only its.
    let read =
        unsafe { libc::process_vm_readv(thread, &raw const here, 1, &raw const there, 1, 0) };
    usize::try_from(read).is_ok_and(|read| read == into.len())
}
