//! What may wait for its store: kept in a folder first, and sent from there until it arrived.

use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    Key, Sha256Sum, Vault, VaultError,
    folder::{failed, is_absent, parent_of, sync_folder, write_synced},
    s3::{Memo, Upload},
    vault::check_size,
};

const NOTE: &str = "note.json";
const OBJECT: &str = "object";
const UPLOAD: &str = "upload";
const LOCK: &str = ".lock";

/// What an entry is called before it is whole, and while it goes away.
const NEW: &str = ".new-";
const SENT: &str = ".sent-";

/// An unfinished entry this old was left by a process that is gone.
const LEFTOVER_AGE_S_MIN: u64 = 3_600;

/// Objects on their way to a vault that may be out of reach.
///
/// [`Outbox::put`] returns when a power cut cannot undo it; [`Outbox::send`] brings to the vault
/// what waits, oldest first, so that of two objects of one key the newer stays. A vault in a folder
/// needs no waiting: there an object is put at once. Several processes may use one folder. An
/// object may be sent twice, when the process died before it could note that it was sent.
#[derive(Debug)]
pub struct Outbox {
    vault: Arc<Vault>,
    folder: PathBuf,
    woken: Notify,
    sent: AtomicU64,
    /// What was not what it should be when its turn came.
    damaged: Mutex<BTreeSet<Uuid>>,
}

/// An object that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub key: Key,
    pub bytes: u64,
    pub since: SystemTime,
    /// It was not what was put any more when its turn came, and is not sent: it is in this folder.
    pub damaged: Option<PathBuf>,
    id: Uuid,
}

/// What lies beside the bytes. Read by later versions too.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    key: Key,
    bytes: u64,
    sha256: String,
}

/// An entry as it was found.
struct Entry {
    id: Uuid,
    folder: PathBuf,
    note: Option<(Note, Sha256Sum)>,
}

impl Outbox {
    /// Keeps what waits for `vault` in `folder`, which is made when something has to wait.
    pub fn open(vault: Arc<Vault>, folder: impl Into<PathBuf>) -> Self {
        Self {
            vault,
            folder: folder.into(),
            woken: Notify::new(),
            sent: AtomicU64::new(0),
            damaged: Mutex::default(),
        }
    }

    pub fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    /// Keeps `bytes` for `key`, durably, and lets whoever sends know.
    pub fn put(&self, key: &Key, bytes: &[u8]) -> Result<(), VaultError> {
        if !self.vault.is_remote() {
            return self.vault.put(key, bytes);
        }
        check_size(bytes.len() as u64)?;
        let id = Uuid::now_v7();
        let new = self.folder.join(format!("{NEW}{id}"));
        fs::create_dir_all(&new).map_err(failed("create", &new))?;
        let note = Note {
            key: key.clone(),
            bytes: bytes.len() as u64,
            sha256: Sha256Sum::of(bytes).to_string(),
        };
        let note = serde_json::to_vec(&note).expect("a note is plain data");
        for (name, bytes) in [(OBJECT, bytes), (NOTE, &note)] {
            let path = new.join(name);
            write_synced(&path, bytes).map_err(failed("write", &path))?;
        }
        sync_folder(&new)?;
        let entry = self.folder.join(id.to_string());
        fs::rename(&new, &entry).map_err(failed("replace", &entry))?;
        sync_folder(&self.folder)?;
        sync_folder(parent_of(&self.folder))?;
        self.woken.notify_one();
        Ok(())
    }

    /// What was put last under `key`: what waits, else what the vault has.
    pub fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, VaultError> {
        let waiting = self.entries()?.into_iter().rev().find(|entry| {
            let note = entry.note.as_ref();
            note.is_some_and(|(note, _)| note.key == *key)
        });
        let Some(Entry {
            folder,
            note: Some((_, sum)),
            ..
        }) = waiting
        else {
            return self.vault.get(key);
        };
        let object = folder.join(OBJECT);
        match fs::read(&object) {
            Ok(bytes) if Sha256Sum::of(&bytes) == sum => Ok(Some(bytes)),
            Ok(_) => Err(self.damage_of(key)),
            // It was sent meanwhile.
            Err(error) if is_absent(&error) => self.vault.get(key),
            Err(error) => Err(failed("read", &object)(error)),
        }
    }

    /// What waits, oldest first.
    pub fn pending(&self) -> Result<Vec<Pending>, VaultError> {
        let damaged = self.damaged().clone();
        let entries = self.entries()?.into_iter();
        let pending = entries.filter_map(|entry| {
            // What cannot be read may be on its way out.
            let (note, _sum) = entry.note?;
            Some(Pending {
                key: note.key,
                bytes: note.bytes,
                since: since(entry.id),
                damaged: damaged.contains(&entry.id).then_some(entry.folder),
                id: entry.id,
            })
        });
        Ok(pending.collect())
    }

    /// How many objects wait. Looks at none of them.
    pub fn waiting(&self) -> Result<u64, VaultError> {
        let names = names_in(&self.folder)?;
        let waiting = names.iter().filter(|name| name.parse::<Uuid>().is_ok());
        Ok(waiting.count() as u64)
    }

    /// Sends what waits, oldest first, and says how many objects that were. The first that the
    /// vault does not take ends it. While another process sends, nothing is done here.
    pub fn send(&self) -> Result<u64, VaultError> {
        let entries = self.entries()?;
        if entries.is_empty() {
            return Ok(0);
        }
        let Some(_lock) = self.lock()? else {
            return Ok(0);
        };
        self.drop_leftovers()?;
        let mut sent = 0;
        // Again, since the one who held the lock may have sent some.
        for entry in self.entries()? {
            sent += u64::from(self.send_one(&entry)?);
        }
        self.sent.fetch_add(sent, Ordering::Relaxed);
        Ok(sent)
    }

    /// Waits until something was put here by this process. What others put is found by looking.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Objects sent since it was opened.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    fn send_one(&self, entry: &Entry) -> Result<bool, VaultError> {
        let Some((note, sum)) = &entry.note else {
            return Ok(false);
        };
        let object = entry.folder.join(OBJECT);
        if !is_whole(&object, *sum).map_err(failed("read", &object))? {
            self.damaged().insert(entry.id);
            return Ok(false);
        }
        let upload = Upload {
            id: entry.id,
            sum: *sum,
            memo: Memo(entry.folder.join(UPLOAD)),
        };
        self.vault.put_file(&note.key, &object, upload)?;
        let gone = self.folder.join(format!("{SENT}{}", entry.id));
        fs::rename(&entry.folder, &gone).map_err(failed("replace", &entry.folder))?;
        sync_folder(&self.folder)?;
        fs::remove_dir_all(&gone).map_err(failed("delete", &gone))?;
        Ok(true)
    }

    /// Let go of when the file is closed, and by a process that dies.
    fn lock(&self) -> Result<Option<File>, VaultError> {
        let path = self.folder.join(LOCK);
        let file = File::create(&path).map_err(failed("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("lock", &path)(error)),
        }
    }

    fn entries(&self) -> Result<Vec<Entry>, VaultError> {
        let mut entries: Vec<Entry> = names_in(&self.folder)?
            .into_iter()
            .filter_map(|name| Some((name.parse::<Uuid>().ok()?, self.folder.join(name))))
            .map(|(id, folder)| Entry::load(id, folder))
            .collect();
        // The numbers of one process grow, those of several do with their clocks.
        entries.sort_unstable_by_key(|entry| entry.id);
        Ok(entries)
    }

    fn drop_leftovers(&self) -> Result<(), VaultError> {
        for name in names_in(&self.folder)? {
            let path = self.folder.join(&name);
            let is_over = name.starts_with(SENT) || (name.starts_with(NEW) && is_old(&path));
            if is_over {
                fs::remove_dir_all(&path).map_err(failed("delete", &path))?;
            }
        }
        Ok(())
    }

    fn damaged(&self) -> MutexGuard<'_, BTreeSet<Uuid>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn damage_of(&self, key: &Key) -> VaultError {
        VaultError::Damaged {
            store: self.folder.display().to_string(),
            key: key.clone(),
        }
    }
}

impl Entry {
    fn load(id: Uuid, folder: PathBuf) -> Self {
        let text = fs::read(folder.join(NOTE)).ok();
        let note = text.and_then(|text| serde_json::from_slice::<Note>(&text).ok());
        let note = note.and_then(|note| Some((Sha256Sum::parse(&note.sha256)?, note)));
        Self {
            id,
            folder,
            note: note.map(|(sum, note)| (note, sum)),
        }
    }
}

fn since(id: Uuid) -> SystemTime {
    let (seconds, nanos) = id.get_timestamp().map_or((0, 0), |stamp| stamp.to_unix());
    SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos)
}

fn is_whole(object: &Path, sum: Sha256Sum) -> std::io::Result<bool> {
    Ok(Sha256Sum::of_reader(File::open(object)?)? == sum)
}

fn is_old(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    age.is_some_and(|age| age > Duration::from_secs(LEFTOVER_AGE_S_MIN))
}

/// The names in a folder, which may not be there.
fn names_in(folder: &Path) -> Result<Vec<String>, VaultError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(failed("list", folder)(error)),
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().into_string().ok()));
    let names: Result<Vec<_>, _> = names.collect();
    let names = names.map_err(failed("list", folder))?;
    Ok(names.into_iter().flatten().collect())
}
