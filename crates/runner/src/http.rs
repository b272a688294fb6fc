//! `/agent/{version}/runner`: the endpoint of every reference.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderName, HeaderValue},
    response::{IntoResponse as _, Response},
    routing::any,
};
use futures_util::future::join_all;
use journal::ReadError;
use python::LoadError;
use state::StateError;
use tokio::time::timeout;
use utoipa_axum::router::OpenApiRouter;
use web::{Kind, Problem, RouteLimits, TraceParent};

use crate::{
    code::CodeError,
    runner::{Runner, ServeError},
    versions::ResolveError,
};

/// The largest message of a client.
pub(crate) const BODY_BYTES_MAX: usize = 4 << 20;

/// When a client may try again after the journal refused work.
const RETRY_AFTER_S: u32 = 1;

/// The same where packages could not be installed, which takes long and asks others.
const INSTALL_AGAIN_AFTER_S: u32 = 30;

/// Where a client says which trace its request is part of.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// For how many seconds it is not known whether the alias still means what answers.
const STALE: HeaderName = HeaderName::from_static("luthier-stale");

/// The version is there, and its code does not load.
const UNLOADABLE: Kind = Kind::new(
    "version_unloadable",
    422,
    "Version does not load",
    "mend the file that the problem names, and tag a new version; others are served as before",
);

/// The kinds of problems that are this role's own.
pub const PROBLEMS: [Kind; 1] = [UNLOADABLE];

impl Runner {
    /// The paths of the role.
    pub fn router(&self) -> OpenApiRouter {
        let router = Router::new().route("/agent/{version}/runner", any(serve));
        let router = OpenApiRouter::from(router.with_state(self.clone()));
        // A call has a deadline of its own, and a stream has none. The endpoint bounds the body, and
        // says so in the words of the protocol.
        let limits = RouteLimits {
            body_bytes_max: Some(u64::MAX),
            is_untimed: true,
        };
        web::limited(router, limits)
    }

    /// Lets the calls of every endpoint finish, for so long at most.
    pub async fn drain(&self, patience: Duration) {
        let endpoints = self.endpoints();
        let retiring = &self.inner.retiring;
        retiring.close();
        let drained = join_all(endpoints.iter().map(|endpoint| endpoint.drain(patience)));
        // What takes longer is cut off, as it is in those.
        let _ended_or_cut = tokio::join!(drained, timeout(patience, retiring.wait()));
    }
}

async fn serve(
    State(runner): State<Runner>,
    Path(version): Path<String>,
    mut request: Request,
) -> Response {
    continue_trace(&mut request);
    let stale_since = runner.stale_since(&version).await;
    if stale_since.is_some() && !runner.inner.core.config.serves_stale {
        return stale().with("version", version).into_response();
    }
    let mut response = match runner.endpoint(&version).await {
        Ok(endpoint) => endpoint.handle(request).await.map(Body::new),
        Err(error) => problem(&error).with("version", version).into_response(),
    };
    if let Some(since) = stale_since {
        let seconds = HeaderValue::from(since.as_secs());
        response.headers_mut().insert(STALE, seconds);
    }
    response
}

/// Nobody knows here what the alias means by now.
fn stale() -> Problem {
    let detail = "the journal was not heard of for longer than a lease, so this alias may mean something else by \
                  now: ask for an exact version, or try again";
    Problem::unavailable(detail, RETRY_AFTER_S)
}

/// What a request does is below it in its trace, whether or not the caller began that.
fn continue_trace(request: &mut Request) {
    let place = request.extensions().get::<TraceParent>();
    let place = place.and_then(|place| HeaderValue::from_str(&place.to_string()).ok());
    if let Some(place) = place {
        request.headers_mut().insert(TRACEPARENT, place);
    }
}

fn problem(error: &ServeError) -> Problem {
    let text = error.to_string();
    match error {
        ServeError::Resolve(error) => unresolved(error),
        ServeError::Load { source, .. } => unloadable(text, source),
        ServeError::Catalogue { .. } | ServeError::Manifest { .. } => Problem::of(UNLOADABLE, text),
        ServeError::Code(CodeError::Vault(_)) => Problem::unavailable(text, RETRY_AFTER_S),
        ServeError::Code(_) | ServeError::Broken { .. } => Problem::internal(error),
    }
}

fn unresolved(error: &ResolveError) -> Problem {
    let text = error.to_string();
    match error {
        ResolveError::Malformed(_) => Problem::bad_request(text),
        ResolveError::Unknown { nearest, .. } => Problem::not_found(text).nearest(nearest.clone()),
        ResolveError::NoCanary => Problem::not_found(text),
        ResolveError::Git(error) => match error {
            repo::ResolveError::Unknown { nearest, .. } => {
                Problem::not_found(text).nearest(nearest.clone())
            }
            repo::ResolveError::AmbiguousVersion { candidates, .. } => {
                let commits = candidates
                    .iter()
                    .map(|it| format!("{} {}", it.name, it.commit));
                Problem::conflict(text).with("candidates", commits.collect::<Vec<_>>())
            }
            repo::ResolveError::AmbiguousCommit { .. } => Problem::conflict(text),
            repo::ResolveError::Unpublished { .. } => Problem::not_found(text),
            repo::ResolveError::NotInGit { .. }
            | repo::ResolveError::HistoryTooLong
            | repo::ResolveError::List(_)
            | repo::ResolveError::Object(_) => Problem::internal(error),
        },
        ResolveError::Tree { .. } | ResolveError::State { .. } => Problem::of(UNLOADABLE, text),
        ResolveError::Store(StateError::Read(ReadError::Unavailable(reason)))
            if reason.may_pass() =>
        {
            Problem::unavailable(text, RETRY_AFTER_S)
        }
        ResolveError::Code(_) | ResolveError::Store(_) | ResolveError::Broken { .. } => {
            Problem::internal(error)
        }
    }
}

fn unloadable(text: String, error: &LoadError) -> Problem {
    match error {
        LoadError::Failed(failed) => Problem::of(UNLOADABLE, text)
            .with("file", failed.file.clone())
            .with("line", failed.line)
            .with("traceback", failed.traceback.clone()),
        LoadError::DeadlineExceeded { .. }
        | LoadError::Crashed(_)
        | LoadError::TooLarge { .. }
        | LoadError::Manifest { .. } => Problem::of(UNLOADABLE, text),
        // Not the version's fault, or not for certain.
        LoadError::Wheels { .. } => Problem::unavailable(text, INSTALL_AGAIN_AFTER_S),
        LoadError::Unavailable { .. } => Problem::unavailable(text, RETRY_AFTER_S),
    }
}
