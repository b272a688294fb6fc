//! What a project looks like from outside: whether anything in it was written since.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::bench::is_apart;

/// No more are looked at: of a larger project nobody knows whether it is the same.
const FILES_MAX: usize = 20_000;

/// Of a file, or of all in a folder but `except`, by path, length and time. Nothing if there are too many.
pub(crate) fn digest(from: &Path, except: &Path) -> io::Result<Option<String>> {
    let mut hash = Sha256::new();
    let mut waiting = vec![from.to_owned()];
    let mut left = FILES_MAX;
    while let Some(path) = waiting.pop() {
        let Some(fewer) = left.checked_sub(1) else {
            return Ok(None);
        };
        left = fewer;
        // What a link leads to counts, where it leads to anything.
        let itself = fs::symlink_metadata(&path)?;
        let seen = fs::metadata(&path).unwrap_or_else(|_| itself.clone());
        if itself.is_dir() {
            let entries = fs::read_dir(&path)?.map(|entry| entry.map(|entry| entry.path()));
            let mut entries: Vec<PathBuf> = entries.collect::<io::Result<_>>()?;
            entries.retain(|path| path != except && !path.file_name().is_some_and(is_apart));
            entries.sort();
            waiting.extend(entries);
        }
        let inside = path.strip_prefix(from).unwrap_or(&path);
        hash.update(inside.as_os_str().as_encoded_bytes());
        hash.update([0]);
        if !seen.is_dir() {
            for number in [seen.mtime(), seen.mtime_nsec()] {
                hash.update(number.to_le_bytes());
            }
            hash.update(seen.len().to_le_bytes());
        }
    }
    Ok(Some(hex::encode(hash.finalize())))
}
