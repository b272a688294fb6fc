//! What happens inside the journal's writer, whatever the change is.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use journal::Head;
use model::{Body, Context, Event, EventType, LineageName, NewEvent, Revision, Seq, canonical};
use serde_json::{Value, json};

use crate::{
    Author, ChangeError, Clock, Content, Limits, Schema, Seed, StateCounts, StateError, Target,
    begin::{ORIGIN, Origin},
    change,
    materialise::Cache,
    root::{DocumentRef, Root, SchemaRef},
};

/// Room for the text of most documents, so that it need not grow step by step in the writer.
const BODY_BYTES_TYPICAL: usize = 8 << 10;

/// What changes take with them into the journal's writer.
pub(crate) struct Shared {
    pub(crate) cache: Cache,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    /// The newest event of each lineage that passed through here: a guess, checked by the writer.
    pub(crate) heads: Mutex<HashMap<LineageName, Arc<Event>>>,
    pub(crate) counts: StateCounts,
}

impl Shared {
    pub(crate) fn first_event(
        &self,
        seed: Seed,
        origin: Option<&Origin>,
        author: &Author,
    ) -> Result<NewEvent, StateError> {
        let schema = Schema::compile(seed.schema)?;
        let value = change::admit(seed.value, &self.limits)?;
        let content = self.checked_content(value, &schema)?;
        let hash = content.hash();
        let root = Root {
            staging: DocumentRef::first(hash),
            active: DocumentRef::first(hash),
            version: seed.version.clone(),
            last_known_good: seed.version,
            served_since: None,
            schema: SchemaRef {
                hash: schema.hash(),
                seq: None,
            },
            code: seed.code,
            pins: BTreeMap::default(),
            canary: None,
            withdrawn: Vec::new(),
            is_closed: false,
        };
        let mut data = json!({
            "change": "init",
            "target": "active",
            "new": hash,
            "reversible": false,
            "schema": schema.value(),
        });
        for (name, fact) in seed.facts {
            data[name] = fact;
        }
        if let Some(origin) = origin {
            data[ORIGIN] = json!(origin);
        }
        self.cache.keep(content.clone());
        self.cache.keep_schema(schema);
        let event = self.event(EventType::RELEASE, data, &root, author);
        Ok(event.with_body(Some(content.body().clone())))
    }

    /// An event of a lineage, with the root it leaves behind.
    pub(crate) fn event(
        &self,
        kind: EventType,
        mut data: Value,
        root: &Root,
        author: &Author,
    ) -> NewEvent {
        data["root"] = serde_json::to_value(root).expect("a root is plain data");
        if let Some(reason) = &author.reason {
            data["reason"] = Value::from(reason.as_str());
        }
        for (name, fact) in &author.facts {
            data[name] = fact.clone();
        }
        let context = Context {
            version: Some(root.version.clone()),
            ..author.context.clone()
        };
        let event = NewEvent::new(kind, (self.clock)(), context, data);
        self.cache.expect_root(&event, root);
        event
    }

    /// A value as a document that fits its schema and the size.
    pub(crate) fn checked_content(
        &self,
        value: Value,
        schema: &Schema,
    ) -> Result<Content, StateError> {
        let content = self.content(value)?;
        check(schema, &content)?;
        Ok(content)
    }

    /// A value as a document, if it is not too large.
    pub(crate) fn content(&self, value: Value) -> Result<Content, StateError> {
        let mut text = String::with_capacity(BODY_BYTES_TYPICAL);
        canonical::write(&value, &mut text);
        change::check_bytes(text.len(), &self.limits)?;
        Ok(Content::new(Body::new(text.into_bytes()), value))
    }

    /// The root before a change, whose staged document must be at `base` if one is named.
    pub(crate) fn root_before(
        &self,
        head: &dyn Head,
        base: Option<Revision>,
    ) -> Result<Root, Halt> {
        let root = self.root_now(head)?;
        if root.is_closed {
            return Err(Halt::Closed);
        }
        if let (Some(base), Some(event)) = (base, head.current()) {
            Self::check_base(&root, base, event.seq)?;
        }
        Ok(root)
    }

    /// The root as it is, for what must be done whether the lineage goes on or not.
    pub(crate) fn root_now(&self, head: &dyn Head) -> Result<Root, Halt> {
        let event = head.current().ok_or(Halt::NoLineage)?;
        let root = self.cache.root(event)?;
        Ok((*root).clone())
    }

    /// Is the staged document of `root`, which the event at `head` left, still at `base`?
    pub(crate) fn check_base(root: &Root, base: Revision, head: Seq) -> Result<(), Halt> {
        let current = root.staging.revision;
        match base.cmp(&current) {
            Ordering::Greater => Err(StateError::Future {
                target: Target::Staging,
                base,
                current,
            }
            .into()),
            Ordering::Less => Err(Halt::Stale { base, head }),
            Ordering::Equal => Ok(()),
        }
    }
}

pub(crate) fn check(schema: &Schema, value: &Value) -> Result<(), StateError> {
    schema
        .check(value)
        .map_err(|violations| StateError::Invalid { violations })
}

/// An event, and the document that its author is answered with if that is at hand: by the time of
/// the answer a hot document has moved on, and the cache may have let go of this one.
pub(crate) struct Made {
    pub(crate) event: NewEvent,
    pub(crate) value: Option<Content>,
}

impl From<NewEvent> for Made {
    fn from(event: NewEvent) -> Self {
        Self { event, value: None }
    }
}

/// Why a change made no event, as the journal's writer learns it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
    #[error("the document already is what was asked for")]
    Unchanged,
    #[error("the document moved since revision {base}")]
    Stale { base: Revision, head: Seq },
    #[error("there is no such lineage")]
    NoLineage,
    #[error("the lineage was closed")]
    Closed,
    #[error(transparent)]
    Failed(#[from] StateError),
}

impl From<ChangeError> for Halt {
    fn from(error: ChangeError) -> Self {
        Self::Failed(error.into())
    }
}
