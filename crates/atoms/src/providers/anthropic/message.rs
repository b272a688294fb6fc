//! A message out of its events.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::TOOL;
use crate::{
    Usage, check,
    providers::{
        call::{self, Said as Spoken},
        failures::Trouble,
        http::{Assembly, Event, Taken, classify},
        json_text,
        reply::Reply,
    },
};

/// What came of a message until now.
#[derive(Default)]
pub(super) struct Message {
    model: Option<String>,
    blocks: BTreeMap<u64, Block>,
    tokens: Counts,
    stop_reason: Option<String>,
    has_stopped: bool,
}

enum Block {
    Text(String),
    Tool {
        name: String,
        input: String,
    },
    /// Thinking, and whatever else is no answer.
    Other,
}

/// The events of a stream. Servers add kinds of them, which are passed over.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    MessageStart {
        message: Start,
    },
    ContentBlockStart {
        index: u64,
        content_block: BlockStart,
    },
    ContentBlockDelta {
        index: u64,
        delta: Delta,
    },
    MessageDelta {
        delta: Stop,
        #[serde(default)]
        usage: Counts,
    },
    MessageStop,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Start {
    model: Option<String>,
    #[serde(default)]
    usage: Counts,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum BlockStart {
    Text {
        #[serde(default)]
        text: String,
    },
    ToolUse {
        name: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "input_json_delta")]
    Input { partial_json: String },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Stop {
    stop_reason: Option<String>,
}

/// Counted since the beginning of the message; what is left out has not changed.
#[derive(Clone, Copy, Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the API names them so")]
struct Counts {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
}

impl Message {
    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }
}

impl Reply for Message {
    /// The API counts what was read from a cache, and what was written to it, beside the input.
    fn usage(&self) -> Usage {
        let of = |count: Option<u64>| count.unwrap_or_default();
        let cached_tokens = of(self.tokens.cache_read_input_tokens);
        let beside = cached_tokens.saturating_add(of(self.tokens.cache_creation_input_tokens));
        Usage {
            input_tokens: of(self.tokens.input_tokens).saturating_add(beside),
            output_tokens: of(self.tokens.output_tokens),
            cached_tokens,
        }
    }

    fn said(&self) -> Result<Spoken, Trouble> {
        self.check_stop()?;
        match self.inputs(check::TOOL).next() {
            Some(input) => call::read(input, self.calls()).map(Spoken::Check),
            None => self.answer().map(Spoken::Answer),
        }
    }

    /// The input of the one call of the tool, or JSON said as text.
    fn answer(&self) -> Result<Value, Trouble> {
        self.check_stop()?;
        let mut inputs = self.inputs(TOOL);
        match (inputs.next(), inputs.next()) {
            (Some(_), Some(_)) => Err(Trouble::malformed("it gave more than one answer")),
            // No input at all is how an empty object is streamed.
            (Some(""), None) => Ok(Value::Object(serde_json::Map::new())),
            (Some(input), None) => serde_json::from_str(input)
                .map_err(|error| Trouble::malformed(format!("no JSON in the call: {error}"))),
            (None, _) => self.spoken(),
        }
    }
}

impl Message {
    fn check_stop(&self) -> Result<(), Trouble> {
        match self.stop_reason.as_deref() {
            Some("max_tokens") => Err(Trouble::TooLong),
            Some("refusal") => Err(Trouble::refused(self.refusal())),
            Some("model_context_window_exceeded") => {
                Err(Trouble::refused("the question does not fit into the model"))
            }
            _ => Ok(()),
        }
    }

    /// Of the calls of one tool.
    fn inputs(&self, tool: &str) -> impl Iterator<Item = &str> {
        self.blocks.values().filter_map(move |block| match block {
            Block::Tool { name, input } if name == tool => Some(input.as_str()),
            Block::Tool { .. } | Block::Text(_) | Block::Other => None,
        })
    }

    fn calls(&self) -> usize {
        let is_call = |block: &&Block| matches!(block, Block::Tool { .. });
        self.blocks.values().filter(is_call).count()
    }

    fn spoken(&self) -> Result<Value, Trouble> {
        let text = self.text();
        let strange = self.blocks.values().find_map(|block| match block {
            Block::Tool { name, .. } => Some(name),
            Block::Text(_) | Block::Other => None,
        });
        match strange {
            Some(name) if text.trim().is_empty() => Err(Trouble::malformed(format!(
                "it called `{name}`, which there is not, instead of answering"
            ))),
            _ => json_text::parse(&text),
        }
    }

    fn text(&self) -> String {
        let texts = self.blocks.values().filter_map(|block| match block {
            Block::Text(text) => Some(text.as_str()),
            Block::Tool { .. } | Block::Other => None,
        });
        texts.collect()
    }

    fn refusal(&self) -> String {
        match self.text() {
            text if text.trim().is_empty() => "the model declines".to_owned(),
            text => format!("the model declines: {text}"),
        }
    }

    fn begin(&mut self, index: u64, start: BlockStart) -> Result<Taken, Trouble> {
        let (block, bytes) = match start {
            BlockStart::Text { text } => {
                let bytes = text.len();
                (Block::Text(text), bytes)
            }
            BlockStart::ToolUse { name } => {
                let input = String::new();
                (Block::Tool { name, input }, 0)
            }
            BlockStart::Other => (Block::Other, 0),
        };
        match self.blocks.insert(index, block) {
            None => Ok(taken(bytes)),
            Some(_) => Err(Trouble::malformed(format!("block {index} began twice"))),
        }
    }

    fn extend(&mut self, index: u64, delta: Delta) -> Result<Taken, Trouble> {
        match (self.blocks.get_mut(&index), delta) {
            (Some(Block::Text(all)), Delta::Text { text: new })
            | (Some(Block::Tool { input: all, .. }), Delta::Input { partial_json: new }) => {
                all.push_str(&new);
                Ok(taken(new.len()))
            }
            (Some(_), Delta::Other) | (Some(Block::Other), _) => Ok(Taken::Nothing),
            (None, _) => Err(Trouble::malformed(format!(
                "block {index} went on without having begun"
            ))),
            (Some(_), _) => Err(Trouble::malformed(format!(
                "block {index} goes on as something else than it began as"
            ))),
        }
    }
}

impl Assembly for Message {
    fn take(&mut self, event: &Event) -> Result<Taken, Trouble> {
        let data: Value = serde_json::from_str(&event.data)
            .map_err(|error| Trouble::malformed(format!("an event is no JSON: {error}")))?;
        if event.name == "error" || data["type"] == "error" {
            return Err(classify(&data));
        }
        let said = serde_json::from_value(data)
            .map_err(|error| Trouble::malformed(format!("an event is not understood: {error}")))?;
        match said {
            Said::MessageStart { message } => {
                self.model = message.model;
                self.tokens.update(message.usage);
                Ok(Taken::Nothing)
            }
            Said::ContentBlockStart {
                index,
                content_block,
            } => self.begin(index, content_block),
            Said::ContentBlockDelta { index, delta } => self.extend(index, delta),
            Said::MessageDelta { delta, usage } => {
                self.stop_reason = delta.stop_reason.or(self.stop_reason.take());
                self.tokens.update(usage);
                Ok(Taken::Nothing)
            }
            Said::MessageStop => {
                self.has_stopped = true;
                Ok(Taken::Last)
            }
            Said::Other => Ok(Taken::Nothing),
        }
    }

    fn is_whole(&self) -> bool {
        self.has_stopped
    }
}

impl Counts {
    fn update(&mut self, newer: Self) {
        let Self {
            input_tokens,
            output_tokens,
            cache_creation_input_tokens,
            cache_read_input_tokens,
        } = newer;
        self.input_tokens = input_tokens.or(self.input_tokens);
        self.output_tokens = output_tokens.or(self.output_tokens);
        self.cache_creation_input_tokens =
            cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.cache_read_input_tokens = cache_read_input_tokens.or(self.cache_read_input_tokens);
    }
}

fn taken(bytes: usize) -> Taken {
    match bytes {
        0 => Taken::Nothing,
        bytes => Taken::Text { bytes },
    }
}
