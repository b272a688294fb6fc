//! Calls that need nothing but their answer, answered here.
//!
//! The library serves each request of the new era like a connection: with tasks, channels and a
//! peer. Most calls want neither progress nor logs, and for them that costs more than the rest of
//! the way. Whatever is not certain to be such a call, and well formed, is left to the library.

use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Response, StatusCode};
use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ErrorCode, JsonObject, JsonRpcError,
    JsonRpcVersion2_0, ProtocolVersion, RequestId, RequestMetaObject, ServerResult,
};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::answer::{Body, json, refusal};
use crate::backend::Backend;
use crate::context::{Asker, SESSION_HEADER};
use crate::handler::Handler;

const METHOD: &str = "tools/call";

/// What stands in front of a header's value that had to be encoded.
const ENCODED: &str = "=?";

/// The beginning of headers that mirror arguments.
const MIRRORED: &str = "mcp-param-";

/// Such a call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DirectCall {
    #[serde(rename = "jsonrpc")]
    _version: JsonRpcVersion2_0,
    id: RequestId,
    #[serde(rename = "method")]
    _method: Named,
    params: Params,
}

#[derive(Deserialize)]
enum Named {
    #[serde(rename = "tools/call")]
    Call,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    name: String,
    #[serde(default)]
    arguments: Option<JsonObject>,
    #[serde(rename = "_meta")]
    meta: RequestMetaObject,
}

/// A result on the wire.
#[derive(Serialize)]
struct Answered {
    jsonrpc: JsonRpcVersion2_0,
    id: RequestId,
    result: ServerResult,
}

impl DirectCall {
    /// The call that a request makes, if it is one of these.
    pub(crate) fn read(parts: &Parts, body: &[u8]) -> Option<Self> {
        let headers = &parts.headers;
        let version = ProtocolVersion::V_2026_07_28;
        let is_candidate = parts.method == Method::POST
            && sole(headers, "mcp-protocol-version")? == version.as_str()
            && sole(headers, "mcp-method")? == METHOD
            && accepts_both(headers)
            && !headers.keys().any(is_of_another_way);
        if !is_candidate {
            return None;
        }
        let call: Self = serde_json::from_slice(body).ok()?;
        let name = sole(headers, "mcp-name")?;
        let meta = &call.params.meta;
        let is_plain = name == call.params.name
            && !name.starts_with(ENCODED)
            && meta.protocol_version()? == version
            && meta.missing_required_keys(&version).is_empty()
            && meta.get_progress_token().is_none()
            && meta.log_level().is_none();
        is_plain.then_some(call)
    }

    pub(crate) fn tool(&self) -> &str {
        &self.params.name
    }

    /// Runs the call; dropping the future cancels it.
    pub(crate) async fn answer<B: Backend>(
        self,
        handler: Handler<B>,
        parts: &Parts,
    ) -> Response<Body> {
        let ended = CancellationToken::new();
        let _ends = ended.clone().drop_guard();
        let Params {
            name,
            arguments,
            meta,
        } = self.params;
        let asker = Asker {
            meta: &meta,
            http: Some(parts),
            ended: &ended,
            peer: None,
        };
        let mut request = CallToolRequestParams::new(name);
        request.arguments = arguments;
        respond(self.id, handler.called(request, asker).await)
    }
}

fn respond(id: RequestId, outcome: Result<CallToolResponse, ErrorData>) -> Response<Body> {
    let (status, text) = match outcome {
        Ok(answer) => {
            let answered = Answered {
                jsonrpc: JsonRpcVersion2_0,
                id,
                result: answer.into(),
            };
            (StatusCode::OK, serde_json::to_vec(&answered))
        }
        Err(error) => {
            let status = match error.code {
                ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY => StatusCode::BAD_REQUEST,
                _ => StatusCode::OK,
            };
            (
                status,
                serde_json::to_vec(&JsonRpcError::new(Some(id), error)),
            )
        }
    };
    match text {
        Ok(text) => json(status, text),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            let text = "the answer could not be written";
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            refusal(status, ErrorCode::INTERNAL_ERROR, text, None)
        }
    }
}

/// The text of a header that is there once.
fn sole<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Does the client say, without weighing them, that it takes both forms of an answer?
fn accepts_both(headers: &HeaderMap) -> bool {
    sole(headers, "accept").is_some_and(|accept| {
        let has = |wanted: &str| accept.split(',').any(|one| one.trim() == wanted);
        has("application/json") && has("text/event-stream")
    })
}

fn is_of_another_way(name: &HeaderName) -> bool {
    name == SESSION_HEADER || name.as_str().starts_with(MIRRORED)
}

#[cfg(test)]
mod tests {
    use http::Request;
    use serde_json::{Value, json};

    use super::*;

    fn is_direct(change: impl FnOnce(&mut Parts, &mut Value)) -> bool {
        let mut body = json!({
            "jsonrpc": "2.0", "id": 1, "method": METHOD,
            "params": { "name": "echo", "arguments": {}, "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {},
            }}
        });
        let request = Request::post("/")
            .header("accept", "text/event-stream, application/json")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", METHOD)
            .header("mcp-name", "echo");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        change(&mut parts, &mut body);
        DirectCall::read(&parts, body.to_string().as_bytes()).is_some()
    }

    fn with_header(name: &'static str, value: &'static str) -> bool {
        is_direct(|parts, _| drop(parts.headers.insert(name, value.parse().unwrap())))
    }

    fn with_body(path: &str, key: &str, value: Value) -> bool {
        is_direct(|_, body| body.pointer_mut(path).unwrap()[key] = value)
    }

    #[test]
    fn what_is_plain_is_answered_here_and_all_else_by_the_library() {
        let meta = "/params/_meta";

        assert!(is_direct(|_, _| {}));
        assert!(with_body(meta, "traceparent", json!("00-1-2-01")));

        assert!(!is_direct(|parts, _| parts.method = Method::PUT));
        assert!(!with_header("mcp-protocol-version", "2025-11-25"));
        assert!(!with_header("mcp-session-id", "1"));
        assert!(!with_header("mcp-param-region", "eu"));
        assert!(!with_header("mcp-method", "tools/list"));
        assert!(!with_header("mcp-name", "other"));
        assert!(!with_header("accept", "application/json"));
        assert!(!with_header(
            "accept",
            "application/json, text/event-stream;q=0"
        ));
        assert!(!with_body("", "jsonrpc", json!("1.0")));
        assert!(!with_body("", "more", json!(1)));
        assert!(!with_body("/params", "requestState", json!("sealed")));
        assert!(!with_body("/params", "arguments", json!([])));
        assert!(!with_body(meta, "progressToken", json!(1)));
        assert!(!with_body(
            meta,
            "io.modelcontextprotocol/logLevel",
            json!("info")
        ));
        let version = "io.modelcontextprotocol/protocolVersion";
        assert!(!with_body(meta, version, json!("2025-11-25")));
    }
}
