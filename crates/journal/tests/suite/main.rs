//! What a journal promises, tried on real files: one binary, so that it is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of it is tests, their helpers too; children speak to their parents by stdout"
)]

mod child;
mod disk;
mod nats_server;
mod support;
mod validators;
mod verifying;

mod archive;
mod conformance;
mod export;
mod faults;
mod files;
mod flips;
mod fork;
mod increments;
mod kill;
mod power;
mod seals;
mod shared;
mod soak;
mod sql;
mod tamper;
mod watch;
