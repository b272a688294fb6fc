//! What became of the changes that were asked for.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{StateError, shared::Halt};

/// Counted since the State Manager was made.
#[derive(Debug, Default)]
pub struct StateCounts {
    /// Changes of all kinds that were committed; a repeated request counts once.
    pub commits: AtomicU64,
    /// Changes that came too late, because what they were made from had moved.
    pub conflicts: AtomicU64,
    /// Changes that a schema, a limit or another rule refused.
    pub refusals: AtomicU64,
}

impl StateCounts {
    pub(crate) fn count_commit(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_halt(&self, halt: &Halt) {
        let count = match halt {
            Halt::Unchanged => return,
            Halt::Stale { .. } | Halt::Failed(StateError::ActiveMoved) => &self.conflicts,
            // The journal counts what it failed to do.
            Halt::Failed(StateError::Read(_) | StateError::Write(_)) => return,
            Halt::NoLineage | Halt::Closed | Halt::Failed(_) => &self.refusals,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
