//! Remembers what passed, so that it need not be run again for the same version.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Mutex,
    time::SystemTime,
};

use model::Digest;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::coverage::Lines;

/// Versions that are remembered; the ones used longest ago make room.
const FILES_MAX: usize = 64;

/// Everything but the cases that an outcome depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheKey {
    pub code: String,
    pub state: String,
    /// The Python that runs the tools.
    pub interpreter: String,
    /// What is installed for them, down to the builds: a file of requirements names ranges.
    pub packages: String,
    pub luthier: String,
}

/// What passed under one key. It is kept in a file of a folder that processes may share: the last to
/// finish wins, and what the others knew is found out again.
#[derive(Debug)]
pub struct Cache {
    path: PathBuf,
    known: Mutex<BTreeMap<String, Remembered>>,
}

/// A unit that passed, with all that budgets are about: it is judged as on the day it ran.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) cases: Vec<Passed>,
    /// How long it took, every repetition.
    pub(crate) own_ms: f64,
    /// The lines that ran, if that was looked at.
    pub(crate) lines: Option<Lines>,
}

/// A case that passed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Passed {
    pub(crate) ms: f64,
    pub(crate) score: f64,
    pub(crate) calls: usize,
    pub(crate) cost_usd: Option<f64>,
}

/// Why results are not remembered.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} `{}`", path.display())]
pub struct CacheError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Cache {
    /// What is remembered of one version. A file that cannot be understood holds nothing.
    pub fn open(folder: &Path, key: &CacheKey) -> Result<Self, CacheError> {
        fs::create_dir_all(folder).map_err(failed("create", folder))?;
        let name = Digest::of_json(&json!({
            "code": key.code,
            "state": key.state,
            "interpreter": key.interpreter,
            "packages": key.packages,
            "luthier": key.luthier,
        }));
        let path = folder.join(format!("{name}.json"));
        let known = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(failed("read", &path)(error)),
        };
        Ok(Self {
            path,
            known: Mutex::new(known),
        })
    }

    pub(crate) fn find(&self, unit: &Digest) -> Option<Remembered> {
        let known = self.known.lock().expect("nobody panics while holding it");
        known.get(&unit.to_string()).cloned()
    }

    pub(crate) fn add(&self, unit: &Digest, passed: Remembered) {
        let mut known = self.known.lock().expect("nobody panics while holding it");
        known.insert(unit.to_string(), passed);
    }

    /// Keeps what was added, whole or not at all.
    pub fn save(&self) -> Result<(), CacheError> {
        let known = self.known.lock().expect("nobody panics while holding it");
        let text = serde_json::to_vec(&*known).expect("numbers by text are JSON");
        drop(known);
        let new = self.path.with_extension(std::process::id().to_string());
        fs::write(&new, text).map_err(failed("write", &new))?;
        fs::rename(&new, &self.path).map_err(failed("replace", &self.path))?;
        self.make_room()
    }

    fn make_room(&self) -> Result<(), CacheError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed("list", folder))? {
            let entry = entry.map_err(failed("list", folder))?;
            let changed = entry.metadata().and_then(|metadata| metadata.modified());
            files.push((changed.unwrap_or(SystemTime::UNIX_EPOCH), entry.path()));
        }
        files.sort();
        let excess = files.len().saturating_sub(FILES_MAX);
        for (_, path) in files.into_iter().take(excess) {
            match fs::remove_file(&path) {
                Ok(()) => {}
                // Another process made room, too.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed("delete", &path)(error)),
            }
        }
        Ok(())
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CacheError + use<> {
    let path = path.to_owned();
    move |source| CacheError {
        action,
        path,
        source,
    }
}
