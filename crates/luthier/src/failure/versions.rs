//! What the registry of versions can meet, sorted by who can do what about it.

use repo::{ListError, ObjectError, TreeError};
use versions::{EvalsError, LookupError, RefreshError};

use super::{Failure, sorting::did_you_mean};
use crate::exit::Exit;

impl From<LookupError> for Failure {
    fn from(error: LookupError) -> Self {
        let (code, exit, hint) = match error {
            LookupError::Unknown { ref nearest, .. } => {
                let hint = did_you_mean(nearest).unwrap_or_else(|| {
                    "there is none yet: tag a commit of the workspace `v0.1.0`".to_owned()
                });
                ("unknown_version", Exit::NotFound, hint)
            }
            LookupError::Several { .. } => (
                "ambiguous_version",
                Exit::Conflict,
                "write the lineage before it, `NAME~VERSION`, or the commit".to_owned(),
            ),
            LookupError::NoCanary | LookupError::Staging => (
                "unknown_version",
                Exit::NotFound,
                "use `active`, or name a version exactly".to_owned(),
            ),
            LookupError::Evals(error) => return error.into(),
            LookupError::Refresh(error) => return error.into(),
            LookupError::Object(error) => return of_git(error),
            LookupError::Tree(error) => return of_tree(error),
            LookupError::Vault(error) => return error.into(),
            LookupError::Broken(_) => return Self::new("internal", Exit::Internal, error),
        };
        Self::new(code, exit, error).with_hint(hint)
    }
}

impl From<EvalsError> for Failure {
    fn from(error: EvalsError) -> Self {
        match error {
            EvalsError::Absent { .. } => Self::new("no_evals", Exit::NotFound, error)
                .with_hint("prove it: `luthier test --version VERSION`".to_owned()),
            EvalsError::Changed { .. } | EvalsError::Unreadable { .. } => {
                Self::new("evals_changed", Exit::Damaged, error).with_hint(
                    "restore the file in the vault, or prove the version again".to_owned(),
                )
            }
            EvalsError::Vault(error) => error.into(),
        }
    }
}

impl From<RefreshError> for Failure {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Git(ListError::References(error)) => of_git(error),
            RefreshError::Git(_) => Self::new("git_unreadable", Exit::Failure, error),
            RefreshError::State(error) => error.into(),
            RefreshError::Broken(_) => Self::new("internal", Exit::Internal, error),
        }
    }
}

fn of_tree(error: TreeError) -> Failure {
    match error {
        TreeError::Object(error) => of_git(error),
        TreeError::NoSuchFile { .. } | TreeError::UnsafePath { .. } | TreeError::Limit { .. } => {
            Failure::new("version_unreadable", Exit::Invalid, error)
        }
    }
}

fn of_git(error: ObjectError) -> Failure {
    Failure::new("git_damaged", Exit::Damaged, error)
        .with_hint("move `repo` in the data folder away: it is made again".to_owned())
}
