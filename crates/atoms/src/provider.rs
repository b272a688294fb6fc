//! Who answers.

use std::{error::Error, iter::Sum, ops::Add, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Check, Request};

/// Answers atoms. A call is cancelled by dropping its future.
#[async_trait]
pub trait Provider: Send + Sync {
    /// As the configuration names it.
    fn name(&self) -> &str;

    /// One answer, which the caller checks against the schema. It is given without any tool,
    /// whatever the request offers.
    async fn complete(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Answer, ProviderError>;

    /// One turn on the way to an answer. Where the request offers it, a model may want syntax
    /// checked first; then the caller asks again with what was found. Those whose answers come from
    /// no model, or from one with tools of its own, answer at once.
    async fn take_turn(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Turn, ProviderError> {
        let answer = self.complete(&request.without_checks(), listener).await;
        answer.map(Turn::Answer)
    }

    /// Would a model check syntax on the way to an answer? Budgets ask.
    fn takes_checks(&self) -> bool {
        false
    }

    /// What texts mean, a vector for each in their order; nothing where it has no such model.
    async fn embed(&self, _texts: &[&str]) -> Result<Option<Vec<Vec<f32>>>, ProviderError> {
        Ok(None)
    }

    /// Can it answer now? It costs nothing to ask.
    async fn health(&self) -> Result<(), ProviderError>;

    /// What a model costs, if anybody said.
    fn price(&self, model: &str) -> Option<Price>;
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub value: Value,
    pub usage: Usage,
    /// Which model said it.
    pub model: String,
}

/// What comes of one turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    Answer(Answer),
    /// A model wants to know whether code parses before it answers.
    Check {
        check: Check,
        usage: Usage,
        /// Which model wants it.
        model: String,
    },
}

/// What was used, as the provider says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Of the input, what was read from a cache.
    pub cached_tokens: u64,
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cached_tokens: self.cached_tokens.saturating_add(other.cached_tokens),
        }
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// Dollars for a million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Price {
    pub input_usd: f64,
    pub output_usd: f64,
    pub cached_usd: f64,
}

/// How far an answer has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Text arrived, as much of it as was new.
    Text { bytes: usize },
    /// It is tried again.
    Retrying {
        attempt: u32,
        after: Duration,
        reason: String,
    },
}

/// Is told of progress.
pub type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It will not be answered, however often it is asked.
    #[error("{provider} refuses: {reason}")]
    Refused { provider: String, reason: String },
    /// The same request may be answered later.
    #[error("{provider} cannot answer now: {reason}")]
    Unavailable {
        provider: String,
        reason: String,
        retry_after: Option<Duration>,
    },
    /// It answered, and not what was asked for. The tokens are paid.
    #[error("{provider} answered something else than was asked for: {reason}")]
    Malformed {
        provider: String,
        reason: String,
        usage: Usage,
    },
    /// The answer was cut at the limit. The tokens are paid.
    #[error("the answer of {provider} is longer than {output_tokens_max} tokens")]
    TooLong {
        provider: String,
        output_tokens_max: u32,
        usage: Usage,
    },
    /// It cannot work as it is configured.
    #[error("{provider} cannot be used: {reason}")]
    Unconfigured {
        provider: String,
        reason: String,
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}
