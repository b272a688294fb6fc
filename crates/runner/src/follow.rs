//! Keeping what is served at what the lineages say.

use std::sync::Arc;

use jiff::Timestamp;
use journal::Expect;
use mcp::Change;
use model::{Context, Digest, EventType, LineageName, NewEvent, Subject, event::AgentRole};
use semver::Version;
use serde_json::json;
use state::{CodeRef, HistoryEntry, Root};

use crate::{
    builtin,
    runner::{Inner, ServeError, lock},
    served::Served,
    versions::{ResolveError, View, view_of},
};

impl Inner {
    /// Brings every reference that follows `lineage` to what it means under a new root.
    pub(crate) async fn moved(&self, lineage: &LineageName, entry: &HistoryEntry) {
        let _no_other = self.moving.lock().await;
        let following: Vec<_> = {
            let mut following = lock(&self.following);
            following.retain(|(_, served)| served.strong_count() > 0);
            let served = following.iter();
            served
                .filter_map(|(name, served)| Some((name.clone(), served.upgrade()?)))
                .collect()
        };
        let of_lineage = |served: &Served| view_of(&served.reference).0 == *lineage;
        for (name, served) in following
            .into_iter()
            .filter(|(_, served)| of_lineage(served))
        {
            match self.bring(lineage, &entry.root, &served).await {
                Ok(()) => drop(lock(&self.troubles).remove(&name)),
                Err(error) => {
                    let reason = error.to_string();
                    tracing::error!(
                        reference = name,
                        reason,
                        "a new version is not served, the one before is"
                    );
                    lock(&self.troubles).insert(name, reason);
                }
            }
        }
    }

    /// Takes a reference into those that are kept up to date. What was released while it was being
    /// loaded is brought in here, and what is released from now on by [`Inner::moved`].
    pub(crate) async fn begin_following(
        &self,
        name: &str,
        lineage: &LineageName,
        served: &Arc<Served>,
    ) -> Result<(), ServeError> {
        if served.view == View::Fixed {
            return Ok(());
        }
        let _no_other = self.moving.lock().await;
        let root = self.registry.manager.root(lineage).await;
        let root = root.map_err(ResolveError::from)?;
        self.bring(lineage, &root, served).await?;
        lock(&self.following).push((name.to_owned(), Arc::downgrade(served)));
        Ok(())
    }

    /// Tells whoever released that no new call sees anything older.
    pub(crate) async fn acknowledge(&self, lineage: &LineageName, entry: &HistoryEntry) {
        let context = Context {
            version: Some(entry.root.serving_version().clone()),
            ..Context::of(AgentRole::Runner)
        };
        let data = json!({
            "kind": "serves",
            "up_to": entry.event.seq,
            "pid": std::process::id(),
        });
        let event = NewEvent::new(EventType::SIGNAL, Timestamp::now(), context, data);
        let subject = acknowledged(lineage);
        if let Err(error) = self.journal.append(subject, Expect::Any, event).await {
            tracing::warn!(%error, "what is served now was not acknowledged");
        }
    }

    async fn bring(
        &self,
        lineage: &LineageName,
        root: &Root,
        served: &Served,
    ) -> Result<(), ServeError> {
        let view = &served.view;
        let wanted = self
            .registry
            .under(lineage, root, view, &served.reference)
            .await?;
        let offer = served.offer();
        if wanted.code_hash() == offer.hash {
            let now = offer.now.load();
            let is_new = now.version != wanted.version
                || now.hash != wanted.state.hash
                || now.revision != wanted.state.revision;
            if is_new {
                offer.now.store(Arc::new(self.snapshot(&wanted)?));
                served.tell(Change::ResourceUpdated(builtin::STATE.into()));
            }
            return Ok(());
        }
        let offer = self.load(&wanted).await?;
        served.replace(self.catalogue(&offer, view)?);
        Ok(())
    }
}

/// Where Runners tell what they serve of a lineage.
pub fn acknowledged(lineage: &LineageName) -> Subject {
    let subject = format!("runner.{}", Subject::lineage(lineage).as_str());
    subject.try_into().expect("a subject below a word is one")
}

/// What production gets of a lineage under a root: version, state and code.
pub(crate) fn what_is_served(root: &Root) -> (Version, Digest, Option<CodeRef>) {
    let version = root.serving_version().clone();
    (version, root.active.hash, root.code.clone())
}
