//! Log lines: from a `tracing` event to bytes in a file that rotates.

mod file;
mod layer;
mod line;
mod queue;
mod rolling;

pub(crate) use file::LogFile;
pub(crate) use layer::{Lines, OPENTELEMETRY_TARGET, Stderr};
pub(crate) use queue::{LineQueue, Refused};
pub(crate) use rolling::RollingFile;
pub use rolling::{OldFile, old_files};
