//! What became of a candidate.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use python::frame::{LoadFailed, LogHeader};
use serde::Serialize;

/// The sandbox that a candidate was tried in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// CPython compiled to Wasm: nothing of the machine is there.
    Wasm,
    /// The CPython that serves, held by the kernel.
    Native,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wasm => "wasm",
            Self::Native => "native",
        })
    }
}

/// One candidate in one sandbox.
#[derive(Clone, Debug)]
pub struct Report {
    pub tier: Tier,
    pub loaded: Loaded,
    /// One for each case, in order; none if the code did not load.
    pub outcomes: Vec<Outcome>,
}

/// How loading ended.
#[derive(Clone, Debug)]
pub enum Loaded {
    /// What it serves, as JSON.
    Manifest(Bytes),
    /// Its own fault.
    Failed(LoadFailed),
    /// It was ended before it had loaded.
    Ended(Ending),
}

/// How one call ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub verdict: Verdict,
    pub stdout: String,
    pub stderr: String,
    /// What it told its log.
    pub log: Vec<LogHeader>,
    /// The lines that ran, by file, if that was asked for and the call lived to tell.
    pub lines: Option<BTreeMap<String, Vec<u32>>>,
    pub wall_us: u64,
    /// What its instance has used in all, told with the last call of each.
    pub used: Option<Used>,
}

/// What came of one call. Whether a value is the right one is not for the sandbox to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// JSON, and the session if it changed.
    Value {
        json: Bytes,
        session: Option<Bytes>,
    },
    Raised(Raised),
    Ended(Ending),
}

/// An exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Raised {
    pub r#type: String,
    pub message: String,
    pub traceback: String,
    /// Does it say something to the caller, as `ToolError` does?
    pub is_told: bool,
}

/// Why an instance is no more. Nothing that it said before counts as a success of the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// It took longer than it may.
    Deadline {
        ms_max: u64,
        /// Where it was, if it could still say so.
        traceback: String,
    },
    Memory {
        bytes_max: u64,
    },
    /// It printed, or returned, more than it may.
    Output {
        bytes_max: u64,
    },
    Fuel {
        max: u64,
    },
    /// It left, and did not finish the call.
    Exited {
        code: i32,
    },
    Killed {
        signal: i32,
    },
    /// The machine that ran it stopped: a trap.
    Crashed {
        reason: String,
    },
    /// It said what only the host may say, or spoke out of turn.
    Forged {
        reason: String,
    },
}

impl Ending {
    /// In one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Deadline { .. } => "deadline",
            Self::Memory { .. } => "memory",
            Self::Output { .. } => "output",
            Self::Fuel { .. } => "fuel",
            Self::Exited { .. } => "exited",
            Self::Killed { .. } => "killed",
            Self::Crashed { .. } => "crashed",
            Self::Forged { .. } => "forged",
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadline { ms_max, .. } => write!(f, "it took longer than {ms_max} ms"),
            Self::Memory { bytes_max } => {
                write!(f, "it took more memory than {} MiB", bytes_max >> 20)
            }
            Self::Output { bytes_max } => {
                write!(f, "it printed or returned more than {bytes_max} bytes")
            }
            Self::Fuel { max } => write!(f, "it took more than {max} instructions"),
            Self::Exited { code } => write!(f, "it left with code {code} in mid-call"),
            Self::Killed { signal } => write!(f, "signal {signal} ended it"),
            Self::Crashed { reason } => write!(f, "it crashed: {reason}"),
            Self::Forged { reason } => write!(f, "it broke the rules: {reason}"),
        }
    }
}

/// What one instance has used, loading included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Used {
    pub cpu_us: u64,
    /// The most that it had at once.
    pub memory_bytes: u64,
    pub fuel: Option<u64>,
}
