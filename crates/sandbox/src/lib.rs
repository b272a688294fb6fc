//! Runs candidates that nobody trusts yet, in one of two sandboxes: CPython compiled to Wasm, or the
//! CPython that serves in a jail of the kernel's.
//! It never serves, never judges whether a value is right, and runs nothing where it cannot enforce
//! what it promises.
//! Start at [`Sandbox::run`], which takes a [`Candidate`] and gives a [`Report`].

pub mod gate;

mod candidate;
mod packet;
mod report;

mod cell;
mod nursery;
mod sandbox;

mod examine;
mod native;
#[cfg(feature = "wasm")]
mod wasm;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;

pub use candidate::{Candidate, Case, Isolation, Limits, Recorded};
pub use native::zygote_main;
pub use report::{Ending, Loaded, Outcome, Raised, Report, Tier, Used, Verdict};
pub use sandbox::{Sandbox, Settings, Unfit};
#[cfg(feature = "wasm")]
pub use wasm::host_main;
