//! Small programs with a fault: what is repaired, what is refused, and what is never done.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bring_your_own;
mod by_example;
mod by_heart;
mod composing;
mod determined;
mod forgotten;
mod judging;
mod listening;
mod loading;
mod refusing;
mod repairing;
mod support;
mod verifying;
