//! A client's file on the disk: read whole, kept as it was, replaced at once or not at all.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    draft::{Replace, beside, place},
    exit::Exit,
    failure::Failure,
    session::create_folder,
};

/// Far above what clients keep there; a larger file is none of theirs.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// A file as it was when it was read.
pub(super) struct ClientFile {
    path: PathBuf,
    /// None if there is no such file.
    found: Option<(String, Metadata)>,
}

impl ClientFile {
    /// Reads it. A link is followed, so that whoever keeps settings elsewhere finds them there.
    pub(super) fn read(path: PathBuf) -> Result<Self, Failure> {
        let path = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                refuse_broken_link(&path)?;
                return Ok(Self { path, found: None });
            }
            Err(error) => return Err(reading(&path, error)),
        };
        let text = load(&path)?;
        let metadata = fs::metadata(&path).map_err(|error| reading(&path, error))?;
        Ok(Self {
            found: Some((text, metadata)),
            path,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds; nothing if it is not there.
    pub(super) fn text(&self) -> &str {
        self.found.as_ref().map_or("", |(text, _)| text)
    }

    /// A rename could go past the owner's wish, so it is looked for.
    pub(super) fn refuse_if_read_only(&self) -> Result<(), Failure> {
        let is_read_only = |(_, was): &(String, Metadata)| was.permissions().readonly();
        if !self.found.as_ref().is_some_and(is_read_only) {
            return Ok(());
        }
        let message = format!("`{}` is read-only", self.path.display());
        Err(Failure::new("read_only", Exit::Unavailable, message)
            .with_hint("make it writable; nothing was changed".to_owned()))
    }

    /// Puts a text in its place, and answers where the old one is kept, if there was one.
    pub(super) fn replace(&self, text: &str) -> Result<Option<PathBuf>, Failure> {
        let writing = |error| Failure::io(&format!("write `{}`", self.path.display()), error);
        let Some((before, was)) = &self.found else {
            create_folder(self.folder())?;
            place(text, None, &self.path, Replace::Never).map_err(writing)?;
            return Ok(None);
        };
        if load(&self.path)? != *before {
            return Err(self.changed_meanwhile());
        }
        let backup = beside(&self.path, ".bak");
        place(before, Some(was), &backup, Replace::Always)
            .map_err(|error| Failure::io(&format!("write `{}`", backup.display()), error))?;
        place(text, Some(was), &self.path, Replace::Always).map_err(writing)?;
        Ok(Some(backup))
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    fn changed_meanwhile(&self) -> Failure {
        let message = format!(
            "`{}` was changed by somebody else just now",
            self.path.display()
        );
        Failure::new("client_file_changed", Exit::Conflict, message)
            .with_hint("close the client and run the command again".to_owned())
    }
}

fn load(path: &Path) -> Result<String, Failure> {
    let file = File::open(path).map_err(|error| reading(path, error))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| reading(path, error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let message = format!("`{}` has more than {FILE_BYTES_MAX} bytes", path.display());
        return Err(Failure::new("too_large", Exit::Invalid, message)
            .with_hint("look whether it is the client's file; nothing was changed".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message = format!("`{}` is no UTF-8 text, from byte {at} on", path.display());
        Failure::new("client_file_broken", Exit::Invalid, message).with_hint(
            "put the file right by hand, or move it away; nothing was changed".to_owned(),
        )
    })
}

/// A link to nowhere would be replaced by a file, and whoever made it would not know.
fn refuse_broken_link(path: &Path) -> Result<(), Failure> {
    let Ok(target) = fs::read_link(path) else {
        return Ok(());
    };
    let message = format!(
        "`{}` is a link to `{}`, which is not there",
        path.display(),
        target.display()
    );
    Err(Failure::new("client_file_broken", Exit::Invalid, message)
        .with_hint("make the file, or remove the link; nothing was changed".to_owned()))
}

fn reading(path: &Path, error: io::Error) -> Failure {
    Failure::io(&format!("read `{}`", path.display()), error)
}
