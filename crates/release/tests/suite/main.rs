//! Versions that come to be, seen with the eyes of whoever uses git, the journal and the vault.

mod committing;
mod crashing;
mod promoting;
mod rebuilding;
mod support;
