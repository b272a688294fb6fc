//! The code of the newest saves. They come by the hundred, and each is a copy of all tools.

use std::collections::VecDeque;

use model::{Digest, LineageName};
use runner::CodeStore;
use state::StateManager;
use tokio::task::spawn_blocking;

use super::broken;
use crate::{failure::Failure, up::seed::keep_code, workspace::Offered};

/// Saves that can still be called by their numbers.
const SAVES_MAX: usize = 100;

/// Events among which the newest saves are found: not every change of a lineage is a save.
const EVENTS_MAX: usize = 4 * SAVES_MAX;

/// What the vault keeps, oldest first.
#[derive(Default)]
pub(super) struct Kept {
    codes: VecDeque<Digest>,
}

impl Kept {
    /// What runs before this one left there.
    pub(super) async fn load(manager: &StateManager) -> Result<Self, Failure> {
        let main = LineageName::default();
        let mut kept = Self::default();
        if manager.lineages().await?.contains(&main) {
            let newest = manager.history(&main, None, EVENTS_MAX).await?;
            for entry in newest.iter().rev() {
                if let Some(code) = &entry.root.code {
                    kept.note(code.hash);
                }
            }
        }
        Ok(kept)
    }

    /// Keeps the code of one more, and lets go of what is too old for it, but not of what is served.
    pub(super) async fn add(
        &mut self,
        store: &CodeStore,
        offered: &Offered,
        served: Option<Digest>,
    ) -> Result<(), Failure> {
        keep_code(store, offered).await?;
        if let Some(served) = served {
            self.note(served);
        }
        self.note(offered.code.digest());
        while self.codes.len() > SAVES_MAX
            && let Some(oldest) = self.codes.pop_front()
        {
            let store = store.clone();
            let forgotten = spawn_blocking(move || store.forget(oldest)).await;
            forgotten.map_err(broken)??;
        }
        Ok(())
    }

    fn note(&mut self, code: Digest) {
        self.codes.retain(|known| *known != code);
        self.codes.push_back(code);
    }
}
