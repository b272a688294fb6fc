//! Holds a process that is going to run somebody's code to reading and computing: it changes no file,
//! starts no other process, reaches nobody, and each attempt is refused and told of.
//! It never starts a process, decides nothing about a particular attempt, and knows no Python.
//! Start at [`Rails::apply`] for the side that is held, at [`Guard`] for the one that is told; at
//! [`Fence`] and [`Cage`] for code that nobody trusts.
//!
//! Two of the kernel's means lie behind each other. A seccomp filter lets through what is listed and
//! hands whatever else is asked for to the [`Guard`], which another process holds: it looks who asked
//! for what, and has it refused with `EPERM`. No signal is involved, so a call made with all signals
//! blocked, as when a program is started, is refused like any other, and nothing in the process that
//! is held can take the refusal away. Behind that, Landlock allows no more than to read the paths that
//! are given.

mod attempt;
mod cage;
mod filter;
mod guard;
mod kernel;
mod listed;
mod pen;
mod rails;
mod root;

pub use cage::{Cage, Fence};
pub use guard::{Attempt, Guard};
pub use pen::Pen;
pub use rails::{Rails, RailsError, probe};
