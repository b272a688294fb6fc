//! The real executable, from outside: what people and scripts see.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod apart;
mod architect;
mod asking;
mod bucket;
mod candidate;
mod command;
mod compat;
mod compose;
mod crash;
mod dev;
mod doctor;
mod errors;
mod following;
mod healing;
mod init;
mod install;
mod ledger;
mod live;
mod migrating;
mod reference;
mod releasing;
mod requests;
mod retention;
mod runner;
mod sandbox;
mod semantics;
mod server;
mod settings;
mod sharing;
mod state;
mod streams;
mod testing;
mod tuner;
mod up;
mod versions;
mod witness;
mod workspaces;

#[path = "../../../journal/tests/suite/nats_server.rs"]
mod nats_server;
#[path = "../../../vault/tests/suite/proxy.rs"]
mod proxy;
#[path = "../../../vault/tests/suite/s3_server.rs"]
mod s3_server;
