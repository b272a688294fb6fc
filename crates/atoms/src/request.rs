//! What an atom is asked.

use model::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::AtomKind;

/// How able a model is wanted: escalation goes from the first to the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    #[default]
    Cheap,
    Strong,
}

/// One question, whole: whoever answers knows nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub kind: AtomKind,
    /// What holds for every atom of its kind.
    pub system: String,
    /// The task and its context, as text for a model.
    pub prompt: String,
    /// The same as data, for a provider that is no model.
    pub task: Value,
    /// What an answer has to satisfy, as JSON Schema.
    pub schema: Value,
    /// Which of several answers to the same question this is, from 0.
    pub sample: u32,
    pub temperature: f64,
    pub output_tokens_max: u32,
    pub strength: Strength,
    /// W3C trace context, carried to the provider's server; no part of the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl Request {
    /// Names the question: the same one has the same digest, whoever asks it and when.
    pub fn digest(&self) -> Digest {
        let question = json!({
            "kind": self.kind,
            "system": self.system,
            "prompt": self.prompt,
            "task": self.task,
            "schema": self.schema,
            "sample": self.sample,
            "temperature": self.temperature,
            "output_tokens_max": self.output_tokens_max,
            "strength": self.strength,
        });
        Digest::of(question.to_string().as_bytes())
    }
}
