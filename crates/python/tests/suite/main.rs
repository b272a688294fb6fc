//! The pool against real workers: the real binary, real signals, real memory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod calling;
mod context;
mod frames;
mod load;
mod nested;
mod package;
mod rails;
mod scripts;
mod support;
mod wheels;
mod workers;
