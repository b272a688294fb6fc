//! What a host is to the operating system: its descriptors, its group and its end.
#![expect(
    unsafe_code,
    reason = "descriptors that a process starts with have no owner yet"
)]

use std::{
    io::{self, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
};

use bytes::BytesMut;
use python::frame::{self, Hello, Kind};
use rustix::{
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SocketType, sockopt},
    process::{Resource, Rlimit, Signal},
};
use tokio::{io::Interest, net::UnixStream};

use super::host::HostError;

/// The first frame is short and comes alone.
const HELLO_BYTES_MAX: usize = 16 << 10;

/// Takes over from the program that was started.
pub(super) fn harden(ends_with_thread: bool) -> io::Result<()> {
    // SAFETY: nothing was opened yet but the three that a process starts with.
    unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
    let no_core = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    rustix::process::setrlimit(Resource::Core, no_core)?;
    // A session of its own: no terminal signals. A leader has one already.
    match rustix::process::setsid() {
        Ok(_) | Err(rustix::io::Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    // That is the end of the thread that started it; where that is no thread of its own, the end of the
    // streams is all there is.
    if ends_with_thread {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    }
    Ok(())
}

/// Moves a descriptor that the process started with out of the way.
pub(super) fn take_socket(descriptor: i32, kind: SocketType) -> Result<OwnedFd, HostError> {
    /// Above what programs commonly take for granted.
    const LOWEST: i32 = 64;
    // SAFETY: plain duplication; failure is checked.
    let moved = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, LOWEST) };
    if moved < 0 {
        return Err(io::Error::last_os_error().into());
    }
    // SAFETY: the descriptor was just made and nobody else knows it.
    let owned = unsafe { OwnedFd::from_raw_fd(moved) };
    match sockopt::socket_type(&owned) {
        Ok(found) if found == kind => Ok(owned),
        _ => Err(HostError::NotAHost),
    }
}

/// Leaves nothing of what was taken where a library could write to it.
pub(super) fn clear_standard_streams() -> io::Result<()> {
    let null = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(io::stderr().as_fd())?;
    Ok(())
}

/// Reads the first frame of a control stream and the memory that comes with it.
pub(super) async fn greet(control: &UnixStream) -> io::Result<(Hello, OwnedFd)> {
    let (bytes, mut files) = loop {
        control.readable().await?;
        match control.try_io(Interest::READABLE, || {
            receive::<1>(control.as_fd(), HELLO_BYTES_MAX)
        }) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            received => break received?,
        }
    };
    let memory = files.pop().ok_or(io::ErrorKind::InvalidData)?;
    let frame = frame::take(&mut BytesMut::from(&bytes[..])).map_err(io::Error::other)?;
    let frame = frame.filter(|frame| frame.kind == Kind::Hello);
    let frame = frame.ok_or(io::ErrorKind::InvalidData)?;
    Ok((frame.read().map_err(io::Error::other)?, memory))
}

/// Receives bytes without waiting, and up to three descriptors that come with them. None of either
/// is cut off unnoticed.
pub(super) fn receive<const FILES: usize>(
    socket: BorrowedFd<'_>,
    bytes_max: usize,
) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut bytes = vec![0; bytes_max];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let mut slices = [IoSliceMut::new(&mut bytes)];
    let received = rustix::net::recvmsg(socket, &mut slices, &mut ancillary, flags)?;
    let mut files = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(those) = message {
            files.extend(those);
        }
    }
    let is_cut = received
        .flags
        .intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC);
    if is_cut || files.len() > FILES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    bytes.truncate(received.bytes);
    Ok((bytes, files))
}
