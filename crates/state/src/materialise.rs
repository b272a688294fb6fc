//! From a reference to a value: the nearest whole document, and the patches since.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use journal::{Head, Journal, Order, Query};
use lru::LruCache;
use model::{Body, Digest, Event, NewEvent, Seq, Subject, canonical};
use serde::Deserialize as _;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Change, Content, Limits, Schema,
    draft::Draft,
    manager::StateError,
    root::{DocumentRef, Root, SchemaRef},
};

/// After this many patches the next change carries the whole document, so that no reader ever
/// replays more.
pub(crate) const PATCHES_MAX: u32 = 64;

/// Where an event whose body is the active document keeps a patch that leads from it to the staged
/// one: so a chain of patches begins anew though the staged document does not travel.
pub(crate) const STAGING_FROM_ACTIVE: &str = "staging_from_active";

/// How much memory parsed documents may take, and how many schemas are kept compiled.
const DOCUMENTS_BYTES_MAX: usize = 64 << 20;
const SCHEMAS_MAX: usize = 64;

/// How much text of documents that were just patched is kept ready for the next patch.
const DRAFTS_BYTES_MAX: usize = 2 << 20;

/// How many roots are kept parsed.
const ROOTS_MAX: usize = 4096;

/// How many documents that were just changed into others are kept, for whoever read one and is
/// told now that it moved. Few, because a hot document leaves thousands a second behind, and to
/// let go of one is cheap only while the processor still has it at hand.
const SUPERSEDED_MAX: usize = 16;

/// Parsed documents and compiled schemas by their hash, roots by the id of their event.
pub(crate) struct Cache {
    superseded: Mutex<VecDeque<Digest>>,
    documents: Mutex<Bounded<Content>>,
    /// Bounded by their text, which is less than what they take.
    drafts: Mutex<Bounded<Draft>>,
    schemas: Mutex<LruCache<Digest, Schema>>,
    roots: Mutex<LruCache<Uuid, Arc<Root>>>,
}

/// What fits into so many bytes, the least recently used out first.
struct Bounded<T> {
    held: LruCache<Digest, (T, usize)>,
    bytes: usize,
    bytes_max: usize,
}

impl<T> Bounded<T> {
    fn new(bytes_max: usize) -> Self {
        Self {
            held: LruCache::unbounded(),
            bytes: 0,
            bytes_max,
        }
    }

    fn find(&mut self, hash: &Digest) -> Option<&T> {
        self.held.get(hash).map(|(held, _)| held)
    }

    /// Says what had to go, so that it is freed after the lock.
    #[must_use]
    fn put(&mut self, hash: Digest, value: T, bytes: usize) -> Vec<T> {
        self.bytes += bytes;
        let mut gone: Vec<(T, usize)> = self.held.put(hash, (value, bytes)).into_iter().collect();
        self.bytes -= gone.iter().map(|(_, bytes)| bytes).sum::<usize>();
        while self.bytes > self.bytes_max
            && let Some((_, oldest)) = self.held.pop_lru()
        {
            self.bytes -= oldest.1;
            gone.push(oldest);
        }
        gone.into_iter().map(|(value, _)| value).collect()
    }

    fn take(&mut self, hash: &Digest) -> Option<T> {
        let (value, bytes) = self.held.pop(hash)?;
        self.bytes -= bytes;
        Some(value)
    }

    fn take_all(&mut self) -> LruCache<Digest, (T, usize)> {
        self.bytes = 0;
        std::mem::replace(&mut self.held, LruCache::unbounded())
    }
}

impl Default for Cache {
    fn default() -> Self {
        let size = |max| NonZeroUsize::new(max).expect("a cache has room");
        Self {
            documents: Mutex::new(Bounded::new(DOCUMENTS_BYTES_MAX)),
            drafts: Mutex::new(Bounded::new(DRAFTS_BYTES_MAX)),
            superseded: Mutex::default(),
            schemas: Mutex::new(LruCache::new(size(SCHEMAS_MAX))),
            roots: Mutex::new(LruCache::new(size(ROOTS_MAX))),
        }
    }
}

impl Cache {
    pub(crate) fn document(&self, hash: &Digest) -> Option<Content> {
        lock(&self.documents).find(hash).cloned()
    }

    pub(crate) fn keep(&self, content: Content) {
        let (hash, bytes) = (content.hash(), content.memory_bytes());
        let gone = lock(&self.documents).put(hash, content, bytes);
        // Freed here, with no lock held.
        drop(gone);
    }

    /// Keeps `content`, and lets go of what was superseded a while ago.
    pub(crate) fn supersede(&self, before: Digest, content: Content) {
        self.keep(content);
        let mut superseded = lock(&self.superseded);
        superseded.push_back(before);
        if superseded.len() <= SUPERSEDED_MAX {
            return;
        }
        let oldest = superseded.pop_front();
        drop(superseded);
        let dropped = oldest.and_then(|oldest| lock(&self.documents).take(&oldest));
        // Freed here, with no lock held.
        drop(dropped);
    }

    /// The draft of a document, for whoever is about to change it.
    pub(crate) fn take_draft(&self, hash: &Digest) -> Option<Draft> {
        lock(&self.drafts).take(hash)
    }

    pub(crate) fn keep_draft(&self, hash: Digest, draft: Draft) {
        let bytes = draft.bytes();
        let gone = lock(&self.drafts).put(hash, draft, bytes);
        drop(gone);
    }

    pub(crate) fn schema(&self, hash: &Digest) -> Option<Schema> {
        lock(&self.schemas).get(hash).cloned()
    }

    pub(crate) fn keep_schema(&self, schema: Schema) {
        lock(&self.schemas).put(schema.hash(), schema);
    }

    /// Keeps the root of an event that is being made, to spare reading it back out of the event.
    pub(crate) fn expect_root(&self, event: &NewEvent, root: &Root) {
        lock(&self.roots).put(event.id, Arc::new(root.clone()));
    }

    /// The root that `event` left: each is asked for by its own writer and by the next one.
    pub(crate) fn root(&self, event: &Event) -> Result<Arc<Root>, StateError> {
        let known = lock(&self.roots).get(&event.id).cloned();
        let root = match known {
            Some(root) if root.is_settled() => return Ok(root),
            Some(root) => root.settled(event.seq),
            None => Root::of(event)?,
        };
        let root = Arc::new(root);
        lock(&self.roots).put(event.id, root.clone());
        Ok(root)
    }

    /// About how much memory the documents take; of a draft, its text alone is counted.
    pub(crate) fn bytes(&self) -> usize {
        let documents = lock(&self.documents).bytes;
        documents + lock(&self.drafts).bytes
    }

    /// Lets go of everything; it can all be read again.
    pub(crate) fn clear(&self) -> usize {
        lock(&self.roots).clear();
        let drafts = lock(&self.drafts).take_all();
        let documents = lock(&self.documents).take_all();
        drafts.len() + documents.len()
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a document is made of, wherever that was read from.
struct Parts {
    body: Option<Body>,
    events: Vec<Arc<Event>>,
}

/// Inside the writer's transaction.
pub(crate) fn document_in(
    head: &mut dyn Head,
    cache: &Cache,
    reference: &DocumentRef,
) -> Result<Content, StateError> {
    if let Some(value) = cache.document(&reference.hash) {
        return Ok(value);
    }
    let (from, to) = places(reference);
    let body = head.body(from)?;
    let events = if is_whole(reference, body.as_ref()) {
        Vec::new()
    } else {
        head.events(from, to)?
    };
    let parts = Parts { body, events };
    build(parts, cache, reference)
}

/// From outside.
pub(crate) async fn document(
    journal: &dyn Journal,
    cache: &Cache,
    subject: &Subject,
    reference: &DocumentRef,
) -> Result<Content, StateError> {
    if let Some(value) = cache.document(&reference.hash) {
        return Ok(value);
    }
    let (from, to) = places(reference);
    let body = journal.body(from).await?;
    let mut events = Vec::new();
    let mut at = if is_whole(reference, body.as_ref()) {
        to
    } else {
        from.saturating_sub(1)
    };
    while at < to {
        // Pages, because other changes of the lineage may lie between two patches.
        let query = Query {
            after: at,
            until: to,
            order: Order::OldestFirst,
            ..Query::of(subject.clone())
        };
        let page = journal.read(query).await?;
        match page.last() {
            Some(last) => at = last.seq,
            None => break,
        }
        events.extend(page);
    }
    build(Parts { body, events }, cache, reference)
}

/// Is the body all there is to the document?
fn is_whole(reference: &DocumentRef, body: Option<&Body>) -> bool {
    reference.patches == 0 && body.is_some_and(|body| body.hash() == reference.hash)
}

fn places(reference: &DocumentRef) -> (Seq, Seq) {
    (reference.body.unwrap_or(0), reference.seq.unwrap_or(0))
}

fn build(parts: Parts, cache: &Cache, reference: &DocumentRef) -> Result<Content, StateError> {
    let missing = |reason: &str| StateError::Unreadable {
        seq: reference.seq.unwrap_or(0),
        reason: reason.to_owned(),
    };
    let body = parts
        .body
        .ok_or_else(|| missing("the document it builds on is gone"))?;
    let mut value: Value = serde_json::from_slice(body.bytes())
        .map_err(|error| missing(&format!("the document it builds on is not JSON: {error}")))?;
    let (from, _) = places(reference);
    for event in &parts.events {
        let change = if event.seq == from {
            change_from_active(event)?
        } else {
            staging_change(event)?
        };
        if let Some(change) = change {
            // The limits were kept when the patch was made.
            let limits = Limits {
                bytes_max: usize::MAX,
                depth_max: usize::MAX,
                operations_max: usize::MAX,
            };
            change
                .apply_to(&mut value, &limits)
                .map_err(|error| missing(&format!("its patch does not apply: {error}")))?;
        }
    }
    let body = Body::new(canonical::to_string(&value).into_bytes());
    if body.hash() != reference.hash {
        return Err(missing("what its patches make does not have its hash"));
    }
    let content = Content::new(body, value);
    cache.keep(content.clone());
    Ok(content)
}

/// How the staged document differs from the active one that `event` carries, if it says so.
fn change_from_active(event: &Event) -> Result<Option<Change>, StateError> {
    let patch = event.data.get(STAGING_FROM_ACTIVE);
    patch.map(|patch| change_of(event, patch)).transpose()
}

/// How `event` patched the staged document, if it did.
fn staging_change(event: &Event) -> Result<Option<Change>, StateError> {
    let data = &event.data;
    let patch = match data.get("staging_patch") {
        Some(patch) => Some(patch),
        None if data.get("target").and_then(Value::as_str) == Some("staging") => data.get("patch"),
        None => None,
    };
    if let Some(patch) = patch.filter(|patch| !patch.is_null()) {
        return change_of(event, patch).map(Some);
    }
    Ok(data.get("merge").map(|merge| Change::Merge(merge.clone())))
}

fn change_of(event: &Event, patch: &Value) -> Result<Change, StateError> {
    let patch = json_patch::Patch::deserialize(patch);
    patch
        .map(Change::Patch)
        .map_err(|error| StateError::Unreadable {
            seq: event.seq,
            reason: error.to_string(),
        })
}

/// The schema that `reference` names; `event_at` reads the event that carries it.
pub(crate) fn schema_from(
    event: Option<&Event>,
    cache: &Cache,
    reference: &SchemaRef,
) -> Result<Schema, StateError> {
    let seq = reference.seq.unwrap_or(0);
    let missing = |reason: String| StateError::Unreadable { seq, reason };
    let value = event
        .and_then(|event| event.data.get("schema"))
        .ok_or_else(|| missing("the schema is gone".to_owned()))?;
    let schema = Schema::compile(value.clone()).map_err(|error| missing(error.to_string()))?;
    if schema.hash() != reference.hash {
        return Err(missing("the schema does not have its hash".to_owned()));
    }
    cache.keep_schema(schema.clone());
    Ok(schema)
}

/// Inside the writer's transaction.
pub(crate) fn schema_in(
    head: &mut dyn Head,
    cache: &Cache,
    reference: &SchemaRef,
) -> Result<Schema, StateError> {
    if let Some(schema) = cache.schema(&reference.hash) {
        return Ok(schema);
    }
    let seq = reference.seq.unwrap_or(0);
    let events = head.events(seq, seq)?;
    schema_from(events.first().map(AsRef::as_ref), cache, reference)
}

/// From outside.
pub(crate) async fn schema(
    journal: &dyn Journal,
    cache: &Cache,
    subject: &Subject,
    reference: &SchemaRef,
) -> Result<Schema, StateError> {
    if let Some(schema) = cache.schema(&reference.hash) {
        return Ok(schema);
    }
    let event = journal.last_at(subject, reference.seq.unwrap_or(0)).await?;
    schema_from(event.as_deref(), cache, reference)
}
