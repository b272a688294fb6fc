//! The crate from outside: budgets, windows and wake-ups over a journal in a file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod budgets;
mod support;
mod verdicts;
mod waking;
mod windows;
