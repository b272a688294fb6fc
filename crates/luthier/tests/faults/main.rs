//! What a running server keeps when it is killed, and what it answers under contention: real
//! processes, real HTTP, real SIGKILL.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod client;
mod contention;
mod crash;
mod linear;
mod questions;
mod releasing;
mod retention;
#[path = "../suite/server.rs"]
mod server;
