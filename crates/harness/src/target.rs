//! Whom the cases are put to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp::rmcp::model::Tool;
use mcp::{CallOutcome, CallRequest, Client, ClientError};
use serde_json::{Map, Value};

pub(crate) const CONVERSATION_ID: &str = "conversation_id";

/// Where a value is that is no object.
const RESULT: &str = "result";

/// The text of an object without members.
const NOTHING: &str = "{}";

/// A version that is served, over one connection or several. Cloning one is cloning an `Arc`.
#[derive(Clone)]
pub struct Target {
    inner: Arc<Inner>,
}

struct Inner {
    clients: Vec<Client>,
    calls: AtomicUsize,
    tools: BTreeMap<String, ToolFacts>,
}

/// Why a version cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    #[error("there is no connection to it")]
    NoConnection,
    #[error("its tools cannot be listed")]
    List(#[source] ClientError),
}

#[derive(Clone, Copy, Debug)]
struct ToolFacts {
    is_wrapped: bool,
    takes_conversation: bool,
    /// It says of itself that it looks at the world outside, which changes.
    is_open_world: bool,
}

impl Target {
    /// Asks which tools there are.
    pub async fn new(clients: Vec<Client>) -> Result<Self, TargetError> {
        let first = clients.first().ok_or(TargetError::NoConnection)?;
        let tools = first.list_tools().await.map_err(TargetError::List)?;
        let tools = tools
            .iter()
            .map(|tool| (tool.name.to_string(), ToolFacts::of(tool)));
        let inner = Inner {
            tools: tools.collect(),
            clients,
            calls: AtomicUsize::new(0),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// What is listed, by name: also what every server has beside a version's own.
    pub fn tools(&self) -> Vec<&str> {
        self.inner.tools.keys().map(String::as_str).collect()
    }

    pub(crate) fn has(&self, tool: &str) -> bool {
        self.inner.tools.contains_key(tool)
    }

    pub(crate) fn takes_conversation(&self, tool: &str) -> bool {
        let facts = self.inner.tools.get(tool);
        facts.is_some_and(|facts| facts.takes_conversation)
    }

    pub(crate) fn is_repeatable(&self, tool: &str) -> bool {
        let facts = self.inner.tools.get(tool);
        facts.is_some_and(|facts| !facts.is_open_world)
    }

    pub(crate) async fn call(&self, request: CallRequest) -> Result<CallOutcome, ClientError> {
        let inner = &self.inner;
        let turn = inner.calls.fetch_add(1, Ordering::Relaxed);
        inner.clients[turn % inner.clients.len()]
            .call(request)
            .await
    }

    /// What a tool returned, without what every result has.
    pub(crate) fn value_of(&self, tool: &str, outcome: &CallOutcome) -> Value {
        let Some(Value::Object(members)) = &outcome.structured else {
            return outcome
                .structured
                .clone()
                .unwrap_or_else(|| contents(outcome));
        };
        let mut members = members.clone();
        let is_told = members.remove(CONVERSATION_ID).is_some();
        let facts = self.inner.tools.get(tool);
        let is_wrapped = facts.is_none_or(|facts| facts.is_wrapped);
        if is_wrapped && members.len() == 1 {
            return members.remove(RESULT).unwrap_or(Value::Object(members));
        }
        // Data come as text, too; contents are all that such a tool answers with.
        if members.is_empty() && is_told && outcome.text() != NOTHING {
            return contents(outcome);
        }
        Value::Object(members)
    }
}

/// The value of a tool that answers with contents rather than data.
fn contents(outcome: &CallOutcome) -> Value {
    serde_json::to_value(&outcome.content).expect("contents are plain JSON")
}

impl ToolFacts {
    fn of(tool: &Tool) -> Self {
        let output = tool.output_schema.as_deref();
        let annotations = tool.annotations.as_ref();
        Self {
            is_wrapped: output.is_some_and(is_wrapped),
            takes_conversation: properties(&tool.input_schema)
                .is_some_and(|properties| properties.contains_key(CONVERSATION_ID)),
            is_open_world: annotations.and_then(|it| it.open_world_hint) == Some(true),
        }
    }
}

fn properties(schema: &Map<String, Value>) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

/// Is this the schema that a value is given which is no object?
fn is_wrapped(schema: &Map<String, Value>) -> bool {
    let has_only_result = properties(schema).is_some_and(|properties| {
        let mut names = properties.keys().filter(|name| *name != CONVERSATION_ID);
        names.next().is_some_and(|name| name == RESULT) && names.next().is_none()
    });
    // An object of an author's that has one member of that name says more about itself.
    let is_bare = !schema.contains_key("title") && !schema.contains_key("additionalProperties");
    has_only_result && is_bare
}
