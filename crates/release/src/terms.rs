//! On which terms what is staged is promoted, and whether `active` stands still enough for it.

use jiff::{SignedDuration, Timestamp};
use journal::{Order as Direction, Query};
use model::{Context, EventType, LineageName, Revision, Subject, event::AgentRole};
use state::{Canary, Document, ENDS_TRIAL, Root};

use crate::{
    Ground, Past, ReleaseError, Releaser, Steadiness, Unsteady, decision::Decision, steadiness::DAY,
};

/// Whose decisions the refusals are.
const TUNER: &str = "tuner";

/// What the event of a release says of one that nobody asked for.
pub(crate) const AUTOMATIC: &str = "automatic";

/// How a promotion is meant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// Only if staging is at that revision.
    pub base: Option<Revision>,
    pub ground: Ground,
    /// The share of conversations that it gets at first; without one it is active at once.
    pub canary_share: Option<f64>,
    /// Without any, whatever was proved is promoted.
    pub steadiness: Option<Steadiness>,
}

impl Terms {
    pub(crate) fn is_automatic(&self) -> bool {
        matches!(self.ground, Ground::Policy { .. })
    }
}

impl Releaser {
    /// Refuses what would make `active` swing, and says so in the ledger.
    pub(crate) async fn check_steadiness(
        &self,
        lineage: &LineageName,
        staged: &Document,
        root: &Root,
        terms: &Terms,
    ) -> Result<(), ReleaseError> {
        let Some(limits) = &terms.steadiness else {
            return Ok(());
        };
        let now = (self.parts.clock)();
        let past = self.past(lineage, root, limits, now).await?;
        let checked = match &root.canary {
            Some(canary) if terms.is_automatic() => Err(Unsteady::OnTrial {
                version: canary.version.clone(),
            }),
            Some(_) | None => limits.check(staged.hash, terms.ground, &past, now),
        };
        let Err(unsteady) = checked else {
            return Ok(());
        };
        self.tell(lineage, staged, root, &unsteady, now).await?;
        Err(unsteady.into())
    }

    /// The releases that count, newest first, up to `head`: after a later one it is looked again.
    async fn past(
        &self,
        lineage: &LineageName,
        head: &Root,
        limits: &Steadiness,
        now: Timestamp,
    ) -> Result<Vec<Past>, ReleaseError> {
        let of_lineage = Query {
            kinds: vec![EventType::RELEASE],
            order: Direction::NewestFirst,
            ..Query::of(Subject::lineage(lineage))
        };
        let span = SignedDuration::try_from(limits.cool_down.max(DAY)).unwrap_or_default();
        let lately = Query {
            since: now.checked_sub(span).ok(),
            limit: Query::LIMIT_MAX,
            ..of_lineage.clone()
        };
        let remembered = Query {
            limit: limits.memory.min(Query::LIMIT_MAX),
            ..of_lineage
        };
        let (lately, remembered) = (
            self.parts.journal.read(lately).await?,
            self.parts.journal.read(remembered).await?,
        );
        let longer = if lately.len() > remembered.len() {
            lately
        } else {
            remembered
        };
        // Code that was released meanwhile ended a trial that says nothing against what was tried.
        let code = longer
            .iter()
            .filter(|event| event.data["change"] == "adopt");
        let ended: Vec<_> = code
            .filter_map(|event| event.data[ENDS_TRIAL].as_str())
            .collect();
        let past = longer.iter().filter_map(|event| {
            let root = match Root::of(event) {
                Ok(root) if root.version > head.version => return None,
                Ok(root) => root,
                Err(error) => return Some(Err(error.into())),
            };
            let is_ended = |it: &Canary| ended.contains(&it.version.to_string().as_str());
            let served = match root.canary.filter(is_ended) {
                Some(canary) => *canary.document,
                None => root.active,
            };
            Some(Ok(Past {
                version: root.version,
                state: served.hash,
                at: event.time,
                is_automatic: event.data[AUTOMATIC] == true,
                is_rollback: event.data["change"] == "rollback",
            }))
        });
        past.collect()
    }

    async fn tell(
        &self,
        lineage: &LineageName,
        staged: &Document,
        root: &Root,
        unsteady: &Unsteady,
        now: Timestamp,
    ) -> Result<(), ReleaseError> {
        let decision = Decision {
            what: "keep",
            version: root.version.clone(),
            rationale: unsteady.to_string(),
            rejected: vec![format!(
                "revision {} of the staged state becomes active",
                staged.revision
            )],
            numbers: unsteady.numbers(),
            context: Context::of(AgentRole::Tuner),
            key: None,
        };
        let journal = &*self.parts.journal;
        decision.append(journal, TUNER, lineage, now).await?;
        Ok(())
    }
}
