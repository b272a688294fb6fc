//! One call of a tool, from its arguments to its answer.

mod failed;
mod within;

use std::{
    fmt::Display,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use jiff::Timestamp;
use mcp::{
    Catalogue, Context, Failure, Reporter, ToolAnswer, ToolEntry,
    rmcp::model::{ContentBlock, MetaObject},
};
use model::event::Label;
use python::{Answer, CallError, CallKind, CallRequest, Events};
use serde_json::{Map, Value};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    ask::Round,
    case::{Case, add_coverage},
    circuit::{Admission, Rests},
    core::Core,
    earlier::Earlier,
    offer::{CONVERSATION_ID, ResultKind, ToolFacts},
    record::{CallRecord, Recorded},
    relay::{Relay, Told},
    served::offer_of,
    sessions::{SessionError, Turn, label},
    trace::Trace,
};

pub(crate) use self::within::call_within;

/// A result with this member is one that a learner will be rewarded for.
const PROPENSITY: &str = "propensity";

/// Tells a client when it may try again.
const RETRY_AFTER_S: &str = "retry_after_s";

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

/// What is called, and what of before may answer in its place.
pub(crate) struct Order<'a> {
    pub(crate) core: &'a Arc<Core>,
    pub(crate) catalogue: &'a Arc<Catalogue>,
    pub(crate) tool: &'a ToolEntry,
    /// They satisfy the tool's schema.
    pub(crate) arguments: &'a Map<String, Value>,
    pub(crate) earlier: &'a Earlier,
}

/// An answer, or a question before it, and the version that it is of.
pub(crate) struct Called {
    pub(crate) answer: mcp::Answer<ToolAnswer>,
    pub(crate) version: String,
    pub(crate) is_stateful: bool,
}

/// A call on its way.
struct Running {
    told: Arc<Told>,
    facts: Arc<ToolFacts>,
    conversation: Uuid,
    agent: Option<Label>,
    arguments: Bytes,
    /// For a tool that may ask its client.
    round: Option<Round>,
    began: Instant,
    admission: Admission,
    /// The version that the caller asked for, when an earlier one answers in its place.
    instead_of: Option<String>,
    /// How many calls lie around this one.
    depth: usize,
}

/// How a call ended in Python.
enum Ended {
    Answered(Answer, ToolAnswer),
    /// The tool wants to know something first.
    Asks(Value),
}

/// Runs a call that a client makes.
pub(crate) async fn call_tool(order: Order<'_>, caller: Caller<'_>) -> Result<Called, Failure> {
    let Order {
        core,
        catalogue,
        tool,
        arguments,
        earlier,
    } = order;
    let offer = offer_of(catalogue);
    let facts = offer.tools.get(tool.name()).ok_or(Failure::Unknown)?;
    let (arguments, named) = arguments_of(facts, arguments);
    // Before the call is admitted: one that is refused here must not leave a trial behind.
    let client = caller.client.as_ref().filter(|_| facts.takes_context);
    let round = client.map(Round::of).transpose()?;
    let case = match &caller.client {
        Some(client) => Case::of(core, &offer, client.meta()).await?,
        None => Case::default(),
    };
    let began = Instant::now();
    let admitted = core.circuits.admit(offer.number, &facts.name, began);
    let (catalogue, instead_of) = match (&admitted, facts.falls_back) {
        (Err(_), true) => match earlier.find(core, tool) {
            Some(healthy) => (healthy, Some(offer.now.load().version_text.clone())),
            None => (Arc::clone(catalogue), None),
        },
        _ => (Arc::clone(catalogue), None),
    };
    let offer = offer_of(&catalogue);
    let facts = Arc::clone(offer.tools.get(tool.name()).ok_or(Failure::Unknown)?);
    let named_id = named.as_deref().and_then(|id| Uuid::try_parse(id).ok());
    let begun = || {
        round
            .as_ref()
            .map_or_else(Uuid::now_v7, Round::conversation)
    };
    let conversation = named_id.unwrap_or_else(begun);
    let drawn = || Uuid::new_v4().as_u64_pair().0;
    let conversation_text = conversation.to_string();
    let (place, state) = (caller.traceparent, caller.tracestate);
    let trace = Trace::begin(&facts.name, &conversation_text, place, state);
    let now = match (case.now, &instead_of) {
        (Some(now), _) => now,
        (None, Some(_)) => offer.now.load_full(),
        (None, None) => offer.now_for(&conversation_text),
    };
    let told = Told {
        core: Arc::clone(core),
        now,
        offer,
        catalogue,
        tool: facts.name.clone(),
        conversation: conversation_text,
        seed: case
            .seed
            .unwrap_or_else(|| round.as_ref().map_or_else(drawn, Round::seed)),
        trace,
        coverage: case.coverage,
    };
    let running = Running {
        told: Arc::new(told),
        facts,
        conversation,
        agent: caller.name.and_then(|name| name.try_into().ok()),
        arguments,
        round,
        began,
        admission: *admitted.as_ref().unwrap_or(&Admission::Free),
        instead_of,
        depth: 0,
    };
    if let Err(rests) = admitted
        && running.instead_of.is_none()
    {
        return Err(running.rests(rests));
    }
    let relay = Arc::new(Relay::new(Arc::clone(&running.told), caller.reporter));
    let span = running.told.trace.span.clone();
    Arc::new(running).run(named, relay).instrument(span).await
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
        named: Option<String>,
        relay: Arc<Relay>,
    ) -> Result<Called, Failure> {
        let turn = if self.facts.is_stateful {
            Some(self.take_turn(named.as_deref()).await?)
        } else {
            None
        };
        let request = self.request(turn.as_ref(), &relay);
        let outcome = match self.execute(request).await {
            Ok(Ended::Answered(answer, told)) => {
                let settled = self.settled(turn, answer, told).await;
                settled.map(mcp::Answer::Done)
            }
            Ok(Ended::Asks(questions)) => {
                drop(turn);
                self.asks(questions)
            }
            Err(failure) => {
                drop(turn);
                Err(failure)
            }
        };
        relay.flush().await;
        Ok(Called {
            answer: outcome?,
            version: self.told.now.version_text.clone(),
            is_stateful: self.facts.is_stateful,
        })
    }

    /// Waits until no other call of the conversation runs.
    async fn take_turn(&self, named: Option<&str>) -> Result<Turn, Failure> {
        let sessions = &self.told.core.sessions;
        let mut tried = Tried::new(self);
        let turn = match named {
            None => sessions.begin(self.conversation).await,
            Some(named) => sessions.take(named).await,
        };
        tried.is_decided = true;
        turn.map_err(|error| {
            self.undecided();
            self.record("refused", Some(&error.to_string()));
            self.with_ids(refused(error))
        })
    }

    /// Runs it in Python. Whatever comes of it is known to the circuit, and to the ledger unless it
    /// is a success, which may have to be kept first.
    async fn execute(&self, request: CallRequest) -> Result<Ended, Failure> {
        let mut tried = Tried::new(self);
        let outcome = self.told.core.pool.call(request).await;
        tried.is_decided = true;
        let answer = match outcome {
            Ok(answer) => answer,
            Err(CallError::Asks { questions }) if self.round.is_some() => {
                self.undecided();
                return Ok(Ended::Asks(questions));
            }
            Err(error) => return Err(self.failed(&error)),
        };
        match self.tool_answer(&answer) {
            Ok(told) => {
                self.worked();
                Ok(Ended::Answered(answer, told))
            }
            Err(reason) => Err(self.broke_its_word(reason)),
        }
    }

    /// Hands over what the tool asks. What it left in its conversation is not kept: it runs again.
    fn asks(&self, questions: Value) -> Result<mcp::Answer<ToolAnswer>, Failure> {
        let Some(round) = &self.round else {
            return Err(self.failed(&CallError::Asks { questions }));
        };
        self.record("asked", None);
        let asked = round.ask(&self.facts.name, questions);
        asked.map_err(|failure| self.with_ids(failure))
    }

    /// What has to be kept is kept even if the client goes away meanwhile: the tool has run.
    async fn settled(
        self: &Arc<Self>,
        turn: Option<Turn>,
        answer: Answer,
        told: ToolAnswer,
    ) -> Result<ToolAnswer, Failure> {
        let members = told.structured.as_ref().and_then(Value::as_object);
        let is_learned_from = members.is_some_and(|members| members.contains_key(PROPENSITY));
        if turn.is_none() && !is_learned_from {
            self.told.core.recorder.record(self.succeeded(&answer));
            return Ok(told);
        }
        let running = Arc::clone(self);
        let kept = async move { running.kept(turn, answer, is_learned_from).await };
        tokio::spawn(kept).await.map_err(Failure::broken)??;
        Ok(told)
    }

    /// Keeps what the call left in its conversation, and the call itself, before it is answered.
    async fn kept(
        &self,
        turn: Option<Turn>,
        answer: Answer,
        is_learned_from: bool,
    ) -> Result<(), Failure> {
        let core = &self.told.core;
        if let Some(turn) = &turn {
            let left = answer.session.as_ref().unwrap_or(&turn.json);
            let context = self.context();
            let kept = core.sessions.keep(turn, left, &self.facts.name, &context);
            if let Err(error) = kept.await {
                self.record("session_lost", Some(&error.to_string()));
                return Err(self.with_ids(refused(error)));
            }
        }
        let record = self.succeeded(&answer);
        if is_learned_from {
            let recorded = core.recorder.record_durably(record).await;
            recorded.map_err(|error| self.with_ids(Failure::broken(error)))?;
        } else {
            core.recorder.record(record);
        }
        Ok(())
    }

    fn deadline(&self) -> Duration {
        self.told.core.deadline_of(self.facts.deadline_ms)
    }

    fn request(&self, turn: Option<&Turn>, relay: &Arc<Relay>) -> CallRequest {
        let Told { offer, now, .. } = &*self.told;
        CallRequest {
            kind: CallKind::Tool,
            session: turn.map(|turn| turn.json.clone()),
            client: self.round.as_ref().map(Round::client),
            deadline: self.deadline(),
            conversation_id: self.told.conversation.clone(),
            version: now.version_text.clone(),
            revision: now.revision,
            traceparent: self.told.trace.traceparent(),
            seed: self.told.seed,
            notes_lines: self.told.coverage.is_some(),
            events: Some(Arc::clone(relay) as Arc<dyn Events>),
            ..CallRequest::tool(
                &offer.code,
                &now.state,
                &self.facts.name,
                self.arguments.clone(),
            )
        }
    }

    /// What the client is told; or why the value is not what the tool promises.
    fn tool_answer(&self, answer: &Answer) -> Result<ToolAnswer, String> {
        let value: Value =
            serde_json::from_slice(&answer.value).map_err(|error| self.no_result(&error))?;
        let (content, mut structured) = if self.facts.result == ResultKind::Content {
            let content = serde_json::from_value(value);
            let content = content.map_err(|error| self.no_result(&error))?;
            (content, Map::new())
        } else {
            let text = match &value {
                Value::String(text) => text.clone(),
                _ => String::from_utf8_lossy(&answer.value).into_owned(),
            };
            let structured = match value {
                Value::Object(members) if self.facts.result == ResultKind::Object => members,
                other => Map::from_iter([("result".to_owned(), other)]),
            };
            (vec![ContentBlock::text(text)], structured)
        };
        let conversation = self.told.conversation.clone();
        structured.insert(CONVERSATION_ID.to_owned(), conversation.into());
        let mut told = ToolAnswer::content(content);
        told.structured = Some(Value::Object(structured));
        told.meta = Some(MetaObject(self.ids()));
        let tool = self.told.catalogue.find_tool(&self.facts.name);
        match tool {
            Some(tool) => told.checked(tool),
            None => Ok(told),
        }
    }

    fn no_result(&self, reason: &dyn Display) -> String {
        let tool = &self.facts.name;
        format!("`{tool}` returned what cannot be a result: {reason}")
    }

    fn with_ids(&self, failure: Failure) -> Failure {
        let add = |failure: Failure, (key, value)| failure.with_meta(key, value);
        self.ids().into_iter().fold(failure, add)
    }

    fn ids(&self) -> Map<String, Value> {
        let conversation = self.told.conversation.clone();
        let mut ids = Map::from_iter([
            (CONVERSATION_ID.to_owned(), conversation.into()),
            ("logs_uri".to_owned(), self.logs_uri().into()),
        ]);
        let Told { offer, now, .. } = &*self.told;
        if self.instead_of.is_some() || offer.is_on_trial(now) {
            let version = self.told.now.version_text.clone();
            ids.insert("version".to_owned(), version.into());
        }
        add_coverage(&mut ids, self.told.coverage.as_ref());
        ids
    }

    fn logs_uri(&self) -> String {
        format!("logs://{}", self.told.conversation)
    }

    fn succeeded(&self, answer: &Answer) -> CallRecord {
        let result = Some(&answer.value);
        self.recorded("ok", None, result, answer.queued, answer.took)
    }

    fn record(&self, outcome: &'static str, error: Option<&str>) {
        let record = self.recorded(outcome, error, None, Duration::ZERO, self.began.elapsed());
        self.told.core.recorder.record(record);
    }

    fn recorded(
        &self,
        outcome: &'static str,
        error: Option<&str>,
        result: Option<&Bytes>,
        queued: Duration,
        took: Duration,
    ) -> CallRecord {
        let Told {
            core, now, trace, ..
        } = &*self.told;
        let bytes_max = core.config.recorded_bytes_max;
        let kept = |json: &Bytes| Recorded::new(json, bytes_max);
        CallRecord {
            at: Timestamp::now(),
            tool: self.facts.name.clone(),
            conversation: label(self.conversation),
            now: Arc::clone(now),
            agent: self.agent.clone(),
            trace: trace.trace_id(),
            span: trace.span_id(),
            seed: self.told.seed,
            outcome,
            error: error.map(str::to_owned),
            queued,
            took,
            arguments: kept(&self.arguments),
            result: result.map(kept),
            instead_of: self.instead_of.clone(),
            depth: self.depth,
        }
    }

    fn context(&self) -> model::Context {
        let Told { now, trace, .. } = &*self.told;
        model::Context {
            agent: self.agent.clone(),
            version: Some(now.version.clone()),
            trace: trace.trace_id(),
            span: trace.span_id(),
            ..model::Context::default()
        }
    }
}

/// A client that goes away in the middle of a trial must not leave the circuit waiting for it.
struct Tried<'a> {
    running: &'a Running,
    is_decided: bool,
}

impl<'a> Tried<'a> {
    fn new(running: &'a Running) -> Self {
        Self {
            running,
            is_decided: false,
        }
    }
}

impl Drop for Tried<'_> {
    fn drop(&mut self) {
        if !self.is_decided {
            self.running.undecided();
            self.running.record("cancelled", None);
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
