//! Versions that come to be, seen with the eyes of whoever uses git, the journal and the vault.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod committing;
mod crashing;
mod folders;
mod promoting;
mod rebuilding;
mod standing_still;
mod support;
mod trying;
mod watching;
