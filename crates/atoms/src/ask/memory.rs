//! A folder of answers by the digests of their requests.
//!
//! It saves money and nothing else: what is lost from it is asked for again, so nothing is synced,
//! and what cannot be read is not there.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use model::Digest;
use serde::{Deserialize, Serialize};

use crate::Answer;

const EXTENSION: &str = "json";
const NEW_EXTENSION: &str = "new";

/// An unfinished file that is older belongs to a process that is gone.
const LEFTOVER_AGE: Duration = Duration::from_hours(1);

/// Remembers answers up to a number of bytes; the one used longest ago makes room.
///
/// Processes may share a folder; each then keeps the bound for what it knows of, and all of it is
/// counted when the folder is opened next.
pub struct Memory {
    folder: PathBuf,
    bytes_max: u64,
    shelf: Mutex<Shelf>,
    files_written: AtomicU64,
}

/// Why a memory cannot be used, or has not kept an answer.
#[derive(Debug, thiserror::Error)]
#[error("could not {what} `{}`", path.display())]
pub struct MemoryError {
    what: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

#[derive(Default)]
struct Shelf {
    places: HashMap<Digest, Place>,
    bytes: u64,
    uses: u64,
}

#[derive(Clone, Copy)]
struct Place {
    bytes: u64,
    last_use: u64,
}

/// The request is named, so that a file under a wrong name is not believed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    request: Digest,
    answer: Answer,
}

impl Memory {
    pub fn open(folder: impl Into<PathBuf>, bytes_max: u64) -> Result<Self, MemoryError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
        let memory = Self {
            shelf: Mutex::new(list(&folder)?),
            folder,
            bytes_max,
            files_written: AtomicU64::new(0),
        };
        memory.make_room(&mut memory.shelf());
        Ok(memory)
    }

    /// How much is remembered.
    pub fn bytes(&self) -> u64 {
        self.shelf().bytes
    }

    /// The answer to the request of this digest.
    pub fn find(&self, digest: &Digest) -> Option<Answer> {
        let path = self.path(digest);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "a remembered answer is not read");
                return None;
            }
        };
        let kept = serde_json::from_slice::<Kept>(&text);
        match kept {
            Ok(kept) if kept.request == *digest => {
                self.shelf().put(*digest, text.len() as u64);
                Some(kept.answer)
            }
            Ok(_) | Err(_) => {
                tracing::warn!(path = %path.display(), "a remembered answer cannot be read");
                self.forget(&mut self.shelf(), digest);
                None
            }
        }
    }

    /// Remembers an answer. One that is larger than the whole bound is not kept.
    pub fn keep(&self, digest: &Digest, answer: &Answer) -> Result<(), MemoryError> {
        let kept = Kept {
            request: *digest,
            answer: answer.clone(),
        };
        let text = serde_json::to_vec(&kept).expect("an answer is JSON already");
        let bytes = text.len() as u64;
        if bytes > self.bytes_max {
            return Ok(());
        }
        let path = self.path(digest);
        let number = self.files_written.fetch_add(1, Ordering::Relaxed);
        let new = self.folder.join(format!(
            "{digest}.{}-{number}.{NEW_EXTENSION}",
            std::process::id()
        ));
        fs::write(&new, &text)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|error| {
                discard(&new);
                failed("write", &path)(error)
            })?;
        let mut shelf = self.shelf();
        shelf.put(*digest, bytes);
        self.make_room(&mut shelf);
        Ok(())
    }

    fn make_room(&self, shelf: &mut Shelf) {
        while shelf.bytes > self.bytes_max {
            let Some(oldest) = shelf.used_longest_ago() else {
                return;
            };
            self.forget(shelf, &oldest);
        }
    }

    fn forget(&self, shelf: &mut Shelf, digest: &Digest) {
        shelf.take(digest);
        discard(&self.path(digest));
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{digest}.{EXTENSION}"))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().expect("nobody panics while holding it")
    }
}

impl Shelf {
    fn put(&mut self, digest: Digest, bytes: u64) {
        self.take(&digest);
        self.uses += 1;
        self.bytes += bytes;
        let last_use = self.uses;
        self.places.insert(digest, Place { bytes, last_use });
    }

    fn take(&mut self, digest: &Digest) {
        if let Some(place) = self.places.remove(digest) {
            self.bytes -= place.bytes;
        }
    }

    fn used_longest_ago(&self) -> Option<Digest> {
        let oldest = self.places.iter().min_by_key(|(_, place)| place.last_use)?;
        Some(*oldest.0)
    }
}

/// What is there, by age: when a file was last read is not known any more.
fn list(folder: &Path) -> Result<Shelf, MemoryError> {
    let mut found: Vec<(SystemTime, Digest, u64)> = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed("list", folder))? {
        let entry = entry.map_err(failed("list", folder))?;
        let path = entry.path();
        let metadata = entry.metadata().map_err(failed("look at", &path))?;
        let written = metadata.modified().map_err(failed("look at", &path))?;
        let extension = path.extension().and_then(|extension| extension.to_str());
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        match (extension, stem.map(str::parse::<Digest>)) {
            (Some(EXTENSION), Some(Ok(digest))) => found.push((written, digest, metadata.len())),
            (Some(NEW_EXTENSION), _) if is_leftover(written) => discard(&path),
            // Somebody else's file is left alone and not counted.
            _ => {}
        }
    }
    found.sort_unstable();
    let mut shelf = Shelf::default();
    for (_, digest, bytes) in found {
        shelf.put(digest, bytes);
    }
    Ok(shelf)
}

fn is_leftover(written: SystemTime) -> bool {
    written.elapsed().is_ok_and(|age| age > LEFTOVER_AGE)
}

/// A file that stays behind does no harm.
fn discard(path: &Path) {
    drop(fs::remove_file(path));
}

fn failed(what: &'static str, path: &Path) -> impl Fn(io::Error) -> MemoryError {
    let path = path.to_owned();
    move |source| MemoryError {
        what,
        path: path.clone(),
        source,
    }
}
