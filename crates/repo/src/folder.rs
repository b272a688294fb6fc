//! A working tree as it lies there.

use std::{
    collections::BTreeMap,
    fs::{self, DirEntry, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use rustix::fs::OFlags;

use crate::{Bounds, Bundle, LimitError, SkipReason, SkippedFile, bounds::Tally, bundle::is_part};

/// Why a folder could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("`{}` is no folder", path.display())]
    NotAFolder { path: PathBuf },
    #[error("could not read `{}`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}` holds too much", path.display())]
    Limit {
        path: PathBuf,
        #[source]
        source: LimitError,
    },
}

impl Bundle {
    /// Reads what would be a version if it were committed. Symlinks are not followed, and a file
    /// that vanishes meanwhile was never there.
    pub fn from_folder(root: &Path, bounds: &Bounds) -> Result<Self, FolderError> {
        if !root.is_dir() {
            return Err(FolderError::NotAFolder {
                path: root.to_owned(),
            });
        }
        let mut walk = Walk {
            root,
            bounds: *bounds,
            tally: Tally::new(*bounds),
            files: BTreeMap::new(),
            skipped: Vec::new(),
            folders: vec![(root.to_owned(), String::new())],
        };
        while let Some((folder, prefix)) = walk.folders.pop() {
            walk.visit(&folder, &prefix)?;
        }
        let Walk {
            files, mut skipped, ..
        } = walk;
        skipped.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Self::new(files, skipped))
    }
}

struct Walk<'a> {
    root: &'a Path,
    bounds: Bounds,
    tally: Tally,
    files: BTreeMap<String, Bytes>,
    skipped: Vec<SkippedFile>,
    /// Folders that are still to be visited, and their path in the version, ending in `/`.
    folders: Vec<(PathBuf, String)>,
}

impl Walk<'_> {
    fn visit(&mut self, folder: &Path, prefix: &str) -> Result<(), FolderError> {
        let Some(listing) = there(folder, fs::read_dir(folder))? else {
            return Ok(());
        };
        for entry in listing {
            let entry = entry.map_err(|source| FolderError::Read {
                path: folder.to_owned(),
                source,
            })?;
            self.tally
                .add_entry()
                .map_err(|limit| self.too_much(limit))?;
            self.enter(&entry, prefix)?;
        }
        Ok(())
    }

    fn enter(&mut self, entry: &DirEntry, prefix: &str) -> Result<(), FolderError> {
        let on_disk = entry.path();
        let Some(kind) = there(&on_disk, entry.file_type())? else {
            return Ok(());
        };
        let name = entry.file_name();
        let path = format!("{prefix}{}", name.to_string_lossy());
        if !is_part(&path, kind.is_dir()) {
            return Ok(());
        }
        let skip = if name.to_str().is_none() {
            Some(SkipReason::NotUtf8)
        } else if kind.is_symlink() {
            Some(SkipReason::Symlink)
        } else if !kind.is_dir() && !kind.is_file() {
            Some(SkipReason::NotAFile)
        } else {
            None
        };
        if let Some(reason) = skip {
            self.skipped.push(SkippedFile { path, reason });
        } else if kind.is_dir() {
            Tally::check_depth(&path).map_err(|limit| self.too_much(limit))?;
            self.folders.push((on_disk, path + "/"));
        } else if let Some(content) = self.read(&on_disk)? {
            let bytes = u64::try_from(content.len()).expect("a length fits 64 bits");
            (self.tally.add_file(&path, bytes)).map_err(|limit| self.too_much(limit))?;
            self.files.insert(path, content.into());
        }
        Ok(())
    }

    /// Reads at most one byte more than is allowed, which the tally then refuses.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FolderError> {
        let Some(file) = there(path, open(path))? else {
            return Ok(None);
        };
        let mut content = Vec::new();
        file.take(self.bounds.file_bytes_max.saturating_add(1))
            .read_to_end(&mut content)
            .map_err(|source| FolderError::Read {
                path: path.to_owned(),
                source,
            })?;
        Ok(Some(content))
    }

    fn too_much(&self, source: LimitError) -> FolderError {
        FolderError::Limit {
            path: self.root.to_owned(),
            source,
        }
    }
}

/// Opens a file that was one a moment ago. Should it be a symlink by now this fails, and should it
/// be a pipe it does not wait for a writer.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

/// Nothing if it is not there any more.
pub(crate) fn there<T>(path: &Path, outcome: io::Result<T>) -> Result<Option<T>, FolderError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FolderError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}
