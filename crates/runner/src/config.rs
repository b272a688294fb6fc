//! What a Runner may use, and how it treats tools that fail.

use std::time::Duration;

/// The bounds of a Runner; those of its workers are in [`python::Settings`].
#[derive(Clone, Debug)]
pub struct RunnerConfig {
    /// For tools that declare none.
    pub deadline_default: Duration,
    /// The most that a tool may declare.
    pub deadline_max: Duration,
    /// Are `find_tools` and `call_tool` offered?
    pub has_meta_tools: bool,
    /// Failures in a row after which a tool is left alone for a while.
    pub failures_max: u32,
    /// For how long it is left alone before one call tries it again.
    pub rest: Duration,
    /// Arguments and results up to this size are kept with the event of the call; 0 keeps none.
    pub recorded_bytes_max: usize,
    /// The most that a conversation may remember, as JSON.
    pub session_bytes_max: usize,
    /// A conversation that nobody continued for so long has ended.
    pub session_idle_max: Duration,
    /// References such as `active`, `1.4.2` or `^1.4` that are served at once; the one that was
    /// not asked for longest makes room.
    pub references_max: usize,
    /// May a call ask for a state and a seed of its own, and for the lines that it ran, with
    /// `luthier/case` in its `_meta`? Then no tool is ever left alone either, so that each call is
    /// judged for itself. Not for production.
    pub takes_cases: bool,
    /// Is an alias answered for, and marked, with what it meant when that was heard of last, where it is not known
    /// any more whether it still means that?
    pub serves_stale: bool,
}

impl Default for RunnerConfig {
    fn default() -> Self {
        Self {
            deadline_default: Duration::from_secs(30),
            deadline_max: Duration::from_mins(10),
            has_meta_tools: true,
            failures_max: 5,
            rest: Duration::from_secs(10),
            recorded_bytes_max: 4 << 10,
            session_bytes_max: 256 << 10,
            session_idle_max: Duration::from_hours(30 * 24),
            references_max: 64,
            takes_cases: false,
            serves_stale: false,
        }
    }
}
