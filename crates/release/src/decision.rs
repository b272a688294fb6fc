//! Decisions that nobody made by hand, for the ledger: what was done, why, and what was not.

use jiff::Timestamp;
use journal::{AppendError, Expect, Journal};
use model::{Context, EventType, LineageName, NewEvent, Subject, event::IdempotencyKey};
use semver::Version;
use serde_json::{Value, json};

/// One of them.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What is done, as a word.
    pub what: &'static str,
    /// The version that it is about.
    pub version: Version,
    pub rationale: String,
    /// What could have been done instead, each with its reason.
    pub rejected: Vec<String>,
    pub numbers: Value,
    pub context: Context,
    /// Makes it count once, however often it is come to.
    pub key: Option<IdempotencyKey>,
}

impl Decision {
    /// Writes it among those that `whose` are about `lineage`.
    pub async fn append(
        self,
        journal: &dyn Journal,
        whose: &str,
        lineage: &LineageName,
        at: Timestamp,
    ) -> Result<(), AppendError> {
        let subject = format!("{whose}.{}", Subject::lineage(lineage).as_str());
        let subject = subject.parse().expect("a subject below a word is one");
        let data = json!({
            "decision": self.what,
            "version": self.version,
            "rationale": self.rationale,
            "rejected": self.rejected,
            "numbers": self.numbers,
        });
        let context = Context {
            version: Some(self.version),
            ..self.context
        };
        let event = NewEvent::new(EventType::DECISION, at, context, data).with_key(self.key);
        journal.append(subject, Expect::Any, event).await?;
        Ok(())
    }
}
