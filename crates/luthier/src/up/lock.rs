//! One server a data folder: `up.lock`, held for as long as the process lives.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::{exit::Exit, failure::Failure};

/// What the file says is small.
const LOCK_BYTES_MAX: u64 = 4_096;

/// Whoever asks whether a server runs holds the lock for an instant: no reason not to start.
const TRIES_MAX: u32 = 5;
const TRY_PAUSE_MS: u64 = 10;

/// The server of a data folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) pid: u32,
    /// Absent until it has an address.
    pub(crate) url: Option<String>,
}

/// The right to serve a data folder. The system takes it back when the process ends, however.
pub(crate) struct UpLock {
    path: PathBuf,
    file: File,
}

impl UpLock {
    pub(crate) fn take(data: &Path) -> Result<Self, Failure> {
        let path = data.join("up.lock");
        let mut file = open(&path)?;
        let mut tries = 1;
        while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            if tries == TRIES_MAX {
                return Err(already_running(data, read(&mut file)));
            }
            tries += 1;
            std::thread::sleep(Duration::from_millis(TRY_PAUSE_MS));
        }
        let mut lock = Self { path, file };
        lock.write(None)?;
        Ok(lock)
    }

    /// Tells whoever finds the folder taken where the server is.
    pub(crate) fn announce(&mut self, url: &str) -> Result<(), Failure> {
        self.write(Some(url.to_owned()))
    }

    fn write(&mut self, url: Option<String>) -> Result<(), Failure> {
        let pid = std::process::id();
        let text = serde_json::to_vec(&Running { pid, url }).expect("a lock is plain data");
        self.replace(&text)
            .map_err(|error| Failure::io(&format!("write `{}`", self.path.display()), error))
    }

    fn replace(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text)
    }
}

impl Drop for UpLock {
    fn drop(&mut self) {
        // Emptied, not deleted: a file that others may have open must stay the one to lock.
        if let Err(error) = self.file.set_len(0) {
            tracing::warn!(%error, "the lock still names this process");
        }
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| Failure::io(&format!("open `{}`", path.display()), error))
}

fn read(file: &mut File) -> Option<Running> {
    let mut text = String::new();
    file.take(LOCK_BYTES_MAX).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn already_running(data: &Path, running: Option<Running>) -> Failure {
    let data = data.display();
    let code = "already_running";
    let Some(running) = running else {
        let message = format!("`{data}` is served by another process that is just starting");
        return Failure::new(code, Exit::Conflict, message)
            .with_hint("see `luthier status`".to_owned());
    };
    let pid = running.pid;
    let at = running.url.as_deref().map(|url| format!(" at {url}"));
    let message = format!(
        "`{data}` is served already{} by process {pid}",
        at.unwrap_or_default()
    );
    Failure::new(code, Exit::Conflict, message)
        .with_hint(format!(
            "use that one, stop it with `kill {pid}`, or choose another folder with --data"
        ))
        .with("pid", pid)
        .with("url", running.url)
}

/// The server of `data`, if one runs.
pub(crate) fn find_running(data: &Path) -> Result<Option<Running>, Failure> {
    let path = data.join("up.lock");
    if !path.exists() {
        return Ok(None);
    }
    let mut file = open(&path)?;
    if flock(&file, FlockOperation::NonBlockingLockShared).is_ok() {
        return Ok(None);
    }
    Ok(read(&mut file))
}
