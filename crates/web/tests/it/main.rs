//! The server as its clients see it: a real listener, real bytes.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod client;
mod fixture;

mod drain;
mod guards;
mod headers;
mod hostile;
mod limits;
mod pages;
mod problems;
