//! `GET /versions/{version}/tree`.

use axum::{extract::State, response::Response};
use web::{IfNoneMatch, Problem, ProblemDocument};

use super::answer::{self, Asked, Place, policy, problem};
use crate::{Registry, tree::Files};

/// The files of a version, with their sizes and hashes.
#[utoipa::path(
    get,
    path = "/versions/{version}/tree",
    operation_id = "show_version_tree",
    tag = "versions",
    params(Place),
    responses(
        (status = 200, description = "The files.", body = Files,
            headers(("etag" = String, description = "Changes with the files."))),
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
    let files = registry.files(&reference).await.map_err(problem)?;
    answer::json(&held, policy(files.is_final), &files)
}
