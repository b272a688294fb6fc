//! Cases that tools are tested with: `luthier test` beside pytest over an MCP client.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Bench;
use crate::{
    runner::workspace::Workspace,
    table::{OWN, Row},
};

const PYTEST: &str = "pytest, FastMCP client";
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");
const PEERS_PYTHON: &str = "mcp-peers/bin/python";

/// As many as a micro tier has, and as many as show what one more costs.
const CASES: [usize; 2] = [200, 2_000];

/// A run is repeated this often; the fastest counts, since nothing makes one faster than it is.
const RUNS: usize = 3;

impl Bench {
    pub(super) fn measure_proof(&mut self) -> Result<()> {
        for cases in CASES {
            let case = format!("test {cases} cases");
            for (name, is_own) in [(PYTEST, false), (OWN, true)] {
                if self.wants(&case, name) {
                    self.measure_tests(&case, name, cases, is_own)?;
                }
            }
        }
        Ok(())
    }

    fn measure_tests(&mut self, case: &str, name: &str, cases: usize, is_own: bool) -> Result<()> {
        let folder = self.new_folder()?;
        let mut fastest = Duration::MAX;
        let mut inside_ms = f64::INFINITY;
        for _ in 0..RUNS {
            let run = if is_own {
                luthier(&self.luthier, &folder, cases)
            } else {
                pytest(&self.tools.join(PEERS_PYTHON), &folder, cases).map(|took| (took, None))
            };
            match run {
                Ok((took, inside)) => {
                    fastest = fastest.min(took);
                    inside_ms = inside_ms.min(inside.unwrap_or(f64::INFINITY));
                }
                Err(why) => {
                    self.rows.push(Row::not_available(case, name, &why));
                    return Ok(fs::remove_dir_all(folder)?);
                }
            }
        }
        let whole = format!("{case}, start to verdict");
        let ms = fastest.as_secs_f64() * 1e3;
        self.rows.push(Row::once(&whole, name, ms, "ms"));
        if inside_ms.is_finite() {
            let tier = format!("{case}, the tier alone");
            self.rows.push(Row::once(&tier, name, inside_ms, "ms"));
        }
        Ok(fs::remove_dir_all(folder)?)
    }
}

/// The same calls of two tools for everybody.
fn lines(cases: usize) -> String {
    let mut lines = String::new();
    for number in 0..cases {
        let case = if number % 2 == 0 {
            let text = format!("case {number}");
            json!({"tool": "echo", "args": {"text": text}, "expect": text})
        } else {
            let values = json!({"a": number, "b": 1});
            json!({"tool": "total", "args": {"values": values}, "expect": number + 1})
        };
        writeln!(lines, "{case}").expect("writing to a String cannot fail");
    }
    lines
}

/// All of the process, and the tier by its own account.
fn luthier(program: &Path, folder: &Path, cases: usize) -> Result<(Duration, Option<f64>)> {
    let workspace = Workspace::create(folder.join("workspace"), 2)?;
    let tests = workspace.folder().join("tests/micro");
    fs::create_dir_all(&tests)?;
    fs::write(tests.join("bench.jsonl"), lines(cases))?;
    let began = Instant::now();
    let output = Command::new(program)
        .args([
            "test",
            "--tier",
            "micro",
            "--no-cache",
            "--json",
            "--workspace",
        ])
        .arg(workspace.folder())
        .output()?;
    let took = began.elapsed();
    let said: Value = serde_json::from_slice(&output.stdout)?;
    let micro = &said["tiers"]["micro"];
    ensure!(micro["passed"] == cases, "luthier test says {said}");
    Ok((took, micro["wall_ms"].as_f64()))
}

fn pytest(python: &Path, folder: &Path, cases: usize) -> Result<Duration> {
    let file: PathBuf = folder.join("cases.jsonl");
    fs::write(&file, lines(cases))?;
    let began = Instant::now();
    let output = Command::new(python)
        .args([
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "test_cases.py",
        ])
        .current_dir(PEERS)
        .env("BENCH_CASES", std::path::absolute(&file)?)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()?;
    let took = began.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    let is_passed = said.contains(&format!("{cases} passed"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(is_passed, "pytest says {said} {complaint}");
    Ok(took)
}
