//! What an outbox holds, for whoever looks after it.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use super::{Outbox, Refused};
use crate::VaultError;

/// How long an object waits for a vault that can be reached before something is wrong.
const LATE_AFTER: Duration = Duration::from_mins(1);

/// What waits, for how long, and what was set aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    pub objects: u64,
    pub bytes: u64,
    /// How long the oldest has waited.
    pub oldest: Option<Duration>,
    pub refused: Vec<Refused>,
}

impl Outbox {
    pub fn backlog(&self, now: SystemTime) -> Result<Backlog, VaultError> {
        let pending = self.pending()?;
        let oldest = pending.first();
        Ok(Backlog {
            objects: pending.len() as u64,
            bytes: pending.iter().map(|object| object.bytes).sum(),
            oldest: oldest.map(|object| now.duration_since(object.since).unwrap_or_default()),
            refused: self.refused()?,
        })
    }
}

impl Backlog {
    pub fn is_empty(&self) -> bool {
        self.objects == 0 && self.refused.is_empty()
    }

    /// Has something to be done about it, though the vault can be reached?
    pub fn is_amiss(&self) -> bool {
        !self.refused.is_empty() || self.oldest.is_some_and(|oldest| oldest >= LATE_AFTER)
    }
}

impl fmt::Display for Backlog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (objects, bytes) = (self.objects, self.bytes);
        write!(f, "{objects} objects wait ({bytes} bytes)")?;
        if let Some(oldest) = self.oldest {
            write!(f, ", the oldest for {} s", oldest.as_secs())?;
        }
        if let Some(first) = self.refused.first() {
            let key = first.key.as_ref().map_or("?", |key| key.as_str());
            let (count, folder) = (self.refused.len(), first.folder.display());
            write!(
                f,
                "; {count} were set aside, first `{key}` in `{folder}`: {}",
                first.why
            )?;
        }
        Ok(())
    }
}
