//! Supervision seen from outside: real services under a real supervisor, most on a paused clock.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod health;
mod kit;
mod lifecycle;
mod panics;
mod pressure;
mod starved;
