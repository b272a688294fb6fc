//! A vault as its users see it, over a folder and over a server that speaks S3.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conformance;
mod crash;
mod evals;
mod faults;
mod outbox;
mod proxy;
mod s3_server;
