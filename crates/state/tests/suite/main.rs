//! The State Manager over a real journal in a temporary folder.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod adopting;
mod archiving;
mod changing;
mod checking;
mod goodness;
mod limits;
mod migrating;
mod moving;
mod opening;
mod projecting;
mod reading;
mod rebuilding;
mod replaying;
mod rolling_back;
mod support;
