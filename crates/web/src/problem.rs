//! The one shape of every error: RFC 9457 `application/problem+json`.

mod document;
mod kind;

use std::error::Error;

use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

pub use document::ProblemDocument;
pub use kind::{Kind, kinds};

use crate::identity::RequestId;

pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
/// What is answered when not even the problem can be written as JSON.
const UNWRITABLE: &[u8] =
    br#"{"type":"/docs/problems#internal","title":"Internal error","status":500,"code":"internal"}"#;

/// An error as a client sees it: what was wrong, and what to do.
#[derive(Clone, Debug)]
pub struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    detail: String,
    hint: Option<String>,
    headers: HeaderMap,
    members: Map<String, Value>,
}

impl Problem {
    pub fn of(kind: Kind, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: detail.into(),
            hint: None,
            headers: HeaderMap::new(),
            members: Map::new(),
        }))
    }

    /// 400: the request cannot be read as what it claims to be.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::of(kinds::BAD_REQUEST, detail)
    }

    /// 401: no token, or not one of ours. `error` is RFC 6750's word for it, absent when nothing
    /// was sent.
    pub fn unauthorized(detail: impl Into<String>, error: Option<&'static str>) -> Self {
        let challenge = match error {
            None => HeaderValue::from_static("Bearer realm=\"luthier\""),
            Some("invalid_token") => {
                HeaderValue::from_static("Bearer realm=\"luthier\", error=\"invalid_token\"")
            }
            Some(_) => {
                HeaderValue::from_static("Bearer realm=\"luthier\", error=\"invalid_request\"")
            }
        };
        Self::of(kinds::UNAUTHORIZED, detail).header(WWW_AUTHENTICATE, challenge)
    }

    /// 403: understood, and not allowed to this caller.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::of(kinds::FORBIDDEN, detail)
    }

    /// 404: nothing has that name. Name what is near with [`Problem::nearest`].
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::of(kinds::NOT_FOUND, detail)
    }

    /// 405: the path is there, the method is not. `allow` is the header's value: `GET, HEAD`.
    pub fn method_not_allowed(detail: impl Into<String>, allow: HeaderValue) -> Self {
        let methods: Vec<String> = allow
            .to_str()
            .unwrap_or_default()
            .split(',')
            .map(|method| method.trim().to_owned())
            .filter(|method| !method.is_empty())
            .collect();
        Self::of(kinds::METHOD_NOT_ALLOWED, detail)
            .with("allow", methods)
            .header(ALLOW, allow)
    }

    /// 406: none of the accepted media types can be given.
    pub fn not_acceptable(detail: impl Into<String>) -> Self {
        Self::of(kinds::NOT_ACCEPTABLE, detail)
    }

    /// 408: the request did not arrive in time.
    pub fn request_timeout(detail: impl Into<String>) -> Self {
        Self::of(kinds::REQUEST_TIMEOUT, detail)
    }

    /// 409: a rule, or the present state, forbids it.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::of(kinds::CONFLICT, detail)
    }

    /// 412: what the caller saw is no longer current. Add what is, with [`Problem::with`].
    pub fn precondition_failed(detail: impl Into<String>) -> Self {
        Self::of(kinds::PRECONDITION_FAILED, detail)
    }

    /// 413: the body is over the limit.
    pub fn too_large(body_bytes_max: u64) -> Self {
        Self::of(
            kinds::TOO_LARGE,
            format!("the body is larger than {body_bytes_max} bytes"),
        )
        .with("body_bytes_max", body_bytes_max)
    }

    /// 415: the body is of a type that this path does not read.
    pub fn unsupported_media_type(sent: Option<&str>, expected: &str) -> Self {
        let detail = match sent {
            Some(sent) => format!("the body is declared as `{sent}`, this path reads `{expected}`"),
            None => format!("the body has no content-type, this path reads `{expected}`"),
        };
        Self::of(kinds::UNSUPPORTED_MEDIA_TYPE, detail).with("expected", expected)
    }

    /// 422: well-formed, and breaks a rule at the place that the JSON Pointer names.
    pub fn unprocessable(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::of(kinds::UNPROCESSABLE, detail).pointer(pointer)
    }

    /// 428: a write that names no revision.
    pub fn precondition_required(detail: impl Into<String>) -> Self {
        Self::of(kinds::PRECONDITION_REQUIRED, detail)
    }

    /// 429: this caller asks too often.
    pub fn too_many(detail: impl Into<String>, retry_after_s: u32) -> Self {
        Self::of(kinds::TOO_MANY, detail).retry_after_s(retry_after_s)
    }

    /// 503: not now.
    pub fn unavailable(detail: impl Into<String>, retry_after_s: u32) -> Self {
        Self::of(kinds::UNAVAILABLE, detail).retry_after_s(retry_after_s)
    }

    /// 500: our fault. The whole chain is logged here, once; the client sees none of it.
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        let mut chain = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            chain.push_str(": ");
            chain.push_str(&error.to_string());
            cause = error.source();
        }
        tracing::error!(error = chain, "a request failed by our fault");
        Self::of(
            kinds::INTERNAL,
            "the request failed by a fault of the server",
        )
    }

    /// Adds an extension member. The standard members cannot be replaced this way.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Serialize) -> Self {
        debug_assert!(
            !document::STANDARD.contains(&member),
            "`{member}` is a standard member"
        );
        match serde_json::to_value(value) {
            Ok(value) => {
                self.0.members.insert(member.to_owned(), value);
            }
            Err(error) => tracing::error!(%error, member, "left a member out of a problem"),
        }
        self
    }

    /// What to do, where more can be said than the kind does.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The place in the request's body, as an RFC 6901 JSON Pointer.
    #[must_use]
    pub fn pointer(self, pointer: impl Into<String>) -> Self {
        self.with("pointer", pointer.into())
    }

    /// The existing names that were most likely meant.
    #[must_use]
    pub fn nearest(self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        self.with("nearest", names)
    }

    /// When to try again.
    #[must_use]
    pub fn retry_after_s(self, seconds: u32) -> Self {
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    pub fn status(&self) -> StatusCode {
        self.0.kind.status()
    }

    pub fn code(&self) -> &'static str {
        self.0.kind.code
    }

    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// An extension member.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.members.get(name)
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The document as it goes out; `instance` is the path that was asked for.
    pub(crate) fn render(&self, instance: Option<&str>, request_id: Option<&RequestId>) -> Bytes {
        let Inner {
            kind,
            detail,
            hint,
            members,
            ..
        } = &*self.0;
        let document = ProblemDocument {
            r#type: kind.uri(),
            title: kind.title.to_owned(),
            status: kind.status,
            detail: detail.clone(),
            instance: instance.map(str::to_owned),
            code: kind.code.to_owned(),
            hint: hint.clone().unwrap_or_else(|| kind.hint.to_owned()),
            request_id: request_id.map(ToString::to_string),
            members: members.clone(),
        };
        match serde_json::to_vec(&document) {
            Ok(body) => body.into(),
            Err(error) => {
                tracing::error!(%error, "could not write a problem");
                Bytes::from_static(UNWRITABLE)
            }
        }
    }

    pub(crate) fn answer(&self, instance: Option<&str>, id: Option<&RequestId>) -> Response {
        let mut response = Response::new(Body::from(self.render(instance, id)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers().clone());
        response
    }
}

impl IntoResponse for Problem {
    /// Whole by itself; inside an [`App`](crate::App), path and request id are added on its way out.
    fn into_response(self) -> Response {
        let mut response = self.answer(None, None);
        response.extensions_mut().insert(self);
        response
    }
}
