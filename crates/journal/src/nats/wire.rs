//! Events as messages of a stream, and back.
//!
//! A message is one event: its sealed text, and behind it the document that travels with it. Its place in the
//! stream is the event's place in the journal. Its subject says where it belongs: the event's subject, its type,
//! and whether it has an idempotency key, so that the server finds it by each of them.

use std::sync::Arc;

use async_nats::{HeaderMap, jetstream::message::StreamMessage};
use bytes::{Bytes, BytesMut};
use model::{
    Body, Digest, Event, EventType, Seq, Subject,
    event::{IdempotencyKey, PlacedEvent, UnreadableEvent},
};

/// The SHA-256 of the sealed text.
const HASH: &str = "Luthier-Hash";
/// How many bytes of the payload are the sealed text.
const TEXT: &str = "Luthier-Text";
/// There is a document behind it, be it empty.
const BODY: &str = "Luthier-Body";

/// What the streams of a journal and their subjects are called.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) events: String,
    pub(super) keys: String,
    pub(super) leases: String,
}

impl Names {
    pub(super) fn new(stream: &str) -> Self {
        Self {
            events: stream.to_owned(),
            keys: format!("{stream}-keys"),
            leases: format!("{stream}-leases"),
        }
    }

    pub(super) fn all_events(&self) -> String {
        format!("{}.event.>", self.events)
    }

    /// Where an event is published.
    pub(super) fn of_event(&self, event: &Event) -> String {
        let kind = token(event.kind.as_str());
        let keyed = if event.key.is_some() { "k" } else { "n" };
        let subject = token(event.subject.as_str());
        format!("{}.event.{subject}.{kind}.{keyed}", self.events)
    }

    /// All that was ever written to a subject.
    pub(super) fn of_subject(&self, subject: &Subject) -> String {
        format!("{}.event.{}.*.*", self.events, token(subject.as_str()))
    }

    pub(super) fn of_kind(&self, kind: &EventType) -> String {
        format!("{}.event.*.{}.*", self.events, token(kind.as_str()))
    }

    pub(super) fn keyed(&self) -> String {
        format!("{}.event.*.*.k", self.events)
    }

    /// The subject of a message.
    pub(super) fn subject_of(&self, name: &str) -> Option<Subject> {
        let rest = name.strip_prefix(&self.events)?.strip_prefix(".event.")?;
        let (subject, _) = rest.split_once('.')?;
        subject.replace('/', ".").parse().ok()
    }

    pub(super) fn all_leases(&self) -> String {
        format!("{}.lease.>", self.events)
    }

    pub(super) fn of_lease(&self, name: &str) -> String {
        format!("{}.lease.{name}", self.events)
    }

    /// What a message of the leases is about.
    pub(super) fn lease_of<'a>(&self, subject: &'a str) -> Option<&'a str> {
        subject.strip_prefix(&self.events)?.strip_prefix(".lease.")
    }

    pub(super) fn all_keys(&self) -> String {
        format!("{}.key.*", self.events)
    }

    /// Where it is said which event has a key. A key may hold what a subject may not.
    pub(super) fn of_key(&self, key: &IdempotencyKey) -> String {
        let digest = Digest::of(key.as_str().as_bytes());
        format!("{}.key.{digest}", self.events)
    }
}

/// A name with dots as one token of a subject.
fn token(name: &str) -> String {
    name.replace('.', "/")
}

/// A message that is still to be placed.
pub(super) struct Outgoing {
    pub(super) subject: String,
    pub(super) payload: Bytes,
    pub(super) headers: HeaderMap,
}

impl Outgoing {
    pub(super) fn of(names: &Names, placed: &PlacedEvent) -> Self {
        let body = placed.body.as_ref();
        let mut payload = BytesMut::with_capacity(bytes_of(placed));
        payload.extend_from_slice(placed.text.as_bytes());
        payload.extend_from_slice(body.map_or(&[], Body::bytes));
        let mut headers = HeaderMap::new();
        headers.insert(HASH, placed.event.hash.to_string());
        headers.insert(TEXT, placed.text.len().to_string());
        if body.is_some() {
            headers.insert(BODY, "1");
        }
        Self {
            subject: names.of_event(&placed.event),
            payload: payload.freeze(),
            headers,
        }
    }
}

pub(super) fn bytes_of(placed: &PlacedEvent) -> usize {
    placed.text.len() + placed.body.as_ref().map_or(0, |body| body.bytes().len())
}

/// A message as it is stored.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) seq: Seq,
    /// Where it was published, if whoever told of it said so.
    pub(super) name: Option<String>,
    headers: HeaderMap,
    payload: Bytes,
}

impl From<StreamMessage> for Stored {
    fn from(message: StreamMessage) -> Self {
        Self {
            seq: message.sequence,
            name: Some(message.subject.to_string()),
            headers: message.headers,
            payload: message.payload,
        }
    }
}

impl Stored {
    pub(super) fn new(seq: Seq, headers: Option<HeaderMap>, payload: Bytes) -> Self {
        Self {
            seq,
            name: None,
            headers: headers.unwrap_or_default(),
            payload,
        }
    }

    /// As an answer to a direct get has it.
    pub(super) fn of_answer(message: async_nats::Message) -> Option<Self> {
        let headers = message.headers?;
        let seq = headers.get("Nats-Sequence")?.as_str().parse().ok()?;
        let name = headers.get("Nats-Subject").map(ToString::to_string);
        Some(Self {
            name,
            ..Self::new(seq, Some(headers), message.payload)
        })
    }

    /// What it says its hash is.
    pub(super) fn hash(&self) -> Option<Digest> {
        self.headers.get(HASH)?.as_str().parse().ok()
    }

    pub(super) fn event(&self) -> Result<Arc<Event>, UnreadableEvent> {
        let unreadable = |reason: &str| UnreadableEvent {
            seq: self.seq,
            reason: reason.to_owned(),
        };
        let hash = self.hash();
        let hash = hash.ok_or_else(|| unreadable("the message has no hash"))?;
        let text = self.text().and_then(|text| str::from_utf8(text).ok());
        let text = text.ok_or_else(|| unreadable("the message has no text"))?;
        Event::from_sealed_text(self.seq, hash, text).map(Arc::new)
    }

    pub(super) fn body(&self) -> Option<Body> {
        self.headers.get(BODY)?;
        let text = self.text()?.len();
        Some(Body::new(self.payload[text..].to_vec()))
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(super) fn is_text_alone(&self) -> bool {
        self.text()
            .is_some_and(|text| text.len() == self.payload.len())
    }

    /// What a message of the keys says.
    pub(super) fn number(&self) -> Option<Seq> {
        str::from_utf8(&self.payload).ok()?.parse().ok()
    }

    /// The sealed text, if there is as much of it as the message says.
    pub(super) fn text(&self) -> Option<&[u8]> {
        let bytes: usize = self.headers.get(TEXT)?.as_str().parse().ok()?;
        self.payload.get(..bytes)
    }
}
