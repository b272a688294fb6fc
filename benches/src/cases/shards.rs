//! One run of `luthier test` as several processes, each with a part of the cases.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Bench;
use crate::{
    runner::workspace::Workspace,
    table::{OWN, Row},
};

/// So many processes share the cases.
const COUNTS: [u32; 4] = [1, 2, 4, 7];

/// Tools that wait, as those do that ask a service: parts help there on a machine of few cores too.
const CASES: usize = 300;
const WAIT_MS: u64 = 20;

/// A run is repeated this often; the fastest counts, since nothing makes one faster than it is.
const RUNS: usize = 3;

/// How long a run took.
struct Took {
    /// From the start of the first process to the verdict on all parts.
    whole: Duration,
    /// The cases of the part that took longest.
    tier_ms: f64,
}

/// A process that does not outlive the bench.
struct Part(Child);

impl Drop for Part {
    fn drop(&mut self) {
        // One that ended already cannot be killed, and need not be.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Bench {
    pub(super) fn measure_shards(&mut self) -> Result<()> {
        let case = format!("test {CASES} cases that wait {WAIT_MS} ms");
        if !self.wants(&case, OWN) {
            return Ok(());
        }
        let folder = self.new_folder()?;
        match self.shards(&folder, &case) {
            Ok(rows) => self.rows.extend(rows),
            Err(why) => self.rows.push(Row::not_available(&case, OWN, &why)),
        }
        Ok(fs::remove_dir_all(folder)?)
    }

    fn shards(&self, folder: &Path, case: &str) -> Result<Vec<Row>> {
        let workspace = workspace(folder)?;
        let mut rows = Vec::new();
        let mut alone = None;
        for count in COUNTS {
            let mut took = Took {
                whole: Duration::MAX,
                tier_ms: f64::INFINITY,
            };
            for run in 0..RUNS {
                let out = folder.join(format!("out-{count}-{run}"));
                let one = self.run_parts(workspace.folder(), &out, count)?;
                took.whole = took.whole.min(one.whole);
                took.tier_ms = took.tier_ms.min(one.tier_ms);
            }
            let whole_ms = took.whole.as_secs_f64() * 1e3;
            let (whole_alone, tier_alone) = *alone.get_or_insert((whole_ms, took.tier_ms));
            let parts = |what: &str| format!("{case}, in {count} parts, {what}");
            rows.extend([
                Row::once(&parts("start to verdict"), OWN, whole_ms, "ms"),
                Row::once(&parts("faster by"), OWN, whole_alone / whole_ms, "x"),
                Row::once(&parts("the longest part's cases"), OWN, took.tier_ms, "ms"),
                Row::once(&parts("these by"), OWN, tier_alone / took.tier_ms, "x"),
            ]);
        }
        Ok(rows)
    }

    /// All parts at once, then the verdict on what they wrote.
    fn run_parts(&self, workspace: &Path, out: &Path, count: u32) -> Result<Took> {
        let folders = (1..=count).map(|index| out.join(index.to_string()));
        let folders: Vec<PathBuf> = folders.collect();
        fs::create_dir_all(out)?;
        let began = Instant::now();
        let parts = (1..=count)
            .zip(&folders)
            .map(|(index, folder)| -> Result<Part> {
                let mut command = self.test(workspace);
                command.args(["--tier", "fast", "--no-cache", "--jobs", "1", "--quiet"]);
                command.args(["--shard", &format!("{index}/{count}"), "--out"]);
                command.arg(folder).stdout(Stdio::null());
                Ok(Part(command.spawn()?))
            });
        for mut part in parts.collect::<Result<Vec<_>>>()? {
            let ended = part.0.wait()?;
            ensure!(ended.success(), "a part of {count} ended with {ended}");
        }
        let mut merge = self.test(workspace);
        let output = merge.args(["--json", "--merge"]).args(folders).output()?;
        let whole = began.elapsed();
        let said: Value = serde_json::from_slice(&output.stdout)?;
        let fast = &said["tiers"]["fast"];
        ensure!(fast["passed"] == CASES, "luthier test says {said}");
        let tier_ms = fast["wall_ms"].as_f64().unwrap_or(f64::NAN);
        Ok(Took { whole, tier_ms })
    }

    fn test(&self, workspace: &Path) -> Command {
        let mut command = Command::new(&self.luthier);
        command.args(["test", "--workspace"]).arg(workspace);
        command
    }
}

fn workspace(folder: &Path) -> Result<Workspace> {
    let workspace = Workspace::create(folder.join("workspace"), 1)?;
    let tests = workspace.folder().join("tests/fast");
    fs::create_dir_all(&tests)?;
    let mut lines = String::new();
    for number in 0..CASES {
        let case = json!({
            "tool": "whole",
            "name": format!("wait {number}"),
            "args": {"wait_ms": WAIT_MS},
            "expect": {"$subset": ["0", "Hello", "Hello"]},
        });
        writeln!(lines, "{case}").expect("writing to a String cannot fail");
    }
    fs::write(tests.join("bench.jsonl"), lines)?;
    Ok(workspace)
}
