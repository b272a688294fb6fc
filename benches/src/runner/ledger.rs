//! Did the ledger get an event of every call? They are written behind the answers, and what comes
//! faster than it can be written is dropped: then a fast server is no good one.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Result;
use journal::{Journal as _, OpenOptions, SqliteJournal};

/// Between two looks; two alike mean that nothing waits any more.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS_MAX: usize = 100;

/// The journal of a server, opened beside it, as `luthier ledger` does.
pub(crate) struct Ledger {
    journal: Arc<SqliteJournal>,
    before: u64,
}

impl Ledger {
    pub(crate) async fn open(data: &Path) -> Result<Self> {
        let journal = SqliteJournal::open(OpenOptions::new(data.join("journal.db")))?;
        let mut ledger = Self { journal, before: 0 };
        ledger.before = ledger.newest_at_rest().await?;
        Ok(ledger)
    }

    /// Events since it was opened.
    pub(crate) async fn events(&self) -> Result<u64> {
        Ok(self.newest_at_rest().await? - self.before)
    }

    async fn newest_at_rest(&self) -> Result<u64> {
        let mut newest = self.journal.newest().await?;
        for _ in 0..LOOKS_MAX {
            tokio::time::sleep(LOOK).await;
            let now = self.journal.newest().await?;
            if now == newest {
                break;
            }
            newest = now;
        }
        Ok(newest)
    }
}
