//! What a reference in a path means, for clients of REST.

use state::{At, Document, ResolveError, Resolved, StateManager, Target};
use web::Problem;

use crate::answer::problem;

/// Finds what `text` names, or says which versions there are.
pub(crate) async fn resolve(state: &StateManager, text: &str) -> Result<Resolved, Problem> {
    state.resolve(text).await.map_err(|error| {
        let told = error.to_string();
        match error {
            ResolveError::Unreadable(_) => Problem::not_found(told).with("version", text),
            ResolveError::NoTrial { nearest } => Problem::not_found(told)
                .nearest(nearest)
                .hint("use `active`, or name a version exactly"),
            ResolveError::NoMatch { nearest, .. } | ResolveError::NoCommit { nearest, .. } => {
                Problem::not_found(told).nearest(nearest)
            }
            ResolveError::State(error) => problem(error),
        }
    })
}

/// The document that `target` means where `resolved` leads.
pub(crate) async fn document(
    resolved: &Resolved,
    state: &StateManager,
    target: Target,
) -> Result<Document, Problem> {
    let found = resolved.document(state, target).await.map_err(problem)?;
    found.ok_or_else(|| {
        let version = match &resolved.at {
            At::Released(version) | At::Newest(version) => version.to_string(),
            At::Head | At::Staged => resolved.lineage.to_string(),
        };
        Problem::not_found(format!(
            "{version} is not the newest version of its lineage, so nothing is staged on it"
        ))
        .hint("read `active`, or the staged state of the version `active`")
    })
}

#[cfg(test)]
mod tests;
