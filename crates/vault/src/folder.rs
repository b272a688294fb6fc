//! A vault in a folder of the file system.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime},
};

use fail::fail_point;
use uuid::Uuid;

use crate::Key;

/// The largest object.
pub const OBJECT_BYTES_MAX: u64 = 256 << 20;

/// Where objects are written before they have their name; no key begins with a dot.
const NEW: &str = ".new";

/// Held while one object is compared and replaced.
const LOCK: &str = ".lock";

/// Who holds it reads and writes one object; much longer than that, it hangs.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(10);
const LOCK_LOOK: Duration = Duration::from_millis(1);

/// An unfinished object this old was left by a process that is gone.
const LEFTOVER_AGE_S_MIN: u64 = 3_600;

/// Objects by key. Several processes may use one folder; whoever puts last wins.
#[derive(Debug)]
pub struct Vault {
    root: PathBuf,
    puts: AtomicU64,
    bytes: AtomicU64,
}

/// Why the vault did not do what it was asked. No object was changed in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the object is {bytes} bytes, {bytes_max} are allowed")]
    TooLarge { bytes: u64, bytes_max: u64 },
    #[error("could not {action} `{}`", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl Vault {
    /// Opens the folder, creating it if there is none. Like everything here, blocks on the disk.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, VaultError> {
        let root = root.into();
        let new = root.join(NEW);
        fs::create_dir_all(&new).map_err(failed("create", &new))?;
        sync_folder(&root)?;
        // Its own name is as durable as what is in it.
        sync_folder(parent_of(&root))?;
        let vault = Self {
            root,
            puts: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        vault.drop_leftovers()?;
        Ok(vault)
    }

    /// Keeps `bytes` under `key`, in place of what was there. On return a power cut cannot undo it;
    /// a reader sees the old object or the new one and nothing between.
    pub fn put(&self, key: &Key, bytes: &[u8]) -> Result<(), VaultError> {
        check_size(bytes.len() as u64)?;
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.root);
        self.create_folder(folder)?;
        let name = Uuid::now_v7().simple().to_string();
        let new = self.root.join(NEW).join(name);
        write_synced(&new, bytes).map_err(|error| {
            discard(&new);
            failed("write", &new)(error)
        })?;
        fail_point!("vault::before_rename");
        fs::rename(&new, &path).map_err(|error| {
            discard(&new);
            failed("replace", &path)(error)
        })?;
        sync_folder(folder)?;
        self.puts.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Puts `bytes` under `key` if `may_replace` agrees with what is there; says whether it did. Of
    /// several processes that do this to one vault at once, one decides after the other.
    pub fn put_if<E: From<VaultError>>(
        &self,
        key: &Key,
        bytes: &[u8],
        may_replace: impl FnOnce(Option<&[u8]>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        // Let go of when the file is closed, and by a process that dies.
        let _lock = self.lock()?;
        let found = self.get(key)?;
        let may_replace = may_replace(found.as_deref())?;
        if may_replace {
            self.put(key, bytes)?;
        }
        Ok(may_replace)
    }

    fn lock(&self) -> Result<File, VaultError> {
        let path = self.root.join(LOCK);
        let file = File::create(&path).map_err(failed("open", &path))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if began.elapsed() < LOCK_WAIT_MAX => {
                    std::thread::sleep(LOCK_LOOK);
                }
                Err(error) => return Err(failed("lock", &path)(error.into())),
            }
        }
    }

    /// Objects written since it was opened, and their bytes.
    pub fn written(&self) -> (u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (load(&self.puts), load(&self.bytes))
    }

    /// What is kept under `key`.
    pub fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, VaultError> {
        let path = self.path(key);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(failed("open", &path)(error)),
        };
        let metadata = file.metadata().map_err(failed("look at", &path))?;
        if metadata.is_dir() {
            return Ok(None);
        }
        check_size(metadata.len())?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(failed("read", &path))?;
        Ok(Some(bytes))
    }

    /// Lets go of what is kept under `key`; says whether anything was.
    pub fn delete(&self, key: &Key) -> Result<bool, VaultError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => sync_folder(path.parent().unwrap_or(&self.root)).map(|()| true),
            Err(error) if is_absent(&error) || error.kind() == io::ErrorKind::IsADirectory => {
                Ok(false)
            }
            Err(error) => Err(failed("delete", &path)(error)),
        }
    }

    /// Up to `limit` keys that begin with `under` and a `/`, in their order, from the first that
    /// comes after `after`.
    pub fn list(
        &self,
        under: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Key>, VaultError> {
        let mut keys = Vec::new();
        let mut folders = vec![under.as_str().to_owned()];
        while let Some(at) = folders.pop() {
            let folder = self.root.join(&at);
            let entries = match fs::read_dir(&folder) {
                Err(error) if is_absent(&error) => continue,
                entries => entries.map_err(failed("list", &folder))?,
            };
            for entry in entries {
                let entry = entry.map_err(failed("list", &folder))?;
                let is_folder = entry
                    .file_type()
                    .map_err(failed("look at", &folder))?
                    .is_dir();
                let name = format!("{at}/{}", entry.file_name().to_string_lossy());
                if is_folder {
                    folders.push(name);
                } else if let Ok(key) = name.parse::<Key>() {
                    keys.push(key);
                }
            }
        }
        keys.retain(|key| after.is_none_or(|after| key > after));
        keys.sort_unstable();
        keys.truncate(limit);
        Ok(keys)
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.as_str())
    }

    /// A folder is as durable as what is in it: each new one is synced into its parent.
    fn create_folder(&self, folder: &Path) -> Result<(), VaultError> {
        let mut missing = Vec::new();
        let mut at = folder;
        while at != self.root && !at.is_dir() {
            missing.push(at);
            at = at.parent().unwrap_or(&self.root);
        }
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed("create", folder)(error)),
            }
            sync_folder(folder.parent().unwrap_or(&self.root))?;
        }
        Ok(())
    }

    fn drop_leftovers(&self) -> Result<(), VaultError> {
        let folder = self.root.join(NEW);
        let now = SystemTime::now();
        for entry in fs::read_dir(&folder).map_err(failed("list", &folder))? {
            let entry = entry.map_err(failed("list", &folder))?;
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let is_old = modified.is_ok_and(|modified| {
                now.duration_since(modified)
                    .is_ok_and(|age| age > Duration::from_secs(LEFTOVER_AGE_S_MIN))
            });
            if is_old {
                discard(&entry.path());
            }
        }
        Ok(())
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Never over what is there, were it another process's: each object has a name of its own.
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn parent_of(folder: &Path) -> &Path {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn sync_folder(folder: &Path) -> Result<(), VaultError> {
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .map_err(failed("sync", folder))
}

/// An unfinished object that stays behind does no harm: [`Vault::open`] drops it later.
fn discard(path: &Path) {
    drop(fs::remove_file(path));
}

fn check_size(bytes: u64) -> Result<(), VaultError> {
    if bytes > OBJECT_BYTES_MAX {
        let bytes_max = OBJECT_BYTES_MAX;
        return Err(VaultError::TooLarge { bytes, bytes_max });
    }
    Ok(())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> VaultError + use<> {
    let path = path.to_owned();
    move |source| VaultError::Io {
        action,
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    #[test]
    fn an_object_is_replaced_whole_counted_and_gone_when_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path().join("vault")).unwrap();

        vault.put(&key("evals/b/summary.json"), b"{}").unwrap();
        vault.put(&key("evals/a.json"), b"1").unwrap();
        vault.put(&key("witness/seal.json"), b"old").unwrap();
        vault.put(&key("witness/seal.json"), b"new").unwrap();

        let found = vault.get(&key("witness/seal.json")).unwrap();
        assert_eq!(found.as_deref(), Some(&b"new"[..]));
        assert_eq!(vault.written(), (4, 9));
        assert!(vault.delete(&key("evals/a.json")).unwrap());
        assert!(!vault.delete(&key("evals/a.json")).unwrap());
        assert_eq!(vault.get(&key("evals/a.json")).unwrap(), None);
    }

    #[test]
    fn what_is_kept_below_a_key_is_listed_in_order_from_any_place() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        for name in ["a/c", "a/b/2", "a/b/1", "ab/1", "a/d"] {
            vault.put(&key(name), b"1").unwrap();
        }
        let list = |under, after: Option<&str>, limit| {
            let found = vault.list(&key(under), after.map(key).as_ref(), limit);
            let found = found.unwrap().into_iter().map(String::from);
            found.collect::<Vec<_>>().join(" ")
        };

        assert_eq!(list("a", None, 9), "a/b/1 a/b/2 a/c a/d");
        assert_eq!(list("a", Some("a/b/2"), 1), "a/c");
        assert_eq!(list("none", None, 9), "");
    }

    #[test]
    fn a_folder_of_keys_is_no_object() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        vault.put(&key("a/b"), b"1").unwrap();

        assert_eq!(vault.get(&key("a")).unwrap(), None);
        assert!(!vault.delete(&key("a")).unwrap());
        assert_eq!(vault.get(&key("a/b/c")).unwrap(), None);
        let refused = vault.put(&key("a"), b"2").unwrap_err();

        assert!(
            matches!(
                refused,
                VaultError::Io {
                    action: "replace",
                    ..
                }
            ),
            "{refused}"
        );
        assert_eq!(vault.written(), (1, 1));
        assert_eq!(fs::read_dir(folder.path().join(NEW)).unwrap().count(), 0);
    }

    #[test]
    fn a_put_that_dies_before_its_rename_leaves_the_old_object() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        vault.put(&key("a"), b"old").unwrap();

        let scenario = fail::FailScenario::setup();
        fail::cfg("vault::before_rename", "panic").unwrap();
        let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            vault.put(&key("a"), b"new")
        }));
        scenario.teardown();

        assert!(died.is_err());
        assert_eq!(vault.get(&key("a")).unwrap().as_deref(), Some(&b"old"[..]));
        assert_eq!(vault.written(), (1, 3));
    }

    #[test]
    fn of_many_who_compare_and_replace_at_once_none_goes_backwards() {
        let folder = tempfile::tempdir().unwrap();
        let number = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().parse::<u32>().unwrap();
        std::thread::scope(|scope| {
            for offset in 0..4 {
                let vault = Vault::open(folder.path()).unwrap();
                scope.spawn(move || {
                    for at in (offset..200).step_by(4) {
                        let mut highest = None;
                        let put: Result<bool, VaultError> =
                            vault.put_if(&key("newest"), at.to_string().as_bytes(), |found| {
                                highest = found.map(number);
                                Ok(highest.is_none_or(|highest| highest < at))
                            });
                        let is_newer = highest.is_none_or(|highest| highest < at);
                        assert_eq!(put.unwrap(), is_newer);
                        let now = vault.get(&key("newest")).unwrap().unwrap();
                        assert!(number(&now) >= at);
                    }
                });
            }
        });

        let vault = Vault::open(folder.path()).unwrap();
        assert_eq!(
            vault.get(&key("newest")).unwrap().as_deref(),
            Some(&b"199"[..])
        );
    }

    #[test]
    fn two_processes_with_one_number_do_not_write_into_each_others_objects() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (
            Vault::open(folder.path()).unwrap(),
            Vault::open(folder.path()).unwrap(),
        );
        std::thread::scope(|scope| {
            for (vault, byte) in [(&one, b'1'), (&other, b'2')] {
                scope.spawn(move || {
                    for at in 0..50 {
                        let object = key(&format!("{}/{at}", char::from(byte)));
                        vault.put(&object, &vec![byte; 10_000]).unwrap();
                    }
                });
            }
        });

        for byte in [b'1', b'2'] {
            for at in 0..50 {
                let object = key(&format!("{}/{at}", char::from(byte)));
                assert_eq!(one.get(&object).unwrap(), Some(vec![byte; 10_000]));
            }
        }
    }
}
