use axum::extract::FromRequestParts;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::{Problem, kinds};

/// The parameters of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(sort)
    }
}

fn sort(rejection: PathRejection) -> Problem {
    let failed = match rejection {
        PathRejection::FailedToDeserializePathParams(failed) => failed.into_kind(),
        other => return Problem::internal(&other),
    };
    let bad = |detail: String| Problem::of(kinds::BAD_PATH, detail);
    match failed {
        ErrorKind::ParseErrorAtKey {
            key,
            value,
            expected_type,
        } => {
            bad(format!("`{value}` is not a value of type {expected_type}")).with("parameter", key)
        }
        ErrorKind::ParseErrorAtIndex {
            value,
            expected_type,
            ..
        }
        | ErrorKind::ParseError {
            value,
            expected_type,
        } => bad(format!("`{value}` is not a value of type {expected_type}")),
        ErrorKind::InvalidUtf8InPathParam { key } => {
            bad("is not UTF-8 once decoded".to_owned()).with("parameter", key)
        }
        ErrorKind::DeserializeError { key, message, .. } => bad(message).with("parameter", key),
        ErrorKind::Message(message) => bad(message),
        broken => Problem::internal(&Unreadable(broken.to_string())),
    }
}

/// A handler whose path has other parameters than it reads.
#[derive(Debug, thiserror::Error)]
#[error("a route and its handler disagree on the path's parameters: {0}")]
struct Unreadable(String);
