//! Candidates in both sandboxes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod corpus;
mod gate;
mod native;
mod support;
mod wasm;
