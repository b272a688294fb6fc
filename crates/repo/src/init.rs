use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use gix::create::{Kind, Options};

use crate::{OpenError, Repo, open::options};

/// Of a folder in which a repository is made.
const TEMPORARY: &str = ".git-new-";

/// Why a repository could not be made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("`{}` is a git repository already: open it", path.display())]
    Exists { path: PathBuf },
    #[error("could not write `{}`", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not make the git repository `{}`", path.display())]
    Init {
        path: PathBuf,
        #[source]
        source: Box<gix::Error>,
    },
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl Repo {
    /// Makes a repository around the files in the folder `path`, which is made if it is not there.
    /// It is on branch `main`, without a commit, and is there whole or not at all.
    pub fn init(path: &Path) -> Result<Self, InitError> {
        let git_dir = path.join(".git");
        let exists = || InitError::Exists {
            path: path.to_owned(),
        };
        if git_dir.symlink_metadata().is_ok() {
            return Err(exists());
        }
        if !make(path, &git_dir, Kind::WithWorktree, Options::default())? {
            return Err(exists());
        }
        Ok(Self::open(path)?)
    }
}

/// Makes an empty repository in a folder below `parent`, which is made if it is not there, and moves
/// it to `place` once it is on disk. Says whether the place was free.
pub(crate) fn make(
    parent: &Path,
    place: &Path,
    kind: Kind,
    create: Options,
) -> Result<bool, InitError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| InitError::Write { path, source }
    };
    fs::create_dir_all(parent).map_err(failed(parent))?;
    let temporary = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .tempdir_in(parent)
        .map_err(failed(parent))?;
    let made = temporary.path().join(".git");
    let folder = match kind {
        Kind::WithWorktree => temporary.path(),
        Kind::Bare => &made,
    };
    gix::ThreadSafeRepository::init_opts(folder, kind, create, options()).map_err(|source| {
        InitError::Init {
            path: place.to_owned(),
            source: Box::new(source),
        }
    })?;
    sync(&made).map_err(failed(&made))?;
    match fs::rename(&made, place) {
        Ok(()) => {}
        Err(error) if is_taken(&error) => return Ok(false),
        Err(error) => return Err(failed(place)(error)),
    }
    let synced = File::open(parent).and_then(|folder| folder.sync_all());
    synced.map_err(failed(parent))?;
    Ok(true)
}

/// Somebody else's folder or file is where this one's was to be.
fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotADirectory
    )
}

/// Waits until a small folder is on disk, with all that is in it.
fn sync(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}
