//! The lineage `main`, begun from the workspace or brought to its schema.

use std::path::Path;

use model::{Context, LineageName, event::AgentRole};
use state::{Author, StateError, StateManager};

use super::services::chain;
use crate::{
    failure::Failure,
    workspace::{self, Wanted},
};

/// What the workspace asks for that the state cannot follow: what was there before serves on.
pub(super) type Refused = Option<String>;

/// What is wrong with the workspace degrades the server; what is wrong with the journal stops it.
pub(super) async fn open_main(
    manager: &StateManager,
    workspace: &Path,
) -> Result<Refused, Failure> {
    let main = LineageName::default();
    let outcome = if manager.lineages().await?.contains(&main) {
        follow(manager, &main, workspace).await
    } else {
        begin(manager, &main, workspace).await
    };
    let reason = match outcome {
        Ok(()) => return Ok(None),
        Err(Trouble::Journal(failure)) => return Err(failure),
        Err(Trouble::Workspace(reason)) => reason,
    };
    tracing::warn!(reason, "the workspace is not served as it is");
    Ok(Some(reason))
}

/// Why the state is not what the workspace says.
enum Trouble {
    /// Something that whoever owns the workspace mends, and starts the server again.
    Workspace(String),
    Journal(Failure),
}

async fn begin(
    manager: &StateManager,
    main: &LineageName,
    workspace: &Path,
) -> Result<(), Trouble> {
    let no_state = |reason: &dyn std::error::Error| {
        let reason = chain(reason);
        Trouble::Workspace(format!("`main` has no state yet: {reason}"))
    };
    let seed = workspace::seed(workspace).map_err(|failure| no_state(&failure))?;
    match manager.open(main, seed, &operator()).await {
        Ok(_root) => Ok(()),
        Err(error) if is_of_workspace(&error) => Err(no_state(&error)),
        Err(error) => Err(Trouble::Journal(error.into())),
    }
}

async fn follow(
    manager: &StateManager,
    main: &LineageName,
    workspace: &Path,
) -> Result<(), Trouble> {
    let refused = |reason: &str| {
        Trouble::Workspace(format!("the schema of the workspace was refused: {reason}"))
    };
    let Wanted { adoption, python } =
        workspace::wanted(workspace).map_err(|failure| refused(&chain(&failure)))?;
    if let Some(python) = python {
        let schema = manager.schema(main).await;
        let schema = schema.map_err(|error| Trouble::Journal(error.into()))?;
        if *schema.value() != adoption.schema {
            let reason = format!("`{python}` is a migration in Python, which needs a release");
            return Err(refused(&reason));
        }
    }
    match manager.adopt(main, adoption, &operator()).await {
        Ok(written) => {
            if written.event.is_some() {
                let version = written.document.version;
                tracing::info!(%version, "the schema of the workspace was taken up");
            }
            Ok(())
        }
        Err(error) if is_of_workspace(&error) => Err(refused(&chain(&error))),
        Err(error) => Err(Trouble::Journal(error.into())),
    }
}

fn operator() -> Author {
    Author {
        context: Context::of(AgentRole::Operator),
        ..Author::default()
    }
}

/// Did what the workspace holds break a rule, rather than the journal?
fn is_of_workspace(error: &StateError) -> bool {
    matches!(
        error,
        StateError::Change(_)
            | StateError::Invalid { .. }
            | StateError::Migration { .. }
            | StateError::Schema(_)
    )
}
