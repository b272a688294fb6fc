//! `/agent/{version}/tuner`: the endpoint of every reference.

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse as _, Response},
    routing::any,
};
use python::LoadError;
use utoipa_axum::router::OpenApiRouter;
use web::{Kind, Problem, RouteLimits};

use crate::{
    answer,
    role::{ServeError, Tuner},
};

/// The largest message of a client.
pub(crate) const BODY_BYTES_MAX: usize = 4 << 20;

/// When a client may try again after something was not to be had.
const RETRY_AFTER_S: u32 = 1;

/// The same where packages could not be installed, which takes long and asks others.
const INSTALL_AGAIN_AFTER_S: u32 = 30;

/// The version is there, and its tuner does not load.
pub(crate) const UNTUNABLE: Kind = Kind::new(
    "version_untunable",
    422,
    "The version's tuner does not load",
    "mend the file below `tools/tuner` that the problem names, and release a new version",
);

impl Tuner {
    /// The paths of the role that speak MCP.
    pub fn router(&self) -> OpenApiRouter {
        let router = Router::new().route("/agent/{version}/tuner", any(serve));
        let router = OpenApiRouter::from(router.with_state(self.clone()));
        // A call has a deadline of its own, and a stream has none. The endpoint bounds the body, and
        // says so in the words of the protocol.
        let limits = RouteLimits {
            body_bytes_max: Some(u64::MAX),
            is_untimed: true,
        };
        web::limited(router, limits)
    }
}

async fn serve(
    State(tuner): State<Tuner>,
    Path(version): Path<String>,
    request: Request,
) -> Response {
    match tuner.line(&version).await {
        Ok(line) => line.endpoint.handle(request).await.map(Body::new),
        Err(error) => problem(error).with("version", version).into_response(),
    }
}

fn problem(error: ServeError) -> Problem {
    let text = error.to_string();
    match error {
        ServeError::Resolve(problem) => *problem,
        ServeError::State(error) => answer::problem(error),
        ServeError::Load { source, .. } => unloadable(text, &source),
        ServeError::Catalogue { .. } | ServeError::Result { .. } | ServeError::Manifest { .. } => {
            Problem::of(UNTUNABLE, text)
        }
        ServeError::Files { .. } => Problem::unavailable(text, RETRY_AFTER_S),
        ServeError::Workers(error) => Problem::internal(&error),
        ServeError::Stdio(error) => Problem::internal(&error),
    }
}

fn unloadable(text: String, error: &LoadError) -> Problem {
    match error {
        LoadError::Failed(failed) => Problem::of(UNTUNABLE, text)
            .with("file", failed.file.clone())
            .with("line", failed.line)
            .with("traceback", failed.traceback.clone()),
        LoadError::DeadlineExceeded { .. }
        | LoadError::Crashed(_)
        | LoadError::TooLarge { .. }
        | LoadError::Manifest { .. } => Problem::of(UNTUNABLE, text),
        // Not the version's fault, or not for certain.
        LoadError::Wheels { .. } => Problem::unavailable(text, INSTALL_AGAIN_AFTER_S),
        LoadError::Unavailable { .. } => Problem::unavailable(text, RETRY_AFTER_S),
    }
}
