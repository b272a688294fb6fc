//! A failed step as a script catches it: `e.text`, `e.step`, `e.name`, or in a text as it is.

use super::RunError;

#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) path: String,
    pub(crate) call: &'static str,
    pub(crate) text: String,
}

impl From<Failure> for RunError {
    fn from(failure: Failure) -> Self {
        Self::Failed {
            path: failure.path,
            call: failure.call,
            text: failure.text,
        }
    }
}
