//! When what is staged becomes active, and by whom.

use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use jiff::Timestamp;
use mcp::Failure;
use model::{Context, EventType, LineageName, Revision, Subject, event::AgentRole};
use release::{
    Decision, Evidence, Ground, Order, Provenance, ReleaseError, Released, Steadiness, Terms,
};
use serde_json::{Map, Value, json};
use state::{Author, Root};

use crate::{
    role::{self, Inner, Turn, lock},
    update::{self, Caller},
};

/// Whose decisions they are.
const TUNER: &str = "tuner";

/// When a promotion is tried without anybody asking for it, and what holds one back.
#[derive(Clone, Debug)]
pub struct Policy {
    /// After so many updates; 0 leaves it to people.
    pub every_updates: u64,
    /// Only if the tool below says that what is staged is better, with this confidence; 0 asks
    /// nobody.
    pub confidence: f64,
    /// The tool of the tuner that says it.
    pub value_tool: String,
    /// The share of conversations that a promoted version gets at first; without one it is active at
    /// once.
    pub canary_share: Option<f64>,
    pub steadiness: Steadiness,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            every_updates: 0,
            confidence: 0.0,
            value_tool: "policy_value".to_owned(),
            canary_share: None,
            steadiness: Steadiness {
                memory: 16,
                cool_down: Duration::ZERO,
                changes_per_day_max: 1_000,
                confirmations: 1,
                margin: 0.0,
            },
        }
    }
}

impl Inner {
    /// Counts an update, and promotes when the policy says so.
    pub(crate) async fn count_update(self: &Arc<Self>, lineage: &LineageName) {
        let every = self.config.policy.every_updates;
        if every == 0 || self.promoter.is_none() {
            return;
        }
        let turn = self.turn(lineage);
        let updates = {
            let mut counted = turn.updates.lock().await;
            let updates = match *counted {
                Some(known) => known + 1,
                None => self.updates_since_release(lineage).await,
            };
            *counted = Some(updates);
            if updates < every || turn.is_promoting.swap(true, Ordering::AcqRel) {
                return;
            }
            *counted = Some(0);
            updates
        };
        let tuner = Arc::clone(self);
        self.tasks
            .spawn(promoting(tuner, turn, lineage.clone(), updates));
    }

    /// How many there were since the lineage was last released; what cannot be counted is none.
    async fn updates_since_release(&self, lineage: &LineageName) -> u64 {
        let limit = usize::try_from(self.config.policy.every_updates).unwrap_or(usize::MAX);
        let query = journal::Query {
            order: journal::Order::NewestFirst,
            limit: limit.min(journal::Query::LIMIT_MAX),
            ..journal::Query::of(Subject::lineage(lineage))
        };
        let events = match self.journal.read(query).await {
            Ok(events) => events,
            Err(error) => {
                tracing::warn!(%error, "the updates since the last release were not counted");
                return 0;
            }
        };
        let since = events
            .iter()
            .take_while(|event| event.kind != EventType::RELEASE);
        since
            .filter(|event| event.data.get("feedback").is_some())
            .count() as u64
    }

    async fn promote_by_policy(self: &Arc<Self>, lineage: &LineageName, updates: u64) {
        let mut numbers = json!({ "updates": updates });
        let (what, rationale) = match self.try_to_promote(lineage, &mut numbers).await {
            Ok(rationale) => ("promote", rationale),
            Err(Kept::Told(reason)) => {
                tracing::info!(reason, %lineage, "what is staged was not promoted");
                return;
            }
            Err(Kept::Because(reason)) => {
                tracing::warn!(reason, %lineage, "what is staged was not promoted");
                ("keep", reason)
            }
        };
        self.decide(lineage, what, rationale, numbers).await;
    }

    /// Says why it did, or why it did not.
    async fn try_to_promote(
        self: &Arc<Self>,
        lineage: &LineageName,
        numbers: &mut Value,
    ) -> Result<String, Kept> {
        let confidence = self.config.policy.confidence;
        let mut rationale = "enough updates were staged, and the micro tier passed".to_owned();
        let mut evidence = None;
        if confidence > 0.0 {
            let gain = self
                .gain(lineage, confidence)
                .await
                .map_err(Kept::Because)?;
            let low = gain["low"].as_f64().unwrap_or(f64::NEG_INFINITY);
            numbers["confidence"] = confidence.into();
            numbers["gain"] = gain;
            let turn = self.turn(lineage);
            let mut times = lock(&turn.found_better);
            if low <= 0.0 {
                *times = 0;
                return Err(Kept::Because(format!(
                    "with confidence {confidence} no more can be said than that the gain is at least \
                     {low}"
                )));
            }
            *times = times.saturating_add(1);
            evidence = Some(Evidence {
                gain: low,
                times: *times,
            });
            rationale = format!("with confidence {confidence} the gain is at least {low}");
        }
        let ground = Ground::Policy { evidence };
        let promoted = self.promote(lineage, None, ground, &policy_author()).await;
        let released = promoted.map_err(|error| match error {
            // Whoever refused it has told the ledger.
            PromoteError::Release(ReleaseError::Unsteady(_)) => Kept::Told(in_words(&error)),
            error => Kept::Because(in_words(&error)),
        })?;
        *lock(&self.turn(lineage).found_better) = 0;
        numbers["version"] = released.version.to_string().into();
        Ok(rationale)
    }

    async fn decide(
        &self,
        lineage: &LineageName,
        what: &'static str,
        rationale: String,
        numbers: Value,
    ) {
        let told = async {
            let root = self
                .manager
                .root(lineage)
                .await
                .map_err(|error| in_words(&error))?;
            let revision = root.staging.revision;
            let decision = Decision {
                what,
                version: root.version,
                rationale,
                rejected: vec![if what == "promote" {
                    "it stays staged".to_owned()
                } else {
                    format!("revision {revision} of the staged state becomes active")
                }],
                numbers,
                context: Context::of(AgentRole::Tuner),
                key: None,
            };
            let told = decision.append(&*self.journal, TUNER, lineage, Timestamp::now());
            told.await.map_err(|error| in_words(&error))
        };
        if let Err(reason) = told.await {
            tracing::error!(reason, %lineage, "a decision is not in the ledger");
        }
    }

    /// What the workspace's own tool says of what is staged.
    async fn gain(
        self: &Arc<Self>,
        lineage: &LineageName,
        confidence: f64,
    ) -> Result<Value, String> {
        let tool = &self.config.policy.value_tool;
        let root = self.manager.root(lineage).await;
        let root = root.map_err(|error| in_words(&error))?;
        let reference = format!("{lineage}~{}", root.version);
        let offer = self.offer(&reference, None).await;
        let offer = Arc::new(offer.map_err(|error| in_words(&error))?);
        let unknown = || {
            format!("`tuner.value_tool` names `{tool}`, which is no tool of this version's tuner")
        };
        let facts = offer.find_tool(tool).ok_or_else(unknown)?;
        let catalogue =
            role::catalogue(&offer, self.handoff.is_some()).map_err(|error| in_words(&error))?;
        let arguments = Map::from_iter([("confidence".to_owned(), confidence.into())]);
        let order = update::Order {
            tuner: self,
            offer: &offer,
            facts,
            tool: catalogue.find_tool(tool).ok_or_else(unknown)?,
            arguments: &arguments,
        };
        let answer = update::run(&order, Caller::default()).await;
        let answer = answer.map_err(|failure| failure.to_string())?;
        Ok(answer.structured.unwrap_or_default())
    }

    /// The same for somebody who asks for it; why it came to nothing is told in the ledger too.
    pub(crate) async fn promote_as_asked(
        self: &Arc<Self>,
        lineage: &LineageName,
        base: Option<Revision>,
        author: &Author,
    ) -> Result<Released, PromoteError> {
        let promoted = self.promote(lineage, base, Ground::Asked, author).await;
        if promoted.is_ok() {
            *self.turn(lineage).updates.lock().await = Some(0);
        }
        if let Err(error) = &promoted
            && !matches!(error, PromoteError::Release(ReleaseError::Unsteady(_)))
        {
            let numbers = json!({ "if_revision": base });
            self.decide(lineage, "keep", in_words(error), numbers).await;
        }
        promoted
    }

    /// Releases what is staged, if it passes and `active` may change now.
    async fn promote(
        self: &Arc<Self>,
        lineage: &LineageName,
        base: Option<Revision>,
        ground: Ground,
        author: &Author,
    ) -> Result<Released, PromoteError> {
        let promoter = self.promoter.as_ref().ok_or(PromoteError::Nowhere)?;
        let order = Order {
            author: author.clone(),
            made_by: release::Author::Tuner,
            text: author.reason.clone().unwrap_or_default(),
            provenance: Provenance::default(),
        };
        let terms = Terms {
            base,
            ground,
            canary_share: self.config.policy.canary_share,
            steadiness: Some(self.config.policy.steadiness),
        };
        let (releaser, prover) = (&promoter.releaser, &*promoter.prover);
        let released = releaser.promote_on(lineage, &terms, &order, prover).await?;
        (self.on_moved)().await;
        Ok(released)
    }

    /// What a promotion is answered with.
    pub(crate) async fn told(&self, lineage: &LineageName, released: &Released) -> Value {
        let version = &released.version;
        let root = self.manager.root(lineage).await.ok();
        let serving = root.as_ref().map(Root::serving_version);
        let details = match (self.config.policy.canary_share, serving) {
            (Some(share), _) => {
                format!("{version} is on trial: a share of {share} of the conversations gets it")
            }
            (None, Some(serving)) if serving != version => {
                format!("{version} is released, and `active` is held at {serving}")
            }
            (None, _) => format!("{version} is active"),
        };
        json!({
            "status": "success",
            "details": details,
            "version": version,
            "commit": released.commit,
            "tests": released.tests.to_string(),
        })
    }
}

/// Why a policy's promotion was not made.
enum Kept {
    /// The ledger knows it already.
    Told(String),
    Because(String),
}

/// Without a type of its own, since what it runs may count updates again.
fn promoting(
    tuner: Arc<Inner>,
    turn: Arc<Turn>,
    lineage: LineageName,
    updates: u64,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let _until_done = Promoting(turn);
        tuner.promote_by_policy(&lineage, updates).await;
    })
}

/// Whatever becomes of it, the next one can be tried.
struct Promoting(Arc<Turn>);

impl Drop for Promoting {
    fn drop(&mut self) {
        self.0.is_promoting.store(false, Ordering::Release);
    }
}

/// Why what is staged did not become active.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PromoteError {
    #[error("nothing is released from here: start `luthier up`")]
    Nowhere,
    #[error(transparent)]
    Release(#[from] ReleaseError),
}

/// The error with what is behind it.
pub(crate) fn in_words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

impl From<PromoteError> for Failure {
    fn from(error: PromoteError) -> Self {
        Self::refused(in_words(&error))
    }
}

fn policy_author() -> Author {
    Author {
        context: Context::of(AgentRole::Tuner),
        reason: Some("by policy".to_owned()),
        ..Author::default()
    }
}
