//! From a reference to a value: the nearest whole document, and the patches since.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use journal::{Head, Journal, Order, Query};
use lru::LruCache;
use model::{Body, Digest, Event, NewEvent, Seq, Subject};
use serde::Deserialize as _;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Change, Limits, Schema,
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

/// How many roots are kept parsed.
const ROOTS_MAX: usize = 4096;

/// How many documents that were just changed into others are kept, for whoever read one and is
/// told now that it moved. Few, because a hot document leaves thousands a second behind, and to
/// let go of one is cheap only while the processor still has it at hand.
const SUPERSEDED_MAX: usize = 16;

/// Parsed documents and compiled schemas by their hash, roots by the id of their event.
pub(crate) struct Cache {
    superseded: Mutex<VecDeque<Digest>>,
    documents: Mutex<Documents>,
    schemas: Mutex<LruCache<Digest, Schema>>,
    roots: Mutex<LruCache<Uuid, Arc<Root>>>,
}

/// Parsed documents, the least recently used out when they take too much memory.
struct Documents {
    held: LruCache<Digest, Parsed>,
    bytes: usize,
}

struct Parsed {
    value: Arc<Value>,
    bytes: usize,
}

impl Default for Documents {
    fn default() -> Self {
        Self {
            held: LruCache::unbounded(),
            bytes: 0,
        }
    }
}

impl Documents {
    fn get(&mut self, hash: &Digest) -> Option<Arc<Value>> {
        self.held.get(hash).map(|parsed| parsed.value.clone())
    }

    /// Says what had to go, so that it is freed after the lock.
    fn put(&mut self, hash: Digest, value: Arc<Value>) -> Vec<Parsed> {
        let bytes = memory_of(&value);
        let mut gone: Vec<Parsed> = self
            .held
            .put(hash, Parsed { value, bytes })
            .into_iter()
            .collect();
        self.bytes += bytes;
        self.bytes -= gone.iter().map(|parsed| parsed.bytes).sum::<usize>();
        while self.bytes > DOCUMENTS_BYTES_MAX
            && let Some((_, parsed)) = self.held.pop_lru()
        {
            self.bytes -= parsed.bytes;
            gone.push(parsed);
        }
        gone
    }

    fn pop(&mut self, hash: &Digest) -> Option<Parsed> {
        let parsed = self.held.pop(hash)?;
        self.bytes -= parsed.bytes;
        Some(parsed)
    }
}

/// About how much memory a value takes, its members and their names included.
fn memory_of(value: &Value) -> usize {
    let inside = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(memory_of).sum(),
        Value::Object(members) => {
            // A node of the map has room for eleven members and is often half empty.
            members
                .iter()
                .map(|(name, value)| 2 * (24 + name.len()) + memory_of(value))
                .sum()
        }
    };
    size_of::<Value>() + inside
}

impl Default for Cache {
    fn default() -> Self {
        let size = |max| NonZeroUsize::new(max).expect("a cache has room");
        Self {
            documents: Mutex::default(),
            superseded: Mutex::default(),
            schemas: Mutex::new(LruCache::new(size(SCHEMAS_MAX))),
            roots: Mutex::new(LruCache::new(size(ROOTS_MAX))),
        }
    }
}

impl Cache {
    pub(crate) fn document(&self, hash: &Digest) -> Option<Arc<Value>> {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(hash)
    }

    pub(crate) fn keep(&self, hash: Digest, value: Arc<Value>) {
        let gone = self
            .documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .put(hash, value);
        // Freed here, with no lock held.
        drop(gone);
    }

    /// Keeps `value`, and lets go of what was superseded a while ago.
    pub(crate) fn supersede(&self, before: Digest, hash: Digest, value: Arc<Value>) {
        self.keep(hash, value);
        let mut superseded = self
            .superseded
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        superseded.push_back(before);
        if superseded.len() <= SUPERSEDED_MAX {
            return;
        }
        let oldest = superseded.pop_front();
        drop(superseded);
        let dropped = oldest.and_then(|oldest| {
            self.documents
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop(&oldest)
        });
        // Freed here, with no lock held.
        drop(dropped);
    }

    pub(crate) fn schema(&self, hash: &Digest) -> Option<Schema> {
        self.schemas
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(hash)
            .cloned()
    }

    pub(crate) fn keep_schema(&self, schema: Schema) {
        self.schemas
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .put(schema.hash(), schema);
    }

    /// Keeps the root of an event that is being made, to spare reading it back out of the event.
    pub(crate) fn expect_root(&self, event: &NewEvent, root: &Root) {
        self.roots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .put(event.id, Arc::new(root.clone()));
    }

    /// The root that `event` left: each is asked for by its own writer and by the next one.
    pub(crate) fn root(&self, event: &Event) -> Result<Arc<Root>, StateError> {
        let lock = || self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&event.id).cloned();
        let root = match known {
            Some(root) if root.is_settled() => return Ok(root),
            Some(root) => root.settled(event.seq),
            None => Root::of(event)?,
        };
        let root = Arc::new(root);
        lock().put(event.id, root.clone());
        Ok(root)
    }

    /// Lets go of everything; it can all be read again.
    pub(crate) fn clear(&self) -> usize {
        self.roots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        let documents = std::mem::take(
            &mut *self
                .documents
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        documents.held.len()
    }
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
) -> Result<Arc<Value>, StateError> {
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
) -> Result<Arc<Value>, StateError> {
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

fn build(parts: Parts, cache: &Cache, reference: &DocumentRef) -> Result<Arc<Value>, StateError> {
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
            value = change
                .apply(value, &limits)
                .map_err(|error| missing(&format!("its patch does not apply: {error}")))?;
        }
    }
    if Digest::of_json(&value) != reference.hash {
        return Err(missing("what its patches make does not have its hash"));
    }
    let value = Arc::new(value);
    cache.keep(reference.hash, value.clone());
    Ok(value)
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
