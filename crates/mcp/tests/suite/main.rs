//! The server and the client, over HTTP, streams and memory. One program, because each one more would
//! compile the library again.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod client;
mod connections;
mod direct;
mod eras;
mod support;
