//! How the program ends, as scripts see it. The one table that help, docs and tests read.

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Success = 0,
    Failure = 1,
    Usage = 2,
    NotFound = 3,
    Conflict = 4,
    Invalid = 5,
    Unavailable = 6,
    Damaged = 7,
    TestsFailed = 8,
    Breaking = 9,
    Internal = 70,
}

impl Exit {
    pub(crate) const ALL: [Self; 11] = [
        Self::Success,
        Self::Failure,
        Self::Usage,
        Self::NotFound,
        Self::Conflict,
        Self::Invalid,
        Self::Unavailable,
        Self::Damaged,
        Self::TestsFailed,
        Self::Breaking,
        Self::Internal,
    ];

    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done",
            Self::Failure => "not done, for a reason that has no code of its own",
            Self::Usage => "the command line or the configuration is wrong",
            Self::NotFound => "no such workspace, journal, version, lineage or object",
            Self::Conflict => {
                "something stands in the way: a newer revision, a running server, a full folder"
            }
            Self::Invalid => "the input breaks a rule: its syntax, its schema, its limits",
            Self::Unavailable => {
                "a resource is missing for now: disk space, a port, a permission, a lock"
            }
            Self::Damaged => "stored data is not what it was: verification failed",
            Self::TestsFailed => {
                "a version is not good enough: a case fails, or a budget is broken"
            }
            Self::Breaking => "a change demands a greater number than was allowed",
            Self::Internal => "a mistake in the program itself",
        }
    }

    /// What `--help` says about exit codes.
    pub(crate) fn help() -> String {
        let lines = Self::ALL.map(|exit| format!("  {:>2}  {}", exit.code(), exit.meaning()));
        format!("Exit codes:\n{}", lines.join("\n"))
    }
}
