//! What the journal keeps: a `CloudEvents` 1.0 envelope around one fact.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Digest, Revision, Seq, Subject, canonical,
    nearest::nearest,
    trace::{SpanId, TraceId},
};

/// One fact, as it was committed. It never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its place in the journal.
    pub seq: Seq,
    /// SHA-256 of [`Event::sealed_text`].
    pub hash: Digest,
    /// Its place in the history of its subject.
    pub revision: Revision,
    pub id: Uuid,
    pub kind: EventType,
    pub subject: Subject,
    /// When its author made it, to the microsecond.
    pub time: Timestamp,
    pub context: Context,
    /// What makes a retry of the same write count once.
    pub key: Option<IdempotencyKey>,
    /// The digest of the document that travels with the event.
    pub body: Option<Digest>,
    pub data: Value,
}

/// An event before the journal gave it a place.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub id: Uuid,
    pub kind: EventType,
    pub time: Timestamp,
    pub context: Context,
    pub key: Option<IdempotencyKey>,
    pub body: Option<Body>,
    pub data: Value,
}

impl NewEvent {
    pub fn new(kind: EventType, time: Timestamp, context: Context, data: Value) -> Self {
        Self {
            id: Uuid::now_v7(),
            kind,
            time,
            context,
            key: None,
            body: None,
            data,
        }
    }

    #[must_use]
    pub fn with_key(mut self, key: Option<IdempotencyKey>) -> Self {
        self.key = key;
        self
    }

    #[must_use]
    pub fn with_body(mut self, body: Option<Body>) -> Self {
        self.body = body;
        self
    }
}

/// An immutable document by its content.
///
/// Invariant: `hash` is the digest of `bytes`.
#[derive(Clone, Debug)]
pub struct Body {
    hash: Digest,
    bytes: Arc<[u8]>,
}

impl Body {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            hash: Digest::of(&bytes),
            bytes: bytes.into(),
        }
    }

    pub fn hash(&self) -> Digest {
        self.hash
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// On whose behalf and in what connection something happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    pub role: AgentRole,
    pub tenant: Tenant,
    pub agent: Option<Label>,
    pub conversation: Option<Label>,
    pub version: Option<semver::Version>,
    pub trace: Option<TraceId>,
    pub span: Option<SpanId>,
}

impl Context {
    pub fn of(role: AgentRole) -> Self {
        Self {
            role,
            ..Self::default()
        }
    }
}

/// Who acted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentRole {
    Architect,
    Coder,
    Reviewer,
    Tester,
    Analyst,
    Runner,
    Tuner,
    #[default]
    Operator,
}

impl AgentRole {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Architect => "architect",
            Self::Coder => "coder",
            Self::Reviewer => "reviewer",
            Self::Tester => "tester",
            Self::Analyst => "analyst",
            Self::Runner => "runner",
            Self::Tuner => "tuner",
            Self::Operator => "operator",
        }
    }
}

macro_rules! label {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// Invariant: 1 to 128 visible ASCII characters.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidLabel;

            fn try_from(text: String) -> Result<Self, InvalidLabel> {
                let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
                if is_visible && (1..=LABEL_BYTES_MAX).contains(&text.len()) {
                    Ok(Self(text))
                } else {
                    Err(InvalidLabel($what))
                }
            }
        }

        impl FromStr for $name {
            type Err = InvalidLabel;

            fn from_str(text: &str) -> Result<Self, InvalidLabel> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(label: $name) -> String {
                label.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

const LABEL_BYTES_MAX: usize = 128;

/// A name or key that is too long or holds what may not be in one.
#[derive(Debug, thiserror::Error)]
#[error("{0} has 1 to 128 visible ASCII characters")]
pub struct InvalidLabel(&'static str);

label! {
    /// The name of an agent, a person or a conversation.
    Label, "a name"
}
label! {
    /// Whose workspace it is; `local` unless somebody says otherwise.
    Tenant, "a tenant"
}
label! {
    /// Under which a write counts once, however often it is sent.
    IdempotencyKey, "an idempotency key"
}

impl Default for Tenant {
    fn default() -> Self {
        Self("local".to_owned())
    }
}

/// The type of an event.
///
/// Invariant: `luthier.` and lower-case words joined by dots, at most 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventType(std::borrow::Cow<'static, str>);

impl EventType {
    /// Old events were moved to an archive.
    pub const ARCHIVE: Self = Self::known("luthier.archive");
    pub const CALL: Self = Self::known("luthier.call");
    pub const CONFIG: Self = Self::known("luthier.config");
    pub const CONFLICT: Self = Self::known("luthier.conflict");
    pub const DECISION: Self = Self::known("luthier.decision");
    /// What somebody says of a conversation.
    pub const FEEDBACK: Self = Self::known("luthier.feedback");
    /// A step of the Architect's work.
    pub const JOB: Self = Self::known("luthier.job");
    /// A rail held.
    pub const REFUSAL: Self = Self::known("luthier.refusal");
    pub const RELEASE: Self = Self::known("luthier.release");
    pub const SEAL: Self = Self::known("luthier.seal");
    pub const SESSION: Self = Self::known("luthier.session");
    /// A client's connection, which a restart must not end.
    pub const SESSION_CONNECTION: Self = Self::known("luthier.session.connection");
    pub const SIGNAL: Self = Self::known("luthier.signal");
    pub const STATE_CHANGE: Self = Self::known("luthier.state.change");
    /// A wake-up for the Architect.
    pub const TRIGGER: Self = Self::known("luthier.trigger");
    pub const TUNER_SUMMARY: Self = Self::known("luthier.tuner.summary");

    /// How long the name of a type may be.
    pub const BYTES_MAX: usize = 64;

    /// Every type there is, as people name them; a step of one is named below it: `job.plan`.
    pub const WORDS: [&'static str; 16] = [
        "archive",
        "call",
        "config",
        "conflict",
        "decision",
        "eval",
        "feedback",
        "job",
        "refusal",
        "release",
        "seal",
        "session",
        "signal",
        "state.change",
        "trigger",
        "tuner.summary",
    ];

    /// The type that a person means, who may leave out `luthier.`.
    pub fn named(text: &str) -> Result<Self, UnknownEventType> {
        let word = text.strip_prefix("luthier.").unwrap_or(text);
        let is_below = |known: &&str| {
            let rest = word.strip_prefix(*known);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        match format!("luthier.{word}").parse() {
            Ok(kind) if Self::WORDS.iter().any(is_below) => Ok(kind),
            Ok(_) | Err(_) => Err(UnknownEventType {
                nearest: nearest(word, Self::WORDS),
                name: text.to_owned(),
            }),
        }
    }

    const fn known(text: &'static str) -> Self {
        Self(std::borrow::Cow::Borrowed(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A type that no event is of.
#[derive(Debug, thiserror::Error)]
#[error("there is no event type `{name}`{}", suggestion(nearest))]
pub struct UnknownEventType {
    pub name: String,
    pub nearest: Vec<&'static str>,
}

fn suggestion(nearest: &[&str]) -> String {
    match nearest {
        [] => format!(": there are `{}`", EventType::WORDS.join("`, `")),
        nearest => format!(": did you mean `{}`?", nearest.join("` or `")),
    }
}

/// An event type that is none.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no event type: `luthier.` and lower-case words joined by dots")]
pub struct InvalidEventType(String);

impl TryFrom<String> for EventType {
    type Error = InvalidEventType;

    fn try_from(text: String) -> Result<Self, InvalidEventType> {
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_valid = text.len() <= Self::BYTES_MAX
            && text
                .strip_prefix("luthier.")
                .is_some_and(|rest| rest.split('.').all(is_word));
        if is_valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidEventType(text))
        }
    }
}

impl FromStr for EventType {
    type Err = InvalidEventType;

    fn from_str(text: &str) -> Result<Self, InvalidEventType> {
        text.to_owned().try_into()
    }
}

impl From<EventType> for String {
    fn from(kind: EventType) -> String {
        kind.0.into_owned()
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `time` as every event writes it: UTC, six digits of a second, so that texts sort as times do.
pub fn time_text(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// The envelope as it travels; absent attributes are left out, as `CloudEvents` asks.
#[derive(Deserialize)]
struct Wire {
    agentid: Option<Label>,
    agentrole: AgentRole,
    bodyhash: Option<Digest>,
    conversationid: Option<Label>,
    data: Value,
    id: Uuid,
    idempotencykey: Option<IdempotencyKey>,
    revision: Revision,
    spanid: Option<SpanId>,
    subject: Subject,
    tenantid: Tenant,
    time: Timestamp,
    traceid: Option<TraceId>,
    r#type: EventType,
    version: Option<semver::Version>,
}

/// A stored event that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the text of event {seq} is not an event: {reason}")]
pub struct UnreadableEvent {
    pub seq: Seq,
    pub reason: String,
}

impl Event {
    /// Gives `event` its place. The hash covers all but the place in the journal, so that it can
    /// be made before that is known and stays the same wherever the event is copied.
    pub fn place(event: NewEvent, subject: Subject, revision: Revision) -> PlacedEvent {
        let mut placed = Event {
            seq: 0,
            hash: Digest([0; 32]),
            revision,
            id: event.id,
            kind: event.kind,
            subject,
            time: event.time,
            context: event.context,
            key: event.key,
            body: event.body.as_ref().map(Body::hash),
            data: event.data,
        };
        let text = placed.sealed_text();
        placed.hash = Digest::of(text.as_bytes());
        PlacedEvent {
            event: placed,
            text,
            body: event.body,
        }
    }

    /// The canonical JSON of everything but `seq` and `hash`: what the hash is taken of.
    pub fn sealed_text(&self) -> String {
        let mut text = String::with_capacity(512);
        let mut attribute = |name: &str, value: &str| {
            text.push(if text.is_empty() { '{' } else { ',' });
            text.push('"');
            text.push_str(name);
            text.push_str("\":");
            match name {
                "data" | "revision" => text.push_str(value),
                _ => canonical::write_text(value, &mut text),
            }
        };
        let context = &self.context;
        // In the order that RFC 8785 asks for.
        if let Some(agent) = &context.agent {
            attribute("agentid", agent.as_str());
        }
        attribute("agentrole", context.role.as_str());
        if let Some(body) = &self.body {
            attribute("bodyhash", &body.to_string());
        }
        if let Some(conversation) = &context.conversation {
            attribute("conversationid", conversation.as_str());
        }
        attribute("data", &canonical::to_string(&self.data));
        attribute("datacontenttype", "application/json");
        attribute(
            "id",
            self.id
                .hyphenated()
                .encode_lower(&mut Uuid::encode_buffer()),
        );
        if let Some(key) = &self.key {
            attribute("idempotencykey", key.as_str());
        }
        attribute("revision", &self.revision.to_string());
        attribute("source", SOURCE);
        if let Some(span) = &context.span {
            attribute("spanid", span.as_str());
        }
        attribute("specversion", "1.0");
        attribute("subject", self.subject.as_str());
        attribute("tenantid", context.tenant.as_str());
        attribute("time", &time_text(self.time));
        if let Some(trace) = &context.trace {
            attribute("traceid", trace.as_str());
        }
        attribute("type", self.kind.as_str());
        if let Some(version) = &context.version {
            attribute("version", &version.to_string());
        }
        text.push('}');
        text
    }

    /// Reads an event back from its sealed text.
    pub fn from_sealed_text(seq: Seq, hash: Digest, text: &str) -> Result<Self, UnreadableEvent> {
        let wire: Wire = serde_json::from_str(text).map_err(|error| UnreadableEvent {
            seq,
            reason: error.to_string(),
        })?;
        Ok(Self {
            seq,
            hash,
            revision: wire.revision,
            id: wire.id,
            kind: wire.r#type,
            subject: wire.subject,
            time: wire.time,
            context: Context {
                role: wire.agentrole,
                tenant: wire.tenantid,
                agent: wire.agentid,
                conversation: wire.conversationid,
                version: wire.version,
                trace: wire.traceid,
                span: wire.spanid,
            },
            key: wire.idempotencykey,
            body: wire.bodyhash,
            data: wire.data,
        })
    }

    /// The whole event as one line of JSON: the sealed text with `seq` and `hash` added.
    pub fn to_json_line(&self) -> String {
        let mut line = self.sealed_text();
        line.pop();
        write!(line, ",\"seq\":{},\"hash\":\"{}\"}}", self.seq, self.hash)
            .expect("writing to a String cannot fail");
        line
    }

    /// The whole event as a JSON value.
    pub fn to_json(&self) -> Value {
        serde_json::from_str(&self.to_json_line()).expect("an event is written as JSON")
    }
}

impl Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

/// The `source` of every event.
const SOURCE: &str = "/luthier";

/// An event with its text and its body, ready to be stored.
#[derive(Debug)]
pub struct PlacedEvent {
    pub event: Event,
    pub text: String,
    pub body: Option<Body>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> PlacedEvent {
        let context = Context {
            role: AgentRole::Tuner,
            agent: Some("cursor".parse().unwrap()),
            conversation: Some("c-1".parse().unwrap()),
            version: Some(semver::Version::new(1, 4, 2)),
            trace: Some(
                "4bf92f3577b34da6a3ce929d0e0e4736"
                    .to_owned()
                    .try_into()
                    .unwrap(),
            ),
            span: Some("00f067aa0ba902b7".to_owned().try_into().unwrap()),
            ..Context::default()
        };
        let time = "2026-03-01T12:00:00.5Z".parse().unwrap();
        let event = NewEvent::new(
            EventType::STATE_CHANGE,
            time,
            context,
            json!({"b": 1, "a": "é\n"}),
        )
        .with_key(Some("k-1".parse().unwrap()))
        .with_body(Some(Body::new(b"{}".to_vec())));
        Event::place(event, "lineage.main".parse().unwrap(), 7)
    }

    #[test]
    fn the_sealed_text_is_canonical_json() {
        let PlacedEvent { text, .. } = sample();
        let value: Value = serde_json::from_str(&text).unwrap();

        assert_eq!(canonical::to_string(&value), text);
    }

    #[test]
    fn an_event_reads_back_from_its_text() {
        let PlacedEvent {
            mut event, text, ..
        } = sample();
        event.seq = 12;

        assert_eq!(
            Event::from_sealed_text(12, event.hash, &text).unwrap(),
            event
        );
        assert_eq!(Digest::of(text.as_bytes()), event.hash);
    }

    #[test]
    fn the_envelope_is_a_cloud_event_with_the_extensions_of_the_contract() {
        let PlacedEvent { mut event, .. } = sample();
        event.id = Uuid::nil();
        event.seq = 12;
        event.hash = Digest([7; 32]);

        insta::assert_snapshot!(event.to_json_line(), @r#"{"agentid":"cursor","agentrole":"tuner","bodyhash":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","conversationid":"c-1","data":{"a":"é\n","b":1},"datacontenttype":"application/json","id":"00000000-0000-0000-0000-000000000000","idempotencykey":"k-1","revision":7,"source":"/luthier","spanid":"00f067aa0ba902b7","specversion":"1.0","subject":"lineage.main","tenantid":"local","time":"2026-03-01T12:00:00.500000Z","traceid":"4bf92f3577b34da6a3ce929d0e0e4736","type":"luthier.state.change","version":"1.4.2","seq":12,"hash":"0707070707070707070707070707070707070707070707070707070707070707"}"#);
    }
}
