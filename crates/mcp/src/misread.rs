//! What was wrong with a message that the library could not read.

use bytes::Bytes;
use http::{Response, StatusCode};
use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, CompleteRequestParams, CustomRequest, ErrorCode, GetPromptRequestParams,
    PaginatedRequestParams, ReadResourceRequestParams, RequestId,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::answer::{Body, refusal};
use crate::failure::clip;

/// Why a body that is no message of the protocol is none.
pub(crate) fn not_a_message(body: &Bytes) -> Response<Body> {
    let (code, text, id) = match read(body) {
        Err(reason) => (ErrorCode::PARSE_ERROR, reason, None),
        Ok(Value::Object(message)) => {
            let id = message.get("id");
            let id = id.and_then(|id| RequestId::deserialize(id).ok());
            (ErrorCode::INVALID_REQUEST, reason_of(&message), id)
        }
        Ok(Value::Array(_)) => {
            let text = "batches are no part of the protocol any more; send each message by itself";
            (ErrorCode::INVALID_REQUEST, text.to_owned(), None)
        }
        Ok(_) => {
            let text = "the body has to be an object, which a message of JSON-RPC is";
            (ErrorCode::INVALID_REQUEST, text.to_owned(), None)
        }
    };
    refusal(StatusCode::BAD_REQUEST, code, text, id)
}

/// Why a request that is none of the protocol's methods is none.
pub(crate) fn unheard(request: &CustomRequest) -> ErrorData {
    let params = request.params.clone().unwrap_or(Value::Null);
    let method = clip(&request.method);
    let reason = match request.method.as_str() {
        "tools/call" => misfit::<CallToolRequestParams>(params),
        "resources/read" => misfit::<ReadResourceRequestParams>(params),
        "prompts/get" => misfit::<GetPromptRequestParams>(params),
        "completion/complete" => misfit::<CompleteRequestParams>(params),
        "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list" => {
            misfit::<PaginatedRequestParams>(params)
        }
        _ => None,
    };
    if let Some(reason) = reason {
        let text = format!("the params of `{method}` cannot be read: {reason}");
        return ErrorData::invalid_params(text, None);
    }
    let text = format!("there is no method `{method}`");
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, text, None)
}

fn misfit<T: for<'de> Deserialize<'de>>(params: Value) -> Option<String> {
    serde_json::from_value::<T>(params)
        .err()
        .map(|error| clip(&error.to_string()))
}

fn read(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        format!("the body is not UTF-8: no character begins at byte {at}")
    })?;
    serde_json::from_str(text).map_err(|error| format!("the body is not JSON: {error}"))
}

fn reason_of(message: &Map<String, Value>) -> String {
    let is = |name: &str, fits: fn(&Value) -> bool| message.get(name).is_none_or(fits);
    let has = |name: &str| message.contains_key(name);
    let reason = if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        "`jsonrpc` has to be \"2.0\""
    } else if !is("id", |id| id.is_string() || id.is_i64()) {
        "`id` has to be text or a whole number"
    } else if !is("method", Value::is_string) {
        "`method` has to be text"
    } else if !is("params", Value::is_object) {
        "`params` has to be an object"
    } else if !has("method") && !has("result") && !has("error") {
        "it has neither `method` nor `result` nor `error`"
    } else {
        "a member is there twice, or is none that it may have"
    };
    format!("the body is no message of JSON-RPC 2.0: {reason}")
}
