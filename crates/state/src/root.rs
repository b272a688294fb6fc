//! The root record of a lineage: which document is which. It rides in every event of the lineage,
//! so the newest event is all there is to read, and one compare-and-swap moves everything.

use std::collections::BTreeMap;

use model::{Digest, Event, Revision, Seq};
use serde::{Deserialize, Serialize};

use crate::{Canary, Target, manager::StateError};

/// What a lineage holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Root {
    pub staging: DocumentRef,
    pub active: DocumentRef,
    pub version: semver::Version,
    /// The newest version that served without trouble for as long as a version is watched: where a
    /// rollback begins to look. It moves by [`crate::StateManager::mark_good`].
    pub last_known_good: semver::Version,
    /// The event since which `active` serves the version that it does; absent in that event itself,
    /// and where an older program wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_since: Option<Seq>,
    /// The schema of both documents.
    pub schema: SchemaRef,
    /// What the tools of `version` are; absent in a lineage that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeRef>,
    /// Aliases held at a version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pins: BTreeMap<String, semver::Version>,
    /// The newest version while it is on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// Versions that were rolled back: never a base again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<semver::Version>,
    /// Does nothing come after `version` any more?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_closed: bool,
}

/// Where a document is to be found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentRef {
    pub hash: Digest,
    pub revision: Revision,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Digest>,
    /// The event that made it; absent in that event itself, whose place was not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The newest event before it whose body is a whole document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Seq>,
    /// How many patches lie between that body and this document.
    #[serde(default)]
    pub patches: u32,
}

/// Where a schema is to be found: in the data of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SchemaRef {
    pub hash: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
}

/// The code of a version: which files its tools are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRef {
    /// Names the files by what is in them.
    pub hash: Digest,
    /// The commit they were taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

impl DocumentRef {
    /// The first document of a lineage; its body travels with the event that is being made.
    pub(crate) fn first(hash: Digest) -> Self {
        Self {
            hash,
            revision: 1,
            base: None,
            seq: None,
            body: None,
            patches: 0,
        }
    }

    /// A document that takes the place of `self`; its body travels with the event being made.
    pub(crate) fn replaced(&self, hash: Digest) -> Self {
        Self {
            revision: self.revision + 1,
            base: Some(self.hash),
            ..Self::first(hash)
        }
    }

    /// A document that the event being made patches out of `self`.
    pub(crate) fn patched(&self, hash: Digest) -> Self {
        Self {
            hash,
            revision: self.revision + 1,
            base: Some(self.hash),
            seq: None,
            body: self.body,
            patches: self.patches + 1,
        }
    }

    fn settle(&mut self, seq: Seq) {
        let made_here = self.seq.is_none();
        self.seq.get_or_insert(seq);
        if made_here && self.patches == 0 {
            self.body.get_or_insert(seq);
        }
    }
}

impl Root {
    /// The alias that a pin may hold.
    pub const ACTIVE: &str = "active";

    /// The version that `active` serves: the pinned one, the one before what is on trial, or the
    /// newest.
    pub fn serving_version(&self) -> &semver::Version {
        let before = || self.canary.as_ref().map(|canary| &canary.stays);
        let pinned = self.pins.get(Self::ACTIVE);
        pinned.or_else(before).unwrap_or(&self.version)
    }

    /// The root after a change of `before`: another version that `active` serves begins here.
    pub(crate) fn moved_from(mut self, before: &semver::Version) -> Self {
        if self.serving_version() != before {
            self.served_since = None;
        }
        self
    }

    /// The same without a trial: its active document is the one that `active` serves, so that nothing
    /// is made on what was not tried.
    pub(crate) fn without_trial(&self) -> Self {
        let mut root = self.clone();
        if let Some(canary) = root.canary.take() {
            root.active = DocumentRef {
                revision: root.active.revision,
                ..*canary.document
            };
        }
        root
    }

    /// `bad` is never served or built on again, and nothing after what took its place counts as
    /// good any more.
    pub(crate) fn withdraw(&mut self, bad: &semver::Version, instead: &semver::Version) {
        if !self.withdrawn.contains(bad) {
            self.withdrawn.push(bad.clone());
        }
        if self.last_known_good == *bad || self.last_known_good > *instead {
            self.last_known_good = instead.clone();
        }
    }

    /// Are the code and the active document the other's, under the same schema?
    pub(crate) fn serves_as(&self, other: &Root) -> bool {
        let code = |root: &Root| root.code.as_ref().map(|code| code.hash);
        self.active.hash == other.active.hash
            && self.schema.hash == other.schema.hash
            && code(self) == code(other)
    }

    /// The root as `event` left it, with every place filled in.
    pub fn of(event: &Event) -> Result<Self, StateError> {
        let unreadable = |reason: String| StateError::Unreadable {
            seq: event.seq,
            reason,
        };
        let root = event
            .data
            .get("root")
            .ok_or_else(|| unreadable("it has no root".to_owned()))?;
        let root = Root::deserialize(root).map_err(|error| unreadable(error.to_string()))?;
        Ok(root.settled(event.seq))
    }

    /// The root as the event at `seq` left it, with every place filled in.
    pub(crate) fn settled(&self, seq: Seq) -> Self {
        let mut root = self.clone();
        root.staging.settle(seq);
        root.active.settle(seq);
        root.schema.seq.get_or_insert(seq);
        root.served_since.get_or_insert(seq);
        if let Some(canary) = &mut root.canary {
            canary.since.get_or_insert(seq);
        }
        root
    }

    pub(crate) fn is_settled(&self) -> bool {
        let places = [
            self.staging.seq,
            self.active.seq,
            self.schema.seq,
            self.served_since,
        ];
        let is_canary_settled = (self.canary.as_ref()).is_none_or(|it| it.since.is_some());
        places.iter().all(Option::is_some) && is_canary_settled
    }

    pub fn document(&self, target: Target) -> &DocumentRef {
        match target {
            Target::Staging => &self.staging,
            Target::Active => &self.active,
        }
    }
}
