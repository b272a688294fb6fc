//! What a write may read of archives: only what is at hand, because every other write waits for it
//! meanwhile. What it lacked is fetched with no transaction open, and the write begun again.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::Seq;

use super::{
    ArchiveRecord,
    file::Part,
    shelf::{Shelf, lost},
};
use crate::Unavailable;

/// Texts and documents that were fetched for one write, and those that it lacked in its last run.
#[derive(Default)]
pub(crate) struct AtHand {
    fetched: BTreeMap<(Seq, Part), Option<Vec<u8>>>,
    wanted: RefCell<BTreeSet<Wanted>>,
}

/// What an archive holds of an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    seq: Seq,
    part: Part,
    record: Arc<ArchiveRecord>,
}

impl AtHand {
    /// What `record` holds of `seq`, if that costs no look at its store; else it is noted.
    pub(super) fn value(
        &self,
        shelf: &Shelf,
        record: Arc<ArchiveRecord>,
        seq: Seq,
        part: Part,
    ) -> Result<Option<Vec<u8>>, Unavailable> {
        if let Some(value) = self.fetched.get(&(seq, part)) {
            return Ok(value.clone());
        }
        if let Some(file) = shelf.file_at_hand(&record) {
            return shelf.value_from(&record, &file, seq, part);
        }
        let lacking = lost(&record.name, &"is not at hand");
        self.wanted
            .borrow_mut()
            .insert(Wanted { seq, part, record });
        Err(lacking)
    }

    /// Did its write lack something, so that what came of it does not count?
    pub(crate) fn is_wanting(&self) -> bool {
        !self.wanted.borrow().is_empty()
    }

    /// Reads what was wanting from its store, which may block.
    pub(crate) fn fetch(&mut self, shelf: &Shelf) -> Result<(), Unavailable> {
        for Wanted { seq, part, record } in self.wanted.take() {
            let value = shelf.value_in(&record, seq, part)?;
            self.fetched.insert((seq, part), value);
        }
        Ok(())
    }
}
