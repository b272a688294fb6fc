//! The State Manager: per lineage a staged and an active document, changed under optimistic
//! concurrency, promoted, pinned and rolled back by one swap of a small root record.
//! It stores nothing itself (every change is one journal event) and knows nothing of HTTP or git.
//! Start at [`StateManager`].

mod begin;
mod canary;
mod change;
mod close;
mod content;
mod counts;
mod diff;
mod document;
mod draft;
mod good;
mod history;
mod manager;
mod materialise;
mod migrate;
mod moves;
mod projection;
mod reference;
mod replay;
mod request;
mod rollback;
mod root;
mod schema;
mod shared;
mod stamp;
mod write;

pub use begin::branch_name;
pub use canary::{Canary, OnTrial};
pub use change::{Change, ChangeError};
pub use content::Content;
pub use counts::StateCounts;
pub use diff::diff;
pub use document::{Document, InvalidTarget, Limits, Target};
pub use good::Watched;
pub use history::{HistoryEntry, StateWatch, is_of_staging};
pub use manager::{Author, Clock, Moved, Seed, StateError, StateManager, Written};
pub use migrate::{Adopted, Adoption, Migration, MigrationError, Script, ScriptFuture};
pub use moves::{ENDS_TRIAL, Promotion};
pub use projection::{HandEdit, Projection, ProjectionError};
pub use reference::{At, ResolveError, Resolved};
pub use replay::{ReplayError, Replayed};
pub use rollback::Rollback;
pub use root::{CodeRef, DocumentRef, Root};
pub use schema::{Schema, SchemaError, Violation};
pub use stamp::Stamp;
