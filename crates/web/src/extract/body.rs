use std::error::Error;
use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http_body_util::BodyExt;

use crate::problem::Problem;
use crate::scope::{BODY_BYTES_MAX_DEFAULT, BodyTooLarge, Scope};

/// A body as it came, whole and within the limit of its route.
#[derive(Clone, Debug)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let request = match request.extensions().get::<Arc<Scope>>() {
            Some(_) => request,
            None => Scope::new(BODY_BYTES_MAX_DEFAULT).enclose(request),
        };
        let collected = request
            .into_body()
            .collect()
            .await
            .map_err(|error| sort(&error))?;
        Ok(Self(collected.to_bytes()))
    }
}

fn sort(error: &axum::Error) -> Problem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(BodyTooLarge { body_bytes_max }) = error.downcast_ref() {
            return Problem::too_large(*body_bytes_max);
        }
        cause = error.source();
    }
    Problem::bad_request("the body broke off, or is not framed as its headers say")
}
