//! What is put up around code that nobody trusts: the same as rails, which it cannot be told of, and
//! limits on whatever the kernel counts.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    filter::{self, Otherwise},
    kernel,
    rails::{RailsError, restrict},
    root,
};

/// What a machine is called of which nothing is to be known.
const NAME: &str = "sandbox";

/// What a process and all that it forks from now on may read. It is put up once, before the forks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fence {
    /// With all that is below them; what is not there is passed over.
    pub readable: Vec<PathBuf>,
}

impl Fence {
    /// Holds the calling thread, and all that it starts from now on, for ever. Says which version of
    /// Landlock holds it.
    pub fn apply(&self) -> Result<u8, RailsError> {
        restrict(&self.readable)
    }

    /// Leaves the machine's files behind for a root in which only these are to be seen, so that not
    /// even the names of others are. That takes root's rights.
    pub fn leave_files(shown: &[impl AsRef<Path>]) -> io::Result<()> {
        root::change(shown)
    }

    /// Leaves the machine's network, and its name, for those of a machine that nobody knows; false
    /// where that takes rights that this process does not have. No network can be reached from a cage
    /// in any case.
    pub fn leave_network() -> bool {
        let namespaces = libc::CLONE_NEWNET | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
        kernel::leave(namespaces)
            .and_then(|()| kernel::take_name(NAME))
            .is_ok()
    }
}

/// The limits of one process that runs code that nobody trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cage {
    /// Whom a process of root's becomes. One for each process, so that they are nothing to each other.
    pub user: u32,
    pub threads_max: u32,
    pub open_files_max: u32,
    /// All that is mapped, used or not. What a process has allocated is limited elsewhere; this holds for
    /// memory that it maps past its allocator.
    pub address_bytes_max: u64,
    /// Processor time, after which the kernel ends it if nobody else did.
    pub cpu_s_max: u64,
}

impl Cage {
    /// Holds the calling process for ever: limits, the rights of nobody, and no system call but those
    /// that computing takes. To be called while there is one thread. Whatever else is asked for fails
    /// with `EPERM`.
    pub fn enter(&self) -> Result<(), RailsError> {
        self.limit().map_err(RailsError::Limits)?;
        if kernel::is_root() {
            kernel::become_user(self.user).map_err(RailsError::Root)?;
        }
        kernel::end_with_parent().map_err(RailsError::Limits)?;
        let program = filter::program(kernel::own_pid(), Otherwise::Refuse);
        kernel::install_silently(&program).map_err(RailsError::Seccomp)
    }

    fn limit(&self) -> io::Result<()> {
        let limits = [
            // Only an own user's processes are counted apart from everybody else's.
            (
                libc::RLIMIT_NPROC,
                u64::from(self.threads_max),
                kernel::is_root(),
            ),
            (libc::RLIMIT_NOFILE, u64::from(self.open_files_max), true),
            (libc::RLIMIT_AS, self.address_bytes_max, true),
            (libc::RLIMIT_CPU, self.cpu_s_max, true),
            (libc::RLIMIT_FSIZE, 0, true),
            (libc::RLIMIT_CORE, 0, true),
            (libc::RLIMIT_MEMLOCK, 0, true),
            (libc::RLIMIT_MSGQUEUE, 0, true),
        ];
        let mut wanted = limits.into_iter().filter(|(.., is_wanted)| *is_wanted);
        wanted.try_for_each(|(resource, most, _)| kernel::limit(resource, most))
    }
}
