//! What happened to a lineage, and what happens next.

use std::sync::Arc;

use journal::{Needed, Order, Query, Watch};
use json_patch::Patch;
use model::{Event, LineageName, Seq, Subject};

use crate::{Root, StateError, StateManager, Target, diff::diff};

/// One change of a lineage.
#[derive(Clone, Debug)]
pub struct HistoryEntry {
    pub event: Arc<Event>,
    pub root: Root,
}

impl StateManager {
    /// The newest change of `lineage`.
    pub async fn newest(&self, lineage: &LineageName) -> Result<HistoryEntry, StateError> {
        let event = self.head(lineage).await?;
        let root = Root::of(&event)?;
        Ok(HistoryEntry { event, root })
    }

    /// The newest changes of `lineage`, newest first, before `before` if it is given.
    pub async fn history(
        &self,
        lineage: &LineageName,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StateError> {
        self.head(lineage).await?;
        let query = Query {
            until: before.map_or(Query::all().until, |before| before.saturating_sub(1)),
            order: Order::NewestFirst,
            limit,
            ..Query::of(Subject::lineage(lineage))
        };
        let events = self.journal.read(query).await?;
        events
            .into_iter()
            .map(|event| {
                Ok(HistoryEntry {
                    root: Root::of(&event)?,
                    event,
                })
            })
            .collect()
    }

    /// The operations that lead from the active document to the staged one.
    pub async fn diff(&self, lineage: &LineageName) -> Result<Patch, StateError> {
        let root = self.root(lineage).await?;
        let active = self.document_under(lineage, Target::Active, &root).await?;
        let staging = self.document_under(lineage, Target::Staging, &root).await?;
        Ok(diff(&active.value, &staging.value))
    }

    /// The events that the documents and schemas of every lineage are made of as they stand: what a
    /// journal keeps at hand while it archives others. What it has archived it still reads.
    pub async fn needed(&self) -> Result<Vec<Needed>, StateError> {
        let mut needed = Vec::new();
        for lineage in self.lineages().await? {
            let root = self.root(&lineage).await?;
            let documents = [&root.staging, &root.active];
            let of_documents = documents.map(|document| document.body.zip(document.seq));
            let of_schema = root.schema.seq.map(|seq| (seq, seq));
            for (from, to) in of_documents.into_iter().chain([of_schema]).flatten() {
                let subject = Subject::lineage(&lineage);
                needed.push(Needed { subject, from, to });
            }
        }
        Ok(needed)
    }

    /// Every change of `lineage` after `after`, once and in order.
    pub fn watch(&self, lineage: &LineageName, after: Seq) -> StateWatch {
        let query = Query::of(Subject::lineage(lineage));
        StateWatch {
            watch: self.journal.clone().watch(after, query),
        }
    }
}

/// A change of the staged document alone is nobody's release.
pub fn is_of_staging(event: &Event) -> bool {
    event.data["target"] == "staging"
}

/// Follows a lineage.
#[derive(Debug)]
pub struct StateWatch {
    watch: Watch,
}

impl StateWatch {
    /// The next change; `None` when the journal is closed. Cancel-safe.
    pub async fn next(&mut self) -> Result<Option<HistoryEntry>, StateError> {
        match self.watch.next_event().await? {
            Some(event) => Ok(Some(HistoryEntry {
                root: Root::of(&event)?,
                event,
            })),
            None => Ok(None),
        }
    }
}
