//! The registry over a real repository, a real journal and a real vault, through the real router.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod following;
mod listing;
mod naming;
mod paging;
mod showing;
mod support;
