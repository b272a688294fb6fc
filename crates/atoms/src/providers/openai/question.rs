//! A request as chat completions want it.

use serde_json::{Value, json};

use crate::{
    Request, check,
    providers::{call, json_text},
};

/// How far a server can be made to answer by a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure {
    /// It knows `json_schema`; `strict` schemas have to name every property as required and allow no
    /// others.
    JsonSchema { is_strict: bool },
    /// It knows `json_object`; the schema is told in words.
    JsonObject,
    /// It knows neither; the schema is told in words.
    Words,
}

/// What the limit of an answer is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokensField {
    /// `max_tokens`, as most servers say.
    MaxTokens,
    /// `max_completion_tokens`, as newer models demand.
    MaxCompletionTokens,
}

/// How one server differs from others.
#[derive(Clone, Copy)]
pub(super) struct Dialect {
    pub(super) structure: Structure,
    pub(super) tokens_field: TokensField,
    pub(super) takes_temperature: bool,
}

pub(super) fn body(request: &Request, model: &str, dialect: Dialect) -> Value {
    let mut body = json!({
        "model": model,
        "messages": messages(request, dialect.structure),
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    let limit = match dialect.tokens_field {
        TokensField::MaxTokens => "max_tokens",
        TokensField::MaxCompletionTokens => "max_completion_tokens",
    };
    body[limit] = json!(request.output_tokens_left());
    if let Some(format) = response_format(request, dialect.structure) {
        body["response_format"] = format;
    }
    if dialect.takes_temperature {
        body["temperature"] = json!(request.temperature);
    }
    if request.offers_checks() {
        body["tools"] = json!([tool(dialect.structure)]);
        body["tool_choice"] = json!(match request.checks_left() {
            0 => "none",
            _ => "auto",
        });
        body["parallel_tool_calls"] = json!(false);
    }
    body
}

/// It stays when its calls are used up: the messages tell of it.
fn tool(structure: Structure) -> Value {
    let mut function = json!({
        "name": check::TOOL,
        "description": check::description(),
        "parameters": check::parameters(),
    });
    if structure == (Structure::JsonSchema { is_strict: true }) {
        function["strict"] = json!(true);
    }
    json!({"type": "function", "function": function})
}

fn messages(request: &Request, structure: Structure) -> Vec<Value> {
    let system = match structure {
        Structure::JsonSchema { .. } => request.told_system(),
        Structure::JsonObject | Structure::Words => {
            let demand = json_text::demand(&request.schema);
            [&*request.told_system(), &demand].join("\n\n").into()
        }
    };
    let system = system.trim();
    let mut messages = Vec::new();
    if !system.is_empty() {
        messages.push(json!({"role": "system", "content": system}));
    }
    messages.push(json!({"role": "user", "content": request.prompt}));
    for (position, exchange) in request.exchange.iter().enumerate() {
        let id = call::id(position);
        let arguments = serde_json::to_string(&exchange.check).expect("a check is two texts");
        let function = json!({"name": check::TOOL, "arguments": arguments});
        let asked = json!({"id": id, "type": "function", "function": function});
        messages.push(json!({"role": "assistant", "content": null, "tool_calls": [asked]}));
        messages.push(json!({"role": "tool", "tool_call_id": id, "content": exchange.result}));
    }
    messages
}

fn response_format(request: &Request, structure: Structure) -> Option<Value> {
    match structure {
        Structure::JsonSchema { is_strict } => Some(json!({
            "type": "json_schema",
            "json_schema": {
                "name": format!("{}_answer", request.kind.as_str()),
                "schema": request.schema,
                "strict": is_strict,
            },
        })),
        Structure::JsonObject => Some(json!({"type": "json_object"})),
        Structure::Words => None,
    }
}
