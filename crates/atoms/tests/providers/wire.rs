//! Both protocols, as their documentation shows them.

use atoms::{
    Anthropic, AnthropicSettings, HttpBounds, OpenAi, OpenAiSettings, Provider, Structure,
    TokensField,
};
use serde_json::{Value, json};

use crate::{
    server::Server,
    support::{http, key, models, prices},
};

/// How much of an answer one event has.
const PIECE_CHARS: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Anthropic,
    OpenAi,
}

impl Wire {
    pub(crate) const BOTH: [Self; 2] = [Self::Anthropic, Self::OpenAi];

    pub(crate) fn provider(self, server: &Server, bounds: HttpBounds) -> Box<dyn Provider> {
        self.provider_at(&format!("http://{}", server.address), bounds)
    }

    pub(crate) fn provider_at(self, base: &str, bounds: HttpBounds) -> Box<dyn Provider> {
        match self {
            Self::Anthropic => Box::new(Anthropic::new(anthropic(base, bounds)).unwrap()),
            Self::OpenAi => Box::new(OpenAi::new(openai(base, bounds)).unwrap()),
        }
    }

    /// The events of a whole answer, 20+9 tokens.
    pub(crate) fn says(self, answer: &str) -> Vec<String> {
        let mut events = self.begins();
        events.extend(pieces(answer).iter().map(|piece| self.piece(piece)));
        events.extend(self.ends(match self {
            Self::Anthropic => "tool_use",
            Self::OpenAi => "stop",
        }));
        events
    }

    /// The events of a call of a tool, 20+9 tokens.
    pub(crate) fn calls(self, name: &str, arguments: &str) -> Vec<String> {
        let mut events = match self {
            Self::Anthropic => vec![message_start(), tool_start(0, name)],
            Self::OpenAi => vec![call_start(0, name)],
        };
        events.extend(pieces(arguments).iter().map(|piece| match self {
            Self::Anthropic => input_delta(0, piece),
            Self::OpenAi => call_delta(0, piece),
        }));
        events.extend(self.ends(match self {
            Self::Anthropic => "tool_use",
            Self::OpenAi => "tool_calls",
        }));
        events
    }

    pub(crate) fn begins(self) -> Vec<String> {
        match self {
            Self::Anthropic => vec![
                message_start(),
                tool_start(0, "answer"),
                event("ping", &json!({"type": "ping"})),
            ],
            Self::OpenAi => vec![chunk(&json!({"role": "assistant", "content": ""}), None)],
        }
    }

    pub(crate) fn piece(self, text: &str) -> String {
        match self {
            Self::Anthropic => input_delta(0, text),
            Self::OpenAi => chunk(&json!({"content": text}), None),
        }
    }

    pub(crate) fn ends(self, reason: &str) -> Vec<String> {
        match self {
            Self::Anthropic => vec![
                block_stop(0),
                message_delta(reason),
                event("message_stop", &json!({"type": "message_stop"})),
            ],
            Self::OpenAi => vec![
                chunk(&json!({}), Some(reason)),
                usage_chunk(),
                "data: [DONE]\n\n".to_owned(),
            ],
        }
    }

    /// An error in the middle of a stream.
    pub(crate) fn error(self, kind: &str, message: &str) -> String {
        let error = json!({"type": kind, "message": message});
        match self {
            Self::Anthropic => event("error", &json!({"type": "error", "error": error})),
            Self::OpenAi => format!("data: {}\n\n", json!({"error": error})),
        }
    }
}

pub(crate) fn anthropic(base: &str, bounds: HttpBounds) -> AnthropicSettings {
    AnthropicSettings {
        name: "it".to_owned(),
        key: key(),
        models: models(),
        prices: prices(),
        takes_temperature: true,
        http: http(base.to_owned(), bounds),
    }
}

pub(crate) fn openai(base: &str, bounds: HttpBounds) -> OpenAiSettings {
    OpenAiSettings {
        name: "it".to_owned(),
        key: Some(key()),
        models: models(),
        prices: prices(),
        structure: Structure::JsonSchema { is_strict: false },
        tokens_field: TokensField::MaxTokens,
        takes_temperature: true,
        takes_tools: true,
        embedding_model: Some("meaning".to_owned()),
        http: http(base.to_owned(), bounds),
    }
}

pub(crate) fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

pub(crate) fn message_start() -> String {
    let usage = json!({
        "input_tokens": 8,
        "cache_creation_input_tokens": 5,
        "cache_read_input_tokens": 7,
        "output_tokens": 1,
    });
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "small-20260101",
        "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage,
    });
    event(
        "message_start",
        &json!({"type": "message_start", "message": message}),
    )
}

pub(crate) fn tool_start(index: u64, name: &str) -> String {
    let block =
        json!({"type": "tool_use", "id": format!("toolu_{index}"), "name": name, "input": {}});
    block_start(index, &block)
}

pub(crate) fn block_start(index: u64, block: &Value) -> String {
    let data = json!({"type": "content_block_start", "index": index, "content_block": block});
    event("content_block_start", &data)
}

pub(crate) fn input_delta(index: u64, json: &str) -> String {
    block_delta(
        index,
        &json!({"type": "input_json_delta", "partial_json": json}),
    )
}

pub(crate) fn text_delta(index: u64, text: &str) -> String {
    block_delta(index, &json!({"type": "text_delta", "text": text}))
}

pub(crate) fn block_delta(index: u64, delta: &Value) -> String {
    let data = json!({"type": "content_block_delta", "index": index, "delta": delta});
    event("content_block_delta", &data)
}

pub(crate) fn block_stop(index: u64) -> String {
    event(
        "content_block_stop",
        &json!({"type": "content_block_stop", "index": index}),
    )
}

pub(crate) fn message_delta(reason: &str) -> String {
    let delta = json!({"stop_reason": reason, "stop_sequence": null});
    let data = json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 9}});
    event("message_delta", &data)
}

pub(crate) fn chunk(delta: &Value, reason: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason});
    let data = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "small-20260101",
        "choices": [choice], "usage": null,
    });
    format!("data: {data}\n\n")
}

pub(crate) fn call_start(index: u64, name: &str) -> String {
    let function = json!({"name": name, "arguments": ""});
    let call = json!({
        "index": index, "id": format!("call_{index}"), "type": "function", "function": function,
    });
    chunk(
        &json!({"role": "assistant", "content": null, "tool_calls": [call]}),
        None,
    )
}

pub(crate) fn call_delta(index: u64, arguments: &str) -> String {
    let call = json!({"index": index, "function": {"arguments": arguments}});
    chunk(&json!({"tool_calls": [call]}), None)
}

pub(crate) fn usage_chunk() -> String {
    let usage = json!({
        "prompt_tokens": 20, "completion_tokens": 9, "total_tokens": 29,
        "prompt_tokens_details": {"cached_tokens": 7},
    });
    let data = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "small-20260101",
        "choices": [], "usage": usage,
    });
    format!("data: {data}\n\n")
}

fn pieces(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars
        .chunks(PIECE_CHARS)
        .map(|piece| piece.iter().collect())
        .collect()
}
