//! Tools, resources and prompts: what a backend works on, and may ask the client about.

use std::sync::Arc;

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, GetPromptRequestParams,
    GetPromptResponse, GetPromptResult, InputRequiredResult, JsonObject, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult,
};
use serde_json::Value;

use super::Handler;
use crate::backend::{Answer, Backend, PromptRequest, ResourceRead, ToolAnswer, ToolCall};
use crate::catalogue::{Catalogue, ToolEntry};
use crate::context::{Asker, Context};
use crate::failure::{Failure, broken, listed, meta_of, unknown, unknown_text};
use crate::inputs::{About, ROUNDS_MAX, Round, ask_peer, lacking};
use crate::meta_tools::{self, MetaTool, Named};

/// What the backend is to work on.
enum Work<'a> {
    Tool(&'a ToolEntry, JsonObject),
    Resource(&'a str),
    Prompt(&'a str, JsonObject),
}

/// What it made of that.
enum Made {
    Tool(ToolAnswer),
    Resource(ReadResourceResult),
    Prompt(GetPromptResult),
    Question(InputRequiredResult),
}

/// Why it made nothing of it: the backend's reason, or one that is an answer already.
enum Unmade {
    Failure(Failure),
    Answer(ErrorData),
}

impl From<Failure> for Unmade {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl<B: Backend> Handler<B> {
    pub(crate) async fn called(
        &self,
        mut request: CallToolRequestParams,
        asker: Asker<'_>,
    ) -> Result<CallToolResponse, ErrorData> {
        let catalogue = self.shared.backend.catalogue();
        let arguments = request.arguments.take().unwrap_or_default();
        if let Some(entry) = catalogue.find_tool(&request.name) {
            return self.run(&catalogue, entry, arguments, request, asker).await;
        }
        let meta = MetaTool::find(&request.name).filter(|_| catalogue.has_meta_tools);
        match meta {
            None => {
                let nearest = catalogue.nearest_tools(&request.name);
                Err(unknown("tool", &request.name, &nearest))
            }
            Some(MetaTool::Find) => Ok(match meta_tools::find(&catalogue, &arguments) {
                Ok(found) => CallToolResult::from(found).into(),
                Err(reason) => wrong_arguments(&request.name, &[reason.to_owned()]),
            }),
            Some(MetaTool::Call) => match Named::of(arguments) {
                Err(reason) => Ok(wrong_arguments(&request.name, &[reason.to_owned()])),
                Ok(named) => match catalogue.find_tool(&named.name) {
                    None => Ok(no_such_tool(&catalogue, &named.name)),
                    Some(entry) => {
                        self.run(&catalogue, entry, named.arguments, request, asker)
                            .await
                    }
                },
            },
        }
    }

    async fn run(
        &self,
        catalogue: &Arc<Catalogue>,
        entry: &ToolEntry,
        arguments: JsonObject,
        request: CallToolRequestParams,
        asker: Asker<'_>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(arguments);
        if let Err(lines) = entry.input.check(&arguments) {
            return Ok(wrong_arguments(entry.name(), &lines));
        }
        let Value::Object(arguments) = arguments else {
            unreachable!("it was made an object above")
        };
        let is_first = request.input_responses.is_none() && request.request_state.is_none();
        let about = LazyAbout("tools/call", entry.name());
        let round = if is_first {
            Round::default()
        } else {
            let about = about.of(Some(&arguments));
            let sealed = request.request_state.as_deref();
            let seal = &self.shared.seal;
            seal.open(&about, request.input_responses, sealed)?
        };
        let work = Work::Tool(entry, arguments);
        match self.work(catalogue, &work, &about, round, asker).await {
            Ok(Made::Tool(answer)) => Ok(checked(entry, answer)),
            Ok(Made::Question(question)) => Ok(question.into()),
            Ok(Made::Resource(_) | Made::Prompt(_)) => unreachable!("a tool makes neither"),
            Err(Unmade::Failure(Failure::Refused { text, meta })) => {
                let result = CallToolResult::error(vec![ContentBlock::text(text)]);
                Ok(result.with_meta(meta_of(meta)).into())
            }
            Err(Unmade::Failure(Failure::Unknown)) => Err(unknown("tool", entry.name(), &[])),
            Err(Unmade::Failure(Failure::Broken(cause))) => {
                Err(broken(&format!("tool `{}`", entry.name()), cause.as_ref()))
            }
            Err(Unmade::Answer(error)) => Err(error),
        }
    }

    pub(super) async fn read(
        &self,
        request: ReadResourceRequestParams,
        asker: Asker<'_>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let catalogue = self.shared.backend.catalogue();
        let uri = request.uri.as_str();
        let about = LazyAbout("resources/read", uri);
        let sealed = request.request_state.as_deref();
        let seal = &self.shared.seal;
        let round = seal.open(&about.of(None), request.input_responses, sealed)?;
        let work = Work::Resource(uri);
        match self.work(&catalogue, &work, &about, round, asker).await {
            Ok(Made::Resource(result)) => Ok(result.into()),
            Ok(Made::Question(question)) => Ok(question.into()),
            Ok(Made::Tool(_) | Made::Prompt(_)) => unreachable!("a resource makes neither"),
            Err(Unmade::Failure(Failure::Refused { text, .. })) => {
                Err(ErrorData::invalid_params(text, None))
            }
            Err(Unmade::Failure(Failure::Unknown)) => {
                let error = unknown("resource", uri, &catalogue.nearest_uris(uri));
                let mut data = error
                    .data
                    .unwrap_or_else(|| Value::Object(JsonObject::new()));
                data["uri"] = uri.into();
                Err(ErrorData::resource_not_found(error.message, Some(data)))
            }
            Err(Unmade::Failure(Failure::Broken(cause))) => {
                Err(broken(&format!("resource `{uri}`"), cause.as_ref()))
            }
            Err(Unmade::Answer(error)) => Err(error),
        }
    }

    pub(super) async fn prompted(
        &self,
        mut request: GetPromptRequestParams,
        asker: Asker<'_>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let catalogue = self.shared.backend.catalogue();
        let name = request.name.as_str();
        let Some(prompt) = catalogue.find_prompt(name) else {
            return Err(unknown("prompt", name, &catalogue.nearest_prompts(name)));
        };
        let arguments = request.arguments.take().unwrap_or_default();
        for argument in prompt.arguments.iter().flatten() {
            if argument.required == Some(true) && !arguments.contains_key(&argument.name) {
                let text = format!("prompt `{name}` needs its argument `{}`", argument.name);
                return Err(ErrorData::invalid_params(text, None));
            }
        }
        let about = LazyAbout("prompts/get", name);
        let sealed = request.request_state.as_deref();
        let bound = about.of(Some(&arguments));
        let seal = &self.shared.seal;
        let round = seal.open(&bound, request.input_responses, sealed)?;
        let work = Work::Prompt(name, arguments);
        match self.work(&catalogue, &work, &about, round, asker).await {
            Ok(Made::Prompt(result)) => Ok(result.into()),
            Ok(Made::Question(question)) => Ok(question.into()),
            Ok(Made::Tool(_) | Made::Resource(_)) => unreachable!("a prompt makes neither"),
            Err(Unmade::Failure(Failure::Refused { text, .. })) => {
                Err(ErrorData::invalid_params(text, None))
            }
            Err(Unmade::Failure(Failure::Unknown)) => Err(unknown("prompt", name, &[])),
            Err(Unmade::Failure(Failure::Broken(cause))) => {
                Err(broken(&format!("prompt `{name}`"), cause.as_ref()))
            }
            Err(Unmade::Answer(error)) => Err(error),
        }
    }

    /// Lets the backend work, and asks the client whatever it wants to know.
    async fn work(
        &self,
        catalogue: &Arc<Catalogue>,
        work: &Work<'_>,
        about: &LazyAbout<'_>,
        mut round: Round,
        asker: Asker<'_>,
    ) -> Result<Made, Unmade> {
        for _ in 0..ROUNDS_MAX {
            let view = Context {
                catalogue,
                asker,
                session: self.session(),
                round: &round,
            };
            let answer = tokio::select! {
                biased;
                answer = self.once(work, view) => answer?,
                () = asker.ended.cancelled() => return Err(Unmade::Answer(taken_back())),
            };
            let (requests, state) = match answer {
                Answer::Done(made) => return Ok(made),
                Answer::Ask { requests, state } => (requests, state),
            };
            let can = asker.client_capabilities();
            if let Some(lacking) = lacking(&requests, &can) {
                let error = ErrorData::missing_required_client_capability(lacking);
                return Err(Unmade::Answer(error));
            }
            let Some(peer) = asker.peer.filter(|_| !asker.is_sessionless()) else {
                let about = about.of(work.arguments());
                let question = self.shared.seal.ask(&about, requests, &state)?;
                return Ok(Made::Question(question));
            };
            round = Round {
                answers: ask_peer(peer, requests).await?,
                state: Some(state),
            };
        }
        let cause = format!("it asked the client in each of {ROUNDS_MAX} rounds");
        Err(Unmade::Failure(Failure::broken(cause)))
    }

    async fn once(&self, work: &Work<'_>, context: Context<'_>) -> Result<Answer<Made>, Failure> {
        let backend = &self.shared.backend;
        Ok(match work {
            Work::Tool(tool, arguments) => {
                let call = ToolCall {
                    tool,
                    arguments,
                    context,
                };
                backend.call_tool(call).await?.map(Made::Tool)
            }
            Work::Resource(uri) => {
                let read = ResourceRead { uri, context };
                backend.read_resource(read).await?.map(Made::Resource)
            }
            Work::Prompt(name, arguments) => {
                let request = PromptRequest {
                    name,
                    arguments,
                    context,
                };
                backend.get_prompt(request).await?.map(Made::Prompt)
            }
        })
    }
}

impl Work<'_> {
    fn arguments(&self) -> Option<&JsonObject> {
        match self {
            Self::Tool(_, arguments) | Self::Prompt(_, arguments) => Some(arguments),
            Self::Resource(_) => None,
        }
    }
}

/// What a state is bound to, hashed only for the few requests that have one.
struct LazyAbout<'a>(&'static str, &'a str);

impl LazyAbout<'_> {
    fn of(&self, arguments: Option<&JsonObject>) -> About {
        About::new(self.0, self.1, arguments)
    }
}

/// The result, if it is what the tool's output schema promises.
fn checked(entry: &ToolEntry, answer: ToolAnswer) -> CallToolResponse {
    let meta = answer.meta.clone();
    match answer.checked(entry) {
        Ok(answer) => CallToolResult::from(answer).into(),
        Err(reason) => {
            tracing::warn!(reason, "a result breaks its schema");
            let result = CallToolResult::error(vec![ContentBlock::text(reason)]);
            result.with_meta(meta).into()
        }
    }
}

fn wrong_arguments(tool: &str, lines: &[String]) -> CallToolResponse {
    let text = listed(
        format!("the arguments of `{tool}` do not fit its input schema"),
        lines,
    );
    CallToolResult::error(vec![ContentBlock::text(text)]).into()
}

fn no_such_tool(catalogue: &Catalogue, name: &str) -> CallToolResponse {
    let mut text = unknown_text("tool", name, &catalogue.nearest_tools(name));
    text.push_str(" `find_tools` lists what there is.");
    CallToolResult::error(vec![ContentBlock::text(text)]).into()
}

/// Nobody reads it: a request that was taken back has no answer.
fn taken_back() -> ErrorData {
    ErrorData::invalid_request("the client took the request back", None)
}
