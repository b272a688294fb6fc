//! What commands read and print.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Request, Usage,
    providers::{
        failures::{Trouble, shorten},
        json_text,
    },
};

const SHOWN_CHARS_MAX: usize = 120;

/// How a command is talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentShape {
    /// `claude -p --output-format json`: reads a prompt and prints one result.
    Claude,
    /// `codex exec --json`: reads a prompt and prints events, of which the last message counts.
    Codex,
    /// Reads the request as JSON and prints `{"value": …, "usage"?: …, "model"?: …}`.
    ///
    /// The request has `kind`, `system`, `prompt`, `task`, `schema`, `sample`, `temperature`,
    /// `output_tokens_max`, `strength`, perhaps `traceparent`, and its `digest`.
    Json,
}

/// What was read out of what a command printed.
pub(super) struct Reading {
    pub(super) value: Result<Value, Trouble>,
    pub(super) usage: Usage,
    pub(super) model: Option<String>,
}

impl AgentShape {
    pub(super) fn arguments(
        self,
        model: &'static [&'static str],
    ) -> impl Iterator<Item = &'static str> {
        let (before, after): (&[&str], &[&str]) = match self {
            Self::Claude => (&["-p", "--output-format", "json"], &[]),
            Self::Codex => (
                &[
                    "exec",
                    "--json",
                    "--skip-git-repo-check",
                    "--sandbox",
                    "read-only",
                ],
                // The prompt is what it reads.
                &["-"],
            ),
            Self::Json => (&[], &[]),
        };
        [before, model, after].into_iter().flatten().copied()
    }

    pub(super) fn input(self, request: &Request) -> Vec<u8> {
        match self {
            Self::Claude | Self::Codex => {
                let demand = json_text::demand(&request.schema);
                let parts = [request.system.as_str(), &request.prompt, &demand];
                parts.join("\n\n").trim().as_bytes().to_vec()
            }
            Self::Json => {
                let mut asked = json!(request);
                asked["digest"] = json!(request.digest());
                asked.to_string().into_bytes()
            }
        }
    }

    pub(super) fn read(self, stdout: &[u8]) -> Reading {
        let text = String::from_utf8_lossy(stdout);
        let read = match self {
            Self::Claude => read_claude(&text),
            Self::Codex => Ok(read_codex(&text)),
            Self::Json => read_json(&text),
        };
        read.unwrap_or_else(|trouble| Reading {
            value: Err(trouble),
            usage: Usage::default(),
            model: None,
        })
    }
}

#[derive(Deserialize)]
struct Printed {
    value: Value,
    #[serde(default)]
    usage: Counts,
    model: Option<String>,
}

/// Counts as both vendors name them.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the commands name them so")]
struct Counts {
    input_tokens: u64,
    output_tokens: u64,
    cached_tokens: u64,
    cached_input_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation_input_tokens: u64,
}

impl From<Counts> for Usage {
    /// What is named a part of a cache is beside the input; what is named cached is in it.
    fn from(tokens: Counts) -> Self {
        let beside = tokens.cache_read_input_tokens + tokens.cache_creation_input_tokens;
        let within = tokens.cached_tokens + tokens.cached_input_tokens;
        Self {
            input_tokens: tokens.input_tokens + beside,
            output_tokens: tokens.output_tokens,
            cached_tokens: tokens.cache_read_input_tokens + within,
        }
    }
}

fn read_json(text: &str) -> Result<Reading, Trouble> {
    let printed: Printed =
        serde_json::from_str(text).map_err(|error| not_understood(text, &error))?;
    Ok(Reading {
        value: Ok(printed.value),
        usage: printed.usage.into(),
        model: printed.model,
    })
}

/// One result, or a list of messages that ends with it.
fn read_claude(text: &str) -> Result<Reading, Trouble> {
    let printed: Value =
        serde_json::from_str(text).map_err(|error| not_understood(text, &error))?;
    let result = match &printed {
        Value::Array(messages) => messages.iter().rfind(|it| it["type"] == "result"),
        other => Some(other).filter(|it| it["type"] == "result"),
    };
    let result = result.ok_or_else(|| Trouble::malformed("its command printed no result"))?;
    let models = result["modelUsage"].as_object();
    Ok(Reading {
        value: claude_value(result),
        usage: tokens(&result["usage"]).into(),
        model: models.and_then(|models| models.keys().next().cloned()),
    })
}

fn claude_value(result: &Value) -> Result<Value, Trouble> {
    let said = result["result"].as_str();
    let is_error = result["is_error"].as_bool().unwrap_or_default();
    if !is_error {
        return json_text::parse(said.unwrap_or_default());
    }
    let subtype = result["subtype"].as_str().unwrap_or("error");
    let reason = said.unwrap_or(subtype).to_owned();
    match result["api_error_status"].as_u64() {
        Some(400..=404 | 413 | 422) => Err(Trouble::Refused(reason)),
        Some(_) | None => Err(Trouble::unavailable(reason)),
    }
}

/// Events, a line each, and whatever else is printed between them.
fn read_codex(text: &str) -> Reading {
    let (mut message, mut failure, mut usage) = (None, None, Usage::default());
    let events = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    for event in events {
        // Older versions have everything one level deeper.
        let inner = event
            .get("msg")
            .or_else(|| event.get("item"))
            .unwrap_or(&event);
        let kind = inner["type"]
            .as_str()
            .or_else(|| inner["item_type"].as_str());
        match (event["type"].as_str(), kind) {
            (Some("turn.completed"), _) => {
                let turn = Usage::from(tokens(&event["usage"]));
                usage.input_tokens += turn.input_tokens;
                usage.output_tokens += turn.output_tokens;
                usage.cached_tokens += turn.cached_tokens;
            }
            (Some("turn.failed"), _) => failure = said(&event["error"]),
            (Some("error"), _) => failure = said(&event),
            (Some("item.completed") | None, Some("agent_message" | "assistant_message")) => {
                message = said(inner);
            }
            _progress => {}
        }
    }
    let value = match (message, failure) {
        (Some(message), _) => json_text::parse(&message),
        (None, Some(failure)) => Err(Trouble::unavailable(failure)),
        (None, None) => Err(Trouble::malformed(
            "its command printed no message of an agent",
        )),
    };
    Reading {
        value,
        usage,
        model: None,
    }
}

fn said(value: &Value) -> Option<String> {
    let text = value["text"].as_str().or_else(|| value["message"].as_str());
    text.map(str::to_owned)
}

/// Counts that are no counts are none.
fn tokens(value: &Value) -> Counts {
    Counts::deserialize(value).unwrap_or_default()
}

fn not_understood(text: &str, error: &serde_json::Error) -> Trouble {
    let shown = shorten(text.trim(), SHOWN_CHARS_MAX);
    Trouble::malformed(format!(
        "what its command printed is not understood ({error}): `{shown}`"
    ))
}
