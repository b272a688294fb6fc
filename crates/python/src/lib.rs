//! Serves the authors' Python: a [`Pool`] of worker processes, each with a Python inside, and the
//! worker's own main function.
//! It never runs Python in the process of the pool, retries no call that was started, and knows no
//! MCP, journal or git.
//! Start at [`Pool`] for the serving side and at [`worker_main`] for the worker's. [`frame`] is what they
//! say to each other, for whoever stands in for either.

pub mod frame;
mod shared;

mod pool;
mod worker;

pub use pool::*;
pub use shared::Shared;
pub use worker::{Warm, WarmError, worker_main};

/// The Python that workers run and wheels have to fit, as it was found when this was built.
pub fn interpreter() -> &'static std::path::Path {
    std::path::Path::new(env!("LUTHIER_PYTHON_EXECUTABLE"))
}

/// The authors' package as files: path and text.
pub fn package() -> impl Iterator<Item = (String, &'static str)> {
    worker::sources()
}
