//! What conversations remember: each is a subject of the journal, whose newest event carries it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use journal::{AppendError, Expect, Journal, Order, Query, ReadError};
use model::{
    Body, Context, Event, EventType, NewEvent, Revision, Subject,
    event::{AgentRole, Label},
};
use serde::Serialize;
use serde_json::json;
use tokio::{sync::OwnedMutexGuard, time::timeout};
use uuid::Uuid;

use crate::config::RunnerConfig;

/// The newest conversations that are looked through for the index.
const INDEX_EVENTS_MAX: usize = 10_000;

/// Calls of one conversation that wait for the one that runs; more are refused.
const TURNS_WAITING_MAX: usize = 16;

/// Why a conversation cannot be continued, or kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("`{0}` is no conversation_id: leave it out to begin a conversation")]
    Malformed(String),
    #[error("there is no conversation `{0}`, or it has ended: leave it out to begin a new one")]
    Unknown(String),
    #[error(
        "the conversation remembers {bytes} bytes, {bytes_max} are allowed: let it forget some"
    )]
    TooLarge { bytes: usize, bytes_max: usize },
    #[error("another call of this conversation ended first: try again")]
    Raced,
    #[error(
        "{waiting} calls of this conversation wait already: await their answers, then try again"
    )]
    Crowded { waiting: usize },
    #[error(
        "another call of this conversation still ran after {} ms: try again when it has ended",
        .waited.as_millis()
    )]
    Busy { waited: Duration },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(AppendError),
}

impl SessionError {
    /// Can whoever called put it right?
    pub(crate) fn is_of_caller(&self) -> bool {
        !matches!(self, Self::Read(_) | Self::Write(_))
    }
}

/// The conversations there are.
pub(crate) struct Sessions {
    journal: Arc<dyn Journal>,
    bytes_max: usize,
    idle_max: jiff::SignedDuration,
    /// How long a call waits for its turn.
    turn_max: Duration,
    /// One call of a conversation at a time.
    turns: Mutex<HashMap<Uuid, Arc<tokio::sync::Mutex<()>>>>,
}

/// A conversation whose turn is a call's.
pub(crate) struct Turn {
    pub(crate) id: Uuid,
    pub(crate) json: Bytes,
    revision: Option<Revision>,
    _alone: OwnedMutexGuard<()>,
}

/// A conversation as it is listed.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    conversation_id: String,
    updated_at: Timestamp,
    calls: Revision,
    version: Option<String>,
    bytes: Option<u64>,
}

impl Sessions {
    pub(crate) fn new(journal: Arc<dyn Journal>, config: &RunnerConfig) -> Self {
        let idle = jiff::SignedDuration::try_from(config.session_idle_max);
        Self {
            journal,
            bytes_max: config.session_bytes_max,
            idle_max: idle.unwrap_or(jiff::SignedDuration::MAX),
            turn_max: config.deadline_default,
            turns: Mutex::default(),
        }
    }

    /// The first turn of a conversation.
    pub(crate) async fn begin(&self, id: Uuid) -> Result<Turn, SessionError> {
        Ok(Turn {
            id,
            json: Bytes::from_static(b"{}"),
            revision: None,
            _alone: self.turn(id).await?,
        })
    }

    /// Waits for the turn of a call in the conversation that it names.
    pub(crate) async fn take(&self, named: &str) -> Result<Turn, SessionError> {
        let id = Uuid::try_parse(named);
        let id = id.map_err(|_malformed| SessionError::Malformed(named.to_owned()))?;
        let turn = self.turn(id).await?;
        let Some((event, json)) = self.find(id).await? else {
            return Err(SessionError::Unknown(named.to_owned()));
        };
        Ok(Turn {
            id,
            json,
            revision: Some(event.revision),
            _alone: turn,
        })
    }

    /// What a conversation remembers, unless it has ended.
    pub(crate) async fn find(&self, id: Uuid) -> Result<Option<(Arc<Event>, Bytes)>, ReadError> {
        let Some(event) = self.journal.last(&subject(id)).await? else {
            return Ok(None);
        };
        if Timestamp::now().duration_since(event.time) > self.idle_max {
            return Ok(None);
        }
        let body = self.journal.body(event.seq).await?;
        Ok(body.map(|body| (event, Bytes::copy_from_slice(body.bytes()))))
    }

    /// Keeps what a call left, before it is answered.
    pub(crate) async fn keep(
        &self,
        turn: &Turn,
        json: &Bytes,
        tool: &str,
        context: &Context,
    ) -> Result<(), SessionError> {
        if json.len() > self.bytes_max {
            return Err(SessionError::TooLarge {
                bytes: json.len(),
                bytes_max: self.bytes_max,
            });
        }
        let context = Context {
            role: AgentRole::Runner,
            conversation: label(turn.id),
            ..context.clone()
        };
        let data = json!({"tool": tool, "bytes": json.len()});
        let event = NewEvent::new(EventType::SESSION, Timestamp::now(), context, data)
            .with_body(Some(Body::new(json.to_vec())));
        let expect = turn.revision.map_or(Expect::Absent, Expect::Revision);
        match self.journal.append(subject(turn.id), expect, event).await {
            Ok(_committed) => Ok(()),
            Err(AppendError::Conflict { .. }) => Err(SessionError::Raced),
            Err(error) => Err(SessionError::Write(error)),
        }
    }

    /// The conversations that were continued last, newest first.
    pub(crate) async fn index(&self, limit: usize) -> Result<Vec<Listed>, ReadError> {
        let query = Query {
            kinds: vec![EventType::SESSION],
            order: Order::NewestFirst,
            limit: INDEX_EVENTS_MAX,
            ..Query::all()
        };
        let mut seen = std::collections::HashSet::new();
        let newest = self.journal.read(query).await?.into_iter();
        let first_of_each = newest.filter(|event| seen.insert(event.subject.clone()));
        let now = Timestamp::now();
        let living = first_of_each.filter(|event| now.duration_since(event.time) <= self.idle_max);
        Ok(living.take(limit).map(|event| listed(&event)).collect())
    }

    async fn turn(&self, id: Uuid) -> Result<OwnedMutexGuard<()>, SessionError> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            let turn = turns.entry(id).or_default();
            // One is the map's, one that of the call that runs.
            let waiting = Arc::strong_count(turn).saturating_sub(2);
            if waiting >= TURNS_WAITING_MAX {
                return Err(SessionError::Crowded { waiting });
            }
            Arc::clone(turn)
        };
        let waited = self.turn_max;
        let taken = timeout(waited, turn.lock_owned()).await;
        taken.map_err(|_elapsed| SessionError::Busy { waited })
    }
}

fn listed(event: &Event) -> Listed {
    let context = &event.context;
    let id = context.conversation.as_ref().map(ToString::to_string);
    Listed {
        conversation_id: id.unwrap_or_default(),
        updated_at: event.time,
        calls: event.revision,
        version: context.version.as_ref().map(ToString::to_string),
        bytes: event.data["bytes"].as_u64(),
    }
}

fn subject(id: Uuid) -> Subject {
    let name = format!("session.{id}");
    name.try_into().expect("a uuid is a token of a subject")
}

pub(crate) fn label(id: Uuid) -> Option<Label> {
    id.to_string().try_into().ok()
}
