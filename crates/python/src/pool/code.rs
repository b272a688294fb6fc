//! Code and state as callers hold them: when the last holder is gone, workers forget them.

use std::sync::{Arc, Weak};

use bytes::Bytes;

use crate::frame::{self, Kind, LoadCode, NumberHeader};

use super::{
    fleet::{Fleet, Retired},
    fleets::Fleets,
    manifest::Manifest,
};

/// A loaded code version. Clones are cheap; workers forget the code when the last one is gone.
#[derive(Clone)]
pub struct Code(pub(super) Arc<Contents>);

/// A document that calls can read. Clones are cheap, as with [`Code`].
#[derive(Clone)]
pub struct State(pub(super) Arc<Document>);

pub(super) struct Contents {
    pub(super) number: u64,
    pub(super) label: String,
    pub(super) hash: String,
    pub(super) manifest: Manifest,
    /// The frame that loads it, with no number yet.
    pub(super) frame: Bytes,
    pub(super) fleet: Arc<Fleet>,
}

pub(super) struct Document {
    pub(super) number: u64,
    pub(super) frame: Bytes,
    /// The fleets that may have read it.
    fleets: Weak<Fleets>,
}

impl Code {
    /// The hash that it was loaded by.
    pub fn hash(&self) -> &str {
        &self.0.hash
    }

    /// The name that people know it by.
    pub fn label(&self) -> &str {
        &self.0.label
    }

    /// What its modules define.
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    pub(super) fn fleet(&self) -> &Arc<Fleet> {
        &self.0.fleet
    }
}

/// The frame that loads code.
pub(super) fn code_frame(
    header: &LoadCode,
    files: &std::collections::BTreeMap<String, Bytes>,
) -> Bytes {
    let body: Vec<&[u8]> = files.values().map(AsRef::as_ref).collect();
    frame::one(Kind::LoadCode, 0, header, &body).into()
}

impl Document {
    pub(super) fn new(number: u64, json: &[u8], fleets: &Arc<Fleets>) -> Self {
        let frame = frame::one(Kind::LoadState, 0, &NumberHeader { number }, &[json]).into();
        Self {
            number,
            frame,
            fleets: Arc::downgrade(fleets),
        }
    }
}

impl Drop for Contents {
    fn drop(&mut self) {
        self.fleet.retire(Retired::Code(self.number));
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        if let Some(fleets) = self.fleets.upgrade() {
            fleets.retire(Retired::State(self.number));
        }
    }
}
