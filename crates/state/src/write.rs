//! Changing the staged document.

use std::sync::Arc;

use journal::Head;
use model::{Body, Digest, Event, EventType, LineageName, NewEvent, Revision, Seq, Subject};
use serde_json::{Value, json};

use crate::{
    Author, Change, Document, Moved, StateError, StateManager, Target, Written,
    manager::{Halt, Shared},
    materialise::{self, PATCHES_MAX},
    root::{DocumentRef, Root},
};

impl StateManager {
    /// Changes the staged document of `lineage`.
    ///
    /// A [`Change::Set`] must name the revision it was computed from. A patch may: without one it
    /// is applied by the journal's writer to whatever is there, so that many writers of one
    /// document need no retries.
    pub async fn commit(
        &self,
        lineage: &LineageName,
        change: Change,
        base: Option<Revision>,
        author: &Author,
    ) -> Result<Written, StateError> {
        if change.needs_base() && base.is_none() {
            return Err(StateError::BaseRequired);
        }
        match change {
            Change::Set(value) => self.commit_value(lineage, value, base, author).await,
            change => {
                let (shared, by) = (self.shared.clone(), author.clone());
                let make = move |head: &mut dyn Head| shared.patched(head, &change, base, &by);
                self.apply(lineage, Target::Staging, author, make).await
            }
        }
    }

    /// A value is checked, hashed and compared here, so that the writer only swaps the root.
    async fn commit_value(
        &self,
        lineage: &LineageName,
        value: Value,
        base: Option<Revision>,
        author: &Author,
    ) -> Result<Written, StateError> {
        let is_base = |event: &Arc<Event>| {
            Root::of(event).is_ok_and(|root| Some(root.staging.revision) == base)
        };
        let event = match self.guess(lineage).filter(is_base) {
            Some(event) => event,
            None => self.head(lineage).await?,
        };
        let root = Root::of(&event)?;
        let (journal, subject) = (&*self.journal, Subject::lineage(lineage));
        let cache = &self.shared.cache;
        let before = materialise::document(journal, cache, &subject, &root.staging).await?;
        let schema = materialise::schema(journal, cache, &subject, &root.schema).await?;
        let value = Change::Set(value).apply(&before, &self.shared.limits)?;
        let (body, hash) = self.shared.checked_body(&value, &schema)?;
        let prepared = Prepared {
            patch: json_patch::diff(&before, &value),
            before: root.staging.hash,
            hash,
            body,
            value: Arc::new(value),
            schema: schema.hash(),
        };
        let (shared, by) = (self.shared.clone(), author.clone());
        let make = move |head: &mut dyn Head| shared.replaced(head, &prepared, base, &by);
        self.apply(lineage, Target::Staging, author, make).await
    }

    /// Who moved the staged document since `base`, last by the event at `seq`, and how.
    pub(crate) async fn explain(
        &self,
        lineage: &LineageName,
        base: Revision,
        seq: Seq,
    ) -> Result<StateError, StateError> {
        let event = self
            .journal
            .last_at(&Subject::lineage(lineage), seq)
            .await?;
        let Some(event) = event else {
            return self.no_lineage(lineage).await;
        };
        let current = self
            .load(lineage, Target::Staging, &Root::of(&event)?)
            .await?;
        let old = self.staging_at_revision(lineage, base, seq).await?;
        let moved = old.map(|old| Moved {
            by: event.context.clone(),
            at: event.time,
            seq: event.seq,
            diff: json_patch::diff(&old.value, &current.value),
        });
        let (current, moved) = (Box::new(current), Box::new(moved));
        Ok(StateError::Stale {
            target: Target::Staging,
            base,
            current,
            moved,
        })
    }

    /// The staged document when it had `revision`, by bisection over the journal up to `until`.
    async fn staging_at_revision(
        &self,
        lineage: &LineageName,
        revision: Revision,
        until: Seq,
    ) -> Result<Option<Document>, StateError> {
        let subject = Subject::lineage(lineage);
        let (mut low, mut high) = (0, until);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let found = match self.journal.last_at(&subject, middle).await? {
                Some(event) => Root::of(&event)?.staging.revision,
                None => 0,
            };
            if found <= revision {
                low = middle;
            } else {
                high = middle;
            }
        }
        let found = self.document_at(lineage, Target::Staging, low).await?;
        Ok(found.filter(|document| document.revision == revision))
    }
}

/// A new value, ready to be swapped in.
struct Prepared {
    patch: json_patch::Patch,
    before: Digest,
    hash: Digest,
    body: Body,
    value: Arc<Value>,
    schema: Digest,
}

impl Shared {
    /// Runs in the writer: applies `change` to whatever is staged.
    fn patched(
        &self,
        head: &mut dyn Head,
        change: &Change,
        base: Option<Revision>,
        author: &Author,
    ) -> Result<NewEvent, Halt> {
        let mut root = Self::root_before(head, base)?;
        let before = materialise::document_in(head, &self.cache, &root.staging)?;
        let schema = materialise::schema_in(head, &self.cache, &root.schema)?;
        let after = change.apply(&before, &self.limits)?;
        let (body, hash) = self.checked_body(&after, &schema)?;
        if hash == root.staging.hash {
            return Err(Halt::Unchanged);
        }
        let previous = root.staging.hash;
        root.staging = root.staging.patched(hash);
        let mut data = json!({
            "change": change.name(),
            "target": Target::Staging,
            "previous": previous,
            "new": hash,
            "reversible": true,
        });
        match change {
            Change::Merge(merge) => data["merge"] = merge.clone(),
            Change::Patch(patch) => {
                data["patch"] = serde_json::to_value(patch).expect("a patch is plain data");
            }
            Change::Set(_) => {}
        }
        let is_due = root.staging.patches > PATCHES_MAX;
        if is_due {
            let DocumentRef { revision, base, .. } = root.staging;
            root.staging = DocumentRef::with_body(hash, revision, base);
        }
        self.cache.keep(hash, Arc::new(after));
        let event = self.event(EventType::STATE_CHANGE, data, &root, author);
        Ok(event.with_body(is_due.then_some(body)))
    }

    /// Runs in the writer: swaps in a value that was made outside.
    fn replaced(
        &self,
        head: &mut dyn Head,
        prepared: &Prepared,
        base: Option<Revision>,
        author: &Author,
    ) -> Result<NewEvent, Halt> {
        let mut root = Self::root_before(head, base)?;
        if prepared.hash == root.staging.hash {
            return Err(Halt::Unchanged);
        }
        if prepared.schema != root.schema.hash {
            // The schema moved and the document did not: checked against the new one.
            let schema = materialise::schema_in(head, &self.cache, &root.schema)?;
            self.checked_body(&prepared.value, &schema)?;
        }
        let revision = root.staging.revision + 1;
        root.staging = DocumentRef::with_body(prepared.hash, revision, Some(prepared.before));
        let data = json!({
            "change": "set",
            "target": Target::Staging,
            "previous": prepared.before,
            "new": prepared.hash,
            "patch": prepared.patch,
            "reversible": true,
        });
        self.cache.keep(prepared.hash, prepared.value.clone());
        let event = self.event(EventType::STATE_CHANGE, data, &root, author);
        Ok(event.with_body(Some(prepared.body.clone())))
    }
}
