use std::{
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Mutex,
};

use gix::bstr::ByteSlice as _;

use crate::{CommitId, ObjectError, reference, versions::Cached};

/// A git repository whose tags are versions; cheap to share between threads.
pub struct Repo {
    pub(crate) git: gix::ThreadSafeRepository,
    /// The git folder that all worktrees share.
    pub(crate) common: PathBuf,
    pub(crate) listed: Mutex<Option<Cached>>,
}

/// Why a repository could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is a folder, or nothing, but no git: whoever asked may serve the folder as it is.
    #[error("`{}` is no git repository: run `git init` there to keep versions", path.display())]
    NotARepository { path: PathBuf },
    #[error(
        "`{}` keeps its references as `{format}`, which is not supported: run \
         `git refs migrate --ref-format=files`",
        path.display()
    )]
    ReferenceFormat { path: PathBuf, format: String },
    #[error("could not look into `{}`", path.display())]
    Look {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not open the git repository `{}`: `git status` there may say more", path.display())]
    Open {
        path: PathBuf,
        #[source]
        source: Box<gix::Error>,
    },
}

/// Writing would leave files that the repository's owner could not change any more.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{}` belongs to user {owner} and this process to user {process}: run it as that user, or give \
     the repository away with `chown -R`",
    path.display()
)]
pub struct NotOwner {
    pub path: PathBuf,
    pub owner: u32,
    pub process: u32,
}

/// May this process write to the repository below `common`? One that several users share says so in
/// its own configuration.
pub(crate) fn require_owner(git: &gix::Repository, common: &Path) -> Result<(), NotOwner> {
    let process = rustix::process::geteuid().as_raw();
    let Ok(metadata) = std::fs::metadata(common) else {
        // Whatever is wrong is told by the write that follows.
        return Ok(());
    };
    let owner = metadata.uid();
    let is_shared = (git.config_snapshot().string("core.sharedRepository"))
        .is_some_and(|said| !matches!(&*said.to_str_lossy(), "false" | "umask" | "0"));
    if owner == process || is_shared {
        return Ok(());
    }
    Err(NotOwner {
        path: common.to_owned(),
        owner,
        process,
    })
}

impl Repo {
    /// Opens the repository whose working tree, or bare folder, is exactly `path`: a folder inside
    /// somebody's repository is none itself.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        if !looks_like_git(path)? {
            return Err(OpenError::NotARepository {
                path: path.to_owned(),
            });
        }
        let git = options().open(path).map_err(|source| OpenError::Open {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        refuse_other_reference_formats(path, &git)?;
        Ok(Self::of(git))
    }

    pub(crate) fn of(git: gix::ThreadSafeRepository) -> Self {
        Self {
            common: git.to_thread_local().common_dir().to_owned(),
            git,
            listed: Mutex::new(None),
        }
    }

    /// A view of the repository for one thread.
    pub(crate) fn local(&self) -> gix::Repository {
        self.git.to_thread_local()
    }

    /// What is checked out, or would be; nothing while there is no commit yet.
    pub fn head(&self) -> Result<Option<CommitId>, ObjectError> {
        let git = self.local();
        let Some(target) = reference::head_target(&git)? else {
            return Ok(None);
        };
        reference::peel_to_commit(&git, target).map(|commit| Some(CommitId(commit)))
    }

    /// Is history missing here, because the repository was cloned with a depth?
    pub fn is_shallow(&self) -> bool {
        self.local().is_shallow().unwrap_or(false)
    }
}

/// Nothing but the repository's own configuration is read, and replacement objects are ignored: a
/// version is what its hash says.
pub(crate) fn options() -> gix::open::Options {
    gix::open::Options::isolated()
        .with(gix::sec::Trust::Full)
        .config_overrides(["core.useReplaceRefs=false"])
}

/// A repository has a `.git` folder or file, or is bare and has a `HEAD` beside its objects.
fn looks_like_git(path: &Path) -> Result<bool, OpenError> {
    let exists = |path: &Path| match path.try_exists() {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        outcome => outcome.map_err(|source| OpenError::Look {
            path: path.to_owned(),
            source,
        }),
    };
    Ok(exists(&path.join(".git"))?
        || (exists(&path.join("HEAD"))? && exists(&path.join("objects"))?))
}

/// gix knows references as files alone, and would find none in any other format.
fn refuse_other_reference_formats(
    path: &Path,
    git: &gix::ThreadSafeRepository,
) -> Result<(), OpenError> {
    let git = git.to_thread_local();
    match git.config_snapshot().string("extensions.refStorage") {
        Some(format) if !format.eq_ignore_ascii_case(b"files") => Err(OpenError::ReferenceFormat {
            path: path.to_owned(),
            format: format.to_string(),
        }),
        _ => Ok(()),
    }
}
