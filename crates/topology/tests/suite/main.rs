//! Workspaces in memory: what the graph knows of them, what an edit makes of them, what it breaks.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contexts;
mod corpus;
mod cycles;
mod edits;
mod flags;
mod incremental;
mod layers;
mod names;
mod reach;
mod renames;
mod rewrites;
mod shapes;
mod support;
