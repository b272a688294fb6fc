use std::{
    fs::{self, DirEntry, Metadata},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    Bounds, FolderError, bounds::Tally, bundle::is_part, fingerprint::SETTLED_AFTER, folder::there,
};

/// What the metadata of a working tree says of the files that make a version. While two looks are
/// the same, and settled, so are the files, however an editor writes them: in place, or by a new
/// file that takes the name of the old one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    files: Vec<(String, Stamp)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    modified: Duration,
    /// Moves even when the time of modification is put back.
    changed: Duration,
}

impl Glance {
    /// Looks at a folder without opening a file; a file that vanishes meanwhile was never there.
    pub fn of_folder(root: &Path) -> Result<Self, FolderError> {
        let mut tally = Tally::new(Bounds::default());
        let mut glance = Self::default();
        let mut folders = vec![(root.to_owned(), String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            let Some(listing) = there(&folder, fs::read_dir(&folder))? else {
                continue;
            };
            for entry in listing {
                let entry = entry.map_err(|source| FolderError::Read {
                    path: folder.clone(),
                    source,
                })?;
                let too_much = |source| FolderError::Limit {
                    path: root.to_owned(),
                    source,
                };
                tally.add_entry().map_err(too_much)?;
                if let Some(inner) = glance.take(&entry, &prefix)? {
                    Tally::check_depth(&inner.1).map_err(too_much)?;
                    folders.push(inner);
                }
            }
        }
        glance
            .files
            .sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(glance)
    }

    /// Would a change from now on be noticed?
    pub fn is_settled_at(&self, now: SystemTime) -> bool {
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let stamps = self.files.iter().map(|(_, stamp)| stamp);
        let mut ages = stamps.map(|stamp| now.saturating_sub(stamp.modified.max(stamp.changed)));
        ages.all(|age| age > SETTLED_AFTER)
    }

    /// Notes a file; hands back a folder that is to be looked into.
    fn take(
        &mut self,
        entry: &DirEntry,
        prefix: &str,
    ) -> Result<Option<(PathBuf, String)>, FolderError> {
        let on_disk = entry.path();
        // Of the entry itself, not of what a symlink leads to.
        let Some(metadata) = there(&on_disk, entry.metadata())? else {
            return Ok(None);
        };
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if !is_part(&path, metadata.is_dir()) {
            return Ok(None);
        }
        if metadata.is_dir() {
            return Ok(Some((on_disk, path + "/")));
        }
        self.files.push((path, Stamp::of(&metadata)));
        Ok(None)
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified: since_epoch(metadata.mtime(), metadata.mtime_nsec()),
            changed: since_epoch(metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

fn since_epoch(seconds: i64, nanoseconds: i64) -> Duration {
    let seconds = u64::try_from(seconds).unwrap_or_default();
    Duration::new(seconds, u32::try_from(nanoseconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(root: &Path) -> Glance {
        Glance::of_folder(root).unwrap()
    }

    #[test]
    fn a_file_that_is_written_renamed_added_or_removed_is_seen_and_nothing_else_is() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        let write = |path: &str, text: &str| {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), text).unwrap();
        };
        write("tools/runner/a.py", "a");
        let first = look(root.path());

        write("README.md", "none of a version's");
        write("tools/runner/__pycache__/a.pyc", "nor this");
        assert_eq!(look(root.path()), first);
        write("tools/runner/a.py", "longer");
        let second = look(root.path());
        assert_ne!(second, first);
        // As editors do it: the size and the time may be the same, the file is another.
        write("tools/runner/.a.py.new", "LONGER");
        fs::rename(at("tools/runner/.a.py.new"), at("tools/runner/a.py")).unwrap();
        let third = look(root.path());
        assert_ne!(third, second);
        write("state/schema.json", "{}");
        let fourth = look(root.path());
        assert_ne!(fourth, third);
        fs::remove_file(at("state/schema.json")).unwrap();
        assert_eq!(look(root.path()), third);
    }

    #[test]
    fn what_was_changed_a_moment_ago_may_change_again_unseen() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("tools")).unwrap();
        fs::write(root.path().join("tools/a.py"), "a").unwrap();
        let glance = look(root.path());
        let now = SystemTime::now();

        assert!(!glance.is_settled_at(now));
        assert!(glance.is_settled_at(now + SETTLED_AFTER + SETTLED_AFTER));
    }
}
