//! The lineage `main`, begun from the workspace or brought to its schema.

use std::path::Path;

use model::{Context, LineageName, event::AgentRole};
use state::{Author, StateError, StateManager};

use crate::{failure::Failure, workspace};

/// What the workspace asks for that the state cannot follow: the version before serves on.
pub(super) type Refused = Option<String>;

pub(super) async fn open_main(
    manager: &StateManager,
    workspace: &Path,
) -> Result<Refused, Failure> {
    let main = LineageName::default();
    let author = Author {
        context: Context::of(AgentRole::Operator),
        ..Author::default()
    };
    if !manager.lineages().await?.contains(&main) {
        manager
            .open(&main, workspace::seed(workspace)?, &author)
            .await?;
        return Ok(None);
    }
    let adoption = workspace::adoption(workspace)?;
    match manager.adopt(&main, adoption, &author).await {
        Ok(written) => {
            if written.event.is_some() {
                let version = written.document.version;
                tracing::info!(%version, "the schema of the workspace was taken up");
            }
            Ok(None)
        }
        Err(error @ (StateError::Migration { .. } | StateError::Schema(_))) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the schema of the workspace was not taken up; the state before it serves on"
            );
            Ok(Some(format!(
                "the schema of the workspace was refused: {error}"
            )))
        }
        Err(error) => Err(error.into()),
    }
}
