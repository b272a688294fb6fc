//! What stands behind a server, as the server sees it.

use std::sync::Arc;

use async_trait::async_trait;
use rmcp::model::{
    CallToolResult, ContentBlock, GetPromptResult, InputRequests, JsonObject, MetaObject,
    ReadResourceResult,
};
use serde_json::Value;
use tokio::sync::broadcast;

use crate::catalogue::{Catalogue, ToolEntry};
use crate::context::Context;
use crate::failure::{Failure, listed};

/// Where tools, resources and prompts come from.
///
/// A future of these is dropped when the client cancels its request, or vanishes where the
/// protocol makes that a cancellation: dropping it must stop the work. (In the era of sessions a
/// lost connection is no cancellation: the client may come back for the answer.) No deadline is
/// set here; whoever runs the work knows how long it may take.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// What there is now. Each request takes it once and sees nothing newer.
    fn catalogue(&self) -> Arc<Catalogue>;

    /// The version that is served now, where that changes more often than the catalogue.
    fn version(&self) -> Option<String> {
        None
    }

    /// What changes from now on. Asked once for each client that listens; one that is too slow for
    /// the channel is told that everything changed. Send after the catalogue holds the change.
    fn changes(&self) -> broadcast::Receiver<Change>;

    /// Runs a tool of the request's catalogue, with arguments that satisfy its schema.
    ///
    /// What it answers is checked against the output schema, and told as it is: whatever every
    /// result should carry, such as an id in `structured` and `meta`, is put there by the backend.
    async fn call_tool(&self, call: ToolCall<'_>) -> Result<Answer<ToolAnswer>, Failure>;

    /// Reads any URI that a client names, listed or not: what is not there is
    /// [`Failure::Unknown`].
    async fn read_resource(
        &self,
        _read: ResourceRead<'_>,
    ) -> Result<Answer<ReadResourceResult>, Failure> {
        Err(Failure::Unknown)
    }

    /// Fills a prompt that the catalogue has, with every argument that it requires.
    async fn get_prompt(
        &self,
        _request: PromptRequest<'_>,
    ) -> Result<Answer<GetPromptResult>, Failure> {
        Err(Failure::Unknown)
    }

    /// Values for an argument of a prompt or template that the catalogue has.
    async fn complete(&self, _request: CompletionRequest<'_>) -> Result<Completion, Failure> {
        Ok(Completion::default())
    }
}

/// What clients are told of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    Tools,
    Resources,
    Prompts,
    ResourceUpdated(Arc<str>),
}

/// A result, or what the client must be asked before there can be one.
#[derive(Debug)]
pub enum Answer<T> {
    Done(T),
    /// The request is made again with the answers and `state`, which the client cannot change.
    /// A client of the old era is asked by requests of our own.
    Ask {
        requests: InputRequests,
        state: Vec<u8>,
    },
}

impl<T> From<T> for Answer<T> {
    fn from(result: T) -> Self {
        Self::Done(result)
    }
}

/// A call of a tool.
pub struct ToolCall<'a> {
    pub tool: &'a ToolEntry,
    pub arguments: &'a JsonObject,
    pub context: Context<'a>,
}

/// A resource is wanted.
pub struct ResourceRead<'a> {
    pub uri: &'a str,
    pub context: Context<'a>,
}

/// A prompt is wanted.
pub struct PromptRequest<'a> {
    pub name: &'a str,
    pub arguments: &'a JsonObject,
    pub context: Context<'a>,
}

/// What an argument belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    Prompt(&'a str),
    Template(&'a str),
}

/// Values for an argument are wanted, while it is being typed.
pub struct CompletionRequest<'a> {
    pub subject: Subject<'a>,
    pub argument: &'a str,
    pub typed: &'a str,
    pub context: Context<'a>,
}

/// What an argument may be. What exceeds the protocol's 100 values is cut, and told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    pub values: Vec<String>,
    /// How many there are, if that is more than `values` and known.
    pub total: Option<u32>,
}

/// The result of a tool.
#[derive(Debug, Default)]
pub struct ToolAnswer {
    pub content: Vec<ContentBlock>,
    /// Checked against the tool's output schema.
    pub structured: Option<Value>,
    pub meta: Option<MetaObject>,
    /// The tool itself says that it failed; such a result has no schema.
    pub is_error: bool,
    is_checked: bool,
}

impl ToolAnswer {
    pub fn text(text: impl Into<String>) -> Self {
        Self::content(vec![ContentBlock::text(text)])
    }

    pub fn content(content: Vec<ContentBlock>) -> Self {
        Self {
            content,
            ..Self::default()
        }
    }

    pub fn structured(value: Value, text: impl Into<String>) -> Self {
        Self {
            structured: Some(value),
            ..Self::text(text)
        }
    }
}

impl ToolAnswer {
    /// Sees that the tool's output schema holds, for a backend that wants to know before the client
    /// does. If it does not, says what the client is told.
    pub fn checked(mut self, tool: &ToolEntry) -> Result<Self, String> {
        if let Some(schema) = tool.output.as_ref()
            && !self.is_error
            && !self.is_checked
        {
            let value = self.structured.as_ref().unwrap_or(&Value::Null);
            schema.check(value).map_err(|lines| {
                let name = tool.name();
                let text = format!("`{name}` returned what its output schema does not allow");
                listed(text, &lines)
            })?;
        }
        self.is_checked = true;
        Ok(self)
    }
}

impl From<ToolAnswer> for CallToolResult {
    fn from(answer: ToolAnswer) -> Self {
        let mut result = Self::success(answer.content);
        result.structured_content = answer.structured;
        result.is_error = Some(answer.is_error);
        result.meta = answer.meta;
        result
    }
}

impl<T> Answer<T> {
    /// Makes another result of this one, if it is one already.
    pub fn try_map<U, E>(self, of: impl FnOnce(T) -> Result<U, E>) -> Result<Answer<U>, E> {
        Ok(match self {
            Self::Done(result) => Answer::Done(of(result)?),
            Self::Ask { requests, state } => Answer::Ask { requests, state },
        })
    }

    pub(crate) fn map<U>(self, of: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Done(result) => Answer::Done(of(result)),
            Self::Ask { requests, state } => Answer::Ask { requests, state },
        }
    }
}
