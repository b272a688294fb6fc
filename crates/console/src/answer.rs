//! What journal errors look like to a REST client.

use journal::{ReadError, Unavailable};
use state::StateError;
use web::Problem;

/// When a client may try again after the journal refused work.
const RETRY_AFTER_S: u32 = 1;

pub(crate) fn problem(error: &ReadError) -> Problem {
    match error {
        ReadError::Unavailable(reason) => match reason {
            Unavailable::DiskFull(_)
            | Unavailable::ReadOnly(_)
            | Unavailable::Busy(_)
            | Unavailable::Closed => Problem::unavailable(reason.to_string(), RETRY_AFTER_S)
                .with("reason", reason.code())
                .hint(reason.hint()),
            Unavailable::Damaged(_) | Unavailable::Failed(_) => Problem::internal(error),
        },
        ReadError::Unreadable(_) => Problem::internal(error),
    }
}

pub(crate) fn state_problem(error: &StateError) -> Problem {
    match error {
        StateError::Read(error) => problem(error),
        error => Problem::internal(error),
    }
}
