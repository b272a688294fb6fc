//! What becomes of an update once its tool has run.

use std::sync::Arc;

use fail::fail_point;
use journal::AppendError;
use mcp::{Failure, ToolAnswer};
use model::{Event, Subject};
use serde_json::{Map, Value};
use state::{Author, Change, Root, StateError};
use tokio::sync::OwnedMutexGuard;

use super::{
    Attempt, DETAILS, Draft, FEEDBACK_ID, Proposed, REPEATED, Refused, STATUS, Update, record,
};

/// An answer up to this size is kept with its update, for whoever sends that again.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Under which its update counts, in an event of the lineage.
const FACTS: &str = "feedback";
const ANSWER: &str = "answer";

/// What became of it.
pub(super) enum Outcome {
    Answered(ToolAnswer),
    /// Somebody else was faster.
    Lost(OwnedMutexGuard<()>),
}

/// What the journal says of it.
enum Committed {
    Counted,
    /// The same feedback reached another process at the same time.
    Before(Arc<Event>),
    Lost,
}

impl Update {
    /// Commits it, lets go of the turn, and tells of it.
    pub(super) async fn settle(
        self: Arc<Self>,
        draft: Draft,
        mut proposed: Proposed,
        guard: OwnedMutexGuard<()>,
    ) -> Result<Outcome, Failure> {
        match self.commit(&draft, &mut proposed).await {
            Ok(Committed::Counted) => drop(guard),
            Ok(Committed::Before(event)) => {
                drop(guard);
                return Ok(Outcome::Answered(self.counted_before(&event).await?));
            }
            Ok(Committed::Lost) => return Ok(Outcome::Lost(guard)),
            Err(refused) => {
                drop(guard);
                return Err(self.failed_as(refused, draft.document.revision).await);
            }
        }
        fail_point!("tuner::after_commit");
        if proposed.summary.changes > 0 {
            // Whoever is answered finds its update wherever it looks.
            (self.tuner.on_moved)().await;
        }
        self.tell(&proposed).await;
        if proposed.summary.changes > 0 {
            self.tuner.count_update(&self.lineage).await;
        }
        let revision = proposed.summary.revision;
        Ok(Outcome::Answered(self.answer(&proposed.value, revision)))
    }

    /// It was counted by now, so that whoever cannot be told must not make it look otherwise.
    async fn tell(&self, proposed: &Proposed) {
        let (tuner, lineage, feedback) = (&self.tuner, &self.lineage, &self.feedback);
        let told = record::tell(tuner, lineage, feedback, &self.who, &proposed.summary).await;
        let mut outcomes = vec![told];
        for message in &proposed.escalations {
            let of = feedback.key.as_ref().map(ToString::to_string);
            let of = of.unwrap_or_else(|| self.conversation.to_string());
            let tool = Some(self.facts.name.clone());
            let woken = record::wake(tuner, lineage, tool, message, Some(&of)).await;
            outcomes.push(woken.map(drop));
        }
        for error in outcomes.into_iter().filter_map(Result::err) {
            tracing::error!(%error, "what came of an update is not in the ledger");
        }
    }

    async fn commit(&self, draft: &Draft, proposed: &mut Proposed) -> Result<Committed, Refused> {
        let Some(document) = proposed.document.take() else {
            return Ok(Committed::Counted);
        };
        let patch = state::diff(&draft.document.value, &document);
        let changes = patch.0.len();
        self.check_size(changes).await?;
        let (manager, aim) = (&self.tuner.manager, &self.offer.aim);
        let change = if changes > manager.limits().operations_max {
            Change::Set(document)
        } else {
            Change::Patch(patch)
        };
        let author = self.author(&proposed.value);
        if draft.opens {
            let opened = manager.fork(&aim.lineage, &aim.version, &author).await;
            opened.map_err(|error| ("refused", self.failed(&error)))?;
        }
        let base = Some(draft.document.revision);
        match manager.commit(&self.lineage, change, base, &author).await {
            Ok(written) => {
                if let Some(event) = written.event.filter(|_| written.was_repeated) {
                    return Ok(Committed::Before(event));
                }
                proposed.summary.revision = written.document.revision;
                proposed.summary.changes = changes;
                Ok(Committed::Counted)
            }
            Err(StateError::Stale { .. } | StateError::Future { .. }) => Ok(Committed::Lost),
            Err(error @ StateError::Write(AppendError::Unknown(_))) => {
                let text = format!(
                    "{error}: send it again with the `{FEEDBACK_ID}` that it had, or look at \
                     `state://staging` if it had none"
                );
                Err(("unknown", self.refused(text)))
            }
            Err(error) => Err(("refused", self.failed(&error))),
        }
    }

    /// An update that changes more than the policy allows is none.
    async fn check_size(&self, changes: usize) -> Result<(), Refused> {
        let limit = self.tuner.config.changes_max;
        if changes <= limit {
            return Ok(());
        }
        let detail = format!("{changes} places of the document, {limit} are allowed");
        let tool = &self.facts.name;
        let text = format!("`{tool}` changed {detail}; nothing was changed");
        let attempt = Attempt {
            rail: "magnitude",
            what: "change".to_owned(),
            detail,
        };
        self.refuse(vec![attempt]).await;
        Err(("refused", self.refused(text)))
    }

    fn author(&self, value: &Value) -> Author {
        let mut facts = Map::new();
        facts.insert(FACTS.to_owned(), self.feedback.facts());
        if self.feedback.key.is_some() && value.to_string().len() <= ANSWER_BYTES_MAX {
            facts.insert(ANSWER.to_owned(), value.clone());
        }
        Author {
            context: self.who.context(self.feedback.conversation.as_ref()),
            key: self.feedback.key.clone(),
            reason: None,
            facts,
        }
    }

    /// The event of this update, if it was counted before.
    pub(super) async fn find_counted(&self) -> Result<Option<Arc<Event>>, Failure> {
        let Some(key) = &self.feedback.key else {
            return Ok(None);
        };
        let found = self.tuner.journal.find_key(key).await;
        let found = found.map_err(Failure::broken)?;
        let subject = Subject::lineage(&self.lineage);
        let Some(event) = found.filter(|event| event.subject == subject) else {
            return Ok(None);
        };
        let arguments = &event.data[FACTS]["arguments"];
        if arguments.as_str() != Some(&*self.feedback.arguments.to_string()) {
            let id = &self.feedback.id;
            let text = format!(
                "the feedback `{id}` was counted in event {} with other arguments: give each its own \
                 `{FEEDBACK_ID}`",
                event.seq
            );
            return Err(self.refused(text));
        }
        Ok(Some(event))
    }

    /// Answers what was answered then.
    pub(super) async fn counted_before(&self, event: &Event) -> Result<ToolAnswer, Failure> {
        let mut feedback = self.feedback.clone();
        if let Some(id) = event.data[FACTS]["id"].as_str() {
            feedback.id = id.to_owned();
        }
        let kept = record::keep_reward(&self.tuner, &self.lineage, &feedback, &self.who).await;
        kept.map_err(Failure::broken)?;
        let root = Root::of(event).map_err(Failure::broken)?;
        let known = event.data.get(ANSWER).and_then(Value::as_object).cloned();
        let mut value = known.unwrap_or_else(|| {
            let details = format!("it was counted before, in event {}", event.seq);
            Map::from_iter([
                (STATUS.to_owned(), Value::from("success")),
                (DETAILS.to_owned(), details.into()),
            ])
        });
        value.insert(REPEATED.to_owned(), true.into());
        let mut answer = self.answer(&value.into(), root.staging.revision);
        if let Some(value) = &mut answer.structured {
            value[FEEDBACK_ID] = feedback.id.into();
        }
        Ok(answer)
    }
}
