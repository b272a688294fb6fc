//! `GET /versions/{version}`.

use axum::{extract::State, response::Response};
use web::{IfNoneMatch, Path, Problem, ProblemDocument};

use super::answer::{self, Place, policy, problem, reference};
use crate::{Registry, describe::Details};

/// All that is known of a version.
///
/// An exact version or a commit is answered for ever the same, so its `tags` are those that last;
/// an alias or a range is answered with what is said at this moment.
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
    Path(place): Path<Place>,
    held: IfNoneMatch,
) -> Result<Response, Problem> {
    let reference = reference(&place.version)?;
    let details = registry.describe(&reference).await.map_err(problem)?;
    answer::json(&held, policy(&reference, details.is_whole), &details)
}
