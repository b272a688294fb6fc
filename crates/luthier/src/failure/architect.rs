//! What the Architect says, for a shell.

use architect::{BadAsk, JobError};
use state::ResolveError;

use super::Failure;
use crate::exit::Exit;

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        let (code, exit, hint) = match &error {
            JobError::Unknown(_) => ("no_such_job", Exit::NotFound, "`luthier jobs` lists them"),
            JobError::Full { .. } => (
                "queue_full",
                Exit::Unavailable,
                "wait for some of them, or call off those that nobody needs: `luthier job cancel ID`",
            ),
            JobError::KeyReserved => ("key_reserved", Exit::Usage, "send it with another --key"),
            JobError::KeyReused(_) => ("key_reused", Exit::Conflict, "send it with another --key"),
            JobError::NotNow { .. } => (
                "job_not_now",
                Exit::Conflict,
                "`luthier job show ID` says how it stands",
            ),
            JobError::NoSuchQuestion { .. } => (
                "no_such_question",
                Exit::Usage,
                "`luthier job show ID` lists what it asks",
            ),
            JobError::Log(_) => ("job_unreadable", Exit::Failure, "run `luthier doctor`"),
        };
        Self::new(code, exit, error).with_hint(hint.to_owned())
    }
}

impl From<BadAsk> for Failure {
    fn from(error: BadAsk) -> Self {
        Self::new("bad_request", Exit::Invalid, error)
    }
}

impl From<ResolveError> for Failure {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::State(error) => error.into(),
            ResolveError::Unreadable(_) => Self::new("bad_version", Exit::Usage, error),
            ResolveError::NoTrial { .. }
            | ResolveError::NoMatch { .. }
            | ResolveError::NoCommit { .. } => {
                let failure = Self::new("unknown_version", Exit::NotFound, error);
                failure.with_hint("`luthier versions list` lists them".to_owned())
            }
        }
    }
}
