//! Changing references: all of a change at once, on disk when it returns, after a look at what they
//! are under the locks that git itself takes.

mod lock;
mod log;
mod packed;
pub(crate) mod transaction;

pub use lock::LockError;
pub use transaction::{RefConflict, RefError};
