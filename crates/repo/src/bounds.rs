/// How many files one version, or folder, may have.
pub const FILES_MAX: usize = 20_000;

/// How large one file may be.
pub const FILE_BYTES_MAX: u64 = 32 << 20;

/// How large all files together may be.
pub const BUNDLE_BYTES_MAX: u64 = 256 << 20;

/// How many folders may be inside each other.
pub const DEPTH_MAX: usize = 64;

/// How many names are looked at, files or not: a few small trees that name each other over and over
/// can say more folders than there are atoms.
pub const TREE_ENTRIES_MAX: usize = 200_000;

/// How much is read at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub files_max: usize,
    pub file_bytes_max: u64,
    pub total_bytes_max: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            files_max: FILES_MAX,
            file_bytes_max: FILE_BYTES_MAX,
            total_bytes_max: BUNDLE_BYTES_MAX,
        }
    }
}

/// Too much of something.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    #[error("there are more than {files_max} files: move what is not needed out of the workspace")]
    TooManyFiles { files_max: usize },
    #[error("`{path}` has {bytes} bytes, more than the {bytes_max} that one file may have")]
    FileTooLarge {
        path: String,
        bytes: u64,
        bytes_max: u64,
    },
    #[error("with `{path}` the files have more than {bytes_max} bytes together")]
    TooMuchTogether { path: String, bytes_max: u64 },
    #[error("`{path}` is more than {DEPTH_MAX} folders deep")]
    TooDeep { path: String },
    #[error("there are more than {TREE_ENTRIES_MAX} files and folders")]
    TooManyEntries,
}

/// What has been counted so far.
pub(crate) struct Tally {
    bounds: Bounds,
    files: usize,
    total_bytes: u64,
    entries: usize,
}

impl Tally {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            files: 0,
            total_bytes: 0,
            entries: 0,
        }
    }

    pub(crate) fn add_entry(&mut self) -> Result<(), LimitError> {
        self.entries += 1;
        if self.entries > TREE_ENTRIES_MAX {
            return Err(LimitError::TooManyEntries);
        }
        Ok(())
    }

    pub(crate) fn check_depth(path: &str) -> Result<(), LimitError> {
        if path.matches('/').count() >= DEPTH_MAX {
            return Err(LimitError::TooDeep {
                path: path.to_owned(),
            });
        }
        Ok(())
    }

    pub(crate) fn add_file(&mut self, path: &str, bytes: u64) -> Result<(), LimitError> {
        let Bounds {
            files_max,
            file_bytes_max,
            total_bytes_max,
        } = self.bounds;
        self.files += 1;
        self.total_bytes = self.total_bytes.saturating_add(bytes);
        if self.files > files_max {
            return Err(LimitError::TooManyFiles { files_max });
        }
        if bytes > file_bytes_max {
            return Err(LimitError::FileTooLarge {
                path: path.to_owned(),
                bytes,
                bytes_max: file_bytes_max,
            });
        }
        if self.total_bytes > total_bytes_max {
            return Err(LimitError::TooMuchTogether {
                path: path.to_owned(),
                bytes_max: total_bytes_max,
            });
        }
        Ok(())
    }
}
