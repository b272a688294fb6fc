//! `GET /versions/allowed-signers`.

use std::io;

use axum::{extract::State, response::Response};
use web::{CachePolicy, IfNoneMatch, Problem, ProblemDocument};

use super::answer;
use crate::Registry;

/// Who signs releases.
///
/// A file for `git -c gpg.ssh.allowedSignersFile=FILE tag -v TAG`.
#[utoipa::path(
    get,
    path = "/versions/allowed-signers",
    operation_id = "show_allowed_signers",
    tag = "versions",
    responses(
        (status = 200, description = "Public keys, one a line.",
            body = String, content_type = "text/plain",
            headers(("etag" = String, description = "Changes with the keys."))),
        (status = 304, description = "The client holds it already."),
        (status = 404, description = "Nothing was signed yet.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn allowed_signers(
    State(registry): State<Registry>,
    held: IfNoneMatch,
) -> Result<Response, Problem> {
    match tokio::fs::read(&registry.sources.allowed_signers).await {
        Ok(signers) => {
            let policy = CachePolicy::Revalidate;
            Ok(answer::bytes(
                &held,
                policy,
                "text/plain; charset=utf-8",
                signers,
            ))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Problem::not_found(
            "there is no key that signs releases yet",
        )
        .hint("it is made with the first release")),
        Err(error) => Err(Problem::internal(&error)),
    }
}
