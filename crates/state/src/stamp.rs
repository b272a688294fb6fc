//! A version that git has already, and that the root of its lineage follows.

use semver::Version;
use serde_json::{Map, Value};

use crate::{Canary, StateError, root::Root, shared::Halt};

/// What was decided about a release before its root is swapped. Its commit and its tag are there,
/// so the swap does not decide anything any more: it is done, was done, or came too late.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The version that it was made on.
    pub follows: Version,
    pub version: Version,
    pub commit: String,
    /// A version that it went back behind, where that is not decided by the swap itself.
    pub withdraws: Option<Version>,
    /// The share of conversations that it gets while it is on trial; without one it is active at
    /// once.
    pub canary_share: Option<f64>,
    /// What the event says beside: why, by whom, proved how.
    pub facts: Map<String, Value>,
}

impl Stamp {
    /// Has `root` followed already? It may only do so from the version that this one was made on.
    pub(crate) fn check(&self, root: &Root) -> Result<(), Halt> {
        let commit = root.code.as_ref().and_then(|code| code.commit.as_ref());
        if root.version == self.version && commit == Some(&self.commit) {
            return Err(Halt::Unchanged);
        }
        if root.version == self.follows {
            return Ok(());
        }
        Err(StateError::HeadMoved {
            follows: self.follows.clone(),
            head: root.version.clone(),
        }
        .into())
    }

    /// The trial that the version has to stand, for the root before it.
    pub(crate) fn trial(&self, before: &Root) -> Option<Canary> {
        let share = self.canary_share?;
        let (stays, document) = match &before.canary {
            Some(replaced) => (&replaced.stays, &*replaced.document),
            None => (&before.version, &before.active),
        };
        Some(Canary {
            version: self.version.clone(),
            stays: stays.clone(),
            document: Box::new(document.clone()),
            share,
            since: None,
        })
    }

    /// Names the version, and what is known of it.
    pub(crate) fn put_on(&self, root: &mut Root, data: &mut Value) {
        root.version = self.version.clone();
        if let Some(code) = &mut root.code {
            code.commit = Some(self.commit.clone());
        }
        if let Some(bad) = self
            .withdraws
            .as_ref()
            .filter(|bad| !root.withdrawn.contains(bad))
        {
            root.withdraw(bad, &self.version);
            root.pins.retain(|_, pinned| pinned != bad);
        }
        if let Some(share) = self.canary_share {
            data["canary_share"] = Value::from(share);
        }
        data["commit"] = Value::from(self.commit.as_str());
        for (name, fact) in &self.facts {
            data[name] = fact.clone();
        }
    }
}
