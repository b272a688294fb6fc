//! Tasks in folders of their own, and tests of them in one line each.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use repair::{Case, Launcher, Report, Settings, Task, Tests, repair};
use serde_json::{Map, Value};
use tempfile::TempDir;

/// No search of these needs it, save on a machine that is busy; one that is done ends earlier.
const BUDGET: Duration = Duration::from_mins(2);

/// A program in a folder, and what is asked about it.
pub(crate) struct Trial {
    pub(crate) task: Task,
    _folder: TempDir,
}

/// `program.py` with cases, one a line: `f(1, "a") -> [2]` or `C.f() raises ValueError: too small`.
pub(crate) fn trial(program: &str, cases: &str) -> Trial {
    Trial::new(
        &[("program.py", program)],
        Tests::Cases(self::cases(cases)),
        python(),
    )
}

impl Trial {
    /// Files, of which the first one is to be repaired.
    pub(crate) fn new(files: &[(&str, &str)], tests: Tests, python: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text.trim_start_matches('\n')).unwrap();
        }
        let engine = folder.path().join("engine");
        fs::create_dir(&engine).unwrap();
        let file = root.join(files[0].0);
        let module = files[0].0.trim_end_matches(".py").replace('/', ".");
        let task = Task {
            source: fs::read_to_string(&file).unwrap(),
            file,
            module,
            paths: vec![root.clone()],
            root,
            tests,
            launcher: Launcher {
                hold: Vec::new(),
                python: python.to_owned(),
                folder: engine,
            },
            settings: Settings {
                budget: BUDGET,
                processes: 1,
                ..Settings::default()
            },
        };
        Self {
            task,
            _folder: folder,
        }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.task.settings);
        self
    }

    /// What comes of it; whatever that is, the file is as it was, and nothing is left behind.
    pub(crate) fn run(&self) -> Result<Report, repair::RepairError> {
        let before = fs::read_to_string(&self.task.file).unwrap();

        let came = repair(&self.task, &|_| {});

        assert_eq!(fs::read_to_string(&self.task.file).unwrap(), before);
        let left: Vec<_> = fs::read_dir(&self.task.launcher.folder).unwrap().collect();
        assert!(left.is_empty(), "{left:?} is left behind");
        came
    }

    /// The text with which all tests pass.
    pub(crate) fn repaired(&self) -> String {
        let report = self.run().unwrap();
        assert!(report.repaired, "{report:#?}");
        report.text.unwrap()
    }

    /// Why nothing was tried.
    pub(crate) fn refusal(&self) -> String {
        match self.run() {
            Err(refused) => told(&refused),
            Ok(report) => panic!("{report:#?}"),
        }
    }
}

/// An error with what is behind it.
fn told(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut inner = error.source();
    while let Some(source) = inner {
        let own = source.to_string();
        if !told.contains(&own) {
            told = format!("{told}: {own}");
        }
        inner = source.source();
    }
    told
}

/// Does a text do what is expected of it on all of these?
pub(crate) fn holds(text: &str, cases: &str) -> bool {
    let again = trial(text, cases).run();
    matches!(again, Err(repair::RepairError::NothingFails { .. }))
}

pub(crate) fn cases(lines: &str) -> Vec<Case> {
    let lines = lines.lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).map(case).collect()
}

fn case(line: &str) -> Case {
    let (call, rest) = line.split_once('(').unwrap();
    let value = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let (arguments, expect, raises) =
        if let Some((arguments, error)) = rest.rsplit_once(") raises ") {
            (arguments, None, Some(error.to_owned()))
        } else {
            let (arguments, expect) = rest.rsplit_once(") -> ").unwrap();
            (arguments, Some(value(expect)), None)
        };
    Case {
        call: call.to_owned(),
        args: value(&format!("[{arguments}]")).as_array().unwrap().clone(),
        kwargs: Map::new(),
        expect,
        raises,
    }
}

/// The lines that a diff takes away and adds, as they stand there.
pub(crate) fn changes(diff: &str) -> (Vec<&str>, Vec<&str>) {
    let body = || diff.lines().skip(2);
    let only = |sign| body().filter_map(move |line| line.strip_prefix(sign));
    (only('-').collect(), only('+').collect())
}

/// The Python itself: what is on the path may be a script that looks for it at each start.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let asked = Command::new("python3")
            .args(["-I", "-c", "import sys; print(sys.executable)"])
            .output()
            .expect("python3 is on the path, as for the build of the host");
        PathBuf::from(String::from_utf8(asked.stdout).unwrap().trim())
    })
}

#[expect(clippy::print_stderr, reason = "whoever runs it is to know")]
/// A Python that has pytest, if the tools of the project were installed.
pub(crate) fn python_with_pytest() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools");
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools");
    let found = [own, usual]
        .into_iter()
        .map(|tools| tools.join("mcp-peers/bin/python"))
        .find(|python| python.exists());
    if found.is_none() {
        eprintln!("skipped: there is no pytest in target/tools/mcp-peers");
    }
    found
}

/// Runs a script that finds the evaluator's package by its first argument.
pub(crate) fn succeeds(script: &str) {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");

    let ran = Command::new(python())
        .args(["-I", "-B", "-c", script])
        .arg(package)
        .output()
        .unwrap();

    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}
