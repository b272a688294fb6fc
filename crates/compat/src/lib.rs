//! Whether a change of tools or of state breaks who used them, and which version number that makes.
//! It compares two interfaces and knows neither where they come from nor what is done with the verdict.
//! Start at [`compare`].

mod bump;
mod compare;
mod goldens;
mod interface;
mod schema;
mod verdict;

pub use bump::{Bump, UnknownBump};
pub use compare::compare;
pub use goldens::goldens;
pub use interface::{Interface, ToolInterface};
pub use verdict::{Reason, Side, Subject, Verdict};
