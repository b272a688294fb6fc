//! Sessions of the protocol's old era, kept so that a restart of the server ends none of them.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use journal::{Expect, Journal};
use mcp::rmcp::transport::streamable_http_server::session::{
    SessionState, SessionStore, SessionStoreError,
};
use model::{Context, Digest, EventType, NewEvent, Subject, event::AgentRole};
use serde_json::{Value, json};

/// Digits of the hash that keeps the sessions of one reference apart from those of another.
const DIGITS: usize = 16;

/// The sessions of one reference.
pub(crate) struct Connections {
    journal: Arc<dyn Journal>,
    scope: String,
}

impl Connections {
    pub(crate) fn new(journal: Arc<dyn Journal>, reference: &str) -> Self {
        let hash = Digest::of(reference.as_bytes()).to_string();
        Self {
            journal,
            scope: hash[..DIGITS].to_owned(),
        }
    }

    /// An id that is none of ours has no subject.
    fn subject(&self, id: &str) -> Option<Subject> {
        format!("connection.{}.{id}", self.scope).try_into().ok()
    }

    async fn write(&self, id: &str, state: Value) -> Result<(), SessionStoreError> {
        let Some(subject) = self.subject(id) else {
            return Ok(());
        };
        let context = Context::of(AgentRole::Runner);
        let data = json!({ "state": state });
        let event = NewEvent::new(
            EventType::SESSION_CONNECTION,
            Timestamp::now(),
            context,
            data,
        );
        self.journal.append(subject, Expect::Any, event).await?;
        Ok(())
    }
}

#[async_trait]
impl SessionStore for Connections {
    async fn load(&self, id: &str) -> Result<Option<SessionState>, SessionStoreError> {
        let Some(subject) = self.subject(id) else {
            return Ok(None);
        };
        let Some(event) = self.journal.last(&subject).await? else {
            return Ok(None);
        };
        Ok(serde_json::from_value(event.data["state"].clone())?)
    }

    async fn store(&self, id: &str, state: &SessionState) -> Result<(), SessionStoreError> {
        self.write(id, serde_json::to_value(state)?).await
    }

    async fn delete(&self, id: &str) -> Result<(), SessionStoreError> {
        self.write(id, Value::Null).await
    }
}
