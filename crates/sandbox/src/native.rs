//! The native jail: a process of one thread with a warm Python forks one child for each cell, and the
//! kernel holds the child before it sees a line of anybody's code.

mod readable;
mod zygote;

#[cfg(feature = "wasm")]
pub(crate) use zygote::be_nice;
pub use zygote::zygote_main;
