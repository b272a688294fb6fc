//! Tells when a process has ended, whoever else holds its streams.
#![expect(unsafe_code, reason = "a descriptor must outlive its registration")]

use std::{io, os::fd::OwnedFd};

use rustix::process::{Pid, PidfdFlags};
use tokio::io::{Interest, unix::AsyncFd};

pub(super) struct Ended(AsyncFd<OwnedFd>);

impl Ended {
    pub(super) fn of(process: Pid) -> io::Result<Self> {
        let descriptor = rustix::process::pidfd_open(process, PidfdFlags::empty())?;
        // SAFETY: an `OwnedFd` stays open as long as the registration, which owns it.
        let registered = unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) };
        Ok(Self(registered.map_err(io::Error::other)?))
    }

    pub(super) async fn wait(&self) {
        // An error would mean that the runtime is going, and the process goes with it.
        drop(self.0.readable().await);
    }
}
