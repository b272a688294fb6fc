//! Who serves a data folder. `up.lock` is held by the one `luthier up`, a file in `serving/` by each
//! `luthier serve`, `start.lock` by whoever makes the journal, and a lease by whoever does for all
//! of them what one should do. Each is held until the process lets go or ends, however it ends.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use journal::NatsJournal;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{exit::Exit, failure::Failure, session::create_folder};

/// What the file says is small.
const LOCK_BYTES_MAX: u64 = 4_096;

/// Whoever asks whether a server runs holds the lock for an instant: no reason not to start.
const TRIES_MAX: u32 = 5;
const TRY_PAUSE_MS: u64 = 10;

/// How long a command waits for another process to make the journal.
const START_WAIT_MS_MAX: u64 = 2_000;

/// Between two looks whether whoever holds a lease is gone.
const LEASE_LOOK_MS: u64 = 200;

/// Where each `luthier serve` has a file.
const SERVING: &str = "serving";

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
    /// The file is this process's own, and goes with it.
    is_own: bool,
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
        let is_own = false;
        let mut lock = Self { path, file, is_own };
        lock.write(None)?;
        Ok(lock)
    }

    /// Serves some roles beside others.
    pub(crate) fn join(data: &Path) -> Result<Self, Failure> {
        let folder = data.join(SERVING);
        create_folder(&folder)?;
        let path = folder.join(format!("{}.lock", std::process::id()));
        let file = open(&path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| Failure::io(&format!("lock `{}`", path.display()), error.into()))?;
        let is_own = true;
        let mut lock = Self { path, file, is_own };
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
        let ended = if self.is_own {
            std::fs::remove_file(&self.path)
        } else {
            // Emptied, not deleted: a file that others may have open must stay the one to lock.
            self.file.set_len(0)
        };
        if let Err(error) = ended {
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

/// The servers of `data` that run: `luthier up` first.
pub(crate) fn find_running(data: &Path) -> Result<Vec<Running>, Failure> {
    let mut paths = vec![data.join("up.lock")];
    let folder = data.join(SERVING);
    match std::fs::read_dir(&folder) {
        Ok(entries) => paths.extend(entries.filter_map(|entry| Some(entry.ok()?.path()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Failure::io(&format!("list `{}`", folder.display()), error)),
    }
    paths[1..].sort_unstable();
    let mut running = Vec::new();
    for path in paths.iter().filter(|path| path.exists()) {
        let mut file = open(path)?;
        if flock(&file, FlockOperation::NonBlockingLockShared).is_err() {
            running.extend(read(&mut file));
        }
    }
    Ok(running)
}

/// The right to make the journal of a data folder, or to be about to.
pub(crate) struct StartLock {
    _file: File,
}

impl StartLock {
    /// Waits while another process has it, but not for long.
    pub(crate) fn take(data: &Path) -> Result<Self, Failure> {
        let file = open(&data.join("start.lock"))?;
        let mut waited_ms = 0;
        while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            if waited_ms >= START_WAIT_MS_MAX {
                let message = format!("another process is just starting in `{}`", data.display());
                return Err(Failure::new("starting", Exit::Unavailable, message)
                    .with_hint("try again when it has started: see `luthier status`".to_owned()));
            }
            waited_ms += TRY_PAUSE_MS;
            std::thread::sleep(Duration::from_millis(TRY_PAUSE_MS));
        }
        Ok(Self { _file: file })
    }
}

/// How processes agree on who does what one does for all.
#[derive(Clone)]
pub(crate) enum Turns {
    /// Among those of a data folder.
    Folder(PathBuf),
    /// Among all that share a journal.
    Stream(Arc<NatsJournal>, Duration),
}

impl Turns {
    /// Does `work` when it is this process's turn, for as long as it is, until `stop`.
    pub(crate) async fn take<W>(
        &self,
        name: &str,
        stop: &CancellationToken,
        work: impl Fn(CancellationToken) -> W,
    ) -> Result<(), Failure>
    where
        W: Future<Output = Result<(), Failure>>,
    {
        let (journal, length) = match self {
            Self::Folder(data) => {
                return match Lease::wait(data, name, stop).await? {
                    Some(_lease) => work(stop.clone()).await,
                    None => Ok(()),
                };
            }
            Self::Stream(journal, length) => (journal, *length),
        };
        while let Some(hold) = stop.run_until_cancelled(journal.hold(name, length)).await {
            let turn = stop.child_token();
            let lost = turn.clone();
            let told = hold.lost().clone();
            let watching = AbortOnDropHandle::new(tokio::spawn(async move {
                told.cancelled().await;
                lost.cancel();
            }));
            let outcome = work(turn).await;
            drop(watching);
            hold.end().await;
            outcome?;
        }
        Ok(())
    }
}

/// The right to do what one process of a data folder does for all: sealing, copying, archiving.
pub(crate) struct Lease {
    _file: File,
}

impl Lease {
    /// At once or not at all.
    pub(crate) fn take_if_free(data: &Path, work: &str) -> Result<Option<Self>, Failure> {
        let file = open(&data.join(format!("{work}.lock")))?;
        let is_free = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
        Ok(is_free.then_some(Self { _file: file }))
    }

    /// Waits until whoever has it is gone; `None` when `stop` comes before.
    pub(crate) async fn wait(
        data: &Path,
        work: &str,
        stop: &CancellationToken,
    ) -> Result<Option<Self>, Failure> {
        let file = open(&data.join(format!("{work}.lock")))?;
        let mut looks = tokio::time::interval(Duration::from_millis(LEASE_LOOK_MS));
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(None),
                _ = looks.tick() => {}
            }
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                return Ok(Some(Self { _file: file }));
            }
        }
    }
}
