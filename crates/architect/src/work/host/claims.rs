//! Which symbols the branches of a `parallel` change, so that no two of them change the same one.

use plan::run_beside;
use topology::Edit;

use super::{JobHost, Trouble};

const KEPT: &str = "claim-";

impl JobHost {
    /// Claims symbols for the branch that a step is of, all or none. What was claimed before the
    /// work was cut off is known, so that the same branch has it again.
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
        let is_peer = |other: &str| run_beside(other, path);
        (self.board.claim(path, symbols, is_peer))
            .map_err(|taken| Trouble::Told(taken.to_string()))?;
        // Before anybody is told that it is taken.
        let name = self.work.named(&format!("{KEPT}{path}"));
        let (log, value) = (&self.work.log, symbols.into());
        if log.find(&name).await?.is_none() {
            log.record(&name, &value, self.work.now()).await?;
        }
        Ok(())
    }

    async fn load_claims(&self) -> Result<(), Trouble> {
        for (name, value) in self.work.log.find_all(KEPT).await? {
            let path = name[KEPT.len()..].split('@').next().unwrap_or_default();
            if self.work.named(&format!("{KEPT}{path}")) != name {
                continue;
            }
            let symbols: Vec<String> = serde_json::from_value(value).unwrap_or_default();
            // They did not get in each other's way then.
            let _claimed = self.board.claim(path, &symbols, |_peer| false);
        }
        Ok(())
    }
}

/// What edits change, as far as their words tell.
pub(super) fn changed(edits: &[Edit]) -> Vec<String> {
    let changed = edits.iter().map(|edit| match edit {
        Edit::Replace { target, .. }
        | Edit::InsertBefore { target, .. }
        | Edit::InsertAfter { target, .. }
        | Edit::Delete { target }
        | Edit::Rename { target, .. } => target.to_string(),
        Edit::InsertInto { target, .. } => target.clone(),
        // Lines of several branches may be added to the same imports.
        Edit::AddImport { path, import } => format!("{path}::import {import}"),
        Edit::Rewrite { path, .. } | Edit::Create { path, .. } | Edit::RemoveFile { path } => {
            path.clone()
        }
    });
    changed.collect()
}
