//! One release of a lineage at a time.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use model::LineageName;
use tokio::time::{Instant, sleep};

/// Time to wait for another release; after that it hangs. Proving is not a part of it.
pub const TURN_MS_MAX: u64 = 30_000;

const LOOK: Duration = Duration::from_millis(1);

/// Held while a lineage is released, and let go of by a process that dies.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "closing it lets go")] File);

/// Why it did not come.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    #[error(
        "another release of `{lineage}` has been going on for {TURN_MS_MAX} ms: is a process stuck?"
    )]
    Taken { lineage: LineageName },
    #[error("could not use `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl Turn {
    /// Waits for it. The files in `folder` stay, for a lock is on a file and not on its name.
    pub(crate) async fn take(folder: &Path, lineage: &LineageName) -> Result<Self, TurnError> {
        let path = folder.join(format!("{lineage}.lock"));
        let failed = |source| TurnError::Io {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let file = File::create(&path).map_err(failed)?;
        let until = Instant::now() + Duration::from_millis(TURN_MS_MAX);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(LOOK).await,
                Err(TryLockError::WouldBlock) => {
                    let lineage = lineage.clone();
                    return Err(TurnError::Taken { lineage });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
    }
}
