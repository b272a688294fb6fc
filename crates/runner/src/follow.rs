//! Keeping what is served at what the lineages say.

use std::sync::Arc;

use jiff::Timestamp;
use journal::{Expect, Tenure};
use mcp::Change;
use model::{Context, EventType, LineageName, NewEvent, Subject, event::AgentRole};
use serde_json::json;
use state::{HistoryEntry, Root, is_of_staging};

use crate::{
    builtin,
    code::CodeError,
    offer::{Offer, OnTrial},
    runner::{ACTIVE, CANARY, Inner, ServeError, lock},
    served::Served,
    versions::{ResolveError, View, view_of},
};

impl Inner {
    /// Brings what follows `lineage` to what it means now, and tells whoever released. Gives the
    /// entry back if it is worth another try.
    pub(crate) async fn follow_to(
        &self,
        lineage: &LineageName,
        entry: HistoryEntry,
    ) -> Option<HistoryEntry> {
        match self.moved(lineage).await {
            Ok(()) => {
                if !is_of_staging(&entry.event) {
                    self.acknowledge(lineage, &entry).await;
                }
                None
            }
            Err(error) => {
                tracing::error!(%error, %lineage, "what is new is not served, what was before is");
                self.may_pass(&error).then_some(entry)
            }
        }
    }

    /// Brings every reference that follows `lineage` to what it means now, which may be newer than
    /// what was told of. If some are not there, the error is of the last of them.
    pub(crate) async fn moved(&self, lineage: &LineageName) -> Result<(), ServeError> {
        let _no_other = self.moving.lock().await;
        let newest = self.registry.manager.newest(lineage).await;
        let HistoryEntry { event, root } = newest.map_err(ResolveError::from)?;
        if *lineage == LineageName::default() && root.canary.is_none() {
            self.forget(CANARY);
        }
        let mut outcome = Ok(());
        for (name, served) in self.following() {
            if view_of(&served.reference).0 != *lineage {
                continue;
            }
            match self.bring(lineage, &root, &served).await {
                Ok(()) => drop(lock(&self.troubles).remove(&name)),
                Err(error) => {
                    lock(&self.troubles).insert(name, error.to_string());
                    outcome = Err(error);
                }
            }
        }
        let may_pass = matches!(&outcome, Err(error) if self.may_pass(error));
        if let Some(tenure) = self.tenure_of(lineage).filter(|_| !may_pass) {
            tenure.has_taken_up(event.seq);
        }
        outcome
    }

    /// May it pass by itself? A vault that others share may not have yet what they keep there.
    fn may_pass(&self, error: &ServeError) -> bool {
        let is_missing = matches!(error, ServeError::Code(CodeError::Missing { .. }));
        error.may_pass() || (is_missing && self.tenure.is_some())
    }

    /// What is waited for where `lineage` moves: aliases lead to `main` alone.
    pub(crate) fn tenure_of(&self, lineage: &LineageName) -> Option<&Tenure> {
        let is_main = *lineage == LineageName::default();
        self.tenure.as_ref().filter(|_| is_main)
    }

    /// What is kept up to date; what nobody holds any more is forgotten, with its troubles.
    fn following(&self) -> Vec<(String, Arc<Served>)> {
        let mut following = lock(&self.following);
        following.retain(|(_, served)| served.strong_count() > 0);
        let held = following.iter();
        let held = held.filter_map(|(name, served)| Some((name.clone(), served.upgrade()?)));
        let held: Vec<_> = held.collect();
        lock(&self.troubles)
            .retain(|name, _| name == ACTIVE || held.iter().any(|(held, _)| held == name));
        held
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

    /// Tells whoever watches what `lineage` serves that it is served here too, since this process
    /// began.
    pub(crate) async fn acknowledge_watched(&self, lineage: &LineageName) {
        let manager = &self.registry.manager;
        let told = async {
            if manager.find_watched(lineage).await?.is_some()
                && let Some(newest) = manager.history(lineage, None, 1).await?.first()
            {
                self.acknowledge(lineage, newest).await;
            }
            Ok::<_, state::StateError>(())
        };
        if let Err(error) = told.await {
            tracing::warn!(%error, %lineage, "what is served now was not acknowledged");
        }
    }

    async fn bring(
        &self,
        lineage: &LineageName,
        root: &Root,
        served: &Served,
    ) -> Result<(), ServeError> {
        let view = &served.view;
        served.forget_withdrawn(&root.withdrawn);
        if *view == View::Canary && root.canary.is_none() {
            return Ok(());
        }
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
            return self.bring_trial(lineage, root, view, &offer).await;
        }
        let (before, offer) = (offer, self.load(&wanted).await?);
        let catalogue = self.catalogue(&offer, view)?;
        let is_kept = |tool: &str| offer.is_same_tool(&before, tool);
        (self.core.circuits).carry(before.number, offer.number, is_kept);
        self.bring_trial(lineage, root, view, &offer).await?;
        served.replace(catalogue);
        Ok(())
    }

    /// Lets `active` lead a share of its conversations to what is on trial, or none.
    async fn bring_trial(
        &self,
        lineage: &LineageName,
        root: &Root,
        view: &View,
        offer: &Offer,
    ) -> Result<(), ServeError> {
        let is_held = root.pins.contains_key(Root::ACTIVE);
        let canary = root.canary.as_ref();
        let canary = canary.filter(|_| *view == View::Active && !is_held);
        let trial = match canary {
            Some(canary) => {
                let wanted = self.registry.released(lineage, &canary.version).await?;
                // It is a promotion, so that it has the code of what serves.
                let is_same_code = wanted.code_hash() == offer.hash;
                let now = is_same_code.then(|| self.snapshot(&wanted)).transpose()?;
                now.map(|now| OnTrial {
                    canary: canary.clone(),
                    now: Arc::new(now),
                })
            }
            None => None,
        };
        offer.trial.store(trial.map(Arc::new));
        Ok(())
    }
}

/// Where Runners tell what they serve of a lineage.
pub fn acknowledged(lineage: &LineageName) -> Subject {
    let subject = format!("runner.{}", Subject::lineage(lineage).as_str());
    subject.try_into().expect("a subject below a word is one")
}
