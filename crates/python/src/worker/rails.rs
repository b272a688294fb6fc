//! Rails for what this worker is going to load: from here on it reads Python's own files and those of
//! the packages that the code asked for, and changes none.

use std::{error::Error, fs, path::PathBuf};

use jail::{Guard, Rails};
use pyo3::prelude::*;

use super::{WorkerError, process::Process};

/// What Python, its extensions and the system's libraries look at.
const SYSTEM: [&str; 14] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/usr/share/locale",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/proc/self",
    "/sys/devices/system/cpu",
];

/// Puts them up if the pool wants them, and gives back what answers for them.
pub(super) fn put_up(py: Python<'_>, process: &Process) -> Result<Option<Guard>, WorkerError> {
    let Some(readable) = &process.readable else {
        return Ok(None);
    };
    // Threads that are there already would not be held.
    let threads = fs::read_dir("/proc/self/task")?.count();
    if threads != 1 {
        let reason = format!("there are {threads} threads already");
        return Err(WorkerError::Rails(reason));
    }
    let path: Vec<PathBuf> = py.import("sys")?.getattr("path")?.extract()?;
    let system = SYSTEM.into_iter().map(PathBuf::from);
    let rails = Rails {
        readable: readable.iter().cloned().chain(path).chain(system).collect(),
    };
    let guard = rails.apply().map_err(|error| {
        let causes = std::iter::successors(error.source(), |error| (*error).source());
        let causes = causes.map(|cause| format!(": {cause}"));
        let causes: String = causes.collect();
        WorkerError::Rails(format!("{error}{causes}: {}", error.hint()))
    })?;
    Ok(Some(guard))
}
