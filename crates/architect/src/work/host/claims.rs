//! Which symbols the branches of a `parallel` change, so that no two of them change the same one.

use plan::run_beside;
use serde_json::Value;
use topology::Edit;

use super::{JobHost, Trouble};

const KEPT: &str = "claim-";

impl JobHost {
    /// Claims symbols for the branch that a step is of, all or none. What came of it before the work
    /// was cut off is kept, a refusal too: a script that is run again hears the same.
    pub(super) async fn claim(&self, path: &str, symbols: &[String]) -> Result<(), Trouble> {
        let is_in_branch = path.contains('.');
        if symbols.is_empty() || !is_in_branch {
            return Ok(());
        }
        let mut are_loaded = self.claims.lock().await;
        if !*are_loaded {
            self.load_claims().await?;
            *are_loaded = true;
        }
        let (log, name) = (&self.work.log, self.work.named(&format!("{KEPT}{path}")));
        let kept = if let Some(kept) = log.find(&name).await? {
            kept
        } else {
            let is_peer = |other: &str| run_beside(other, path);
            let value = match self.board.claim(path, symbols, is_peer) {
                Ok(()) => Value::from(symbols),
                Err(taken) => Value::from(taken.to_string()),
            };
            // Before anybody is told.
            log.record(&name, &value, self.work.now()).await?;
            value
        };
        match kept {
            Value::String(refusal) => Err(Trouble::Told(refusal)),
            _claimed => Ok(()),
        }
    }

    async fn load_claims(&self) -> Result<(), Trouble> {
        for (name, value) in self.work.log.find_all(KEPT).await? {
            let path = name[KEPT.len()..].split('@').next().unwrap_or_default();
            if self.work.named(&format!("{KEPT}{path}")) != name {
                continue;
            }
            // A refusal is a text, and nothing that was claimed.
            let Ok(symbols) = serde_json::from_value::<Vec<String>>(value) else {
                continue;
            };
            // They did not get in each other's way then.
            let _claimed = self.board.claim(path, &symbols, |_peer| false);
        }
        Ok(())
    }
}

/// What edits change, as far as their words tell.
pub(super) fn changed(edits: &[Edit]) -> Vec<String> {
    let changed = edits.iter().filter_map(|edit| match edit {
        Edit::Replace { target, .. }
        | Edit::InsertBefore { target, .. }
        | Edit::InsertAfter { target, .. }
        | Edit::Delete { target }
        | Edit::Rename { target, .. } => Some(target.to_string()),
        Edit::InsertInto { target, .. } => Some(target.clone()),
        // Lines of several branches may be added to the same imports.
        Edit::AddImport { .. } => None,
        Edit::Rewrite { path, .. } | Edit::Create { path, .. } | Edit::RemoveFile { path } => {
            Some(path.clone())
        }
    });
    changed.collect()
}
