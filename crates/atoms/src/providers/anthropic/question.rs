//! A request as the Messages API wants it.

use serde_json::{Value, json};

use super::TOOL;
use crate::Request;

/// The answer is forced into a call of one tool, whose input is what the schema says. What is the
/// same for every atom of a kind comes first and may be cached.
pub(super) fn body(request: &Request, model: &str, takes_temperature: bool) -> Value {
    let mut body = json!({
        "model": model,
        "max_tokens": request.output_tokens_max,
        "stream": true,
        "tools": [{
            "name": TOOL,
            "description": "Gives the answer. Call it exactly once, with the whole answer.",
            "input_schema": request.schema,
        }],
        "tool_choice": {"type": "tool", "name": TOOL, "disable_parallel_tool_use": true},
        "messages": [{"role": "user", "content": request.prompt}],
    });
    if !request.system.is_empty() {
        body["system"] = json!([{
            "type": "text",
            "text": request.system,
            "cache_control": {"type": "ephemeral"},
        }]);
    }
    if takes_temperature {
        body["temperature"] = json!(request.temperature);
    }
    body
}
