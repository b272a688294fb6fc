//! A completion out of its chunks.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Usage,
    providers::{
        failures::Trouble,
        http::{Assembly, Event, Taken, classify},
        json_text,
    },
};

/// What ends a stream.
const DONE: &str = "[DONE]";

/// What came of a completion until now.
#[derive(Default)]
pub(super) struct Completion {
    model: Option<String>,
    text: String,
    refusal: String,
    /// Called although nothing was there to be called.
    called: Vec<String>,
    usage: Usage,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Chunk {
    model: Option<String>,
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Counts {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
}

impl Completion {
    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    pub(super) fn usage(&self) -> Usage {
        self.usage
    }

    pub(super) fn answer(&self) -> Result<Value, Trouble> {
        match self.finish_reason.as_deref() {
            Some("length") => return Err(Trouble::TooLong),
            Some("content_filter") => {
                return Err(Trouble::refused("its filter holds the answer back"));
            }
            _ => {}
        }
        if !self.refusal.is_empty() {
            let reason = format!("the model declines: {}", self.refusal);
            return Err(Trouble::Refused(reason));
        }
        match self.called.first() {
            Some(name) if self.text.trim().is_empty() => Err(Trouble::malformed(format!(
                "it called `{name}`, which there is not, instead of answering"
            ))),
            _ => json_text::parse(&self.text),
        }
    }

    fn take_choice(&mut self, choice: Choice) -> usize {
        let Delta {
            content,
            refusal,
            tool_calls,
        } = choice.delta;
        let content = content.unwrap_or_default();
        self.text.push_str(&content);
        self.refusal.push_str(&refusal.unwrap_or_default());
        let functions = tool_calls
            .into_iter()
            .flatten()
            .filter_map(|it| it.function);
        self.called.extend(functions.filter_map(|it| it.name));
        self.finish_reason = choice.finish_reason.or(self.finish_reason.take());
        content.len()
    }
}

impl Assembly for Completion {
    fn take(&mut self, event: &Event) -> Result<Taken, Trouble> {
        if event.data.trim() == DONE {
            return Ok(Taken::Last);
        }
        let data: Value = serde_json::from_str(&event.data)
            .map_err(|error| Trouble::malformed(format!("an event is no JSON: {error}")))?;
        if data.get("error").is_some_and(|error| !error.is_null()) {
            return Err(classify(&data));
        }
        let chunk: Chunk = serde_json::from_value(data)
            .map_err(|error| Trouble::malformed(format!("an event is not understood: {error}")))?;
        self.model = chunk.model.or(self.model.take());
        if let Some(tokens) = chunk.usage {
            self.usage = tokens.into();
        }
        // One answer was asked for, which is the first.
        let wanted = chunk.choices.into_iter().filter(|it| it.index == 0);
        match wanted.map(|choice| self.take_choice(choice)).sum() {
            0 => Ok(Taken::Nothing),
            bytes => Ok(Taken::Text { bytes }),
        }
    }

    /// Some servers close without the last word.
    fn is_whole(&self) -> bool {
        self.finish_reason.is_some()
    }
}

impl From<Counts> for Usage {
    fn from(tokens: Counts) -> Self {
        let details = tokens.prompt_tokens_details;
        let cached = details.and_then(|details| details.cached_tokens);
        Self {
            input_tokens: tokens.prompt_tokens.unwrap_or_default(),
            output_tokens: tokens.completion_tokens.unwrap_or_default(),
            cached_tokens: cached.unwrap_or_default(),
        }
    }
}
