//! Those who answer: models behind two wires, an agent's command, recorded answers, and a queue
//! that somebody else empties. Each makes one attempt and says what its failure means; trying again
//! is the caller's.

mod agent_cli;
mod anthropic;
mod call;
mod failures;
mod handoff;
mod http;
mod json_text;
mod models;
mod openai;
mod recording;
mod replay;
mod reply;
mod secret;

use std::sync::Arc;

use jiff::Timestamp;

pub use self::{
    agent_cli::{AgentCli, AgentCliSettings, AgentShape, ProcessBounds},
    anthropic::{Anthropic, AnthropicSettings},
    handoff::{AtomId, Checked, Handoff, HandoffBounds, HandoffError, Offer},
    http::{HttpBounds, HttpSettings},
    models::{Models, Prices},
    openai::{OpenAi, OpenAiSettings, Structure, TokensField},
    recording::Recording,
    replay::{Replay, ReplayError},
    secret::{InvalidSecret, Secret},
};

/// Tells the time of leases and of what a server says will be later.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
