//! A request as the Messages API wants it.

use serde_json::{Value, json};

use super::TOOL;
use crate::{Request, check, providers::call};

/// The answer is forced into a call of one tool, whose input is what the schema says. What is the
/// same for every atom of a kind comes first and may be cached.
pub(super) fn body(request: &Request, model: &str, takes_temperature: bool) -> Value {
    let mut body = json!({
        "model": model,
        "max_tokens": request.output_tokens_left(),
        "stream": true,
        "tools": tools(request),
        "tool_choice": tool_choice(request),
        "messages": messages(request),
    });
    let system = request.told_system();
    if !system.is_empty() {
        body["system"] = json!([{
            "type": "text",
            "text": system,
            "cache_control": {"type": "ephemeral"},
        }]);
    }
    if takes_temperature {
        body["temperature"] = json!(request.temperature);
    }
    body
}

/// The tool that checks stays when its calls are used up: the messages tell of it.
fn tools(request: &Request) -> Vec<Value> {
    let mut tools = vec![json!({
        "name": TOOL,
        "description": "Gives the answer. Call it exactly once, with the whole answer.",
        "input_schema": request.schema,
    })];
    if request.offers_checks() {
        tools.push(json!({
            "name": check::TOOL,
            "description": check::description(),
            "input_schema": check::parameters(),
        }));
    }
    tools
}

fn tool_choice(request: &Request) -> Value {
    match request.checks_left() {
        0 => json!({"type": "tool", "name": TOOL, "disable_parallel_tool_use": true}),
        _ => json!({"type": "any", "disable_parallel_tool_use": true}),
    }
}

fn messages(request: &Request) -> Vec<Value> {
    let mut messages = vec![json!({"role": "user", "content": request.prompt})];
    for (position, exchange) in request.exchange.iter().enumerate() {
        let id = call::id(position);
        let asked = json!({
            "type": "tool_use",
            "id": id,
            "name": check::TOOL,
            "input": exchange.check,
        });
        let told = json!({
            "type": "tool_result",
            "tool_use_id": id,
            "content": exchange.result,
        });
        messages.push(json!({"role": "assistant", "content": [asked]}));
        messages.push(json!({"role": "user", "content": [told]}));
    }
    messages
}
