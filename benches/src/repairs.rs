//! Bugs that other people's mutators made in small programs, and what becomes of them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use repair::{Case, Launcher, Report, Settings, Strategy, Task, Tests};
use serde::Deserialize;

/// Where programs, cases, inputs and bugs are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/repair");

/// One bug of a program.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Bug {
    pub(crate) id: String,
    program: String,
    half: String,
    /// `single`, `multi-token` or `multi-line`.
    pub(crate) kind: String,
    /// First line, last line and what stands there instead.
    edits: Vec<(usize, usize, String)>,
}

/// What became of a bug.
pub(crate) struct Mended {
    pub(crate) report: Report,
    /// The share of generated calls that are answered as the right program does; nothing where nothing
    /// passes all tests.
    pub(crate) agreement: Option<f64>,
}

impl Mended {
    pub(crate) fn is_right(&self) -> bool {
        self.report.repaired && self.agreement == Some(1.0)
    }
}

/// The bugs of a half, those of each kind by turns, so that any few of them are a fair sample.
pub(crate) fn bugs(half: &str) -> Result<Vec<Bug>> {
    let text = fs::read_to_string(Path::new(FOLDER).join("bugs.jsonl"))?;
    let read: Result<Vec<Bug>, _> = text.lines().map(serde_json::from_str).collect();
    let all = read.context("a bug cannot be read")?;
    let of = |kind: &str| -> Vec<Bug> {
        let bugs = all
            .iter()
            .filter(|bug| bug.half == half && bug.kind == kind);
        bugs.cloned().collect()
    };
    let kinds = ["single", "multi-token", "multi-line"].map(of);
    let longest = kinds.iter().map(Vec::len).max().unwrap_or(0);
    let turns = (0..longest).flat_map(|place| kinds.iter().filter_map(move |bugs| bugs.get(place)));
    let bugs: Vec<Bug> = turns.cloned().collect();
    ensure!(
        !bugs.is_empty(),
        "there are no bugs of the half `{half}`: say tuning or held-out"
    );
    Ok(bugs)
}

impl Bug {
    fn path(&self, folder: &str, ending: &str) -> PathBuf {
        Path::new(FOLDER)
            .join(folder)
            .join(format!("{}.{ending}", self.program))
    }

    /// The program with the bug in it.
    pub(crate) fn source(&self) -> Result<String> {
        let right = fs::read_to_string(self.path("programs", "py"))?;
        let mut lines: Vec<&str> = right.split_inclusive('\n').collect();
        for (first, last, text) in self.edits.iter().rev() {
            lines.splice(first - 1..*last, [text.as_str()]);
        }
        Ok(lines.concat())
    }

    pub(crate) fn cases(&self) -> Result<Vec<Case>> {
        let text = fs::read_to_string(self.path("cases", "jsonl"))?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let cases: Result<Vec<Case>, _> = lines.map(serde_json::from_str).collect();
        Ok(cases?)
    }

    pub(crate) fn mend(
        &self,
        folder: &Path,
        budget: Duration,
        strategy: Strategy,
    ) -> Result<Mended> {
        let task = Task {
            file: folder.join(format!("{}.py", self.program)),
            source: self.source()?,
            module: self.program.clone(),
            root: folder.to_owned(),
            paths: Vec::new(),
            tests: Tests::Cases(self.cases()?),
            launcher: Launcher {
                hold: Vec::new(),
                python: "python3".into(),
                folder: folder.to_owned(),
            },
            settings: Settings {
                budget,
                strategy,
                ..Settings::default()
            },
        };
        // What is refused is not repaired, and the others are still looked at.
        let report = repair::repair(&task, &|_progress| {}).unwrap_or_else(|error| Report {
            reason: format!("`{}` cannot be repaired: {error}", self.id),
            ..Report::default()
        });
        let agreement = report
            .text
            .as_ref()
            .map(|text| self.agreement(text, folder));
        Ok(Mended {
            report,
            agreement: agreement.transpose()?,
        })
    }

    fn agreement(&self, text: &str, folder: &Path) -> Result<f64> {
        let repaired = folder.join("repaired.py");
        fs::write(&repaired, text)?;
        let output = Command::new("python3")
            .args(["-I", "-B"])
            .arg(Path::new(FOLDER).join("agree.py"))
            .args([
                self.path("programs", "py"),
                repaired,
                self.path("inputs", "py"),
            ])
            .output()?;
        let told = String::from_utf8_lossy(&output.stdout);
        told.trim()
            .parse()
            .with_context(|| format!("{}: {}", self.id, String::from_utf8_lossy(&output.stderr)))
    }

    /// A script that runs all cases and fails with the first, for whoever starts Python for each candidate.
    pub(crate) fn script(&self) -> Result<String> {
        let cases = serde_json::to_string(&self.cases()?)?;
        Ok(format!(
            "{}\n\nimport json\n\n\ndef test_all():\n    for case in json.loads({cases:?}):\n        try:\n            value = globals()[case[\"call\"]](*case[\"args\"])\n        except Exception as error:\n            assert type(error).__name__ == case.get(\"raises\")\n        else:\n            assert json.loads(json.dumps(value)) == case.get(\"expect\")\n\n\nif __name__ == \"__main__\":\n    test_all()\n",
            self.source()?
        ))
    }
}
