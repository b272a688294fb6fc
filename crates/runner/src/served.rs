//! One reference that clients are served under, such as `active` or `1.4.2`.

use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use mcp::{
    Answer, Backend, Catalogue, Change, Completion, CompletionRequest, Failure, PromptRequest,
    ResourceRead, Subject, ToolAnswer, ToolCall, ToolEntry,
    rmcp::model::{GetPromptResult, PromptMessage, ReadResourceResult, ResourceContents},
};
use model::VersionRef;
use python::{CallError, CallKind, CallRequest};
use semver::Version;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::broadcast;

use crate::{
    ask::Round,
    builtin,
    call::{self, Caller, Order},
    case,
    core::Core,
    earlier::Earlier,
    offer::{CONVERSATION_ID, Offer},
    relay::{Relay, Told},
    trace::Trace,
    versions::View,
};

/// Changes that a client may be behind before it is told that everything changed.
const CHANGES_MAX: usize = 256;

/// What is served under one reference, and who is told when it changes.
pub(crate) struct Served {
    pub(crate) core: Arc<Core>,
    pub(crate) reference: VersionRef,
    pub(crate) view: View,
    catalogue: ArcSwap<Catalogue>,
    changes: broadcast::Sender<Change>,
    earlier: Earlier,
}

impl Served {
    pub(crate) fn new(
        core: Arc<Core>,
        reference: VersionRef,
        view: View,
        catalogue: Catalogue,
    ) -> Self {
        Self {
            core,
            reference,
            view,
            catalogue: ArcSwap::from_pointee(catalogue),
            changes: broadcast::channel(CHANGES_MAX).0,
            earlier: Earlier::default(),
        }
    }

    /// What is offered now.
    pub(crate) fn offer(&self) -> Arc<Offer> {
        offer_of(&self.catalogue.load())
    }

    /// Offers other code from now on. Calls that began stay where they are.
    pub(crate) fn replace(&self, catalogue: Catalogue) {
        let catalogue = Arc::new(catalogue);
        let replaced = self.catalogue.swap(Arc::clone(&catalogue));
        self.earlier.keep(replaced, &catalogue);
        for change in [Change::Tools, Change::Resources, Change::Prompts] {
            self.tell(change);
        }
        self.tell(Change::ResourceUpdated(builtin::STATE.into()));
    }

    /// Nobody is answered by a version that was withdrawn.
    pub(crate) fn forget_withdrawn(&self, withdrawn: &[Version]) {
        self.earlier.forget(withdrawn);
    }

    pub(crate) fn has_clients(&self) -> bool {
        self.changes.receiver_count() > 0
    }

    /// Tells the clients; it is no matter if there are none.
    pub(crate) fn tell(&self, change: Change) {
        drop(self.changes.send(change));
    }

    /// A call of a tool of `catalogue`, which is or was this one's.
    pub(crate) fn order<'a>(
        &'a self,
        catalogue: &'a Arc<Catalogue>,
        tool: &'a ToolEntry,
        arguments: &'a Map<String, Value>,
    ) -> Order<'a> {
        Order {
            core: &self.core,
            catalogue,
            tool,
            arguments,
            earlier: &self.earlier,
        }
    }

    async fn run(
        &self,
        context: &mcp::Context<'_>,
        kind: CallKind,
        name: &str,
        arguments: &Value,
    ) -> Result<Answer<Bytes>, Failure> {
        let round = Round::of(context)?;
        let offer = offer_of(context.catalogue());
        let conversation = round.conversation().to_string();
        let now = offer.now_for(&conversation);
        let (place, state) = (context.traceparent(), context.tracestate());
        let trace = Trace::begin(name, &conversation, place, state);
        let traceparent = trace.traceparent();
        let told = Told {
            core: Arc::clone(&self.core),
            catalogue: Arc::clone(context.catalogue()),
            offer: Arc::clone(&offer),
            now: Arc::clone(&now),
            tool: name.to_owned(),
            conversation: conversation.clone(),
            seed: round.seed(),
            trace,
            coverage: None,
        };
        let relay = Arc::new(Relay::new(Arc::new(told), Some(context.reporter())));
        let arguments = serde_json::to_vec(arguments).map_err(Failure::broken)?;
        let request = CallRequest {
            kind,
            client: Some(round.client()),
            deadline: self.core.deadline_of(None),
            conversation_id: conversation,
            version: now.version_text.clone(),
            revision: now.revision,
            traceparent,
            seed: round.seed(),
            events: Some(Arc::clone(&relay) as Arc<_>),
            ..CallRequest::tool(&offer.code, &now.state, name, arguments)
        };
        let outcome = self.core.pool.call(request).await;
        relay.flush().await;
        match outcome {
            Ok(answer) => Ok(Answer::Done(answer.value)),
            Err(CallError::Asks { questions }) => round.ask(name, questions),
            Err(CallError::Raised(raised)) if !raised.is_tool_error => {
                Err(Failure::broken(format!(
                    "{}: {}\n{}",
                    raised.r#type, raised.message, raised.traceback
                )))
            }
            Err(CallError::Raised(raised)) => Err(Failure::refused(raised.message)),
            Err(error) => Err(Failure::refused(error.to_string())),
        }
    }
}

/// The offer that a catalogue lists.
pub(crate) fn offer_of(catalogue: &Catalogue) -> Arc<Offer> {
    let offer = catalogue.shared_payload::<Offer>();
    offer.expect("every catalogue here is made of an offer")
}

#[async_trait]
impl Backend for Served {
    fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.load_full()
    }

    fn version(&self) -> Option<String> {
        Some(self.offer().now.load().version_text.clone())
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn call_tool(&self, call: ToolCall<'_>) -> Result<Answer<ToolAnswer>, Failure> {
        if let Some(cases) = &self.core.cases
            && call.tool.name() == case::SCORE
        {
            return Ok(cases.score(&self.core, &call).await?.into());
        }
        let order = self.order(call.context.catalogue(), call.tool, call.arguments);
        let called = call::call_tool(order, Caller::of(&call.context)).await?;
        if called.is_stateful
            && let Answer::Done(answer) = &called.answer
            && let Some(meta) = &answer.meta
            && let Some(id) = meta.0.get(CONVERSATION_ID).and_then(Value::as_str)
        {
            self.tell(Change::ResourceUpdated(format!("session://{id}").into()));
        }
        Ok(called.answer)
    }

    async fn read_resource(
        &self,
        read: ResourceRead<'_>,
    ) -> Result<Answer<ReadResourceResult>, Failure> {
        let offer = offer_of(read.context.catalogue());
        if let Some(facts) = offer.resource_at(read.uri) {
            let arguments = json!({"uri": read.uri});
            let value = self
                .run(&read.context, CallKind::Resource, facts.key(), &arguments)
                .await?;
            return value.try_map(|json| {
                let contents: Contents = serde_json::from_slice(&json).map_err(Failure::broken)?;
                Ok(ReadResourceResult::new(vec![contents.at(read.uri)]))
            });
        }
        match builtin::read(&self.core, &offer, read.uri).await? {
            Some(result) => Ok(result.into()),
            None => Err(Failure::Unknown),
        }
    }

    async fn get_prompt(
        &self,
        request: PromptRequest<'_>,
    ) -> Result<Answer<GetPromptResult>, Failure> {
        let arguments = Value::Object(request.arguments.clone());
        let value = self
            .run(&request.context, CallKind::Prompt, request.name, &arguments)
            .await?;
        value.try_map(|json| {
            let made: Messages = serde_json::from_slice(&json).map_err(Failure::broken)?;
            let mut result = GetPromptResult::new(made.messages);
            result.description = made.description.filter(|text| !text.is_empty());
            Ok(result)
        })
    }

    async fn complete(&self, request: CompletionRequest<'_>) -> Result<Completion, Failure> {
        let offer = offer_of(request.context.catalogue());
        let of = match request.subject {
            Subject::Prompt(name) | Subject::Template(name) => name,
        };
        let key = format!("{of}#{}", request.argument);
        if offer.completions.contains(&key) {
            let arguments = json!({"value": request.typed});
            let value = self
                .run(&request.context, CallKind::Completion, &key, &arguments)
                .await?;
            let Answer::Done(json) = value else {
                return Err(Failure::refused("a completion asks nobody"));
            };
            let found: Suggestions = serde_json::from_slice(&json).map_err(Failure::broken)?;
            return Ok(Completion {
                values: found.values,
                total: found.total,
            });
        }
        let prompt = offer.prompts.iter().find(|prompt| prompt.name == of);
        let arguments = prompt.map_or(&[][..], |prompt| &prompt.arguments);
        let argument = arguments
            .iter()
            .find(|argument| argument.name == request.argument);
        let choices = argument
            .map_or(&[][..], |argument| &argument.choices)
            .iter();
        let values = choices.filter(|choice| choice.starts_with(request.typed));
        Ok(Completion {
            values: values.cloned().collect(),
            total: None,
        })
    }
}

#[derive(Deserialize)]
struct Contents {
    mime_type: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    blob: Option<String>,
}

impl Contents {
    fn at(self, uri: &str) -> ResourceContents {
        let contents = match (self.text, self.blob) {
            (_, Some(blob)) => ResourceContents::blob(blob, uri),
            (text, None) => ResourceContents::text(text.unwrap_or_default(), uri),
        };
        contents.with_mime_type(self.mime_type)
    }
}

#[derive(Deserialize)]
struct Messages {
    #[serde(default)]
    description: Option<String>,
    messages: Vec<PromptMessage>,
}

#[derive(Deserialize)]
struct Suggestions {
    values: Vec<String>,
    #[serde(default)]
    total: Option<u32>,
}
