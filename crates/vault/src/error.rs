//! Why a vault did not do what it was asked.

use std::{io, path::PathBuf};

use crate::Key;

/// Why the vault did not do what it was asked. No object was shown half in any of these cases;
/// where an answer was lost, [`VaultError::Unreachable`] does not say whether the object was
/// written, and putting it again is safe.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the object is {bytes} bytes, {bytes_max} are allowed")]
    TooLarge { bytes: u64, bytes_max: u64 },
    #[error("could not {action} `{}`", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// It may work later, as it is.
    #[error("{store} cannot be reached: gave up after {attempts} attempts in {ms} ms")]
    Unreachable {
        store: String,
        attempts: u32,
        ms: u64,
        source: Cause,
    },
    /// It will not work until somebody changes something.
    #[error("{store} refused to {action}: {code}")]
    Refused {
        store: String,
        action: String,
        /// As the store calls it, such as `AccessDenied`.
        code: String,
        source: Cause,
    },
    /// Others wrote the same object again and again.
    #[error("`{key}` changed each time before it could be replaced, for {ms} ms")]
    Contended { key: Key, ms: u64 },
    /// An object that never changes was put a second time, with other bytes.
    #[error("there are other bytes under `{key}` already")]
    Taken { key: Key },
    #[error("{objects} objects ({bytes} bytes) wait in `{}`, which takes no more until some are sent", folder.display())]
    Full {
        folder: PathBuf,
        objects: u64,
        bytes: u64,
    },
    #[error("`{key}` in {store} is damaged: it has not the SHA-256 that was recorded with it")]
    Damaged { store: String, key: Key },
}

/// An error with what it came from.
pub(crate) fn in_words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// What a store's client says of a failure.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;
