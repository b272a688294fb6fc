//! A turn at changing references: nobody else changes them meanwhile, be it git or one of ours.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

/// How long others may hold references before this one gives up.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How long to wait before looking again, at first; doubled up to the last each time.
const LOOK_AGAIN_FIRST: Duration = Duration::from_micros(100);
const LOOK_AGAIN_LAST: Duration = Duration::from_millis(20);

/// The file that all processes of ours take turns by.
const TURN: &str = "luthier.lock";

/// What a person finds who looks into it, or into one of its links.
const EXPLANATION: &[u8] =
    b"Luthier takes turns by this file; other names of it hold a reference.\n";

/// Why the references could not be held.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error(
        "`{}` has been there for {} s: if no git runs in the repository, remove it",
        path.display(),
        LOCK_WAIT.as_secs()
    )]
    Held { path: PathBuf },
    #[error("another process has changed references in `{}` for {} s: is it stuck?", path.display(), LOCK_WAIT.as_secs())]
    Busy { path: PathBuf },
    #[error("could not write `{}`", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Held locks, given back when dropped, or by the kernel and the next one's turn if the process is
/// killed: a lock of ours is a hard link of the one file that its holder has locked, so whoever
/// holds that file knows a link to it for what a dead process left.
pub(crate) struct Turn {
    common: PathBuf,
    file: File,
    held: Vec<PathBuf>,
    deadline: Instant,
}

impl Turn {
    /// Waits for the turn at the references below `common`.
    pub(crate) fn take(common: &Path) -> Result<Self, LockError> {
        let path = common.join(TURN);
        let file = open(&path).map_err(|source| LockError::Write {
            path: path.clone(),
            source,
        })?;
        let turn = Self {
            common: common.to_owned(),
            file,
            held: Vec::new(),
            deadline: Instant::now() + LOCK_WAIT,
        };
        let mut pause = LOOK_AGAIN_FIRST;
        loop {
            match flock(&turn.file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(turn),
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(error) => {
                    return Err(LockError::Write {
                        path,
                        source: error.into(),
                    });
                }
            }
            if !turn.wait(&mut pause) {
                return Err(LockError::Busy { path });
            }
        }
    }

    /// Holds one reference, or `packed-refs`, as git does: by a file beside it.
    pub(crate) fn hold(&mut self, name: &str) -> Result<(), LockError> {
        let path = self.common.join(format!("{name}.lock"));
        let mut pause = LOOK_AGAIN_FIRST;
        loop {
            match self.try_hold(&path) {
                Ok(true) => {
                    self.held.push(path);
                    return Ok(());
                }
                Ok(false) if self.wait(&mut pause) => {}
                Ok(false) => return Err(LockError::Held { path }),
                Err(source) => return Err(LockError::Write { path, source }),
            }
        }
    }

    fn try_hold(&self, path: &Path) -> io::Result<bool> {
        match fs::hard_link(self.common.join(TURN), path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The reference's folder: git removes it with the last that was in it.
                fs::create_dir_all(path.parent().unwrap_or(&self.common))?;
                Ok(false)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if self.is_left_over(path)? {
                    fs::remove_file(path)?;
                }
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn is_left_over(&self, path: &Path) -> io::Result<bool> {
        let ours = self.file.metadata()?;
        match fs::symlink_metadata(path) {
            Ok(found) => {
                let is_ours = (found.dev(), found.ino()) == (ours.dev(), ours.ino());
                Ok(is_ours && !self.held.iter().any(|held| held == path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn wait(&self, pause: &mut Duration) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        thread::sleep((*pause).min(left));
        *pause = (*pause * 2).min(LOOK_AGAIN_LAST);
        !left.is_zero()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        for path in &self.held {
            // The next turn takes away what this one could not.
            drop(fs::remove_file(path));
            remove_empty_folders(&self.common, path);
        }
    }
}

/// Below `refs/heads` and its like, which stay.
pub(crate) fn remove_empty_folders(common: &Path, reference: &Path) {
    const KEPT: usize = 2;
    let mut folder = reference.parent();
    while let Some(path) = folder
        && let Ok(below) = path.strip_prefix(common)
        && below.components().count() > KEPT
        && fs::remove_dir(path).is_ok()
    {
        folder = path.parent();
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    if file.metadata()?.len() == 0 {
        file.write_all(EXPLANATION)?;
    }
    Ok(file)
}
