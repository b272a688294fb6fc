//! HTTP answers of the endpoint's own: each is a JSON-RPC error that says what was wrong.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use rmcp::ErrorData;
use rmcp::model::{ErrorCode, JsonRpcError, RequestId};

pub(crate) type Body = BoxBody<Bytes, Infallible>;

/// The reasons that the library gives in plain text are shorter.
const REASON_BYTES_MAX: usize = 4 * 1024;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(crate) const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// An answer with a JSON-RPC error as its body.
pub(crate) fn refusal(
    status: StatusCode,
    code: ErrorCode,
    text: impl Into<std::borrow::Cow<'static, str>>,
    id: Option<RequestId>,
) -> Response<Body> {
    let error = JsonRpcError::new(id, ErrorData::new(code, text, None));
    let body = serde_json::to_vec(&error).expect("an error is plain JSON");
    json(status, body)
}

pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(body)).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// Gives the library's plain-text refusals the form that clients of JSON-RPC read.
pub(crate) async fn explained(response: Response<Body>) -> Response<Body> {
    let status = response.status();
    let is_refusal = status.is_client_error() || status.is_server_error();
    if !is_refusal || response.headers().get(CONTENT_TYPE) == Some(&JSON) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = match Limited::new(body, REASON_BYTES_MAX).collect().await {
        Ok(reason) => String::from_utf8_lossy(&reason.to_bytes()).into_owned(),
        Err(_too_long) => String::new(),
    };
    let text = if status.is_server_error() || text.is_empty() {
        status.canonical_reason().unwrap_or("refused").to_owned()
    } else if status == StatusCode::NOT_FOUND {
        "there is no such session; initialize a new one".to_owned()
    } else {
        match text.split_once(": ") {
            Some((reason, more)) if Some(reason) == status.canonical_reason() => more.to_owned(),
            _ => text,
        }
    };
    let code = if status.is_server_error() {
        ErrorCode::INTERNAL_ERROR
    } else {
        ErrorCode::INVALID_REQUEST
    };
    let mut explained = refusal(status, code, text, None);
    keep_headers(parts.headers, explained.headers_mut());
    explained
}

fn keep_headers(from: HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        if let Some(name) = name
            && name != CONTENT_TYPE
            && name != CONTENT_LENGTH
        {
            to.insert(name, value);
        }
    }
}
