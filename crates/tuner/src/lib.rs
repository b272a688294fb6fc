//! The Tuner's REST paths: reading and patching the state documents of a version.
//! It changes state and nothing else, and knows neither git nor how tools are run.
//! Start at [`router`].

mod answer;
mod resolve;
mod state_api;

pub use answer::PROBLEMS;
pub use state_api::router;
