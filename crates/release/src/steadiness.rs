//! What keeps `active` from swinging to and fro: which promotions of the Tuner's are refused though
//! they were proved.

use std::time::Duration;

use jiff::Timestamp;
use model::Digest;
use semver::Version;
use serde_json::{Value, json};

/// The span that changes are counted in.
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// How still `active` has to stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steadiness {
    /// Releases that are looked back at for a state that was active or withdrawn before.
    pub memory: usize,
    /// Time between two changes that nobody asked for.
    pub cool_down: Duration,
    /// Promotions that nobody asked for, in a day.
    pub changes_per_day_max: usize,
    /// How often in a row a policy has to come to the same verdict.
    pub confirmations: u32,
    /// By how much the new state has to be better.
    pub margin: f64,
}

/// On whose word a promotion is proposed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Ground {
    /// Somebody asked for it.
    #[default]
    Asked,
    /// A policy did, which may have compared the two.
    Policy { evidence: Option<Evidence> },
}

/// What a policy found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    pub gain: f64,
    /// How often in a row.
    pub times: u32,
}

/// A release that was made before.
#[derive(Clone, Debug)]
pub struct Past {
    pub version: Version,
    /// What was active with it.
    pub state: Digest,
    pub at: Timestamp,
    /// Did nobody ask for it?
    pub is_automatic: bool,
    pub is_rollback: bool,
}

/// Why a promotion would make `active` swing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unsteady {
    #[error("{version} is on trial, and the next is tried after it")]
    OnTrial { version: Version },
    #[error("what is staged was active as {version} before, with {releases_ago} release(s) since")]
    Returns {
        version: Version,
        releases_ago: usize,
    },
    #[error("the last change was {since_s} s ago, and the next may come after {cool_down_s} s")]
    TooSoon { since_s: u64, cool_down_s: u64 },
    #[error("{changes} changes were made within a day, and no more than {changes_max} may be")]
    TooMany { changes: usize, changes_max: usize },
    #[error("it was found better {times} of {confirmations} times in a row")]
    Unconfirmed { times: u32, confirmations: u32 },
    #[error("it is better by {gain}, and more than {margin} is wanted")]
    TooClose { gain: f64, margin: f64 },
}

impl Unsteady {
    /// The numbers of it, for the ledger.
    pub fn numbers(&self) -> Value {
        match self {
            Self::OnTrial { version } => json!({"version": version}),
            Self::Returns {
                version,
                releases_ago,
            } => json!({"version": version, "releases_ago": releases_ago}),
            Self::TooSoon {
                since_s,
                cool_down_s,
            } => json!({"since_s": since_s, "cool_down_s": cool_down_s}),
            Self::TooMany {
                changes,
                changes_max,
            } => json!({"changes": changes, "changes_per_day_max": changes_max}),
            Self::Unconfirmed {
                times,
                confirmations,
            } => json!({"times": times, "confirmations": confirmations}),
            Self::TooClose { gain, margin } => json!({"gain": gain, "margin": margin}),
        }
    }
}

impl Steadiness {
    /// May `state` become active now? `past` are the releases before, newest first, as many as are
    /// remembered and all of the last day and the cool-down.
    pub fn check(
        &self,
        state: Digest,
        ground: Ground,
        past: &[Past],
        now: Timestamp,
    ) -> Result<(), Unsteady> {
        let before = past.iter().enumerate().take(self.memory);
        if let Some((releases_ago, same)) = { before }.find(|(_, past)| past.state == state) {
            let version = same.version.clone();
            return Err(Unsteady::Returns {
                version,
                releases_ago,
            });
        }
        let Ground::Policy { evidence } = ground else {
            return Ok(());
        };
        self.check_pace(past, now)?;
        evidence.map_or(Ok(()), |evidence| self.check_evidence(evidence))
    }

    /// A rollback is a change that nobody wants to see undone at once either.
    fn check_pace(&self, past: &[Past], now: Timestamp) -> Result<(), Unsteady> {
        let since = |past: &Past| Duration::try_from(now.duration_since(past.at));
        let mut changes = past
            .iter()
            .filter(|past| past.is_automatic || past.is_rollback);
        let newest = changes.next().map(|past| since(past).unwrap_or_default());
        if let Some(since) = newest.filter(|since| *since < self.cool_down) {
            return Err(Unsteady::TooSoon {
                since_s: since.as_secs(),
                cool_down_s: self.cool_down.as_secs(),
            });
        }
        let of_the_day = past.iter().filter(|past| past.is_automatic);
        let of_the_day = of_the_day.filter(|past| since(past).unwrap_or_default() < DAY);
        let changes = of_the_day.count();
        if changes >= self.changes_per_day_max {
            return Err(Unsteady::TooMany {
                changes,
                changes_max: self.changes_per_day_max,
            });
        }
        Ok(())
    }

    fn check_evidence(&self, evidence: Evidence) -> Result<(), Unsteady> {
        let Evidence { gain, times } = evidence;
        let (confirmations, margin) = (self.confirmations, self.margin);
        if times < confirmations {
            return Err(Unsteady::Unconfirmed {
                times,
                confirmations,
            });
        }
        // What is no number is no gain.
        if gain.is_nan() || gain <= margin {
            return Err(Unsteady::TooClose { gain, margin });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
