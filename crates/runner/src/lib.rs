//! The Runner: the tools of every version over MCP, each call in exactly one whole version.
//! It never changes a version, and knows neither how versions are made nor how they are proved.
//! Start at [`Runner`].

mod ask;
mod builtin;
mod by_hand;
mod call;
mod candidate;
mod case;
mod circuit;
mod code;
mod config;
mod connections;
mod core;
mod earlier;
mod follow;
mod http;
mod logs;
mod offer;
mod record;
mod relay;
mod runner;
mod scripts;
mod served;
mod sessions;
mod trace;
mod trial;
mod versions;
mod workers;

pub use by_hand::{CallFailure, Called};
pub use candidate::{Candidate, CandidateError, CandidateTool, Proposed};
pub use code::{CodeError, CodeStore};
pub use config::RunnerConfig;
pub use follow::acknowledged;
pub use http::PROBLEMS;
pub use logs::{LogHistory, LogHistoryError, archived_key};
pub use runner::{Runner, RunnerParts, ServeError, ServeStdioError};
pub use scripts::migrations;
pub use trial::Trial;
pub use versions::ResolveError;
