//! What is asked of the engine.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::edits::Prior;

pub const BUDGET_DEFAULT: Duration = Duration::from_mins(1);

/// From here on what was found is taken for right; below, it is proposed.
pub const CONFIDENCE_MIN: f64 = 0.5;

/// A program that does not do what its tests say.
#[derive(Clone, Debug)]
pub struct Task {
    /// The file, as an absolute path; it is never written.
    pub file: PathBuf,
    pub source: String,
    /// As tests import it.
    pub module: String,
    /// Where tests run.
    pub root: PathBuf,
    /// Folders that imports are looked up in first.
    pub paths: Vec<PathBuf>,
    pub tests: Tests,
    pub launcher: Launcher,
    pub settings: Settings,
}

impl Task {
    /// The folder with all that belongs to the program: where tests run, or above it, where its package lies.
    pub(crate) fn whole(&self) -> &Path {
        let folders = self.paths.iter().chain([&self.root]);
        let around = folders.filter(|folder| self.file.starts_with(folder));
        around
            .min_by_key(|folder| folder.components().count())
            .unwrap_or(&self.root)
    }
}

#[derive(Clone, Debug)]
pub enum Tests {
    Cases(Vec<Case>),
    /// Files, folders or ids, as pytest takes them.
    Pytest {
        arguments: Vec<String>,
    },
    /// A command that succeeds when all is well.
    Command {
        words: Vec<String>,
    },
    /// Calls of tools of a workspace, whose file is named by its path there.
    Tools(Tools),
}

/// One call, and what it should come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A function of the module, or a method as `C.f`.
    pub call: String,
    #[serde(default)]
    pub args: Vec<Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub kwargs: Map<String, Value>,
    /// The value, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
    pub expect: Option<Value>,
    /// The name of an exception, and after a colon what it has to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raises: Option<String>,
}

/// A workspace, as the host that serves it loads it.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The host's package, by path.
    pub host: Vec<(String, String)>,
    /// The code, by path in the workspace.
    pub files: BTreeMap<String, String>,
    /// The document that tools find as state.
    pub state: Value,
    /// What the document has to satisfy, as JSON Schema.
    pub schema: Value,
    /// May the fault lie in a value of it?
    pub is_state_open: bool,
    /// Folders of third-party packages.
    pub packages: Vec<PathBuf>,
    pub cases: Vec<ToolCase>,
}

/// A call of a tool, and what it should come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCase {
    pub tool: String,
    pub args: Map<String, Value>,
    /// What it sets in the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Value>,
    #[serde(default)]
    pub seed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
    pub expect: Option<Value>,
    /// What the refusal has to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raises: Option<String>,
    /// Is it to be repaired? Another one that fails as it is says nothing here.
    #[serde(skip)]
    pub is_wanted: bool,
}

/// `null` is a value like any other.
mod given {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use serde_json::Value;

    #[expect(clippy::ref_option, reason = "serde hands it over so")]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<Value>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Value>, D::Error> {
        Value::deserialize(deserializer).map(Some)
    }
}

/// How programs are started.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// What holds them: a command that starts the one that follows it. `{scratch}` in it stands for the
    /// folder that may be written. Empty if nothing does.
    pub hold: Vec<OsString>,
    pub python: PathBuf,
    /// Where the engine keeps what it needs while it runs.
    pub folder: PathBuf,
}

impl Launcher {
    /// A command that writes nowhere but in `scratch`.
    pub(crate) fn command(&self, program: &OsStr, scratch: &Path) -> Command {
        let Some((first, rest)) = self.hold.split_first() else {
            return Command::new(program);
        };
        let mut command = Command::new(first);
        for word in rest {
            if word == "{scratch}" {
                command.arg(scratch);
            } else {
                command.arg(word);
            }
        }
        command.arg(program);
        command
    }
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub seed: u64,
    pub budget: Duration,
    /// How many run tests side by side.
    pub processes: usize,
    pub confidence_min: f64,
    /// What was tried is kept here, so that a run that was cut goes on where it was.
    pub journal: Option<PathBuf>,
    pub strategy: Strategy,
    /// What was accepted before.
    pub prior: Prior,
    /// When it is set, the search ends as if its time were over.
    pub stop: Arc<AtomicBool>,
}

/// How candidates are thought of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    #[default]
    Search,
    /// Mutations drawn by chance, one to three at a time: what the search is measured against.
    Random,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            budget: BUDGET_DEFAULT,
            processes: 2,
            confidence_min: CONFIDENCE_MIN,
            journal: None,
            strategy: Strategy::default(),
            prior: Prior::default(),
            stop: Arc::default(),
        }
    }
}
