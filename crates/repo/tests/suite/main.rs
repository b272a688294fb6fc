//! Repositories that the real git made, read by ours and compared with what git says of them; and
//! what ours wrote, read by git.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bundling;
mod cloning;
mod comparing;
mod damage;
mod listing;
mod opening;
mod publishing;
mod pushing;
mod reading;
mod remotes;
mod resolving;
mod signing;
mod support;
mod writing;
