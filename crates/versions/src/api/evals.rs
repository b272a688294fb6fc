//! `GET /versions/{version}/evals`.

use axum::{extract::State, response::Response};
use web::{CachePolicy, IfNoneMatch, Problem, ProblemDocument};

use super::answer::{self, Asked, Place, problem};
use crate::Registry;

/// What the tests of a version came to.
///
/// The summary as it lies in the vault, byte for byte. Its SHA-256 must be the one that the tag of
/// the version says.
#[utoipa::path(
    get,
    path = "/versions/{version}/evals",
    operation_id = "show_version_evals",
    tag = "versions",
    params(Place),
    responses(
        (status = 200, description = "The summary.", body = Object,
            headers(("etag" = String, description = "Changes with its bytes."))),
        (status = 304, description = "The client holds it already."),
        (status = 409, description = "The name means several versions; `candidates` has them.",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = 500, description = "The summary was changed after the release.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(registry): State<Registry>,
    Asked(reference): Asked,
    held: IfNoneMatch,
) -> Result<Response, Problem> {
    let evals = registry.evals(&reference).await.map_err(problem)?;
    // The bytes are looked at each time, or a change of them would go unnoticed.
    let policy = CachePolicy::Revalidate;
    Ok(answer::bytes(&held, policy, "application/json", evals))
}
