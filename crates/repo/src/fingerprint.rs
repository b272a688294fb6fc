//! Have the tags changed since they were read?

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// A change within this time of another may leave no trace in a time stamp, so what was read that
/// soon after a change is read again. Two seconds is the coarsest clock among file systems in use.
pub(crate) const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// What changes whenever a tag does: packed tags are one file that is replaced, and a loose one is
/// renamed into its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    packed: Option<(u64, u64, SystemTime)>,
    folders: Vec<(PathBuf, SystemTime)>,
}

impl Fingerprint {
    /// Looks at the metadata of the tags below `common`, the git folder that worktrees share. Tags
    /// of versions are at most one folder, their lineage's, deep.
    pub(crate) fn load(common: &Path) -> io::Result<Self> {
        let packed = match fs::metadata(common.join("packed-refs")) {
            Ok(metadata) => Some((metadata.ino(), metadata.size(), metadata.modified()?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self {
            packed,
            folders: folders(&common.join("refs/tags"))?,
        })
    }

    /// Would a change from now on be noticed?
    pub(crate) fn is_settled_at(&self, now: SystemTime) -> bool {
        let packed = self.packed.iter().map(|(_, _, modified)| modified);
        let folders = self.folders.iter().map(|(_, modified)| modified);
        packed.chain(folders).all(|modified| {
            now.duration_since(*modified)
                .is_ok_and(|age| age > SETTLED_AFTER)
        })
    }
}

fn folders(tags: &Path) -> io::Result<Vec<(PathBuf, SystemTime)>> {
    let mut found = Vec::new();
    let listing = match fs::read_dir(tags) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    found.push((tags.to_owned(), fs::metadata(tags)?.modified()?));
    for entry in listing {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            match entry.metadata() {
                Ok(metadata) => found.push((entry.path(), metadata.modified()?)),
                // git removes a folder with its last tag, which shows in the folder above.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    found.sort();
    Ok(found)
}
