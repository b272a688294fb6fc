//! The one way in which a version comes to be: intent, objects, tag, root, in this order.
//! It decides the number from the change and never picks one; it runs no test itself, and knows
//! nothing of HTTP. Start at [`Releaser`].

mod content;
mod decision;
mod error;
mod kept;
mod notes;
mod objects;
mod plan;
mod proof;
mod publish;
mod rebuild;
mod recover;
mod rehearse;
mod releaser;
mod start;
mod statement;
mod steadiness;
mod terms;
mod turn;
mod verdict;
mod watch;

pub use content::{Content, SCHEMA, STATE, state_text};
pub use decision::Decision;
pub use error::ReleaseError;
pub use notes::{Author, BumpKind, Notes, Provenance, Seal, TestStatus, VALUE_CHARS_MAX};
pub use plan::VERSION_FIRST;
pub use proof::{Base, Demand, Evals, Proof, Proposal, Prover, Unproved};
pub use rebuild::REBUILT;
pub use rehearse::Rehearsed;
pub use releaser::{ATTEMPTS_MAX, Order, Parts, Released, Releaser, ScriptsOf};
pub use start::Offered;
pub use steadiness::{Evidence, Ground, Past, Steadiness, Unsteady};
pub use terms::Terms;
pub use turn::{TURN_MS_MAX, TurnError};
pub use verdict::{Breach, Judge, Verdict};
pub use watch::{Guard, Look, Runners, Watch, WatchError};
