//! What an atom is asked.

use std::borrow::Cow;

use model::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{AtomKind, CHECKS_MAX, Exchange, Usage, contract};

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
    /// How often syntax may be checked before the answer; 0 where nobody checks.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub checks_max: u32,
    /// The checks that were made so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchange: Vec<Exchange>,
    /// W3C trace context, carried to the provider's server; no part of the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl Request {
    /// Names the question: the same one has the same digest, whoever asks it and when. What may be
    /// checked, and was, on the way to its answer is no part of it: the answer is remembered and
    /// recorded as that of the question.
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

    /// The same, whose answerer may check syntax before the answer if it is of the kind that has
    /// this tool.
    #[must_use]
    pub fn with_checks(mut self) -> Self {
        self.checks_max = match self.kind {
            AtomKind::Coder => CHECKS_MAX,
            AtomKind::Architect | AtomKind::Analyst | AtomKind::Reviewer | AtomKind::Tester => 0,
        };
        self
    }

    /// The same for an answerer who has no tool. What was checked before is paid already, and what
    /// that took is taken from the answer's length.
    #[must_use]
    pub fn without_checks(&self) -> Self {
        Self {
            output_tokens_max: self.output_tokens_left(),
            checks_max: 0,
            exchange: Vec::new(),
            ..self.clone()
        }
    }

    /// Is there the tool that checks syntax, whether or not its calls are used up?
    pub fn offers_checks(&self) -> bool {
        self.kind == AtomKind::Coder && self.checks_max > 0
    }

    /// How often it may be called from now on.
    pub fn checks_left(&self) -> u32 {
        if !self.offers_checks() {
            return 0;
        }
        let made = u32::try_from(self.exchange.len()).unwrap_or(u32::MAX);
        self.checks_max.min(CHECKS_MAX).saturating_sub(made)
    }

    /// How long the next turn may be: what is left of the length of the answer.
    pub fn output_tokens_left(&self) -> u32 {
        let taken: u64 = self.exchange.iter().map(Exchange::output_tokens).sum();
        let taken = u32::try_from(taken).unwrap_or(u32::MAX);
        self.output_tokens_max.saturating_sub(taken)
    }

    /// What the checks until now have used.
    pub fn usage_so_far(&self) -> Usage {
        self.exchange.iter().map(|exchange| exchange.usage).sum()
    }

    /// The system prompt, with a sentence on the tool where there is one.
    pub(crate) fn told_system(&self) -> Cow<'_, str> {
        if self.offers_checks() {
            Cow::Owned(contract::with_checks(&self.system))
        } else {
            Cow::Borrowed(&self.system)
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
