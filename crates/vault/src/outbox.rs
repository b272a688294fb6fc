//! What may wait for its store: kept in a folder first, and sent from there until it arrived.

mod backlog;
mod entry;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use tokio::sync::Notify;
use uuid::Uuid;

pub use self::backlog::Backlog;
use self::entry::{Entry, NEW, UPLOAD, Why, ids_in, names_in};
use crate::{
    Key, Sha256Sum, Vault, VaultError,
    error::in_words,
    folder::{failed, is_absent, lock_file, parent_of, sync_folder},
    s3::{Memo, Upload},
    vault::check_size,
};

/// Held by the one who sends.
const LOCK: &str = ".lock";

/// Held while a key is looked for and an object put under it.
const PUTTING: &str = ".putting";

/// What an entry is called while it goes away.
const SENT: &str = ".sent-";

/// Where entries are that the vault will not take.
const REFUSED: &str = "refused";

/// An unfinished entry this old was left by a process that is gone.
const LEFTOVER_AGE_S_MIN: u64 = 3_600;

/// How many entries a vault that can be reached may fail to take before the rest waits too.
const PASSED_OVER_MAX: usize = 3;

/// What an outbox holds at most. Several processes that put at the same moment may exceed it by
/// what each of them puts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxLimits {
    pub objects_max: u64,
    pub bytes_max: u64,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self {
            objects_max: 10_000,
            bytes_max: 4 << 30,
        }
    }
}

/// Objects on their way to a vault that may be out of reach.
///
/// [`Outbox::put`] returns when a power cut cannot undo it; [`Outbox::send`] brings to the vault
/// what waits, oldest first, so that of two objects of one key the newer stays. What the vault
/// refuses for good is set aside and does not hold up the rest. A vault in a folder needs no
/// waiting: there an object is put at once. Several processes may use one folder. An object may be
/// sent twice, when the process died before it could note that it was sent.
#[derive(Debug)]
pub struct Outbox {
    vault: Arc<Vault>,
    folder: PathBuf,
    limits: OutboxLimits,
    woken: Notify,
    sent: AtomicU64,
    /// What was set aside before it was opened got its new try.
    did_retry: AtomicBool,
    /// Of the entries that were seen last.
    sizes: Mutex<BTreeMap<Uuid, u64>>,
}

/// An object that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub key: Key,
    pub bytes: u64,
    pub since: SystemTime,
}

/// An object that the vault will not take, or that is not what was put any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// None if its note cannot be read.
    pub key: Option<Key>,
    pub bytes: u64,
    pub since: SystemTime,
    pub why: String,
    /// Where it is.
    pub folder: PathBuf,
}

impl Outbox {
    /// Keeps what waits for `vault` in `folder`, which is made when something has to wait.
    pub fn open(vault: Arc<Vault>, folder: impl Into<PathBuf>) -> Self {
        Self {
            vault,
            folder: folder.into(),
            limits: OutboxLimits::default(),
            woken: Notify::new(),
            sent: AtomicU64::new(0),
            did_retry: AtomicBool::new(false),
            sizes: Mutex::default(),
        }
    }

    #[must_use]
    pub fn with_limits(mut self, limits: OutboxLimits) -> Self {
        self.limits = limits;
        self
    }

    pub fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    /// Keeps `bytes` for `key`, durably, and lets whoever sends know.
    pub fn put(&self, key: &Key, bytes: &[u8]) -> Result<(), VaultError> {
        if !self.vault.is_remote() {
            return self.vault.put(key, bytes);
        }
        self.keep(key, bytes, false)
    }

    /// Like [`Outbox::put`] for an object that never changes: under `key` there is nothing else,
    /// neither here nor, when it is sent, in the vault. Putting the same again changes nothing.
    ///
    /// What waits is looked at now, and the vault when it is sent: other bytes there are left as
    /// they are, and these set aside.
    pub fn put_once(&self, key: &Key, bytes: &[u8]) -> Result<(), VaultError> {
        if !self.vault.is_remote() {
            return self.vault.put_once(key, bytes).map(drop);
        }
        fs::create_dir_all(&self.folder).map_err(failed("create", &self.folder))?;
        let _lock = lock_file(&self.folder.join(PUTTING))?;
        match self.find(key)? {
            Some((_, sum)) if sum == Sha256Sum::of(bytes) => Ok(()),
            Some(_) => Err(VaultError::Taken { key: key.clone() }),
            None => self.keep(key, bytes, true),
        }
    }

    /// What was put last under `key`: what waits or was refused, else what the vault has.
    pub fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, VaultError> {
        let Some((entry, sum)) = self.find(key)? else {
            return self.vault.get(key);
        };
        let object = entry.object();
        match fs::read(&object) {
            Ok(bytes) if Sha256Sum::of(&bytes) == sum => Ok(Some(bytes)),
            Ok(_) => Err(self.damage_of(key)),
            // It was sent meanwhile, or set aside.
            Err(error) if is_absent(&error) => match self.find(key)? {
                Some((moved, _)) if moved.folder != entry.folder => self.get(key),
                Some(_) => Err(self.damage_of(key)),
                None => self.vault.get(key),
            },
            Err(error) => Err(failed("read", &object)(error)),
        }
    }

    /// What waits, oldest first.
    pub fn pending(&self) -> Result<Vec<Pending>, VaultError> {
        let entries = Entry::all(&self.folder)?.into_iter();
        let pending = entries.filter_map(|entry| {
            Some(Pending {
                // What cannot be read may be on its way out.
                key: entry.key()?.clone(),
                bytes: entry.bytes(),
                since: entry.since(),
            })
        });
        Ok(pending.collect())
    }

    /// What was set aside, oldest first. It stays on the disk, is found by [`Outbox::get`], and is
    /// tried once more by the first [`Outbox::send`] after the next opening.
    pub fn refused(&self) -> Result<Vec<Refused>, VaultError> {
        let entries = Entry::all(&self.refused_folder())?.into_iter();
        let refused = entries.map(|entry| Refused {
            key: entry.key().cloned(),
            bytes: entry.bytes(),
            since: entry.since(),
            why: entry.why.map_or_else(String::new, |why| why.reason),
            folder: entry.folder,
        });
        Ok(refused.collect())
    }

    /// How many objects wait. Looks at none of them.
    pub fn waiting(&self) -> Result<u64, VaultError> {
        Ok(ids_in(&self.folder)?.len() as u64)
    }

    /// How many objects were set aside. Looks at none of them.
    pub fn refused_count(&self) -> Result<u64, VaultError> {
        Ok(ids_in(&self.refused_folder())?.len() as u64)
    }

    /// Sends what waits, oldest first, and says how many objects that were. What the vault refuses
    /// for good is set aside; a vault that cannot be reached, or refuses everything, ends it. While
    /// another process sends, nothing is done here.
    pub fn send(&self) -> Result<u64, VaultError> {
        let may_retry = !self.did_retry.load(Ordering::Relaxed) && self.refused_count()? > 0;
        if !may_retry && self.waiting()? == 0 {
            return Ok(0);
        }
        let Some(_lock) = self.lock()? else {
            return Ok(0);
        };
        self.drop_leftovers()?;
        if !self.did_retry.swap(true, Ordering::Relaxed) {
            self.readmit()?;
        }
        let mut sent = 0;
        let mut passed_over: BTreeSet<Key> = BTreeSet::new();
        let mut first_trouble = None;
        // Again, since the one who held the lock may have sent some.
        for entry in Entry::all(&self.folder)? {
            // What came later under a key does not arrive before what came first.
            if entry.key().is_some_and(|key| passed_over.contains(key)) {
                continue;
            }
            match self.send_one(&entry) {
                Ok(false) => self.set_aside(&entry, "its note cannot be read".to_owned(), false)?,
                Ok(true) => {
                    sent += 1;
                    self.sent.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => {
                    let Some(trouble) = self.judge(&entry, error)? else {
                        continue;
                    };
                    passed_over.extend(entry.key().cloned());
                    if passed_over.len() >= PASSED_OVER_MAX {
                        return Err(trouble);
                    }
                    first_trouble.get_or_insert(trouble);
                }
            }
        }
        first_trouble.map_or(Ok(sent), Err)
    }

    /// Waits until something was put here by this process. What others put is found by looking.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Objects sent since it was opened.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    fn keep(&self, key: &Key, bytes: &[u8], is_once: bool) -> Result<(), VaultError> {
        check_size(bytes.len() as u64)?;
        self.check_room(bytes.len() as u64)?;
        let (id, size) = Entry::create(&self.folder, key, bytes, is_once)?;
        sync_folder(parent_of(&self.folder))?;
        self.sizes().insert(id, size);
        self.woken.notify_one();
        Ok(())
    }

    /// Is there room for so many bytes more? What was set aside takes room too.
    fn check_room(&self, bytes: u64) -> Result<(), VaultError> {
        let mut found = BTreeMap::new();
        {
            let known = self.sizes();
            for folder in [self.folder.clone(), self.refused_folder()] {
                for id in ids_in(&folder)? {
                    let size = known.get(&id).copied();
                    // By the file, which is there for as long as the entry.
                    let object = folder.join(id.to_string()).join(entry::OBJECT);
                    let size = size.or_else(|| Some(fs::metadata(object).ok()?.len()));
                    found.insert(id, size.unwrap_or(0));
                }
            }
        }
        let (objects, held) = (found.len() as u64, found.values().sum::<u64>());
        *self.sizes() = found;
        if objects >= self.limits.objects_max || held + bytes > self.limits.bytes_max {
            return Err(VaultError::Full {
                folder: self.folder.clone(),
                objects,
                bytes: held,
            });
        }
        Ok(())
    }

    /// The newest entry of `key` that counts.
    fn find(&self, key: &Key) -> Result<Option<(Entry, Sha256Sum)>, VaultError> {
        // Twice, since entries are moved both ways between the two; of one that is seen again the
        // later look counts.
        let mut entries = Entry::all(&self.folder)?;
        let mut refused = Entry::all(&self.refused_folder())?;
        refused.retain(|entry| entry.why.as_ref().is_none_or(|why| !why.is_taken));
        entries.append(&mut refused);
        entries.extend(Entry::all(&self.folder)?);
        let entries = entries.into_iter().filter(|entry| entry.key() == Some(key));
        let newest = entries.max_by_key(|entry| entry.id);
        Ok(newest.and_then(|entry| {
            let sum = entry.note.as_ref()?.1;
            Some((entry, sum))
        }))
    }

    /// Says whether it could be told what is to be sent.
    fn send_one(&self, entry: &Entry) -> Result<bool, VaultError> {
        let Some((note, sum)) = &entry.note else {
            return Ok(false);
        };
        if !entry.is_whole(*sum)? {
            return Err(self.damage_of(&note.key));
        }
        let object = entry.object();
        if note.is_once {
            let bytes = fs::read(&object).map_err(failed("read", &object))?;
            self.vault.put_once(&note.key, &bytes)?;
        } else {
            let upload = Upload {
                id: entry.id,
                sum: *sum,
                memo: Memo(entry.folder.join(UPLOAD)),
            };
            self.vault.put_file(&note.key, &object, upload)?;
        }
        self.drop_superseded(&note.key, entry.id)?;
        self.let_go(&self.folder, entry)?;
        Ok(true)
    }

    /// What is to be done about an entry that was not sent: none if it was set aside, else what
    /// keeps it. Fails if it is not about this entry, so that no other has a better chance.
    fn judge(&self, entry: &Entry, error: VaultError) -> Result<Option<VaultError>, VaultError> {
        let is_taken = matches!(error, VaultError::Taken { .. });
        match error {
            VaultError::Taken { .. } | VaultError::Damaged { .. } | VaultError::TooLarge { .. } => {
            }
            VaultError::Refused { .. } => {
                if self.vault.check().is_err() {
                    return Err(error);
                }
            }
            VaultError::Unreachable { .. }
            | VaultError::Contended { .. }
            | VaultError::Io { .. }
            | VaultError::Full { .. } => {
                return match self.vault.check() {
                    Ok(()) => Ok(Some(error)),
                    Err(_) => Err(error),
                };
            }
        }
        self.set_aside(entry, in_words(&error), is_taken)?;
        Ok(None)
    }

    fn set_aside(&self, entry: &Entry, reason: String, is_taken: bool) -> Result<(), VaultError> {
        let why = Why { reason, is_taken };
        entry.move_to(&self.folder, &self.refused_folder(), Some(&why))
    }

    /// Lets what was set aside wait again.
    fn readmit(&self) -> Result<(), VaultError> {
        let refused = self.refused_folder();
        for entry in Entry::all(&refused)? {
            entry.move_to(&refused, &self.folder, None)?;
        }
        Ok(())
    }

    /// Lets go of what was set aside of `key` before the object that is in the vault now.
    fn drop_superseded(&self, key: &Key, by: Uuid) -> Result<(), VaultError> {
        let refused = self.refused_folder();
        for entry in Entry::all(&refused)? {
            if entry.key() == Some(key) && entry.id < by {
                self.let_go(&refused, &entry)?;
            }
        }
        Ok(())
    }

    fn let_go(&self, from: &Path, entry: &Entry) -> Result<(), VaultError> {
        let gone = self.folder.join(format!("{SENT}{}", entry.id));
        fs::rename(&entry.folder, &gone).map_err(failed("replace", &entry.folder))?;
        sync_folder(from)?;
        fs::remove_dir_all(&gone).map_err(failed("delete", &gone))
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

    fn refused_folder(&self) -> PathBuf {
        self.folder.join(REFUSED)
    }

    fn sizes(&self) -> std::sync::MutexGuard<'_, BTreeMap<Uuid, u64>> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn damage_of(&self, key: &Key) -> VaultError {
        VaultError::Damaged {
            store: self.folder.display().to_string(),
            key: key.clone(),
        }
    }
}

fn is_old(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    age.is_some_and(|age| age > Duration::from_secs(LEFTOVER_AGE_S_MIN))
}
