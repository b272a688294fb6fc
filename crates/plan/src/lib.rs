//! Plans: `PLAN.md`, and the Rhai scripts that turn one into steps.
//! It calls no model, runs no test and writes nothing: every step goes to a [`Host`].
//! Start at [`Document::parse`] for a plan and at [`check`] for a script.

mod api;
mod call;
mod check;
mod document;
mod host;
mod library;
mod limits;
mod problem;
mod run;
mod script;
mod value;

pub use api::reference;
pub use call::{AtomKind, Call, Options, Step, Strength, Tier, run_beside};
pub use check::{check, check_within};
pub use document::{Acceptance, Document, DocumentError, Task};
pub use host::{Host, HostError, Progress, RecordError, Recorded, Recorder};
pub use library::{LIBRARY, library};
pub use limits::{Clock, Limits};
pub use problem::Problem;
pub use run::{Outcome, Place, RunError};
pub use script::Script;
