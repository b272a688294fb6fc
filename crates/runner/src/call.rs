//! One call of a tool, from its arguments to its answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use jiff::Timestamp;
use mcp::{
    Context, Failure, Reporter, ToolAnswer,
    rmcp::model::{ContentBlock, MetaObject},
};
use model::event::Label;
use python::{Answer, CallError, CallKind, CallRequest, Events};
use serde_json::{Map, Value};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    ask::Round,
    core::Core,
    offer::{Offer, ResultKind, Snapshot, ToolFacts},
    record::{CallRecord, Recorded},
    relay::Relay,
    sessions::{SessionError, Turn, label},
    shape::CONVERSATION_ID,
    trace::Trace,
};

/// A result with this member is one that a learner will be rewarded for.
const PROPENSITY: &str = "propensity";

/// How much of an error is kept with its event.
const ERROR_CHARS_MAX: usize = 2_000;

/// A call on its way.
struct Running {
    core: Arc<Core>,
    offer: Arc<Offer>,
    now: Arc<Snapshot>,
    facts: Arc<ToolFacts>,
    conversation: Uuid,
    agent: Option<Label>,
    trace: Trace,
    seed: u64,
    arguments: Bytes,
    /// For a tool that may ask its client.
    round: Option<Round>,
    began: Instant,
}

/// Who calls.
pub(crate) struct Caller<'a> {
    pub(crate) name: Option<String>,
    pub(crate) traceparent: Option<&'a str>,
    pub(crate) tracestate: Option<&'a str>,
    /// Tells the caller what the call says while it runs.
    pub(crate) reporter: Option<Reporter>,
    /// Its request, if it is a client that can be asked something.
    pub(crate) client: Option<Context<'a>>,
}

impl<'a> Caller<'a> {
    pub(crate) fn of(context: &Context<'a>) -> Self {
        Self {
            name: context.client().map(|client| client.name),
            traceparent: context.traceparent(),
            tracestate: context.tracestate(),
            reporter: Some(context.reporter()),
            client: Some(*context),
        }
    }
}

/// Runs a call of a tool of `offer`, whose arguments satisfy its schema.
pub(crate) async fn call_tool(
    core: &Arc<Core>,
    offer: &Arc<Offer>,
    name: &str,
    arguments: &Map<String, Value>,
    caller: Caller<'_>,
) -> Result<mcp::Answer<ToolAnswer>, Failure> {
    let facts = Arc::clone(offer.tools.get(name).ok_or(Failure::Unknown)?);
    let client = caller.client.as_ref().filter(|_| facts.takes_context);
    let round = client.map(Round::of).transpose()?;
    let conversation = round
        .as_ref()
        .map_or_else(Uuid::now_v7, Round::conversation);
    let (arguments, named) = arguments_of(&facts, arguments);
    let turn = if facts.is_stateful {
        Some(
            core.sessions
                .take(named.as_deref(), conversation)
                .await
                .map_err(refused)?,
        )
    } else {
        None
    };
    let running = Arc::new(Running {
        core: Arc::clone(core),
        offer: Arc::clone(offer),
        now: offer.now.load_full(),
        facts,
        conversation: turn.as_ref().map_or(conversation, |turn| turn.id),
        agent: caller.name.and_then(|name| name.try_into().ok()),
        trace: Trace::begin(name, caller.traceparent, caller.tracestate),
        seed: round
            .as_ref()
            .map_or_else(|| Uuid::new_v4().as_u64_pair().0, Round::seed),
        arguments,
        round,
        began: Instant::now(),
    });
    let relay = Arc::new(Relay::new(running.told(), caller.reporter));
    let span = running.trace.span.clone();
    running.run(turn, relay).instrument(span).await
}

/// The arguments for Python, and the conversation that they name.
fn arguments_of(facts: &ToolFacts, given: &Map<String, Value>) -> (Bytes, Option<String>) {
    let text = |arguments: &Map<String, Value>| {
        Bytes::from(serde_json::to_vec(arguments).expect("a JSON object has a text"))
    };
    if !facts.is_stateful || !given.contains_key(CONVERSATION_ID) {
        return (text(given), None);
    }
    let mut arguments = given.clone();
    let named = arguments.remove(CONVERSATION_ID);
    (
        text(&arguments),
        named.and_then(|id| id.as_str().map(str::to_owned)),
    )
}

impl Running {
    async fn run(
        self: Arc<Self>,
        turn: Option<Turn>,
        relay: Arc<Relay>,
    ) -> Result<mcp::Answer<ToolAnswer>, Failure> {
        let (code, tool) = (self.offer.number, self.facts.name.as_str());
        if let Err(rests) = self.core.circuits.admit(code, tool, self.began) {
            let seconds = rests.0.as_secs_f64().ceil();
            let text =
                format!("`{tool}` failed too often in a row and rests; try again in {seconds} s");
            self.record("open_circuit", Some(&text));
            return Err(self.failure(text).with_meta("retry_after_s", seconds));
        }
        let mut tried = Tried {
            running: &self,
            is_decided: false,
        };
        let outcome = self
            .core
            .pool
            .call(self.request(turn.as_ref(), &relay))
            .await;
        tried.is_decided = true;
        let answer = match outcome {
            Ok(answer) => {
                self.core.circuits.succeeded(code, tool);
                self.settled(turn, answer).await.map(mcp::Answer::Done)
            }
            Err(CallError::Asks { questions }) => self.asks(questions),
            Err(error) => Err(self.failed(&error)),
        };
        relay.flush().await;
        answer
    }

    /// Hands over what the tool asks. What it left in its conversation is not kept: it runs again.
    fn asks(&self, questions: Value) -> Result<mcp::Answer<ToolAnswer>, Failure> {
        let Some(round) = &self.round else {
            return Err(self.failed(&CallError::Asks { questions }));
        };
        self.judge("asked");
        self.record("asked", None);
        let asked = round.ask(&self.facts.name, questions);
        asked.map_err(|failure| self.with_ids(failure))
    }

    /// What has to be kept is kept even if the client goes away meanwhile: the tool has run.
    async fn settled(
        self: &Arc<Self>,
        turn: Option<Turn>,
        answer: Answer,
    ) -> Result<ToolAnswer, Failure> {
        let value: Value = serde_json::from_slice(&answer.value).map_err(Failure::broken)?;
        if turn.is_none() && value.get(PROPENSITY).is_none() {
            self.core.recorder.record(self.succeeded(&answer));
            return self.tool_answer(value, &answer.value);
        }
        let running = Arc::clone(self);
        let kept = async move { running.kept(turn, answer, value).await };
        tokio::spawn(kept).await.map_err(Failure::broken)?
    }

    fn request(&self, turn: Option<&Turn>, relay: &Arc<Relay>) -> CallRequest {
        CallRequest {
            kind: CallKind::Tool,
            session: turn.map(|turn| turn.json.clone()),
            client: self.round.as_ref().map(Round::client),
            deadline: self.core.deadline_of(self.facts.deadline_ms),
            conversation_id: self.conversation.to_string(),
            version: self.now.version_text.clone(),
            revision: self.now.revision,
            traceparent: self.trace.traceparent(),
            seed: self.seed,
            events: Some(Arc::clone(relay) as Arc<dyn Events>),
            ..CallRequest::tool(
                &self.offer.code,
                &self.now.state,
                &self.facts.name,
                self.arguments.clone(),
            )
        }
    }

    /// Keeps what the call left in its conversation, and the call itself, before it is answered.
    async fn kept(
        &self,
        turn: Option<Turn>,
        answer: Answer,
        value: Value,
    ) -> Result<ToolAnswer, Failure> {
        if let Some(turn) = &turn {
            let left = answer.session.as_ref().unwrap_or(&turn.json);
            let context = self.context();
            let sessions = &self.core.sessions;
            let kept = sessions.keep(turn, left, &self.facts.name, &context);
            if let Err(error) = kept.await {
                self.record("session_lost", Some(&error.to_string()));
                return Err(self.with_ids(refused(error)));
            }
        }
        let record = self.succeeded(&answer);
        if value.get(PROPENSITY).is_some() {
            let recorded = self.core.recorder.record_durably(record).await;
            recorded.map_err(|error| self.with_ids(Failure::broken(error)))?;
        } else {
            self.core.recorder.record(record);
        }
        self.tool_answer(value, &answer.value)
    }

    fn succeeded(&self, answer: &Answer) -> CallRecord {
        let result = Some(&answer.value);
        self.recorded("ok", None, result, answer.queued, answer.took)
    }

    fn tool_answer(&self, value: Value, json: &Bytes) -> Result<ToolAnswer, Failure> {
        let (content, mut structured) = if self.facts.result == ResultKind::Content {
            let content = serde_json::from_value(value).map_err(Failure::broken)?;
            (content, Map::new())
        } else {
            let text = match &value {
                Value::String(text) => text.clone(),
                _ => String::from_utf8_lossy(json).into_owned(),
            };
            let structured = match value {
                Value::Object(members) if self.facts.result == ResultKind::Object => members,
                other => Map::from_iter([("result".to_owned(), other)]),
            };
            (vec![ContentBlock::text(text)], structured)
        };
        structured.insert(
            CONVERSATION_ID.to_owned(),
            self.conversation.to_string().into(),
        );
        Ok(ToolAnswer {
            content,
            structured: Some(Value::Object(structured)),
            meta: Some(MetaObject(self.ids())),
            is_error: false,
        })
    }

    /// What a failed call is answered with, and what else comes of it.
    fn failed(&self, error: &CallError) -> Failure {
        let tool = &self.facts.name;
        let logs = self.logs_uri();
        let (outcome, text) = match error {
            CallError::Raised(raised) if raised.is_tool_error => {
                ("refused", raised.message.clone())
            }
            CallError::Raised(raised) => (
                "raised",
                format!(
                    "`{tool}` failed with {}: {}; `{logs}` has the traceback",
                    raised.r#type, raised.message
                ),
            ),
            CallError::Refused { reason } => (
                "bad_result",
                format!("`{tool}` returned what cannot be a result: {reason}"),
            ),
            CallError::DeadlineExceeded { .. } => {
                ("timed_out", format!("`{tool}` was stopped: {error}"))
            }
            CallError::Crashed(_) => (
                "crashed",
                format!("{error}; `{logs}` has what it last wrote"),
            ),
            CallError::Collateral { .. } => ("lost", format!("{error}; call again")),
            CallError::Cancelled => ("cancelled", error.to_string()),
            CallError::Overloaded { .. } => ("shed", error.to_string()),
            CallError::Unavailable { .. } => ("unavailable", error.to_string()),
            CallError::Asks { .. } => ("refused", error.to_string()),
        };
        self.log_failure(error);
        self.judge(outcome);
        self.record(outcome, Some(&text));
        let failure = self.failure(text);
        match error {
            CallError::Overloaded { retry_after_ms } => {
                failure.with_meta("retry_after_ms", *retry_after_ms)
            }
            CallError::Raised(raised) => match &raised.data {
                Some(data) => failure.with_meta("data", data.clone()),
                None => failure,
            },
            _ => failure,
        }
    }

    /// Tells the circuit what the failure says of the tool.
    fn judge(&self, outcome: &str) {
        let (code, tool) = (self.offer.number, self.facts.name.as_str());
        match outcome {
            // It works as its author meant it to.
            "refused" => self.core.circuits.succeeded(code, tool),
            "raised" | "bad_result" | "timed_out" | "crashed" => {
                if self.core.circuits.failed(code, tool, Instant::now()) {
                    tracing::warn!(
                        tool,
                        version = self.now.version_text,
                        "the tool rests: it failed too often in a row"
                    );
                }
            }
            _ => self.core.circuits.undecided(code, tool),
        }
    }

    fn log_failure(&self, error: &CallError) {
        let mut lines = Vec::new();
        match error {
            CallError::Raised(raised) if !raised.is_tool_error => {
                lines.push(raised.traceback.clone());
            }
            CallError::DeadlineExceeded {
                traceback,
                last_log_lines,
                ..
            } => {
                lines.push(traceback.clone());
                lines.extend(last_log_lines.iter().cloned());
            }
            CallError::Crashed(crash) => {
                lines.push(crash.to_string());
                lines.extend(crash.last_log_lines.iter().cloned());
            }
            _ => return,
        }
        for message in lines.into_iter().filter(|line| !line.is_empty()) {
            self.told().push("error", message, None, Map::new());
        }
    }

    fn failure(&self, text: String) -> Failure {
        self.with_ids(Failure::refused(text))
    }

    fn with_ids(&self, failure: Failure) -> Failure {
        let add = |failure: Failure, (key, value)| failure.with_meta(key, value);
        let ids: Map<String, Value> = self.ids();
        ids.into_iter().fold(failure, add)
    }

    fn ids(&self) -> Map<String, Value> {
        Map::from_iter([
            (
                CONVERSATION_ID.to_owned(),
                self.conversation.to_string().into(),
            ),
            ("logs_uri".to_owned(), self.logs_uri().into()),
        ])
    }

    fn logs_uri(&self) -> String {
        format!("logs://{}", self.conversation)
    }

    fn record(&self, outcome: &'static str, error: Option<&str>) {
        let record = self.recorded(outcome, error, None, Duration::ZERO, self.began.elapsed());
        self.core.recorder.record(record);
    }

    fn recorded(
        &self,
        outcome: &'static str,
        error: Option<&str>,
        result: Option<&Bytes>,
        queued: Duration,
        took: Duration,
    ) -> CallRecord {
        let bytes_max = self.core.config.recorded_bytes_max;
        let kept = |json: &Bytes| Recorded::new(json, bytes_max);
        CallRecord {
            at: Timestamp::now(),
            tool: self.facts.name.clone(),
            conversation: label(self.conversation),
            version: self.now.version.clone(),
            commit: self.now.commit.clone(),
            revision: self.now.revision,
            state_hash: self.now.hash,
            agent: self.agent.clone(),
            trace: self.trace.trace_id(),
            span: self.trace.span_id(),
            seed: self.seed,
            outcome,
            error: error.map(|text| text.chars().take(ERROR_CHARS_MAX).collect()),
            queued,
            took,
            arguments: kept(&self.arguments),
            result: result.map(kept),
        }
    }

    fn context(&self) -> model::Context {
        model::Context {
            agent: self.agent.clone(),
            version: Some(self.now.version.clone()),
            trace: self.trace.trace_id(),
            span: self.trace.span_id(),
            ..model::Context::default()
        }
    }

    fn told(&self) -> crate::relay::Told {
        crate::relay::Told {
            core: Arc::clone(&self.core),
            offer: Arc::clone(&self.offer),
            now: Arc::clone(&self.now),
            tool: self.facts.name.clone(),
            conversation: self.conversation.to_string(),
            seed: self.seed,
            trace: self.trace.clone(),
        }
    }
}

/// A client that goes away in the middle of a trial must not leave the circuit waiting for it.
struct Tried<'a> {
    running: &'a Running,
    is_decided: bool,
}

impl Drop for Tried<'_> {
    fn drop(&mut self) {
        if !self.is_decided {
            let running = self.running;
            let circuits = &running.core.circuits;
            circuits.undecided(running.offer.number, &running.facts.name);
            running.record("cancelled", None);
        }
    }
}

fn refused(error: SessionError) -> Failure {
    if error.is_of_caller() {
        Failure::refused(error.to_string())
    } else {
        Failure::broken(error)
    }
}
