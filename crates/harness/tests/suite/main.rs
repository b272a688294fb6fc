//! Datasets as they are read, and cases as they are run.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod reading;
mod running;
mod support;
