//! What journal errors look like to a REST client.

use journal::ReadError;
use state::StateError;
use web::Problem;

/// When a client may try again after the journal refused work.
const RETRY_AFTER_S: u32 = 1;

pub(crate) fn problem(error: &ReadError) -> Problem {
    match error {
        ReadError::Unavailable(reason) if reason.may_pass() => {
            Problem::unavailable(reason.to_string(), RETRY_AFTER_S)
                .with("reason", reason.code())
                .hint(reason.hint())
        }
        ReadError::Unavailable(_) | ReadError::Unreadable(_) => Problem::internal(error),
    }
}

pub(crate) fn state_problem(error: &StateError) -> Problem {
    match error {
        StateError::Read(error) => problem(error),
        error => Problem::internal(error),
    }
}
