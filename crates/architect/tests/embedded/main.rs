//! The provider that is no model, and the templates that it answers with.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod growing;
mod library;
mod messages;
mod python;
mod table;
mod workspace;
