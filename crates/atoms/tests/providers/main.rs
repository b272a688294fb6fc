//! The providers from outside: both wires against a server that behaves as their documentation says
//! and with its faults, commands that are small scripts, recordings and the queue.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agent_cli;
mod anthropic;
mod checks;
mod embeddings;
mod faults;
mod handoff;
mod openai;
mod place;
mod replay;
mod server;
mod support;
mod wire;
