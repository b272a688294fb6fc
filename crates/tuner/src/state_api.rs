//! `GET|PATCH /agent/{version}/state/{document}`.
#![expect(
    unused_qualifications,
    reason = "utoipa's macro spells the extractors out again"
)]

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, header::CONTENT_TYPE},
    response::Response,
};
use model::{
    Context,
    event::{AgentRole, IdempotencyKey},
    json,
};
use serde::Deserialize;
use state::{At, Author, Change, StateManager, Target};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{CachePolicy, IfMatch, IfNoneMatch, Path, Problem, ProblemDocument, Query, RawBody};

use crate::{
    KEY_PREFIX,
    answer::{self, DocumentAnswer, problem},
    resolve::{self, resolve},
};

/// The REST paths of the role.
pub fn router(state: StateManager) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(read, patch))
        .with_state(Arc::new(state))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct Place {
    /// An exact version, a range, or `active`, `latest`, `staging`.
    version: String,
    /// `staging` or `active`.
    #[param(pattern = "^(staging|active)$")]
    document: String,
}

impl Place {
    fn target(&self) -> Result<Target, Problem> {
        self.document
            .parse()
            .map_err(|error: state::InvalidTarget| {
                let known = Target::ALL.map(|target| target.to_string()).to_vec();
                Problem::not_found(error.to_string()).nearest(known)
            })
    }
}

/// A state document as it stands.
#[utoipa::path(
    get,
    path = "/agent/{version}/state/{document}",
    operation_id = "read_state",
    tag = "state",
    params(Place),
    responses(
        (status = 200, description = "The document.", body = DocumentAnswer,
            headers(("etag" = String, description = "Its revision, for `If-Match`."))),
        (status = 304, description = "The client holds it already."),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
async fn read(
    State(state): State<Arc<StateManager>>,
    Path(place): Path<Place>,
    held: IfNoneMatch,
) -> Result<Response, Problem> {
    let target = place.target()?;
    let resolved = resolve(&state, &place.version).await?;
    let document = resolve::document(&resolved, &state, target).await?;
    let policy = match resolved.at {
        At::Released(_) if resolved.is_immutable => CachePolicy::Immutable,
        _ => CachePolicy::Revalidate,
    };
    let answer = axum::Json(DocumentAnswer::from(&document));
    Ok(web::cached(&held, &answer::etag(&document), policy, answer))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PatchQuery {
    /// The revision that the change was made from, for clients that cannot send `If-Match`.
    #[serde(default)]
    if_revision: Option<u64>,
}

/// One operation of RFC 6902, as the description of the path shows it.
#[expect(dead_code, reason = "operations are read by what applies them")]
#[derive(Deserialize, ToSchema)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Operation {
    Add {
        path: Pointer,
        value: serde_json::Value,
    },
    Remove {
        path: Pointer,
    },
    Replace {
        path: Pointer,
        value: serde_json::Value,
    },
    Move {
        from: Pointer,
        path: Pointer,
    },
    Copy {
        from: Pointer,
        path: Pointer,
    },
    Test {
        path: Pointer,
        value: serde_json::Value,
    },
}

/// A place in a document (RFC 6901).
#[expect(dead_code, reason = "operations are read by what applies them")]
#[derive(Deserialize, ToSchema)]
#[schema(value_type = String, pattern = "^(/([^~/]|~[01])*)*$")]
struct Pointer(String);

/// Changes the staged document.
///
/// `If-Match` names the revision that the change was made from; `*` leaves it to the writer to
/// apply the patch to whatever is there.
#[utoipa::path(
    patch,
    path = "/agent/{version}/state/{document}",
    operation_id = "patch_state",
    tag = "state",
    params(
        Place,
        PatchQuery,
        ("if-match" = Option<String>, Header, description = "The ETag that was read, or `*`.",
            pattern = "^(\\*|(W/)?\"[!#-~]*\")$"),
        ("idempotency-key" = Option<String>, Header,
            description = "Makes a repeated request count once.",
            pattern = "^[!-~]+$", max_length = 128),
    ),
    request_body(
        description = "RFC 6902 operations, or an RFC 7396 merge patch.",
        content(
            (Vec<Operation> = "application/json-patch+json"),
            (serde_json::Map<String, serde_json::Value> = "application/merge-patch+json"),
        )
    ),
    responses(
        (status = 200, description = "The document after the change.", body = DocumentAnswer,
            headers(("etag" = String, description = "Its new revision."))),
        (status = "4XX", description = "What was wrong, and what to do. Nothing was changed.",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = "5XX", description = "The change was not acknowledged.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
async fn patch(
    State(state): State<Arc<StateManager>>,
    Path(place): Path<Place>,
    Query(query): Query<PatchQuery>,
    if_match: IfMatch,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    if place.target()? == Target::Active {
        return Err(
            Problem::conflict("the active state moves by promotion alone")
                .hint("patch `staging`, then promote it"),
        );
    }
    let base = base_of(&if_match, query.if_revision)?;
    let author = author_of(&headers)?;
    let Some(change) = change_of(&state, &headers, &body)? else {
        return Ok(answer::unreadable_patch(content_type(&headers)));
    };
    let resolved = resolve(&state, &place.version).await?;
    let written = state
        .request(
            &resolved.lineage,
            resolved.version_to_open(),
            change,
            base,
            &author,
        )
        .await
        .map_err(problem)?;
    Ok(answer::written(&written.document))
}

/// The revision that the change was made from; none if the client leaves it to the writer.
fn base_of(if_match: &IfMatch, if_revision: Option<u64>) -> Result<Option<u64>, Problem> {
    match (if_match.tags(), if_revision) {
        ([], None) if if_match.is_any() => Ok(None),
        ([], Some(revision)) if if_match.is_absent() => Ok(Some(revision)),
        ([], None) => Err(Problem::precondition_required("the write names no revision").hint(
            "send the document's ETag in `If-Match`, or `If-Match: *` to let the writer apply the \
             patch to whatever is there",
        )),
        ([tag], None) => answer::revision_of(tag).map(Some).ok_or_else(|| {
            Problem::precondition_failed(format!("{tag} is not an ETag of a state document"))
                .hint("send the ETag that a GET of the document answered")
        }),
        (_, Some(_)) => Err(Problem::bad_request("`If-Match` and `if_revision` are both given")
            .hint("send one of them")),
        (_, None) => Err(Problem::bad_request("`If-Match` names several revisions")
            .hint("send the one that the change was made from")),
    }
}

fn author_of(headers: &HeaderMap) -> Result<Author, Problem> {
    let mut author = Author {
        context: Context::of(AgentRole::Operator),
        ..Author::default()
    };
    if let Some(value) = headers.get("idempotency-key") {
        let key = value
            .to_str()
            .ok()
            .and_then(|text| text.parse::<IdempotencyKey>().ok())
            .filter(|key| !key.as_str().starts_with(KEY_PREFIX));
        author.key = Some(key.ok_or_else(|| {
            Problem::bad_request(format!(
                "the `Idempotency-Key` is not 1 to 128 visible ASCII characters, or begins with \
                 `{KEY_PREFIX}`, which keys of the server's own do"
            ))
        })?);
    }
    Ok(author)
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()
}

/// `None` when the body is of a type that is no patch.
fn change_of(
    state: &StateManager,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<Change>, Problem> {
    let essence = content_type(headers)
        .and_then(|text| text.split(';').next())
        .unwrap_or("");
    let is_merge = match essence.trim().to_ascii_lowercase().as_str() {
        "application/json-patch+json" => false,
        "application/merge-patch+json" => true,
        _ => return Ok(None),
    };
    let limits = state.limits();
    let limits = json::Limits {
        bytes_max: limits.bytes_max,
        depth_max: limits.depth_max,
    };
    let value = json::parse(body, &limits).map_err(|error| match error {
        json::JsonError::TooLarge { .. } => {
            Problem::too_large(u64::try_from(limits.bytes_max).unwrap_or(u64::MAX))
        }
        json::JsonError::Malformed(reason) => {
            Problem::bad_request(format!("the body is not JSON: {reason}"))
                .hint("check it with `python3 -m json.tool`, which names the place")
        }
    })?;
    if is_merge {
        return Ok(Some(Change::Merge(value)));
    }
    Change::patch(value)
        .map(Some)
        .map_err(|error| problem(error.into()))
}
