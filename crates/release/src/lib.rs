//! The one way in which a version comes to be: objects, tag, state, evals, in this order.
//! It decides the number from the change and never picks one.

mod notes;

pub use notes::{Author, BumpKind, Notes, Provenance, Seal, TestStatus, VALUE_CHARS_MAX};
