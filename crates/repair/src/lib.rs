//! Repairs a Python module against tests, without a model: it thinks of edits, tries thousands a second in
//! processes that only it talks to, and chooses among those that pass.
//! It never writes the file, reads no environment and knows no workspace; what it found is for its caller
//! to judge. Start at [`repair`] and [`Task`].

mod bench;
mod choice;
mod compose;
mod edits;
mod engine;
mod inputs;
mod journal;
mod parameters;
mod pool;
mod program;
mod rank;
mod report;
mod search;
mod task;

pub use bench::BenchError;
pub use choice::Question;
pub use compose::{Composed, Function, Outcome, Parameter, Separating, Wanted, compose};
pub use edits::{Class, Prior};
pub use engine::{RepairError, repair};
pub use program::{BadProgram, SOURCE_BYTES_MAX};
pub use report::{Definition, Report};
pub use search::Progress;
pub use task::{
    BUDGET_DEFAULT, CONFIDENCE_MIN, Case, Launcher, Settings, Strategy, Task, Tests, ToolCase,
    Tools,
};
