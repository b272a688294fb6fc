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
use rustix::{fs::RenameFlags, io::Errno};
use serde::{Deserialize, Serialize};

use crate::{Document, Limits, Target};

/// A folder with the copies of one lineage.
#[derive(Debug)]
pub struct Projection {
    folder: PathBuf,
    written: Stamps,
}

/// The newest stamps of each target, newest first.
type Stamps = [Vec<Stamp>; 2];

/// A crash can come between noting a stamp and showing its file, so the one before still counts.
const STAMPS_MAX: usize = 2;

/// What was written, and how the file looked right after.
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
const STAMPS_FILE: &str = ".written.json";

/// Whole texts on their way in, or just come out, have this at the end of their name.
const SWAP_SUFFIX: &str = ".swap";

/// How often a file that comes and goes is tried.
const EXCHANGES_MAX: usize = 16;

impl Projection {
    /// Opens the folder, creating it if need be, and recalls what was written last.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, ProjectionError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
        let stamps = folder.join(STAMPS_FILE);
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

    /// Writes `document` if the file holds another; an edit by hand is moved aside.
    pub fn write(&mut self, document: &Document) -> Result<Option<HandEdit>, ProjectionError> {
        let target = document.target;
        let (path, swap) = (self.path(target), self.swap_path(target));
        // Whatever a crash left in between is looked at before its place is used again.
        let left_over = self.set_aside(target, &swap, document.hash)?;
        let newest = self.stamps(target).first();
        if newest.is_some_and(|stamp| stamp.hash == document.hash)
            && newest.map(|stamp| stamp.fingerprint) == fingerprint_of(&path)?
        {
            return Ok(left_over);
        }
        replace(&swap, document.to_file_text().as_bytes())?;
        if let Some(fingerprint) = fingerprint_of(&swap)? {
            self.note(
                target,
                Stamp {
                    hash: document.hash,
                    fingerprint,
                },
            )?;
        }
        fail_point!("state::before_rename");
        exchange(&swap, &path)?;
        fail_point!("state::after_rename");
        let edit = self.set_aside(target, &swap, document.hash)?;
        Ok(edit.or(left_over))
    }

    fn is_known(&self, target: Target, found: Option<Fingerprint>) -> bool {
        let mut stamps = self.stamps(target).iter();
        stamps.any(|stamp| Some(stamp.fingerprint) == found)
    }

    fn stamps(&self, target: Target) -> &[Stamp] {
        &self.written[index(target)]
    }

    fn swap_path(&self, target: Target) -> PathBuf {
        with_suffix(&self.path(target), SWAP_SUFFIX)
    }

    /// Before the file is shown, so that no crash makes our own writing look like somebody's.
    fn note(&mut self, target: Target, stamp: Stamp) -> Result<(), ProjectionError> {
        let stamps = &mut self.written[index(target)];
        stamps.insert(0, stamp);
        stamps.truncate(STAMPS_MAX);
        let text = serde_json::to_vec(&self.written).expect("stamps are plain data");
        replace(&self.folder.join(STAMPS_FILE), &text)
    }

    /// Drops the text at `swap` if it was written here, is about to be (`coming`) or was only
    /// touched; keeps it as an edit otherwise.
    fn set_aside(
        &self,
        target: Target,
        swap: &Path,
        coming: Digest,
    ) -> Result<Option<HandEdit>, ProjectionError> {
        let found = fingerprint_of(swap)?;
        if found.is_none() {
            return Ok(None);
        }
        let text = fs::read(swap).map_err(failed("read", swap))?;
        if self.is_known(target, found) || self.is_ours(target, &text, coming) {
            fs::remove_file(swap).map_err(failed("remove", swap))?;
            return Ok(None);
        }
        let name = format!("{target}.edited-{}.state.json", Digest::of(&text).short());
        let kept = self.folder.join(name);
        fs::rename(swap, &kept).map_err(failed("move", swap))?;
        Ok(Some(HandEdit { target, kept }))
    }

    fn is_ours(&self, target: Target, text: &[u8], coming: Digest) -> bool {
        let limits = json::Limits {
            bytes_max: usize::MAX,
            depth_max: Limits::DEPTH_MAX_MAX,
        };
        json::parse(text, &limits).is_ok_and(|value| {
            let content = Digest::of_json(&value);
            let mut stamps = self.stamps(target).iter();
            content == coming || stamps.any(|stamp| stamp.hash == content)
        })
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

/// `None` if there is no file.
fn fingerprint_of(path: &Path) -> Result<Option<Fingerprint>, ProjectionError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(Fingerprint::of(&metadata))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("look at", path)(error)),
    }
}

/// Whoever opens the file sees the old text or the new one. It need not outlive a power cut: it is
/// written again at the next start.
fn replace(path: &Path, text: &[u8]) -> Result<(), ProjectionError> {
    let temporary = with_suffix(path, ".new");
    fs::write(&temporary, text).map_err(failed("write", &temporary))?;
    fs::rename(&temporary, path).map_err(failed("replace", path))
}

/// Shows the text at `swap` as `path` and leaves there what `path` held, in one step: an edit that
/// was saved a moment ago is not written over but comes out.
fn exchange(swap: &Path, path: &Path) -> Result<(), ProjectionError> {
    let rename =
        |flags| rustix::fs::renameat_with(rustix::fs::CWD, swap, rustix::fs::CWD, path, flags);
    let failed = |errno: Errno| failed("replace", path)(errno.into());
    // Somebody may create or delete the file between two tries.
    for _ in 0..EXCHANGES_MAX {
        match rename(RenameFlags::EXCHANGE) {
            Err(Errno::NOENT) => {}
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => return rename_twice(swap, path),
            outcome => return outcome.map_err(failed),
        }
        match rename(RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => {}
            outcome => return outcome.map_err(failed),
        }
    }
    Err(failed(Errno::BUSY))
}

/// Where the file system cannot exchange: for a moment there is no file, but nothing is lost.
fn rename_twice(swap: &Path, path: &Path) -> Result<(), ProjectionError> {
    let coming = with_suffix(path, ".new");
    fs::rename(swap, &coming).map_err(failed("move", swap))?;
    match fs::rename(path, swap) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed("move", path)(error));
        }
        Ok(()) | Err(_) => {}
    }
    fs::rename(&coming, path).map_err(failed("replace", path))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.to_owned();
    path.as_mut_os_string().push(suffix);
    path
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ProjectionError + use<> {
    let path = path.to_owned();
    move |source| ProjectionError {
        action,
        path,
        source,
    }
}
