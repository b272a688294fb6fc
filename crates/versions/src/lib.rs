//! The registry of versions: what git, the lineages and the vault know of each, over HTTP.
//! It changes nothing, runs nothing and keeps nothing that could not be read again.
//! Start at [`Registry`], which [`router`] serves.

mod api;
mod compare;
mod describe;
mod evals;
mod filter;
mod follow;
mod index;
mod lookup;
mod marks;
mod registry;
mod tree;

pub use api::{PROBLEMS, router};
pub use compare::{CodeDiff, Comparison, FileDiff, FileStatus, Hunk, InterfaceDiff, ToolsDiff};
pub use describe::{Descriptor, Details, Page, Pagination};
pub use evals::{EvalsError, interface_key, summary_key};
pub use filter::{Filter, InvalidTag, Tag};
pub use lookup::LookupError;
pub use registry::{RefreshError, Registry, Sources};
pub use tree::{File, Files, Skipped};
