//! One update: a tool is handed the staged document, and what it leaves there is committed.

mod asked;
mod settle;

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use mcp::{
    Context, Failure, ToolAnswer, ToolEntry,
    rmcp::model::{ContentBlock, JsonObject, MetaObject},
};
use model::{
    LineageName, Revision,
    event::{Label, Tenant},
    trace::TraceId,
};
use python::{CallError, CallRequest};
use serde_json::{Map, Value};
use state::{Document, Root, StateError, Target};
use telemetry::TraceParent;
use tokio::{sync::OwnedMutexGuard, time::timeout};
use uuid::Uuid;

pub(crate) use self::asked::KEY_PREFIX;
use self::settle::Outcome;
use crate::{
    feedback::{self, FeedbackError},
    host::Host,
    offer::{CONVERSATION_ID, FEEDBACK_ID, Offer, REPEATED, REVISION, ToolFacts},
    record::{self, Attempt, Feedback, Summary, Who},
    role::{Inner, Turn, lock},
};

/// How often an update that lost a race is run again.
const ATTEMPTS_MAX: usize = 8;

/// What a tool says of how it went.
const STATUS: &str = "status";
const FAILURE: &str = "failure";
const DETAILS: &str = "details";

/// Tells a client when it may try again.
const RETRY_AFTER_S: &str = "retry_after_s";

/// The revision that both documents of a lineage begin with.
const REVISION_FIRST: Revision = 1;

/// What is to be done.
pub(crate) struct Order<'a> {
    pub(crate) tuner: &'a Arc<Inner>,
    pub(crate) offer: &'a Arc<Offer>,
    pub(crate) facts: &'a Arc<ToolFacts>,
    /// The same as clients see it.
    pub(crate) tool: &'a ToolEntry,
    /// They satisfy the tool's schema.
    pub(crate) arguments: &'a JsonObject,
}

/// Who asks for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    agent: Option<Label>,
    traceparent: Option<String>,
    trace: Option<TraceId>,
}

impl Caller {
    pub(crate) fn of(context: &Context<'_>) -> Self {
        let place = context.traceparent();
        let parsed = place.and_then(|place| TraceParent::parse(place, context.tracestate()));
        Self {
            agent: context
                .client()
                .and_then(|client| client.name.try_into().ok()),
            traceparent: place.map(str::to_owned),
            trace: parsed.and_then(|place| place.trace_id().try_into().ok()),
        }
    }

    pub(crate) fn who(&self, offer: &Offer) -> Who {
        Who {
            agent: self.agent.clone(),
            trace: self.trace.clone(),
            version: offer.aim.version.clone(),
        }
    }
}

/// An update on its way.
struct Update {
    tuner: Arc<Inner>,
    offer: Arc<Offer>,
    facts: Arc<ToolFacts>,
    /// Where what is changed goes; it may not be there yet.
    lineage: LineageName,
    arguments: Bytes,
    feedback: Feedback,
    who: Who,
    traceparent: Option<String>,
    conversation: Uuid,
    seed: u64,
    began: Instant,
}

/// The document that a tool is handed.
struct Draft {
    root: Root,
    document: Document,
    /// Is it one of a lineage that is yet to be opened?
    opens: bool,
}

/// What a tool made of a document.
struct Proposed {
    value: Value,
    /// The document that it left, if that is another one.
    document: Option<Value>,
    /// What the Architect is to be told.
    escalations: Vec<String>,
    summary: Summary,
}

/// Why there is none, as the ledger calls it and as the client is told.
type Refused = (&'static str, Failure);

/// Runs a tool of the tuner, and commits what it changed.
pub(crate) async fn run(order: &Order<'_>, caller: Caller) -> Result<ToolAnswer, Failure> {
    let update = Update::new(order, caller)?;
    let turn = update.tuner.turn(&update.lineage);
    admit(&update, &turn).await?;
    let place = Arc::clone(&turn.places).try_acquire_owned();
    let place = place.map_err(|_full| update.busy())?;
    let update = update.with_call().await?;
    let patience = update.tuner.config.deadline_default;
    let guard = timeout(patience, Arc::clone(&turn.lock).lock_owned()).await;
    let guard = guard.map_err(|_elapsed| update.busy())?;
    let answer = update.take_turn(order, guard).await;
    drop(place);
    answer
}

/// Holds back what comes too often. The ledger is told of it once in a while.
async fn admit(update: &Update, turn: &Turn) -> Result<(), Failure> {
    let refusal = lock(&turn.rate).take(update.began);
    let Err(refusal) = refusal else {
        return Ok(());
    };
    let limit = update.tuner.config.updates_per_s_max;
    if let Some(refused) = refusal.to_tell {
        let attempt = Attempt {
            rail: "rate",
            what: "update".to_owned(),
            detail: format!("{refused} beyond {limit} a second"),
        };
        update.refuse(vec![attempt]).await;
    }
    let lineage = &update.lineage;
    let text = format!(
        "more than {limit} updates a second come for `{lineage}`: send fewer, or several at once"
    );
    let wait = refusal.wait.as_secs_f64();
    Err(update.refused(text).with_meta(RETRY_AFTER_S, wait))
}

impl Update {
    fn new(order: &Order<'_>, caller: Caller) -> Result<Self, Failure> {
        let who = caller.who(order.offer);
        let aim = &order.offer.aim;
        let lineage = if aim.opens {
            let branch = state::branch_name(&aim.lineage, &aim.version);
            branch.map_err(|error| Failure::refused(crate::answer::in_words(&error)))?
        } else {
            aim.lineage.clone()
        };
        let (feedback, arguments) = asked::feedback_of(order, &lineage)?;
        let drawn = || Uuid::new_v4().as_u64_pair().0;
        Ok(Self {
            tuner: Arc::clone(order.tuner),
            offer: Arc::clone(order.offer),
            facts: Arc::clone(order.facts),
            lineage,
            arguments,
            feedback,
            who,
            traceparent: caller.traceparent,
            conversation: Uuid::now_v7(),
            seed: drawn(),
            began: Instant::now(),
        })
    }

    /// Looks up the conversation that the feedback is about, which is one of this lineage.
    async fn with_call(mut self) -> Result<Self, Failure> {
        if let Some(conversation) = &self.feedback.conversation {
            let (journal, lineage) = (&self.tuner.journal, &self.offer.aim.lineage);
            let tenant = Tenant::default();
            let found = feedback::find_call(journal, lineage, &tenant, conversation).await;
            let call = found.map_err(|error| match error {
                FeedbackError::Read(error) => Failure::broken(error),
                error => self.refused(format!(
                    "{error}: name the `{CONVERSATION_ID}` that a result of the Runner carried"
                )),
            })?;
            self.feedback.call = Some(call);
        }
        Ok(self)
    }

    async fn take_turn(
        self,
        order: &Order<'_>,
        mut guard: OwnedMutexGuard<()>,
    ) -> Result<ToolAnswer, Failure> {
        if let Some(event) = self.find_counted().await? {
            drop(guard);
            return self.counted_before(&event).await;
        }
        let update = Arc::new(self);
        for _attempt in 0..ATTEMPTS_MAX {
            let draft = update.read().await?;
            let revision = draft.document.revision;
            let proposed = match update.propose(order, &draft).await {
                Ok(proposed) => proposed,
                Err(refused) => {
                    drop(guard);
                    return Err(update.failed_as(refused, revision).await);
                }
            };
            // What has begun to be kept is kept, and told of, even if the client goes away.
            let kept = Arc::clone(&update);
            let settled = tokio::spawn(async move { kept.settle(draft, proposed, guard).await });
            match settled.await.map_err(Failure::broken)?? {
                Outcome::Answered(answer) => return Ok(answer),
                Outcome::Lost(again) => guard = again,
            }
        }
        drop(guard);
        let text =
            format!("others changed the staged state {ATTEMPTS_MAX} times meanwhile; try again");
        let refused = ("lost", update.refused(text));
        Err(update.failed_as(refused, 0).await)
    }

    /// The staged document; of an earlier version that has no lineage of its own yet, what it was
    /// released with.
    async fn read(&self) -> Result<Draft, Failure> {
        let (manager, aim) = (&self.tuner.manager, &self.offer.aim);
        let failed = |error: StateError| self.failed(&error);
        let root = match manager.root(&self.lineage).await {
            Err(StateError::NoLineage { .. }) if aim.opens => {
                let root = manager.root_of(&aim.lineage, &aim.version).await;
                let document = manager.document_of(&aim.lineage, &aim.version).await;
                return Ok(Draft {
                    root: root.map_err(failed)?,
                    document: Document {
                        revision: REVISION_FIRST,
                        ..document.map_err(failed)?
                    },
                    opens: true,
                });
            }
            root => root.map_err(failed)?,
        };
        let code = root.code.as_ref().map(|code| code.hash);
        if code.is_some_and(|code| code != self.offer.hash) {
            return Err(self.refused(format!(
                "`{}` has other tools since {} was released: send it again, or through `{}~{}`",
                self.lineage, root.version, self.lineage, root.version
            )));
        }
        let target = Target::Staging;
        let document = manager.document_under(&self.lineage, target, &root).await;
        Ok(Draft {
            document: document.map_err(failed)?,
            root,
            opens: false,
        })
    }

    /// Runs the tool on a draft, and sees that what it says is what it promised.
    async fn propose(&self, order: &Order<'_>, draft: &Draft) -> Result<Proposed, Refused> {
        let conversation = self.conversation.to_string();
        let version = draft.document.version.to_string();
        let (of, tool) = (&self.offer.aim.lineage, &self.facts.name);
        let host = Host::new(&self.tuner, of, tool, &conversation, &version);
        let host = Arc::new(host.told_as(&self.lineage, &self.who));
        let pool = self.tuner.pool(&self.offer.aim.lineage);
        let pool = pool.map_err(|error| ("unavailable", Failure::broken(error)))?;
        let active = self.active(draft).await?;
        let state = pool.load_state(active.value.bytes());
        let state = state.map_err(|error| ("unavailable", Failure::broken(error)))?;
        let request = CallRequest {
            session: Some(Bytes::copy_from_slice(draft.document.value.bytes())),
            deadline: self.tuner.deadline_of(self.facts.deadline_ms),
            conversation_id: conversation,
            version,
            revision: draft.document.revision,
            traceparent: self.traceparent.clone(),
            seed: self.seed,
            events: Some(Arc::clone(&host) as Arc<_>),
            ..CallRequest::tool(&self.offer.code, &state, tool, self.arguments.clone())
        };
        let outcome = pool.call(request).await;
        self.refuse(host.take_attempts()).await;
        let answer = outcome.map_err(|error| self.broke(&error))?;
        let bad = |error: serde_json::Error| ("bad_result", Failure::broken(error));
        let value: Value = serde_json::from_slice(&answer.value).map_err(bad)?;
        let has_failed = value[STATUS] == FAILURE;
        let document = answer.session.as_deref().map(serde_json::from_slice);
        let document: Option<Value> = document.transpose().map_err(bad)?;
        let is_new = |document: &Value| !has_failed && *document != *draft.document.value;
        let proposed = Proposed {
            document: document.filter(is_new),
            escalations: host.take_escalations(),
            summary: Summary {
                outcome: if has_failed { FAILURE } else { "success" },
                revision: draft.document.revision,
                changes: 0,
                took: answer.took,
                seed: self.seed,
                error: None,
            },
            value,
        };
        if !proposed.value.is_object() {
            let text = format!("`{tool}` returned no object; nothing was changed");
            return Err(("bad_result", self.refused(text)));
        }
        // Before anything is kept: whoever is refused sends it again.
        let revision = draft.document.revision;
        let answer = self.answer(&proposed.value, revision).checked(order.tool);
        answer.map_err(|reason| {
            let text = format!("{reason}; nothing was changed");
            ("bad_result", self.refused(text))
        })?;
        Ok(proposed)
    }

    async fn active(&self, draft: &Draft) -> Result<Document, Refused> {
        if draft.opens {
            return Ok(draft.document.clone());
        }
        let manager = &self.tuner.manager;
        let active = manager.document_under(&self.lineage, Target::Active, &draft.root);
        let active = active.await;
        active.map_err(|error| ("unavailable", self.failed(&error)))
    }

    fn answer(&self, value: &Value, revision: Revision) -> ToolAnswer {
        let mut value = value.clone();
        let text = value.to_string();
        if let Some(members) = value.as_object_mut() {
            let conversation = self.conversation.to_string();
            members.insert(CONVERSATION_ID.to_owned(), conversation.into());
            members.insert(FEEDBACK_ID.to_owned(), self.feedback.id.as_str().into());
            members.insert(REVISION.to_owned(), revision.into());
        }
        let mut answer = ToolAnswer::content(vec![ContentBlock::text(text)]);
        answer.structured = Some(value);
        answer.meta = Some(MetaObject(self.ids()));
        answer
    }

    async fn refuse(&self, attempts: Vec<Attempt>) {
        let conversation = self.conversation.to_string().parse().ok();
        let (lineage, tool) = (&self.lineage, &self.facts.name);
        let (who, conversation) = (&self.who, conversation.as_ref());
        record::refuse(&self.tuner, lineage, tool, who, conversation, attempts).await;
    }

    /// Tells the ledger of an update that came to nothing.
    async fn failed_as(&self, (outcome, failure): Refused, revision: Revision) -> Failure {
        let summary = Summary {
            outcome,
            revision,
            changes: 0,
            took: self.began.elapsed(),
            seed: self.seed,
            error: Some(failure.to_string()),
        };
        let (lineage, feedback) = (&self.lineage, &self.feedback);
        let told = record::tell(&self.tuner, lineage, feedback, &self.who, &summary).await;
        if let Err(error) = told {
            tracing::error!(%error, "an update that failed is not in the ledger");
        }
        failure
    }

    fn ids(&self) -> Map<String, Value> {
        let conversation = self.conversation.to_string();
        let logs = format!("logs://{conversation}");
        Map::from_iter([
            (CONVERSATION_ID.to_owned(), conversation.into()),
            ("logs_uri".to_owned(), logs.into()),
        ])
    }

    fn refused(&self, text: impl Into<String>) -> Failure {
        let add = |failure: Failure, (key, value)| failure.with_meta(key, value);
        self.ids().into_iter().fold(Failure::refused(text), add)
    }

    fn busy(&self) -> Failure {
        let text = "too many updates wait for their turn; send it again in a moment";
        self.refused(text).with_meta(RETRY_AFTER_S, 1)
    }

    fn failed(&self, error: &StateError) -> Failure {
        self.refused(crate::answer::in_words(error))
    }

    fn broke(&self, error: &CallError) -> Refused {
        let tool = &self.facts.name;
        let outcome = match error {
            CallError::Raised(raised) if raised.is_tool_error => {
                return ("refused", self.refused(raised.message.clone()));
            }
            CallError::Raised(raised) => {
                let traceback = raised.traceback.as_str();
                tracing::error!(tool, traceback, "a tool of the tuner failed");
                let text = format!("`{tool}` failed with {}: {}", raised.r#type, raised.message);
                return ("raised", self.refused(text));
            }
            CallError::Refused { .. } | CallError::Asks { .. } => "bad_result",
            CallError::DeadlineExceeded { .. } => "timed_out",
            CallError::Crashed(_) | CallError::Collateral { .. } => "crashed",
            CallError::Cancelled => "cancelled",
            CallError::Overloaded { .. } | CallError::Unavailable { .. } => "unavailable",
        };
        let text = format!("`{tool}`: {error}; nothing was changed");
        (outcome, self.refused(text))
    }
}
