//! A copy of a project, in which a text stands where the file is that is repaired.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::BenchError;
use crate::task::{Task, Tests};

/// What is copied for each that runs side by side.
const FILES_MAX: usize = 5_000;
const BYTES_MAX: u64 = 64 << 20;
/// Not copied, and found where they are: large, and made by tools.
const LINKED: [&str; 4] = [".venv", "venv", "node_modules", "target"];
/// Not there at all: what tools keep, and what is made anew.
const LEFT_OUT: [&str; 6] = [
    ".git",
    ".hg",
    "__pycache__",
    ".mypy_cache",
    ".pytest_cache",
    ".luthier",
];

/// What folders begin with that are made here: one that is repaired may lie beside them.
pub(crate) const OWN: &str = "luthier-repair-";

/// Is a folder of this name no part of a project?
pub(crate) fn is_apart(name: &OsStr) -> bool {
    LINKED.iter().any(|other| name == *other) || is_left_out(name)
}

fn is_left_out(name: &OsStr) -> bool {
    let is_own = name.as_encoded_bytes().starts_with(OWN.as_bytes());
    is_own || LEFT_OUT.iter().any(|other| name == *other)
}

/// It goes when this does.
pub(crate) struct Copy {
    folder: TempDir,
    from: PathBuf,
    pub(crate) file: PathBuf,
}

impl Copy {
    /// `from`, in which the file of the task lies.
    pub(crate) fn of(task: &Task, from: &Path, text: &str) -> Result<Self, BenchError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| BenchError::Folder { path, source }
        };
        let folder = tempfile::Builder::new()
            .prefix(OWN)
            .tempdir_in(&task.launcher.folder)
            .map_err(failed(&task.launcher.folder))?;
        let mut left = (FILES_MAX, BYTES_MAX);
        copy_folder(from, folder.path(), &mut left).map_err(failed(from))?;
        let file = own_file(task, from, folder.path(), text).map_err(failed(&task.file))?;
        Ok(Self {
            folder,
            from: from.to_owned(),
            file,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The same task, where the file is the one of the copy and so is whatever else was copied.
    pub(crate) fn task(&self, task: &Task) -> Task {
        let moved = |path: &PathBuf| match path.strip_prefix(&self.from) {
            Ok(inside) => self.path().join(inside),
            Err(_outside) => path.clone(),
        };
        let mut copied = task.clone();
        copied.file.clone_from(&self.file);
        copied.root = moved(&task.root);
        copied.paths = task.paths.iter().map(moved).collect();
        if let Tests::Pytest { arguments } = &mut copied.tests {
            for argument in arguments {
                let (path, test) = argument
                    .split_once("::")
                    .map_or((argument.as_str(), None), |(path, test)| (path, Some(test)));
                let path = moved(&PathBuf::from(path));
                let path = path.to_string_lossy();
                *argument = test.map_or_else(|| path.to_string(), |test| format!("{path}::{test}"));
            }
        }
        copied
    }
}

/// The file in the copy: what is written there must not reach the one that was copied.
fn own_file(task: &Task, from: &Path, copy: &Path, text: &str) -> io::Result<PathBuf> {
    let outside = || {
        let from = from.display();
        io::Error::other(format!(
            "it does not lie in `{from}`, of which the command gets a copy"
        ))
    };
    let inside = task.file.strip_prefix(from).ok().ok_or_else(outside)?;
    let file = copy.join(inside);
    let folder = file.parent().ok_or_else(outside)?.canonicalize()?;
    if !folder.starts_with(copy.canonicalize()?) {
        return Err(outside());
    }
    if file.is_symlink() {
        fs::remove_file(&file)?;
    }
    fs::write(&file, text)?;
    Ok(file)
}

fn copy_folder(from: &Path, to: &Path, left: &mut (usize, u64)) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let name = entry.file_name();
        let target = to.join(&name);
        if kind.is_dir() {
            if LINKED.iter().any(|other| name == *other) {
                symlink(entry.path(), &target)?;
            } else if !is_left_out(&name) {
                fs::create_dir(&target)?;
                copy_folder(&entry.path(), &target, left)?;
            }
        } else if kind.is_symlink() {
            let aim = fs::read_link(entry.path())?;
            let aim = if aim.is_absolute() {
                aim
            } else {
                from.join(aim)
            };
            symlink(aim, &target)?;
        } else if kind.is_file() {
            let bytes = entry.metadata()?.len();
            if left.0 == 0 || left.1 < bytes {
                return Err(io::Error::other(format!(
                    "it has more than {FILES_MAX} files or {BYTES_MAX} bytes, which are copied for each run: start the command from a smaller folder"
                )));
            }
            *left = (left.0 - 1, left.1 - bytes);
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
