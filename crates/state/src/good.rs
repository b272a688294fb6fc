//! Which version is known to be good, and which is watched before it is.

use jiff::Timestamp;
use journal::Head;
use model::{EventType, LineageName, NewEvent, Seq};
use semver::Version;
use serde_json::json;

use crate::{
    Author, Root, StateError, StateManager, Target, Written,
    request::Asked,
    shared::{Halt, Shared},
};

/// A version that `active` serves and that is not known to be good yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    pub version: Version,
    /// What the lineage would go back to.
    pub last_known_good: Version,
    /// The event since which `active` serves it, and its time.
    pub since: Seq,
    pub at: Timestamp,
}

impl StateManager {
    /// The version of `lineage` that is watched. While `active` is held at a version nothing is:
    /// somebody decided for it.
    pub async fn find_watched(&self, lineage: &LineageName) -> Result<Option<Watched>, StateError> {
        let head = self.head(lineage).await?;
        let root = self.shared.cache.root(&head)?;
        let serving = root.serving_version();
        if root.pins.contains_key(Root::ACTIVE) || *serving <= root.last_known_good {
            return Ok(None);
        }
        let since = root.served_since.unwrap_or(head.seq);
        Ok(Some(Watched {
            version: serving.clone(),
            last_known_good: root.last_known_good.clone(),
            since,
            at: self.time_of(lineage, since).await?.unwrap_or(head.time),
        }))
    }

    /// The time of an event of `lineage`.
    pub(crate) async fn time_of(
        &self,
        lineage: &LineageName,
        seq: Seq,
    ) -> Result<Option<Timestamp>, StateError> {
        let entries = self.history(lineage, Some(seq + 1), 1).await?;
        Ok(entries.first().map(|entry| entry.event.time))
    }

    /// Makes `version`, which serves, the last known good one. Nothing happens if that one is as new.
    pub async fn mark_good(
        &self,
        lineage: &LineageName,
        version: &Version,
        author: &Author,
    ) -> Result<Written, StateError> {
        let (asked, version) = (Asked::MarkGood(version.clone()), version.clone());
        let make = move |shared: &Shared, head: &mut dyn Head, by: &Author| {
            shared.marked_good(head, &version, by)
        };
        self.swap(lineage, Target::Active, author, &asked, make)
            .await
    }
}

impl Shared {
    fn marked_good(
        &self,
        head: &mut dyn Head,
        version: &Version,
        author: &Author,
    ) -> Result<NewEvent, Halt> {
        // A lineage that was closed still serves.
        let mut root = self.root_now(head)?;
        let version = version.clone();
        if root.withdrawn.contains(&version) {
            return Err(StateError::Withdrawn { version }.into());
        }
        if version <= root.last_known_good {
            return Err(Halt::Unchanged);
        }
        let serving = root.serving_version();
        if version != *serving {
            let serving = serving.clone();
            return Err(StateError::NotServing { version, serving }.into());
        }
        let data = json!({
            "change": "good",
            "target": "last_known_good",
            "previous": root.last_known_good,
            "new": version,
            "reversible": true,
        });
        root.last_known_good = version;
        Ok(self.event(EventType::STATE_CHANGE, data, &root, author))
    }
}
