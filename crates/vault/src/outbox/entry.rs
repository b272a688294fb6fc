//! What lies in an outbox: a folder for each object, named by when it was put.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Key, Sha256Sum, VaultError,
    folder::{failed, is_absent, sync_folder, write_synced},
};

pub(super) const OBJECT: &str = "object";
pub(super) const UPLOAD: &str = "upload";
const NOTE: &str = "note.json";
const WHY: &str = "why.json";

/// What an entry is called before it is whole.
pub(super) const NEW: &str = ".new-";

/// What lies beside the bytes. Read by later versions too.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) key: Key,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    /// It must not take the place of other bytes.
    #[serde(default)]
    pub(super) is_once: bool,
}

/// Why an entry was set aside. Read by later versions too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Why {
    pub(super) reason: String,
    /// The vault has other bytes under its key, and they count.
    pub(super) is_taken: bool,
}

/// An entry as it was found.
pub(super) struct Entry {
    pub(super) id: Uuid,
    pub(super) folder: PathBuf,
    pub(super) note: Option<(Note, Sha256Sum)>,
    pub(super) why: Option<Why>,
}

impl Entry {
    /// Makes an entry in `folder`; on return a power cut cannot undo it.
    pub(super) fn create(
        folder: &Path,
        key: &Key,
        bytes: &[u8],
        is_once: bool,
    ) -> Result<(Uuid, u64), VaultError> {
        let id = Uuid::now_v7();
        let new = folder.join(format!("{NEW}{id}"));
        fs::create_dir_all(&new).map_err(failed("create", &new))?;
        let note = Note {
            key: key.clone(),
            bytes: bytes.len() as u64,
            sha256: Sha256Sum::of(bytes).to_string(),
            is_once,
        };
        let note = serde_json::to_vec(&note).expect("a note is plain data");
        for (name, bytes) in [(OBJECT, bytes), (NOTE, &note)] {
            let path = new.join(name);
            write_synced(&path, bytes).map_err(failed("write", &path))?;
        }
        sync_folder(&new)?;
        let entry = folder.join(id.to_string());
        fs::rename(&new, &entry).map_err(failed("replace", &entry))?;
        sync_folder(folder)?;
        Ok((id, bytes.len() as u64))
    }

    /// The entries of `folder`, oldest first.
    pub(super) fn all(folder: &Path) -> Result<Vec<Self>, VaultError> {
        let mut entries: Vec<Self> = ids_in(folder)?
            .into_iter()
            .map(|id| Self::load(id, folder.join(id.to_string())))
            .collect();
        // The numbers of one process grow, those of several do with their clocks.
        entries.sort_unstable_by_key(|entry| entry.id);
        Ok(entries)
    }

    fn load(id: Uuid, folder: PathBuf) -> Self {
        let text = fs::read(folder.join(NOTE)).ok();
        let note = text.and_then(|text| serde_json::from_slice::<Note>(&text).ok());
        let note = note.and_then(|note| Some((Sha256Sum::parse(&note.sha256)?, note)));
        let why = fs::read(folder.join(WHY)).ok();
        Self {
            id,
            note: note.map(|(sum, note)| (note, sum)),
            why: why.and_then(|text| serde_json::from_slice(&text).ok()),
            folder,
        }
    }

    pub(super) fn key(&self) -> Option<&Key> {
        self.note.as_ref().map(|(note, _)| &note.key)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.note.as_ref().map_or(0, |(note, _)| note.bytes)
    }

    /// When it was put.
    pub(super) fn since(&self) -> SystemTime {
        let stamp = self.id.get_timestamp();
        let (seconds, nanos) = stamp.map_or((0, 0), |stamp| stamp.to_unix());
        SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos)
    }

    pub(super) fn object(&self) -> PathBuf {
        self.folder.join(OBJECT)
    }

    /// Are the bytes what was put? What is not there is not.
    pub(super) fn is_whole(&self, sum: Sha256Sum) -> Result<bool, VaultError> {
        let object = self.object();
        match File::open(&object).and_then(Sha256Sum::of_reader) {
            Ok(found) => Ok(found == sum),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(failed("read", &object)(error)),
        }
    }

    /// Moves it from `from` into `to`, with or without a reason.
    pub(super) fn move_to(
        &self,
        from: &Path,
        to: &Path,
        why: Option<&Why>,
    ) -> Result<(), VaultError> {
        let path = self.folder.join(WHY);
        if let Some(why) = why {
            let why = serde_json::to_vec(why).expect("a reason is plain data");
            // Of an earlier time that it was set aside.
            match fs::remove_file(&path) {
                Err(error) if !is_absent(&error) => return Err(failed("delete", &path)(error)),
                _ => {}
            }
            write_synced(&path, &why).map_err(failed("write", &path))?;
            sync_folder(&self.folder)?;
        }
        fs::create_dir_all(to).map_err(failed("create", to))?;
        let place = to.join(self.id.to_string());
        fs::rename(&self.folder, &place).map_err(failed("replace", &place))?;
        sync_folder(to)?;
        sync_folder(from)
    }
}

/// The numbers of the entries in a folder, which may not be there.
pub(super) fn ids_in(folder: &Path) -> Result<Vec<Uuid>, VaultError> {
    let names = names_in(folder)?;
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

/// The names in a folder, which may not be there.
pub(super) fn names_in(folder: &Path) -> Result<Vec<String>, VaultError> {
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
