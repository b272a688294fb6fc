//! A vault in a folder of the file system.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use fail::fail_point;
use uuid::Uuid;

use crate::{Key, VaultError, vault::check_size};

/// Where objects are written before they have their name; no key begins with a dot.
const NEW: &str = ".new";

/// Held while one object is compared and replaced.
const LOCK: &str = ".lock";

/// Who holds it reads and writes one object; much longer than that, it hangs.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(10);
const LOCK_LOOK: Duration = Duration::from_millis(1);

/// An unfinished object this old was left by a process that is gone.
const LEFTOVER_AGE_S_MIN: u64 = 3_600;

/// Objects below one folder, each in the file that its key names.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Opens the folder, creating it if there is none.
    pub(crate) fn open(root: PathBuf) -> Result<Self, VaultError> {
        let new = root.join(NEW);
        fs::create_dir_all(&new).map_err(failed("create", &new))?;
        sync_folder(&root)?;
        // Its own name is as durable as what is in it.
        sync_folder(parent_of(&root))?;
        let folder = Self { root };
        folder.drop_leftovers()?;
        Ok(folder)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn put(&self, key: &Key, bytes: &[u8]) -> Result<(), VaultError> {
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
        sync_folder(folder)
    }

    pub(crate) fn put_if<E: From<VaultError>>(
        &self,
        key: &Key,
        bytes: &[u8],
        mut may_replace: impl FnMut(Option<&[u8]>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        // Let go of when the file is closed, and by a process that dies.
        let _lock = lock_file(&self.root.join(LOCK))?;
        let found = self.get(key)?;
        let may_replace = may_replace(found.as_deref())?;
        if may_replace {
            self.put(key, bytes)?;
        }
        Ok(may_replace)
    }

    pub(crate) fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, VaultError> {
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

    pub(crate) fn delete(&self, key: &Key) -> Result<bool, VaultError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => sync_folder(path.parent().unwrap_or(&self.root)).map(|()| true),
            Err(error) if is_absent(&error) || error.kind() == io::ErrorKind::IsADirectory => {
                Ok(false)
            }
            Err(error) => Err(failed("delete", &path)(error)),
        }
    }

    /// A file that is not what it should be is told of where it is read.
    pub(crate) fn check(&self) -> Result<(), VaultError> {
        let new = self.root.join(NEW);
        fs::read_dir(&new).map(drop).map_err(failed("list", &new))
    }

    pub(crate) fn list(
        &self,
        under: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Key>, VaultError> {
        let mut found = Vec::new();
        let mut open = vec![under.as_str().to_owned()];
        // The next to look at is the last: what is in a folder takes the folder's place.
        while let Some(at) = open.pop() {
            let path = self.root.join(&at);
            // A folder ends where its objects begin to differ, so it is in its place among files.
            let Some(mut names) = names_in(&path)? else {
                let key: Option<Key> = at.parse().ok();
                let is_next = |key: &Key| after.is_none_or(|after| after < key);
                found.extend(key.filter(|key| at != under.as_str() && is_next(key)));
                if found.len() == limit {
                    break;
                }
                continue;
            };
            names.sort_unstable_by(|one, other| other.cmp(one));
            let within = names
                .iter()
                .map(|name| format!("{at}/{}", name.trim_end_matches('/')));
            open.extend(within);
        }
        Ok(found)
    }

    pub(crate) fn path(&self, key: &Key) -> PathBuf {
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

/// The names in a folder, those of folders with a `/` at their end; none if it is no folder.
fn names_in(path: &Path) -> Result<Option<Vec<String>>, VaultError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(failed("list", path)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed("list", path))?;
        let is_folder = entry.file_type().map_err(failed("look at", path))?.is_dir();
        // What is no text is no part of a key either.
        if let Ok(name) = entry.file_name().into_string() {
            names.push(if is_folder { name + "/" } else { name });
        }
    }
    Ok(Some(names))
}

pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Never over what is there, were it another process's: each object has a name of its own.
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Waits a while for the lock of a file, which is made if need be.
pub(crate) fn lock_file(path: &Path) -> Result<File, VaultError> {
    let file = File::create(path).map_err(failed("open", path))?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if began.elapsed() < LOCK_WAIT_MAX => {
                std::thread::sleep(LOCK_LOOK);
            }
            Err(error) => return Err(failed("lock", path)(error.into())),
        }
    }
}

pub(crate) fn parent_of(folder: &Path) -> &Path {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

pub(crate) fn sync_folder(folder: &Path) -> Result<(), VaultError> {
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .map_err(failed("sync", folder))
}

/// An unfinished object that stays behind does no harm: [`Folder::open`] drops it later.
pub(crate) fn discard(path: &Path) {
    drop(fs::remove_file(path));
}

pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

pub(crate) fn failed(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> VaultError + use<> {
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
    use crate::Vault;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
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
