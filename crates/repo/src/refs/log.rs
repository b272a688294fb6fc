//! The log of a branch, by which a person finds what it was.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use gix::{ObjectId, bstr::ByteSlice as _};

use super::{RefError, transaction::Change};

/// Adds a line where git would: to a branch's log, and to `HEAD`'s if that is what `HEAD` is on.
pub(super) fn append(
    git: &gix::Repository,
    common: &Path,
    change: &Change,
    before: Option<ObjectId>,
) -> Result<(), RefError> {
    let (Some(what), Some(to)) = (&change.log, change.to) else {
        return Ok(());
    };
    let before = before.unwrap_or_else(|| ObjectId::null(to.kind()));
    let line = format!("{before} {to} {what}\n");
    let policy = Policy::of(git);
    let mut names = vec![change.name.as_str()];
    if is_on(common, &change.name) {
        names.push("HEAD");
    }
    for name in names {
        let path = common.join("logs").join(name);
        add(&path, &line, policy).map_err(|source| RefError::Write { path, source })?;
    }
    Ok(())
}

/// Does the repository keep logs?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    Create,
    /// Those that are there go on.
    Continue,
}

impl Policy {
    fn of(git: &gix::Repository) -> Self {
        let said = git.config_snapshot().string("core.logAllRefUpdates");
        let is_wanted = match said.as_ref().map(|said| said.to_str_lossy().to_lowercase()) {
            None => !git.is_bare(),
            Some(said) => matches!(said.as_str(), "true" | "always" | "yes" | "on" | "1" | ""),
        };
        if is_wanted {
            Self::Create
        } else {
            Self::Continue
        }
    }
}

fn is_on(common: &Path, branch: &str) -> bool {
    fs::read_to_string(common.join("HEAD"))
        .is_ok_and(|head| head.trim_end().strip_prefix("ref: ") == Some(branch))
}

fn add(path: &Path, line: &str, policy: Policy) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true);
    if policy == Policy::Create {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        options.create(true);
    }
    match options.open(path) {
        Ok(mut file) => file.write_all(line.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
