//! A version on trial: `active` leads a share of its conversations there, and the others stay.

use jiff::Timestamp;
use journal::Head;
use model::{Digest, EventType, LineageName, NewEvent, Seq};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Author, DocumentRef, Root, StateError, StateManager, Target, Written,
    request::Asked,
    shared::{Halt, Shared},
};

/// The newest version of a lineage while it is on trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    pub version: Version,
    /// What `active` serves to all others meanwhile.
    pub stays: Version,
    /// The active document of that. In a box, for most roots have none.
    pub document: Box<DocumentRef>,
    /// How many of the conversations go to it, from 0 to 1.
    pub share: f64,
    /// The event since which it is on trial; absent in that event itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Seq>,
}

impl Canary {
    /// Does the conversation go to it? The same one always does, whoever asks.
    pub fn takes(&self, conversation: &str) -> bool {
        let hash = Digest::of(format!("{conversation} {}", self.version).as_bytes());
        let [a, b, c, d, ..] = hash.0;
        // One more than there are, so that a share of 1 takes all.
        let drawn = f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0);
        drawn < self.share
    }
}

/// What is on trial, and since when.
#[derive(Clone, Debug, PartialEq)]
pub struct OnTrial {
    pub version: Version,
    pub stays: Version,
    /// The event since which it is, and its time.
    pub since: Seq,
    pub at: Timestamp,
}

impl StateManager {
    /// What `lineage` has on trial. While `active` is held at a version nothing is: no conversation
    /// goes there.
    pub async fn find_on_trial(
        &self,
        lineage: &LineageName,
    ) -> Result<Option<OnTrial>, StateError> {
        let head = self.head(lineage).await?;
        let root = self.shared.cache.root(&head)?;
        let Some(canary) = &root.canary else {
            return Ok(None);
        };
        if root.pins.contains_key(Root::ACTIVE) {
            return Ok(None);
        }
        let since = canary.since.unwrap_or(head.seq);
        Ok(Some(OnTrial {
            version: canary.version.clone(),
            stays: canary.stays.clone(),
            since,
            at: self.time_of(lineage, since).await?.unwrap_or(head.time),
        }))
    }

    /// Ends the trial of `version` well: `active` serves it from now on.
    pub async fn activate(
        &self,
        lineage: &LineageName,
        version: &Version,
        author: &Author,
    ) -> Result<Written, StateError> {
        let (asked, version) = (Asked::Activate(version.clone()), version.clone());
        let make = move |shared: &Shared, head: &mut dyn Head, by: &Author| {
            shared.activated(head, &version, by)
        };
        self.swap(lineage, Target::Active, author, &asked, make)
            .await
    }
}

impl Shared {
    fn activated(
        &self,
        head: &mut dyn Head,
        version: &Version,
        author: &Author,
    ) -> Result<NewEvent, Halt> {
        let mut root = self.root_now(head)?;
        let served = root.serving_version().clone();
        let Some(canary) = root.canary.take_if(|canary| canary.version == *version) else {
            if root.canary.is_none() && root.version == *version {
                return Err(Halt::Unchanged);
            }
            let version = version.clone();
            return Err(StateError::NotOnTrial { version }.into());
        };
        let data = json!({
            "change": "activate",
            "target": Target::Active,
            "previous": canary.stays,
            "new": canary.version,
            "reversible": true,
        });
        let root = root.moved_from(&served);
        Ok(self.event(EventType::STATE_CHANGE, data, &root, author))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(share: f64) -> Canary {
        Canary {
            version: Version::new(1, 4, 3),
            stays: Version::new(1, 4, 2),
            document: Box::new(DocumentRef::first(Digest::of(b"{}"))),
            share,
            since: None,
        }
    }

    #[test]
    fn about_as_many_conversations_go_to_what_is_on_trial_as_its_share_says() {
        for share in [0.0, 0.05, 0.5, 1.0] {
            let canary = canary(share);

            let taken = (0..10_000).filter(|n| canary.takes(&format!("conversation-{n}")));

            let found = f64::from(u32::try_from(taken.count()).unwrap()) / 10_000.0;
            assert!((found - share).abs() <= 0.02, "{found} instead of {share}");
        }
    }

    #[test]
    fn a_conversation_that_a_small_share_takes_is_taken_by_a_larger_one_too() {
        let (small, large) = (canary(0.1), canary(0.4));

        let taken = (0..1_000).map(|n| format!("conversation-{n}"));
        let mut taken = taken.filter(|conversation| small.takes(conversation));

        assert!(taken.all(|conversation| large.takes(&conversation)));
    }
}
