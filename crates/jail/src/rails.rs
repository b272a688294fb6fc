//! What is put up around a process.

use std::{
    io,
    path::{Path, PathBuf},
    thread,
};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, Scope, path_beneath_rules,
};

use crate::{
    filter::{self, Otherwise},
    guard::Guard,
    kernel,
};

/// The newest Landlock that this was tried with. An older kernel enforces what it knows; the first
/// version is enough, since the filter stands before it.
pub(crate) const LANDLOCK: ABI = ABI::V7;

/// What a process may do that is held: compute, and read these files and folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rails {
    /// With all that is below them; what is not there is passed over.
    pub readable: Vec<PathBuf>,
}

/// Why nothing is held. The process may be held in part, and must not run anybody's code.
#[derive(Debug, thiserror::Error)]
pub enum RailsError {
    #[error("this kernel has no Landlock")]
    NoLandlock,
    #[error("Landlock is built into this kernel, but not switched on")]
    LandlockIsOff,
    #[error("the paths that may be read cannot be named to the kernel")]
    Paths(#[source] RulesetError),
    #[error("the kernel takes no Landlock rules")]
    Landlock(#[source] RulesetError),
    #[error("another program answers for the system calls of this one, and there can be only one")]
    Watched,
    #[error("the kernel takes no seccomp filter that another process answers for")]
    Seccomp(#[source] io::Error),
    #[error("the kernel takes no limits")]
    Limits(#[source] io::Error),
    #[error("root's rights cannot be given up")]
    Root(#[source] io::Error),
}

impl RailsError {
    /// What would help.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoLandlock => "use Linux 5.13 or newer, built with CONFIG_SECURITY_LANDLOCK",
            Self::LandlockIsOff => "add `landlock` to `lsm=` on the kernel's command line",
            Self::Limits(_) => "let the process lower its own limits (setrlimit)",
            Self::Root(_) => {
                "run as an ordinary user, or let containers call setresuid and setgroups"
            }
            Self::Watched => "leave the sandbox or container that does, or have it do without",
            Self::Paths(_) | Self::Landlock(_) | Self::Seccomp(_) => {
                "use Linux 5.13 or newer, and let containers call landlock_* and seccomp"
            }
        }
    }
}

impl Rails {
    /// Holds the calling thread, and all that it starts from now on, for ever. To hold a process,
    /// call it while there is no other thread.
    ///
    /// Hand what comes back to another process, and forget it here: nobody answers a call that is
    /// not allowed until somebody there does, and when it is closed everywhere they all fail.
    pub fn apply(&self) -> Result<Guard, RailsError> {
        self.put_up().map(|(guard, _)| guard)
    }

    fn put_up(&self) -> Result<(Guard, u8), RailsError> {
        let landlock = restrict(&self.readable)?;
        let descriptor = kernel::install(&filter::program(kernel::own_pid(), Otherwise::Refer))
            .map_err(|error| {
                if error.raw_os_error() == Some(libc::EBUSY) {
                    RailsError::Watched
                } else {
                    RailsError::Seccomp(error)
                }
            })?;
        Ok((Guard::from(descriptor), landlock))
    }
}

/// Says which version of Landlock this kernel enforces, or why a process cannot be held here. It is
/// tried in a thread that ends.
pub fn probe() -> Result<u8, RailsError> {
    let tried = thread::Builder::new()
        .name("rails-probe".to_owned())
        .spawn(|| Rails::default().put_up().map(|(_, landlock)| landlock));
    match tried.map(thread::JoinHandle::join) {
        Ok(Ok(found)) => found,
        Ok(Err(_panic)) => Err(RailsError::Seccomp(io::Error::other("the thread panicked"))),
        Err(error) => Err(RailsError::Seccomp(error)),
    }
}

/// Allows reading below these paths, and nothing else that Landlock knows of.
pub(crate) fn restrict(readable: &[impl AsRef<Path>]) -> Result<u8, RailsError> {
    let reading: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(LANDLOCK)))
        .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
        .and_then(Ruleset::create)
        .map_err(RailsError::Landlock)?;
    let restricted = ruleset
        .add_rules(path_beneath_rules(readable, reading))
        .map_err(RailsError::Paths)?
        .restrict_self()
        .map_err(RailsError::Landlock)?;
    status(restricted.landlock)
}

/// Which version of Landlock holds, or why none does.
pub(crate) fn status(landlock: LandlockStatus) -> Result<u8, RailsError> {
    match landlock {
        LandlockStatus::NotImplemented => Err(RailsError::NoLandlock),
        LandlockStatus::NotEnabled => Err(RailsError::LandlockIsOff),
        LandlockStatus::Available { effective_abi, .. } => Ok(effective_abi as u8),
    }
}
