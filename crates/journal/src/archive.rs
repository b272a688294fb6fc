//! Old events elsewhere: their texts and documents move to Parquet files in an [`ArchiveStore`], a
//! row without them stays, and readers do not notice.
//!
//! An archive holds whole sealed ranges, every event of them, and ends within one only where that
//! alone is too large for a file. It is written, read back and compared
//! with the seals before an event of the subject [`archive_subject`] says that it is there, and only
//! then do rows let go of what it holds. What is needed all the time stays whole: seals, records of
//! archives, and the newest event of each subject.

mod at_hand;
mod file;
mod mover;
mod shelf;

use std::{error::Error, fmt};

use model::{Digest, Event, Revision, Seq, Subject};
use serde::{Deserialize, Serialize};

pub use self::mover::{ArchiveError, ArchivePlan, ArchiveReport, Needed, archive};
pub(crate) use self::{at_hand::AtHand, shelf::Shelf};

/// Where archives are kept, by name. Both calls may block.
pub trait ArchiveStore: fmt::Debug + Send + Sync + 'static {
    /// Keeps `bytes` under `name`; on return a power cut cannot undo it.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreFailure>;
    /// What is kept under `name`, if anything is.
    fn find(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFailure>;
}

/// What kept a store from doing as it was asked.
pub type StoreFailure = Box<dyn Error + Send + Sync>;

/// What the journal remembers of an archive: the data of its event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ArchiveRecord {
    pub from: Seq,
    pub to: Seq,
    /// In its store.
    pub name: String,
    pub bytes: u64,
    pub sha256: Digest,
    /// The revision of the last seal whose range is in this archive or an earlier one to its end.
    pub seal: Revision,
}

impl ArchiveRecord {
    pub(crate) fn of(event: &Event) -> Option<Self> {
        Self::deserialize(&event.data).ok()
    }

    fn holds(&self, seq: Seq) -> bool {
        (self.from..=self.to).contains(&seq)
    }
}

/// Where the events live that say what is archived.
pub fn archive_subject() -> Subject {
    "archive".parse().expect("`archive` is a subject")
}

fn name_of(from: Seq, to: Seq) -> String {
    format!("journal/{from:020}-{to:020}.parquet")
}
