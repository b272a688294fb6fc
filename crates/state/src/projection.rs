//! `staging.state.json` and `active.state.json`: copies of the documents for people and their
//! tools. The journal is the truth; a copy that somebody edited is kept aside and told of, never
//! silently overwritten.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use fail::fail_point;
use model::{Digest, json};
use serde::{Deserialize, Serialize};

use crate::{Document, Limits, Target};

/// A folder with the copies of one lineage.
#[derive(Debug)]
pub struct Projection {
    folder: PathBuf,
    written: [Option<Stamp>; 2],
}

/// What was written last, and how the file looked right after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    hash: Digest,
    fingerprint: Fingerprint,
}

/// Cheap to ask for, and different after every edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fingerprint {
    inode: u64,
    size: u64,
    modified_ns: i128,
}

/// A copy that was changed by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandEdit {
    pub target: Target,
    /// Where the edited text is kept now: what `luthier state import` takes.
    pub kept: PathBuf,
}

/// Why a copy was not written or looked at.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} `{}`", path.display())]
pub struct ProjectionError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// Where the stamps are kept between runs.
const STAMPS: &str = ".written.json";

impl Projection {
    /// Opens the folder, creating it if need be, and recalls what was written last.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, ProjectionError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
        let stamps = folder.join(STAMPS);
        let written = match fs::read(&stamps) {
            // A stamp that cannot be read counts as none: the copies are then compared by content.
            Ok(text) => serde_json::from_slice(&text).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Default::default(),
            Err(error) => return Err(failed("read", &stamps)(error)),
        };
        Ok(Self { folder, written })
    }

    /// The file of `target`.
    pub fn path(&self, target: Target) -> PathBuf {
        self.folder.join(format!("{target}.state.json"))
    }

    /// Writes `document` if the file holds another; an edit by hand is moved aside first.
    pub fn write(&mut self, document: &Document) -> Result<Option<HandEdit>, ProjectionError> {
        let target = document.target;
        let edit = self.set_aside(target, document.hash)?;
        let path = self.path(target);
        if self
            .stamp(target)
            .is_some_and(|stamp| stamp.hash == document.hash)
            && path.exists()
        {
            return Ok(edit);
        }
        replace(&path, document.to_file_text().as_bytes())?;
        let metadata = fs::metadata(&path).map_err(failed("look at", &path))?;
        let fingerprint = Fingerprint::of(&metadata);
        self.written[index(target)] = Some(Stamp {
            hash: document.hash,
            fingerprint,
        });
        let stamps = serde_json::to_vec(&self.written).expect("stamps are plain data");
        replace(&self.folder.join(STAMPS), &stamps)?;
        Ok(edit)
    }

    /// Has `target`'s file changed since it was written? One look at its metadata.
    pub fn was_touched(&self, target: Target) -> Result<bool, ProjectionError> {
        let path = self.path(target);
        match fs::metadata(&path) {
            Ok(metadata) => {
                let found = Fingerprint::of(&metadata);
                Ok(self
                    .stamp(target)
                    .is_none_or(|stamp| stamp.fingerprint != found))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(failed("look at", &path)(error)),
        }
    }

    fn stamp(&self, target: Target) -> Option<&Stamp> {
        self.written[index(target)].as_ref()
    }

    /// Moves an edited file out of the way. A file that was only touched, or that holds what is
    /// about to be written, is no edit.
    fn set_aside(
        &mut self,
        target: Target,
        coming: Digest,
    ) -> Result<Option<HandEdit>, ProjectionError> {
        if !self.was_touched(target)? {
            return Ok(None);
        }
        let path = self.path(target);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path)(error)),
        };
        let limits = Limits::default();
        let limits = json::Limits {
            bytes_max: limits.bytes_max,
            depth_max: limits.depth_max,
        };
        let content = json::parse(&text, &limits)
            .ok()
            .map(|value| Digest::of_json(&value));
        let was_written = self.written[index(target)].take().map(|stamp| stamp.hash);
        if content.is_some() && (content == was_written || content == Some(coming)) {
            return Ok(None);
        }
        let name = format!("{target}.edited-{}.state.json", Digest::of(&text).short());
        let kept = self.folder.join(name);
        fs::rename(&path, &kept).map_err(failed("move", &path))?;
        Ok(Some(HandEdit { target, kept }))
    }
}

impl Fingerprint {
    fn of(metadata: &fs::Metadata) -> Self {
        let modified_ns =
            i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        Self {
            inode: metadata.ino(),
            size: metadata.size(),
            modified_ns,
        }
    }
}

fn index(target: Target) -> usize {
    match target {
        Target::Staging => 0,
        Target::Active => 1,
    }
}

/// Whoever opens the file sees the old text or the new one. It need not outlive a power cut: it is
/// written again at the next start.
fn replace(path: &Path, text: &[u8]) -> Result<(), ProjectionError> {
    let mut temporary = path.to_owned();
    temporary.as_mut_os_string().push(".new");
    fs::write(&temporary, text).map_err(failed("write", &temporary))?;
    fail_point!("state::before_rename");
    fs::rename(&temporary, path).map_err(failed("replace", path))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ProjectionError + use<> {
    let path = path.to_owned();
    move |source| ProjectionError {
        action,
        path,
        source,
    }
}
