//! `GET /versions/{version}`.

use axum::{extract::State, response::Response};
use web::{IfNoneMatch, Problem, ProblemDocument};

use super::answer::{self, Asked, Place, policy, problem};
use crate::{Registry, describe::Details};

/// All that is known of a version.
///
/// A version of `main`, `lineage~version` or a whole commit hash is answered for ever the same, so
/// its `tags` are those that last; whatever else is answered with what is said at this moment.
#[utoipa::path(
    get,
    path = "/versions/{version}",
    operation_id = "show_version",
    tag = "versions",
    params(Place),
    responses(
        (status = 200, description = "The version.", body = Details,
            headers(("etag" = String, description = "Changes with what is said of it."))),
        (status = 304, description = "The client holds it already."),
        (status = 409, description = "The name means several versions; `candidates` has them.",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(registry): State<Registry>,
    Asked(reference): Asked,
    held: IfNoneMatch,
) -> Result<Response, Problem> {
    let details = registry.describe(&reference).await.map_err(problem)?;
    answer::json(&held, policy(details.is_final), &details)
}
