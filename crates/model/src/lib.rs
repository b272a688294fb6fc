//! The words that every other crate speaks: events, subjects, revisions, digests, version references.
//! It does no I/O, reads no clock of its own accord and knows nothing of tokio, SQL or HTTP.
//! Start at [`event`]: an [`event::Event`] is what the journal keeps, everything else is a part of one.

pub mod canonical;
pub mod digest;
pub mod event;
pub mod json;
pub mod lineage;
pub mod nearest;
pub mod subject;
pub mod trace;
pub mod version;

pub use digest::Digest;
pub use event::{Body, Context, Event, EventType, NewEvent};
pub use lineage::LineageName;
pub use subject::Subject;
pub use version::VersionRef;

/// How many times a thing has changed; the first write makes it 1.
pub type Revision = u64;

/// A place in the journal: 1 for the first event, without gaps.
pub type Seq = u64;

/// The largest integer that every JSON reader keeps exactly (2^53 - 1).
pub const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;
