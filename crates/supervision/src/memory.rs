mod cgroup;
mod proc;
mod system;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use system::{ProcessMemory, SystemMemory};

/// One measure of how short memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum Reading {
    /// Resident memory of this process against a limit of its own.
    Process { used_bytes: u64, limit_bytes: u64 },
    /// The control group nearest to its limit, of those that contain this process; without what
    /// the kernel can reclaim at once.
    Cgroup { used_bytes: u64, limit_bytes: u64 },
    /// The whole machine.
    Machine { used_bytes: u64, limit_bytes: u64 },
    /// Share of the last ten seconds in which some task waited for memory.
    Stall { some_avg10_basis_points: u64 },
}

/// What kind of reading it is; each keeps its own level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    Process,
    Cgroup,
    Machine,
    Stall,
}

impl Reading {
    pub(crate) fn origin(&self) -> Origin {
        match self {
            Self::Process { .. } => Origin::Process,
            Self::Cgroup { .. } => Origin::Cgroup,
            Self::Machine { .. } => Origin::Machine,
            Self::Stall { .. } => Origin::Stall,
        }
    }

    /// How much of the limit is used, or of the time stalled, in hundredths of a percent.
    pub fn basis_points(&self) -> u64 {
        match *self {
            Self::Process {
                used_bytes,
                limit_bytes,
            }
            | Self::Cgroup {
                used_bytes,
                limit_bytes,
            }
            | Self::Machine {
                used_bytes,
                limit_bytes,
            } => share(used_bytes, limit_bytes),
            Self::Stall {
                some_avg10_basis_points,
            } => some_avg10_basis_points,
        }
    }
}

/// A limit of zero counts as one byte: whatever is used then is too much.
fn share(used_bytes: u64, limit_bytes: u64) -> u64 {
    let share = u128::from(used_bytes) * 10_000 / u128::from(limit_bytes.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// Where readings come from.
pub trait MemorySource: Send + Sync + 'static {
    /// Every reading that can be had now; `rss_bytes_max` is the process's own limit, if it has one.
    fn read(&self, rss_bytes_max: Option<u64>) -> Vec<Result<Reading, ReadingError>>;
}

/// Why a reading could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadingError {
    #[error("could not read `{}`", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}` has no {what}", path.display())]
    Malformed { path: PathBuf, what: &'static str },
}

fn read_text(path: &Path) -> Result<String, ReadingError> {
    std::fs::read_to_string(path).map_err(|source| ReadingError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// Reads a file and what `parse` finds in it.
fn read_parsed<T>(
    path: &Path,
    what: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, ReadingError> {
    let text = read_text(path)?;
    parse(&text).ok_or_else(|| ReadingError::Malformed {
        path: path.to_owned(),
        what,
    })
}
