//! The crate from outside: contracts, votes, and what is asked, paid, shared and quoted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ask;
mod board;
mod budget;
mod checks;
mod contract;
mod prompt;
mod support;
mod vote;
