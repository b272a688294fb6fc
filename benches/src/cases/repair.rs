//! Repair without a model: how many bugs, how many of those rightly, how fast, beside plain mutation in the
//! same time and beside starting Python for each candidate.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use repair::Strategy;

use super::Bench;
use crate::{
    repairs::{self, Bug, Mended},
    table::{OWN, Row},
};

const PLAIN: &str = "plain mutation";
const PYTHON: &str = "python3 -I for each";
const PYTEST: &str = "pytest for each";

const SPEED_CASE: &str = "candidates of a repair";
/// So many runs of the peers; each is a process.
const RUNS: u32 = 20;

impl Bench {
    pub(super) fn measure_repair(&mut self) -> Result<()> {
        let half = self.bugs_half.clone();
        let bugs = repairs::bugs(&half)?;
        let bugs = &bugs[..bugs.len().min(self.bugs)];
        let case = format!(
            "repair of {} bugs ({half}), {} s each",
            bugs.len(),
            self.bug_budget.as_secs()
        );
        let wants_any = [PLAIN, OWN].iter().any(|store| self.wants(&case, store));
        let wants_speed = [PYTHON, PYTEST, OWN]
            .iter()
            .any(|store| self.wants(SPEED_CASE, store));
        if !wants_any && !wants_speed {
            return Ok(());
        }
        let folder = self.new_folder()?;
        if self.wants(&case, PLAIN) {
            let mended = self.mend_all(bugs, &folder, Strategy::Random)?;
            self.tell(&case, PLAIN, bugs, &mended);
        }
        if self.wants(&case, OWN) || self.wants(SPEED_CASE, OWN) {
            let mended = self.mend_all(bugs, &folder, Strategy::Search)?;
            self.tell(&case, OWN, bugs, &mended);
            let seconds: f64 = mended.iter().map(|mended| mended.report.seconds).sum();
            let tried: usize = mended.iter().map(|mended| mended.report.tried).sum();
            self.rows
                .push(Row::once(SPEED_CASE, OWN, share(tried, 1) / seconds, "/s"));
            let memory = format!("{case}, most memory of a process");
            self.rows
                .push(Row::once(&memory, OWN, most_memory_mib()?, "MiB"));
        }
        self.measure_processes(&bugs[0], &folder)?;
        Ok(fs::remove_dir_all(folder)?)
    }

    fn mend_all(&self, bugs: &[Bug], folder: &Path, strategy: Strategy) -> Result<Vec<Mended>> {
        bugs.iter()
            .map(|bug| bug.mend(folder, self.bug_budget, strategy))
            .collect()
    }

    fn tell(&mut self, case: &str, store: &str, bugs: &[Bug], mended: &[Mended]) {
        let repaired: Vec<&Mended> = mended
            .iter()
            .filter(|mended| mended.report.repaired)
            .collect();
        let right = repaired.iter().filter(|mended| mended.is_right()).count();
        let percent = |count: usize, of: usize| 100.0 * share(count, of.max(1));
        let mut row = |what: &str, value: f64, unit: &'static str| {
            self.rows
                .push(Row::once(&format!("{case}, {what}"), store, value, unit));
        };
        row("repaired", percent(repaired.len(), bugs.len()), "%");
        row(
            "wrong among these",
            percent(repaired.len() - right, repaired.len()),
            "%",
        );
        let mut seconds: Vec<f64> = repaired
            .iter()
            .map(|mended| mended.report.seconds)
            .collect();
        seconds.sort_by(f64::total_cmp);
        if let Some(median) = seconds.get(seconds.len() / 2) {
            row("time to it, median", *median, "s");
        }
        for kind in ["single", "multi-token", "multi-line"] {
            let of_kind = bugs.iter().zip(mended).filter(|(bug, _)| bug.kind == kind);
            let of_kind: Vec<&Mended> = of_kind.map(|(_, mended)| mended).collect();
            let count = of_kind
                .iter()
                .filter(|mended| mended.report.repaired)
                .count();
            row(
                &format!("repaired, {kind}"),
                percent(count, of_kind.len()),
                "%",
            );
        }
    }

    /// A process for each candidate, as many side by side as there are processors.
    fn measure_processes(&mut self, bug: &Bug, folder: &Path) -> Result<()> {
        let script = folder.join("test_candidate.py");
        fs::write(&script, bug.script()?)?;
        let with_pytest = self.tools.join("mcp-peers/bin/python");
        let peers: [(&str, &Path, &[&str]); 2] = [
            (PYTHON, Path::new("python3"), &["-I", "-B"]),
            (
                PYTEST,
                &with_pytest,
                &["-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"],
            ),
        ];
        for (name, program, arguments) in peers {
            if !self.wants(SPEED_CASE, name) {
                continue;
            }
            self.rows
                .push(match per_second(program, arguments, &script) {
                    Ok(rate) => Row::once(SPEED_CASE, name, rate, "/s"),
                    Err(why) => Row::not_available(SPEED_CASE, name, &why),
                });
        }
        Ok(())
    }
}

/// The most that any process had which ran candidates, and which has ended.
fn most_memory_mib() -> Result<f64> {
    const KIB_A_MIB: f64 = 1024.0;
    let kib = u32::try_from(getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss())?;
    Ok(f64::from(kib) / KIB_A_MIB)
}

fn per_second(program: &Path, arguments: &[&str], script: &Path) -> Result<f64> {
    let run = || -> Result<()> {
        let mut command = Command::new(program);
        let command = command.args(arguments).arg(script);
        let ended = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        // The candidate has a bug, which the tests have to notice.
        ensure!(!ended.success(), "the tests pass");
        Ok(())
    };
    let lanes = std::thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes)
            .map(|_| scope.spawn(|| (0..RUNS).try_for_each(|_| run())))
            .collect();
        lanes.into_iter().try_for_each(|lane| match lane.join() {
            Ok(ran) => ran,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    let took: Duration = began.elapsed();
    Ok(share(lanes, 1) * f64::from(RUNS) / took.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn share(count: usize, of: usize) -> f64 {
    count as f64 / of as f64
}
