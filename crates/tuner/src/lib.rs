//! The Tuner: structured feedback over MCP becomes better state, and the state documents and
//! feedback over REST.
//! It changes state and nothing else; it runs tools in workers that can change nothing, and knows
//! neither git nor how a version is proved. Start at [`Tuner`].

mod answer;
mod builtin;
pub mod feedback;
mod feedback_api;
mod handoff;
mod host;
mod http;
mod line;
mod offer;
mod policy;
mod rate;
mod record;
mod resolve;
mod resources;
mod role;
mod state_api;
mod update;

pub use answer::PROBLEMS;
pub use feedback_api::feedback_router;
pub use policy::Policy;
pub use role::{
    FilesError, FilesOf, OnMoved, Promoter, ServeError, StartWorkers, Tuner, TunerConfig,
    TunerParts,
};
pub use state_api::router;

pub(crate) use update::KEY_PREFIX;
