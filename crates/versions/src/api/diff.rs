//! `GET /versions/{version}/diff/{other}`.
#![expect(
    unused_qualifications,
    reason = "utoipa's macro spells the extractors out again"
)]

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;
use web::{IfNoneMatch, Path, Problem, ProblemDocument};

use super::answer::{self, policy, problem, reference};
use crate::{Registry, compare::Comparison};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Pair {
    /// The version to begin from.
    version: String,
    /// The version to end at.
    other: String,
}

/// What changed from one version to another: code, state, and what clients rely on.
#[utoipa::path(
    get,
    path = "/versions/{version}/diff/{other}",
    operation_id = "diff_versions",
    tag = "versions",
    params(Pair),
    responses(
        (status = 200, description = "The difference.", body = Comparison,
            headers(("etag" = String, description = "Changes with either version."))),
        (status = 304, description = "The client holds it already."),
        (status = 409, description = "A name means several versions; `candidates` has them.",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(registry): State<Registry>,
    Path(pair): Path<Pair>,
    held: IfNoneMatch,
) -> Result<Response, Problem> {
    let (from, to) = (reference(&pair.version)?, reference(&pair.other)?);
    let comparison = registry.compare(&from, &to).await.map_err(problem)?;
    answer::json(&held, policy(comparison.is_final), &comparison)
}
