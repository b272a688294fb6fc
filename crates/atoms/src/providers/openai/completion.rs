//! A completion out of its chunks.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Usage,
    check::TOOL,
    providers::{
        call::{self, Said},
        failures::Trouble,
        http::{Assembly, Event, Taken, classify},
        json_text,
        reply::Reply,
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
    calls: BTreeMap<u64, Function>,
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

/// A piece of one; the first has its name.
#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    index: u64,
    function: Option<Piece>,
}

#[derive(Deserialize)]
struct Piece {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Default)]
struct Function {
    name: String,
    arguments: String,
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
}

impl Reply for Completion {
    fn usage(&self) -> Usage {
        self.usage
    }

    /// Models like to say that they will call before they do, which is no answer.
    fn said(&self) -> Result<Said, Trouble> {
        self.check_end()?;
        match self.calls.values().find(|call| call.name == TOOL) {
            Some(call) => call::read(&call.arguments, self.calls.len()).map(Said::Check),
            None => self.answer().map(Said::Answer),
        }
    }

    fn answer(&self) -> Result<Value, Trouble> {
        self.check_end()?;
        match self.calls.values().find(|call| !call.name.is_empty()) {
            Some(call) if self.text.trim().is_empty() => Err(Trouble::malformed(format!(
                "it called `{}`, which there is not, instead of answering",
                call.name
            ))),
            _ => json_text::parse(&self.text),
        }
    }
}

impl Completion {
    fn check_end(&self) -> Result<(), Trouble> {
        match self.finish_reason.as_deref() {
            Some("length") => return Err(Trouble::TooLong),
            Some("content_filter") => {
                return Err(Trouble::refused("its filter holds the answer back"));
            }
            _ => {}
        }
        if self.refusal.is_empty() {
            return Ok(());
        }
        let reason = format!("the model declines: {}", self.refusal);
        Err(Trouble::Refused(reason))
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
        let calls = tool_calls.into_iter().flatten();
        let argued: usize = calls.map(|call| self.take_call(call)).sum();
        self.finish_reason = choice.finish_reason.or(self.finish_reason.take());
        content.len() + argued
    }

    fn take_call(&mut self, call: Call) -> usize {
        let Some(Piece { name, arguments }) = call.function else {
            return 0;
        };
        let function = self.calls.entry(call.index).or_default();
        // Some servers repeat it with every piece.
        if function.name.is_empty() {
            function.name = name.unwrap_or_default();
        }
        let arguments = arguments.unwrap_or_default();
        function.arguments.push_str(&arguments);
        arguments.len()
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
