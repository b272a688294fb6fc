use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::{OpenError, Repo, open::options};

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
    #[error("could not make a git repository in `{}`", path.display())]
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
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| InitError::Write { path, source }
        };
        fs::create_dir_all(path).map_err(failed(path))?;
        let exists = || InitError::Exists {
            path: path.to_owned(),
        };
        let git_dir = path.join(".git");
        if git_dir.symlink_metadata().is_ok() {
            return Err(exists());
        }
        let temporary = tempfile::Builder::new()
            .prefix(".git-new-")
            .tempdir_in(path)
            .map_err(failed(path))?;
        let (kind, create) = (
            gix::create::Kind::WithWorktree,
            gix::create::Options::default(),
        );
        gix::ThreadSafeRepository::init_opts(temporary.path(), kind, create, options()).map_err(
            |source| InitError::Init {
                path: path.to_owned(),
                source: Box::new(source),
            },
        )?;
        let made = temporary.path().join(".git");
        sync(&made).map_err(failed(&made))?;
        match fs::rename(&made, &git_dir) {
            Ok(()) => {}
            Err(error) if is_taken(&error) => return Err(exists()),
            Err(error) => return Err(failed(&git_dir)(error)),
        }
        (File::open(path).and_then(|folder| folder.sync_all())).map_err(failed(path))?;
        Ok(Self::open(path)?)
    }
}

/// Somebody else's folder or file is where this one's was to be.
pub(crate) fn is_taken(error: &io::Error) -> bool {
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
