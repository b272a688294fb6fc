//! The workspaces that come with the program: the folders below `templates/`, embedded.

use clap::ValueEnum;

/// A file of a template: where it goes, and what it holds.
pub(super) type TemplateFile = (&'static str, &'static str);

/// A workspace that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// A greeting and two limits, with their schema
    Blank,
    /// A tool that remembers nothing
    Stateless,
    /// A tool that keeps a conversation
    Chat,
    /// A tool that searches an asset
    Retrieval,
    /// A tool that uses a package of others
    Wheels,
    /// Tools that learn from rewards, preferences, transactions and outcomes
    Tuner,
}

macro_rules! files {
    ($template:literal: $($path:literal)+) => {
        &[$((
            $path,
            include_str!(concat!("../../../../../templates/", $template, "/", $path)),
        )),+]
    };
}

/// Every workspace has these. The last one has another name here, lest it hides files of ours.
const COMMON: [TemplateFile; 3] = [
    (
        "luthier.toml",
        include_str!("../../../../../templates/blank/luthier.toml"),
    ),
    (
        "ci/budgets.json",
        include_str!("../../../../../templates/blank/ci/budgets.json"),
    ),
    (
        ".gitignore",
        include_str!("../../../../../templates/blank/gitignore"),
    ),
];

const BLANK: &[TemplateFile] =
    files!("blank": "README.md" "state/schema.json" "state/active.state.json");

const STATELESS: &[TemplateFile] = files!("stateless":
    "README.md" "state/schema.json" "state/active.state.json"
    "tools/runner/reading.py" "tests/micro/reading.jsonl");

const CHAT: &[TemplateFile] = files!("chat":
    "README.md" "state/schema.json" "state/active.state.json"
    "tools/runner/tasks.py" "tests/micro/tasks.jsonl");

const RETRIEVAL: &[TemplateFile] = files!("retrieval":
    "README.md" "state/schema.json" "state/active.state.json" "state/assets/faq.md"
    "tools/runner/answers.py" "tests/micro/answers.jsonl");

const WHEELS: &[TemplateFile] = files!("wheels":
    "README.md" "state/schema.json" "state/active.state.json" "tools/requirements.txt"
    "tools/runner/columns.py" "tests/micro/columns.jsonl");

/// Its code is the reference workspace's, by symbolic links.
const TUNER: &[TemplateFile] = files!("tuner":
    "README.md" "state/schema.json" "state/active.state.json"
    "tools/runner/choose.py" "tests/micro/choose.jsonl"
    "tools/tuner/bandit.py" "tools/tuner/outcomes.py" "tools/tuner/preferences.py"
    "tools/tuner/rules.py" "tools/tuner/search.py"
    "tools/lib/tuning/__init__.py" "tools/lib/tuning/arms.py" "tools/lib/tuning/bandit.py"
    "tools/lib/tuning/cma_es.py" "tools/lib/tuning/linear.py" "tools/lib/tuning/linucb.py"
    "tools/lib/tuning/offpolicy.py" "tools/lib/tuning/preferences.py"
    "tools/lib/tuning/regression.py" "tools/lib/tuning/rules.py"
    "tools/lib/tuning/thompson_beta.py" "tools/lib/tuning/thompson_linear.py"
    "tools/lib/tuning/ucb1.py");

impl Template {
    pub(super) fn files(self) -> impl Iterator<Item = TemplateFile> {
        let own = match self {
            Self::Blank => BLANK,
            Self::Stateless => STATELESS,
            Self::Chat => CHAT,
            Self::Retrieval => RETRIEVAL,
            Self::Wheels => WHEELS,
            Self::Tuner => TUNER,
        };
        COMMON.iter().chain(own).copied()
    }
}
