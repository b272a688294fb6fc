//! Plans and scripts from outside: read, checked, run, cut off and taken up again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_scripts;
mod documents;
mod library;
mod limits;
mod parallel;
mod replay;
mod running;
mod support;
