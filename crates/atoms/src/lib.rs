//! Model calls, each stateless: what is asked, what may come back, who answers and what it costs.
//! It runs no candidate, reads no workspace and keeps nothing that its caller did not ask for; keys
//! come from its caller and are never logged. Start at [`Request`] and [`Provider`].

mod check;
mod kind;
mod provider;
mod request;

pub mod contract;
pub mod prompt;

pub mod ask;
pub mod board;
pub mod budget;
pub mod embedding;
pub mod vote;

mod providers;

pub use ask::{Asked, Asker};
pub use check::{
    CHECK_BYTES_MAX, CHECKS_MAX, Check, CheckSyntax, Exchange, InvalidCheck, SyntaxProblem,
};
pub use contract::{Parsed, RedFlag};
pub use kind::AtomKind;
pub use prompt::Prompt;
pub use provider::{Answer, Listener, Price, Progress, Provider, ProviderError, Turn, Usage};
pub use providers::{
    AgentCli, AgentCliSettings, AgentShape, Anthropic, AnthropicSettings, AtomId, Checked, Clock,
    Handoff, HandoffBounds, HandoffError, HttpBounds, HttpSettings, InvalidSecret, Models, Offer,
    OpenAi, OpenAiSettings, Prices, ProcessBounds, Recording, Replay, ReplayError, Secret,
    Structure, TokensField,
};
pub use request::{Request, Strength};
