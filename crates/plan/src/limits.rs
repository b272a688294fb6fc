//! How much a script may do. A run that goes beyond ends with
//! [`RunError::Limit`](crate::RunError::Limit), which no script catches.

use std::{fmt, sync::Arc, time::Instant};

pub(crate) const SCRIPT_BYTES_MAX: usize = 64 << 10;
pub(crate) const FUNCTIONS_MAX: usize = 64;
pub(crate) const VARIABLES_MAX: usize = 256;
/// Parentheses, blocks and calls in one another.
pub(crate) const EXPRESSION_DEPTH_MAX: usize = 48;
/// Of functions that call functions.
pub(crate) const CALL_DEPTH_MAX: usize = 24;
/// Expressions and statements, in all branches together.
pub(crate) const OPERATIONS_MAX: u64 = 1_000_000;
pub(crate) const STEPS_MAX: u64 = 2_000;
/// `spawn_atom` and `run_consensus`.
pub(crate) const ATOMS_MAX: u64 = 64;
pub(crate) const STRING_BYTES_MAX: usize = 256 << 10;
pub(crate) const ARRAY_ITEMS_MAX: usize = 4_096;
pub(crate) const MAP_MEMBERS_MAX: usize = 1_024;
/// Of one run; one that is taken up again has all of it.
pub(crate) const WALL_CLOCK_MS_MAX: u64 = 2 * 3_600_000;
/// The closures of one `parallel`.
pub(crate) const BRANCHES_MAX: usize = 64;
/// The branches that run at the same time.
pub(crate) const PARALLEL_MAX: usize = 4;
/// A `parallel` within a `parallel`.
pub(crate) const PARALLEL_DEPTH_MAX: usize = 2;
/// What is longer is cut.
pub(crate) const LOG_TEXT_BYTES_MAX: usize = 4 << 10;

/// Milliseconds since some moment; never goes back.
#[derive(Clone)]
pub struct Clock(pub Arc<dyn Fn() -> u64 + Send + Sync>);

/// The bounds of one run.
#[derive(Clone, Debug)]
pub struct Limits {
    pub script_bytes_max: usize,
    pub functions_max: usize,
    pub variables_max: usize,
    pub expression_depth_max: usize,
    pub call_depth_max: usize,
    pub operations_max: u64,
    pub steps_max: u64,
    pub atoms_max: u64,
    pub string_bytes_max: usize,
    pub array_items_max: usize,
    pub map_members_max: usize,
    pub wall_clock_ms_max: u64,
    pub branches_max: usize,
    pub parallel_max: usize,
    pub parallel_depth_max: usize,
    pub clock: Clock,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            script_bytes_max: SCRIPT_BYTES_MAX,
            functions_max: FUNCTIONS_MAX,
            variables_max: VARIABLES_MAX,
            expression_depth_max: EXPRESSION_DEPTH_MAX,
            call_depth_max: CALL_DEPTH_MAX,
            operations_max: OPERATIONS_MAX,
            steps_max: STEPS_MAX,
            atoms_max: ATOMS_MAX,
            string_bytes_max: STRING_BYTES_MAX,
            array_items_max: ARRAY_ITEMS_MAX,
            map_members_max: MAP_MEMBERS_MAX,
            wall_clock_ms_max: WALL_CLOCK_MS_MAX,
            branches_max: BRANCHES_MAX,
            parallel_max: PARALLEL_MAX,
            parallel_depth_max: PARALLEL_DEPTH_MAX,
            clock: Clock::default(),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        let start = Instant::now();
        Self(Arc::new(move || {
            u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
        }))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({} ms)", (self.0)())
    }
}
