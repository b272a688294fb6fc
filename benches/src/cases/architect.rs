//! Jobs of the Architect: all of one beside the tests that it runs, and one that was cut and goes on
//! beside the start of the program.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use tokio::time::timeout;

use super::Bench;
use crate::{
    job::{Serving, Step, Workspace},
    load::{Measured, new_histogram, record},
    table::{OWN, Row},
};

const JOB_CASE: &str = "a job from its chat to its tag";
const TIERS: &str = "all tiers once";

const RESUME_CASE: &str = "a job that was cut";
const START: &str = "the start until ready";
/// Where it is cut: most of a job is in there.
const CUT_IN: &str = "executing";

/// What records that tests ran.
const TESTS: &str = "tests-";
/// No job is as long as that.
const PATIENCE: Duration = Duration::from_mins(3);

/// What a job took.
struct Took {
    whole: Duration,
    /// Of it, while cases ran.
    tests: Duration,
}

/// What came after a start on the data of a job that was cut.
struct Resumed {
    start: Duration,
    /// From when that began: it may be before all of the program serves.
    until_taken: Duration,
    /// From when all of it serves.
    until_step: Duration,
}

impl Bench {
    pub(super) async fn measure_architect(&mut self) -> Result<()> {
        self.measure_job().await?;
        self.measure_resumption().await
    }

    /// The fastest counts, since nothing makes one faster than it is.
    async fn measure_job(&mut self) -> Result<()> {
        if self.wants(JOB_CASE, TIERS) {
            let mut runs = Vec::new();
            for _run in 0..self.jobs {
                let folder = self.new_folder()?;
                let workspace = Workspace::create(&self.luthier, folder.clone());
                runs.push(workspace.and_then(|workspace| workspace.test()));
                fs::remove_dir_all(folder)?;
            }
            let runs: Result<Vec<Duration>> = runs.into_iter().collect();
            self.rows.push(match runs {
                Ok(runs) => once(JOB_CASE, TIERS, runs.into_iter().min()),
                Err(why) => Row::not_available(JOB_CASE, TIERS, &why),
            });
        }
        if self.wants(JOB_CASE, OWN) {
            let mut runs = Vec::new();
            for _run in 0..self.jobs {
                let folder = self.new_folder()?;
                let workspace = Workspace::create(&self.luthier, folder.clone());
                runs.push(match workspace {
                    Ok(workspace) => run(&workspace).await,
                    Err(why) => Err(why),
                });
                fs::remove_dir_all(folder)?;
            }
            let runs: Result<Vec<Took>> = runs.into_iter().collect();
            match runs.map(|runs| runs.into_iter().min_by_key(|took| took.whole)) {
                Ok(fastest) => self.keep_job(fastest.as_ref()),
                Err(why) => self.rows.push(Row::not_available(JOB_CASE, OWN, &why)),
            }
        }
        Ok(())
    }

    fn keep_job(&mut self, took: Option<&Took>) {
        let part = |what: &str| format!("{JOB_CASE}, {what}");
        let rest = took.map(|took| took.whole.saturating_sub(took.tests));
        self.rows.extend([
            once(JOB_CASE, OWN, took.map(|took| took.whole)),
            once(&part("while cases run"), OWN, took.map(|took| took.tests)),
            once(&part("all the rest"), OWN, rest),
        ]);
    }

    async fn measure_resumption(&mut self) -> Result<()> {
        if !self.wants(RESUME_CASE, OWN) {
            return Ok(());
        }
        let (mut starts_ns, mut taken_ns, mut steps_ns) =
            (new_histogram(), new_histogram(), new_histogram());
        for _start in 0..self.starts {
            let folder = self.new_folder()?;
            let resumed = match Workspace::create(&self.luthier, folder) {
                Ok(workspace) => resume(&workspace).await,
                Err(why) => Err(why),
            };
            // The folder goes with the bench's own: what a killed server had started may still be
            // ending in there.
            match resumed {
                Ok(resumed) => {
                    record(&mut starts_ns, resumed.start);
                    record(&mut taken_ns, resumed.until_taken);
                    record(&mut steps_ns, resumed.until_step);
                }
                Err(why) => {
                    self.rows.push(Row::not_available(RESUME_CASE, OWN, &why));
                    return Ok(());
                }
            }
        }
        for (what, took_ns) in [
            ("start until it is taken up", taken_ns),
            ("ready until its first step", steps_ns),
        ] {
            let case = format!("{RESUME_CASE}, {what}");
            let start = Measured::of_one(starts_ns.clone());
            self.keep(&case, START, 1, Ok(start));
            self.keep(&case, OWN, 1, Ok(Measured::of_one(took_ns)));
        }
        Ok(())
    }
}

fn once(case: &str, name: &str, took: Option<Duration>) -> Row {
    let took = took.unwrap_or(Duration::MAX);
    Row::once(case, name, took.as_secs_f64() * 1e3, "ms")
}

/// All of a job, by the times in the ledger.
async fn run(workspace: &Workspace<'_>) -> Result<Took> {
    let serving = workspace.serve().await?;
    let began = Timestamp::now();
    let id = serving.chat().await?;
    let mut steps = serving.steps(&id).await?;
    let all = async {
        let mut last = began;
        let mut tests = Duration::ZERO;
        while let Some(step) = steps.next().await? {
            // What came before it and is not recorded itself is what is recorded here.
            if step.name.starts_with(TESTS) && step.kind != "begun" {
                tests += step.at.duration_since(last).unsigned_abs();
            }
            last = step.at;
            if step.kind == "released" {
                let whole = step.at.duration_since(began).unsigned_abs();
                return Ok(Some(Took { whole, tests }));
            }
        }
        anyhow::Ok(None)
    };
    let took = timeout(PATIENCE, all).await.context("it never ended")??;
    match took {
        Some(took) => Ok(took),
        None => bail!("nothing was released: {}", serving.told(&id).await?),
    }
}

/// A job cut by SIGKILL, and the start after that.
async fn resume(workspace: &Workspace<'_>) -> Result<Resumed> {
    let serving = workspace.serve().await?;
    let id = serving.chat().await?;
    wait(&serving, &id, |step| step.stage == CUT_IN).await?;
    serving.kill();

    let started_at = Timestamp::now();
    let serving = workspace.serve().await?;
    let taken = wait(&serving, &id, |step| step.at > started_at).await?;
    let first = |step: &Step| step.at > started_at && step.kind != "taken";
    let step = wait(&serving, &id, first).await?;
    let after_ready = step.at.duration_since(serving.ready_at);
    Ok(Resumed {
        start: serving.took,
        until_taken: taken.at.duration_since(started_at).unsigned_abs(),
        // What is done before all of the program serves keeps nobody waiting.
        until_step: Duration::try_from(after_ready).unwrap_or_default(),
    })
}

async fn wait(serving: &Serving, id: &str, is_wanted: impl Fn(&Step) -> bool) -> Result<Step> {
    let mut steps = serving.steps(id).await?;
    let found = async {
        while let Some(step) = steps.next().await? {
            if is_wanted(&step) {
                return Ok(step);
            }
        }
        bail!("the job ended before that")
    };
    timeout(PATIENCE, found).await.context("it never came")?
}
