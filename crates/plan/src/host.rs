//! Who answers the steps of a script, and who remembers the answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::{Call, Step};

/// The far side of a script. The branches of a `parallel` call it at the same time.
pub trait Host: Send + Sync {
    fn call(&self, step: &Step) -> Result<Value, HostError>;
}

/// Why a step has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The script may catch it and go another way.
    #[error("{0}")]
    Failed(String),
    /// The run ends here whatever the script says, and can be taken up again at this step:
    /// cancelled, a budget is used up, a question has to be answered.
    #[error("{0}")]
    Stop(String),
}

/// The memory of a run: with it a run that was cut off goes on where it was.
pub trait Recorder: Send + Sync {
    fn find(&self, path: &str) -> Option<Recorded>;

    /// Keeps it before it returns; a later one of the same path replaces an earlier one.
    fn record(&self, path: &str, recorded: &Recorded) -> Result<(), RecordError>;
}

/// A step was not kept. The run ends: it could not be taken up again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RecordError(pub String);

/// What is kept of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    pub call: Call,
    pub progress: Progress,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// Called, and perhaps carried out; a run that finds it calls again.
    Begun,
    Done {
        value: Value,
    },
    Failed {
        text: String,
    },
}
