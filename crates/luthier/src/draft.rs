//! Files of other people's, written beside and put in place at once or not at all.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown},
    path::{Path, PathBuf},
};

/// Of a file that was not there; the user's mask takes from it.
const MODE_NEW: u32 = 0o666;

/// Of a draft, until it has the mode of the file that it replaces.
const MODE_PRIVATE: u32 = 0o600;

/// Whether a file that is there already may go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replace {
    Always,
    Never,
}

/// Writes a file beside and gives it its name when all of it is on the disk.
pub(crate) fn place(
    text: &str,
    like: Option<&Metadata>,
    path: &Path,
    replace: Replace,
) -> io::Result<()> {
    let draft = beside(path, &format!(".{}.tmp", std::process::id()));
    let written = write(text, like, &draft).and_then(|()| match replace {
        Replace::Always => fs::rename(&draft, path),
        // A link refuses to take the place of a file that came into being meanwhile.
        Replace::Never => fs::hard_link(&draft, path).and_then(|()| fs::remove_file(&draft)),
    });
    if written.is_err() {
        // What failed is told; that the draft is left behind is not worth more words.
        drop(fs::remove_file(&draft));
    }
    written?;
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Writes a draft that belongs to whom the file `like` does, and may be read by whom that may.
fn write(text: &str, like: Option<&Metadata>, draft: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(like.map_or(MODE_NEW, |_| MODE_PRIVATE))
        .open(draft)?;
    file.write_all(text.as_bytes())?;
    if let Some(like) = like {
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (like.uid(), like.gid()) {
            fchown(&file, Some(like.uid()), Some(like.gid()))?;
        }
        file.set_permissions(like.permissions())?;
    }
    file.sync_all()
}

/// A path whose name has an ending more.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
