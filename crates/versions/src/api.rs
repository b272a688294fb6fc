//! The REST paths: each translates between HTTP and the registry, and does nothing else.

mod answer;
mod diff;
mod evals;
mod list;
mod show;
mod signers;
mod tree;

use utoipa_axum::{router::OpenApiRouter, routes};
use web::Kind;

use crate::Registry;

/// Results in the vault are not those that the tag of their version vouches for.
const EVALS_CHANGED: Kind = Kind::new(
    "evals_changed",
    500,
    "Results changed",
    "restore the file in the vault, or prove the version again: `luthier test --version VERSION`",
);

/// The kinds of problems that are this role's own.
pub const PROBLEMS: [Kind; 1] = [EVALS_CHANGED];

/// The REST paths of the role.
pub fn router(registry: Registry) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(signers::allowed_signers))
        .routes(routes!(show::show))
        .routes(routes!(evals::show))
        .routes(routes!(tree::show))
        .routes(routes!(diff::show))
        .with_state(registry)
}
