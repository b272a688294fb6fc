//! One process at a time works on the jobs of a lineage.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use model::LineageName;

/// Held while a job of the lineage is worked on, and let go of by a process that dies.
pub(super) struct LineageLock(#[expect(dead_code, reason = "closing it lets go")] File);

#[derive(Debug, thiserror::Error)]
#[error("could not lock `{}`", path.display())]
pub(super) struct LockFailure {
    path: PathBuf,
    source: io::Error,
}

impl LineageLock {
    /// Nothing while another process has it.
    pub(super) fn try_take(
        folder: &Path,
        lineage: &LineageName,
    ) -> Result<Option<Self>, LockFailure> {
        let path = folder.join(format!("jobs-{lineage}.lock"));
        let failed = |source| LockFailure {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let file = File::create(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
