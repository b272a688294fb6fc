//! What serving and calling tools can meet, sorted by who can do what about it.

use runner::{CallFailure, CandidateError, CodeError, ResolveError, ServeError, ServeStdioError};

use super::Failure;
use crate::exit::Exit;

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Resolve(ResolveError::Unknown { reference, nearest }) => {
                let message = format!("there is no version `{reference}`");
                let hint = match nearest.first() {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "see `luthier state history`".to_owned(),
                };
                Self::new("unknown_version", Exit::NotFound, message).with_hint(hint)
            }
            ServeError::Resolve(ResolveError::Malformed(error)) => {
                Self::new("bad_version", Exit::Usage, error)
            }
            ServeError::Code(error) => error.into(),
            ServeError::Load { .. }
            | ServeError::Catalogue { .. }
            | ServeError::Manifest { .. } => Self::new("version_unloadable", Exit::Invalid, error)
                .with_hint("mend the file that the message names".to_owned()),
            ServeError::Resolve(_) | ServeError::Broken { .. } => {
                Self::new("not_served", Exit::Failure, error)
            }
        }
    }
}

impl From<ServeStdioError> for Failure {
    fn from(error: ServeStdioError) -> Self {
        match error {
            ServeStdioError::Serve(error) => error.into(),
            ServeStdioError::Stdio(_) => Self::new("protocol", Exit::Failure, error),
        }
    }
}

impl From<tuner::ServeError> for Failure {
    fn from(error: tuner::ServeError) -> Self {
        match error {
            tuner::ServeError::Resolve(problem) => {
                Self::new("unknown_version", Exit::NotFound, problem.detail())
                    .with_hint("see `luthier state history`".to_owned())
            }
            tuner::ServeError::State(error) => error.into(),
            tuner::ServeError::Load { .. }
            | tuner::ServeError::Catalogue { .. }
            | tuner::ServeError::Result { .. }
            | tuner::ServeError::Manifest { .. } => {
                Self::new("version_untunable", Exit::Invalid, error)
                    .with_hint("mend the file that the message names".to_owned())
            }
            tuner::ServeError::Workers(_) | tuner::ServeError::Files { .. } => {
                Self::new("not_served", Exit::Failure, error)
            }
            tuner::ServeError::Stdio(_) => Self::new("protocol", Exit::Failure, error),
        }
    }
}

impl From<CandidateError> for Failure {
    fn from(error: CandidateError) -> Self {
        match error {
            CandidateError::Serve(error) => error.into(),
            CandidateError::State(error) => error.into(),
            CandidateError::Call(_) | CandidateError::Lines(_) => {
                Self::new("internal", Exit::Internal, error)
            }
            CandidateError::Journal(_)
            | CandidateError::Vault(_)
            | CandidateError::Code(_)
            | CandidateError::Folder(_) => Self::new("no_scratch", Exit::Failure, error).with_hint(
                "make room in the temporary folder, or name another with TMPDIR".to_owned(),
            ),
        }
    }
}

impl From<CallFailure> for Failure {
    fn from(error: CallFailure) -> Self {
        match error {
            CallFailure::Serve(error) => error.into(),
            CallFailure::Unknown { ref nearest, .. } => {
                let hint = match nearest.first() {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        "its name is that of a function with `@tool` in tools/runner".to_owned()
                    }
                };
                Self::new("unknown_tool", Exit::NotFound, error).with_hint(hint)
            }
            CallFailure::Arguments { .. } => Self::new("bad_arguments", Exit::Invalid, error),
            CallFailure::Failed { .. } => Self::new("tool_failed", Exit::Failure, error),
            CallFailure::Broken(_) => Self::new("internal", Exit::Internal, error),
        }
    }
}

impl From<CodeError> for Failure {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Vault(error) => error.into(),
            CodeError::Missing { .. } => Self::new("code_missing", Exit::Damaged, error),
            CodeError::Damaged { .. } => Self::new("code_damaged", Exit::Damaged, error),
        }
    }
}
