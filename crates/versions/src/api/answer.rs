//! What errors and answers look like to a REST client.

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, header::CONTENT_TYPE, request::Parts},
    response::Response,
};
use model::{Digest, VersionRef};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use web::{CachePolicy, ETag, IfNoneMatch, Path, Problem};

use super::EVALS_CHANGED;
use crate::{EvalsError, LookupError};

/// When a client may try again after the vault or the journal could not be read.
const RETRY_AFTER_S: u32 = 1;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Place {
    /// An exact version, `lineage~version`, a commit, a range, or `active`, `latest`, `canary`.
    version: String,
}

/// The version that a path names.
pub(super) struct Asked(pub(super) VersionRef);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(place) = Path::<Place>::from_request_parts(parts, state).await?;
        reference(&place.version).map(Self)
    }
}

/// What a path says for a version. No version has a name that means nothing.
pub(super) fn reference(text: &str) -> Result<VersionRef, Problem> {
    text.parse()
        .map_err(|error: model::version::InvalidVersionRef| Problem::not_found(error.to_string()))
}

/// How long an answer may be kept: for ever when neither it nor what was asked for can change.
pub(super) fn policy(is_final: bool) -> CachePolicy {
    if is_final {
        CachePolicy::Immutable
    } else {
        CachePolicy::Revalidate
    }
}

/// 200 with `answer` as JSON, or 304; its tag is the hash of what is sent.
pub(super) fn json(
    held: &IfNoneMatch,
    policy: CachePolicy,
    answer: &impl Serialize,
) -> Result<Response, Problem> {
    let body = serde_json::to_vec(answer).map_err(|error| Problem::internal(&error))?;
    Ok(bytes(held, policy, "application/json", body))
}

pub(super) fn bytes(
    held: &IfNoneMatch,
    policy: CachePolicy,
    media_type: &'static str,
    body: impl Into<axum::body::Bytes>,
) -> Response {
    let body = body.into();
    let tag = ETag::strong(Digest::of(&body).to_string()).expect("hex digits are visible ASCII");
    let kind = [(CONTENT_TYPE, HeaderValue::from_static(media_type))];
    web::cached(held, &tag, policy, (kind, body))
}

/// Sorts every error by who can act on it.
pub(super) fn problem(error: LookupError) -> Problem {
    let text = error.to_string();
    match error {
        LookupError::Unknown { nearest, .. } => {
            let hint = if nearest.is_empty() {
                "there is none yet: tag a commit of the workspace `v0.1.0`"
            } else {
                "/versions?include_unstable=true lists them all"
            };
            Problem::not_found(text).nearest(nearest).hint(hint)
        }
        LookupError::Several { candidates, .. } => {
            let candidates: Vec<_> = candidates
                .iter()
                .map(|(name, commit)| Candidate {
                    version: name.clone(),
                    commit_hash: commit.to_string(),
                })
                .collect();
            Problem::conflict(text)
                .with("candidates", candidates)
                .hint("write one of `candidates`: its commit, or its lineage before a `~`")
        }
        LookupError::NoCanary => {
            Problem::not_found(text).hint("use `active`, or name a version exactly")
        }
        LookupError::Staging => {
            Problem::not_found(text).hint("use `active`; /agent/staging/… serves the staged state")
        }
        LookupError::Evals(EvalsError::Absent { .. }) => {
            Problem::not_found(text).hint("prove it: `luthier test --version VERSION`")
        }
        LookupError::Evals(EvalsError::Changed {
            told, found, key, ..
        }) => {
            tracing::error!(error = text, "results in the vault were changed");
            Problem::of(EVALS_CHANGED, text)
                .with("sha256_in_tag", told)
                .with("sha256_found", found)
                .with("key", key)
        }
        LookupError::Evals(EvalsError::Unreadable { .. }) => Problem::of(EVALS_CHANGED, text),
        LookupError::Evals(EvalsError::Vault(error)) | LookupError::Vault(error) => {
            tracing::error!(%error, "the vault cannot be read");
            Problem::unavailable("the vault cannot be read", RETRY_AFTER_S)
                .hint("see /readyz for what ails it, then ask again")
        }
        LookupError::Refresh(error) => Problem::internal(&error),
        LookupError::Object(error) => Problem::internal(&error),
        LookupError::Tree(error) => Problem::internal(&error),
        LookupError::Broken(_) => Problem::internal(&error),
    }
}

#[derive(Serialize)]
struct Candidate {
    version: String,
    commit_hash: String,
}
