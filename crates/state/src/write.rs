//! Changing the staged document.

use journal::{Head, Order, Query};
use model::{Digest, EventType, LineageName, Revision, Seq, Subject, canonical};
use serde_json::{Value, json};

use crate::{
    Author, Change, Content, Document, Moved, StateError, StateManager, Target, Written, change,
    diff::diff,
    draft::Draft,
    materialise::{self, PATCHES_MAX},
    root::Root,
    shared::{self, Halt, Made, Shared},
};

/// How far behind a stale change may be for its base to be looked for among the newest events,
/// with so many between them that moved something else; beyond, the journal is searched.
const RECENT_MAX: usize = 64;
const MOVES_MAX: usize = 4;

/// A new value is stored as the patch that leads to it if that is so many times smaller.
const PATCH_SAVES_MIN: usize = 4;

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
        match change {
            Change::Set(value) => {
                let base = base.ok_or(StateError::BaseRequired)?;
                self.commit_value(lineage, value, base, author).await
            }
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
        base: Revision,
        author: &Author,
    ) -> Result<Written, StateError> {
        let prepared = match self.prepare(lineage, value, base).await {
            Ok(prepared) => prepared,
            Err(halt) => {
                // A repetition is answered with what its first sending did, wherever the state
                // went since.
                return match self.find_repeated(lineage, Target::Staging, author).await? {
                    Some(written) => Ok(written),
                    None => self.answer(lineage, Target::Staging, halt).await,
                };
            }
        };
        let (shared, by) = (self.shared.clone(), author.clone());
        let make = move |head: &mut dyn Head| shared.replaced(head, &prepared, base, &by);
        self.apply(lineage, Target::Staging, author, make).await
    }

    async fn prepare(
        &self,
        lineage: &LineageName,
        value: Value,
        base: Revision,
    ) -> Result<Prepared, Halt> {
        let (journal, cache) = (&*self.journal, &self.shared.cache);
        let subject = Subject::lineage(lineage);
        let guess = self.guess(lineage);
        let guess = guess.map(|event| cache.root(&event)).transpose()?;
        let guess = guess.filter(|root| root.staging.revision == base);
        let root = if let Some(root) = guess {
            root
        } else {
            let head = journal.last(&subject).await.map_err(StateError::from)?;
            let head = head.ok_or(Halt::NoLineage)?;
            let root = cache.root(&head)?;
            Shared::check_base(&root, base, head.seq)?;
            root
        };
        let before = materialise::document(journal, cache, &subject, &root.staging).await?;
        let schema = materialise::schema(journal, cache, &subject, &root.schema).await?;
        let value = change::admit(value, &self.shared.limits)?;
        let after = self.shared.checked_content(value, &schema)?;
        let patch = serde_json::to_value(diff(&before, &after)).expect("a patch is plain data");
        let patch_bytes = canonical::to_string(&patch).len();
        Ok(Prepared {
            is_patch_small: patch_bytes * PATCH_SAVES_MIN <= after.body().bytes().len(),
            patch,
            before: root.staging.hash,
            after,
            schema: schema.hash(),
        })
    }

    /// What an earlier sending of the same request did, if it has a key and was committed.
    pub(crate) async fn find_repeated(
        &self,
        lineage: &LineageName,
        target: Target,
        author: &Author,
    ) -> Result<Option<Written>, StateError> {
        let Some(key) = &author.key else {
            return Ok(None);
        };
        let subject = Subject::lineage(lineage);
        let found = self.journal.find_key(key).await?;
        let Some(event) = found.filter(|event| event.subject == subject) else {
            return Ok(None);
        };
        let root = self.shared.cache.root(&event)?;
        Ok(Some(Written {
            document: self.document_under(lineage, target, &root).await?,
            event: Some(event),
            was_repeated: true,
        }))
    }

    /// Who moved the staged document since `base`, last, and how; `head` is the newest event.
    pub(crate) async fn explain(
        &self,
        lineage: &LineageName,
        base: Revision,
        head: Seq,
    ) -> Result<StateError, StateError> {
        let subject = Subject::lineage(lineage);
        let Some(newest) = self.journal.last_at(&subject, head).await? else {
            return self.no_lineage(lineage).await;
        };
        let root = self.shared.cache.root(&newest)?;
        let current = self.document_under(lineage, Target::Staging, &root).await?;
        let mover = if newest.seq == current.seq {
            Some(newest)
        } else {
            self.journal.last_at(&subject, current.seq).await?
        };
        let old = self.staging_at_revision(lineage, base, &current).await?;
        let moved = mover.zip(old).map(|(event, old)| Moved {
            by: event.context.clone(),
            at: event.time,
            seq: event.seq,
            diff: diff(&old.value, &current.value),
        });
        let (current, moved) = (Box::new(current), Box::new(moved));
        Ok(StateError::Stale {
            target: Target::Staging,
            base,
            current,
            moved,
        })
    }

    /// The staged document when it had `revision`, before it became `current`.
    async fn staging_at_revision(
        &self,
        lineage: &LineageName,
        revision: Revision,
        current: &Document,
    ) -> Result<Option<Document>, StateError> {
        let subject = Subject::lineage(lineage);
        let (mut low, mut high) = (0, current.seq);
        // Whoever lost a race is a few changes behind: one page holds them.
        let behind = usize::try_from(current.revision - revision).unwrap_or(usize::MAX);
        if behind <= RECENT_MAX {
            let query = Query {
                until: current.seq - 1,
                order: Order::NewestFirst,
                limit: behind + MOVES_MAX,
                ..Query::of(subject.clone())
            };
            for event in self.journal.read(query).await? {
                high = event.seq;
                let root = self.shared.cache.root(&event)?;
                if root.staging.revision <= revision {
                    let old = self.document_under(lineage, Target::Staging, &root).await?;
                    return Ok(Some(old).filter(|old| old.revision == revision));
                }
            }
        }
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
    patch: Value,
    /// Is it worth to store the patch alone?
    is_patch_small: bool,
    before: Digest,
    after: Content,
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
    ) -> Result<Made, Halt> {
        let mut root = self.root_before(head, base)?;
        let schema = materialise::schema_in(head, &self.cache, &root.schema)?;
        let previous = root.staging.hash;
        let mut draft = match self.cache.take_draft(&previous) {
            Some(draft) => draft,
            None => Draft::of(Value::clone(&*materialise::document_in(
                head,
                &self.cache,
                &root.staging,
            )?)),
        };
        let body = draft.change(change, &self.limits)?;
        shared::check(&schema, draft.value())?;
        let hash = body.hash();
        self.cache.keep_draft(hash, draft);
        if hash == previous {
            return Err(Halt::Unchanged);
        }
        let is_due = root.staging.patches >= PATCHES_MAX;
        root.staging = if is_due {
            root.staging.replaced(hash)
        } else {
            root.staging.patched(hash)
        };
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
        let after = Content::of_text(body.clone());
        self.cache.supersede(previous, after.clone());
        let event = self.event(EventType::STATE_CHANGE, data, &root, author);
        Ok(Made {
            event: event.with_body(is_due.then_some(body)),
            value: Some(after),
        })
    }

    /// Runs in the writer: swaps in a value that was made outside.
    fn replaced(
        &self,
        head: &mut dyn Head,
        prepared: &Prepared,
        base: Revision,
        author: &Author,
    ) -> Result<Made, Halt> {
        let mut root = self.root_before(head, Some(base))?;
        let after = &prepared.after;
        if after.hash() == root.staging.hash {
            return Err(Halt::Unchanged);
        }
        if prepared.schema != root.schema.hash {
            // The schema moved and the document did not: checked against the new one.
            let schema = materialise::schema_in(head, &self.cache, &root.schema)?;
            shared::check(&schema, after)?;
        }
        let is_whole = !prepared.is_patch_small || root.staging.patches >= PATCHES_MAX;
        root.staging = if is_whole {
            root.staging.replaced(after.hash())
        } else {
            root.staging.patched(after.hash())
        };
        let data = json!({
            "change": "set",
            "target": Target::Staging,
            "previous": prepared.before,
            "new": after.hash(),
            "patch": prepared.patch,
            "reversible": true,
        });
        self.cache.supersede(prepared.before, after.clone());
        let event = self.event(EventType::STATE_CHANGE, data, &root, author);
        Ok(Made {
            event: event.with_body(is_whole.then(|| after.body().clone())),
            value: Some(after.clone()),
        })
    }
}
