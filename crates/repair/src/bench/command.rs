//! A command that says by its exit whether all is well, run in a copy of the folder.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    process::{Child, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::{Baseline, Bench, BenchError, Candidate, Copy, Given, Order, Outcome, Tested, end};
use crate::task::{Launcher, Task};

/// The command on the program as it is.
const BASELINE_MAX: Duration = Duration::from_mins(1);
/// On a candidate it is given this at least.
const LEAST: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How a shell says that.
const NOT_FOUND: i32 = 127;

pub(crate) struct CommandBench {
    copy: Copy,
    text: String,
    words: Vec<String>,
    launcher: Launcher,
}

impl CommandBench {
    pub(crate) fn open(task: &Task, words: &[String], text: &str) -> Result<Self, BenchError> {
        Ok(Self {
            copy: Copy::of(task, &task.root, text)?,
            text: text.to_owned(),
            words: words.to_vec(),
            launcher: task.launcher.clone(),
        })
    }

    /// How it ends on this text. Nothing if it takes too long.
    fn run(&self, text: &str, limit: Duration) -> Result<Option<ExitStatus>, BenchError> {
        fs::write(&self.copy.file, text).map_err(|source| BenchError::Folder {
            path: self.copy.file.clone(),
            source,
        })?;
        let Some((program, arguments)) = self.words.split_first() else {
            return Ok(Some(ExitStatus::from_raw(1)));
        };
        let began = Instant::now();
        let child = self
            .launcher
            .command(OsStr::new(program), self.copy.path())
            .args(arguments)
            .current_dir(self.copy.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONHASHSEED", "0")
            .env("TMPDIR", self.copy.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| BenchError::Start {
                program: program.clone(),
                reason: error.to_string(),
            })?;
        let gone = |error: io::Error| BenchError::Ended(error.to_string());
        let mut has_ended = has_ended(&child);
        while matches!(has_ended, Ok(false)) && began.elapsed() < limit {
            thread::sleep(LOOK_EVERY);
            has_ended = self::has_ended(&child);
        }
        let status = end(child).map_err(gone)?;
        Ok(has_ended.map_err(gone)?.then_some(status))
    }
}

/// It stays there to be waited for, so that its number is nobody else's.
fn has_ended(child: &Child) -> io::Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::Pid(Pid::from_child(child)), options)?.is_some())
}

fn letter(status: Option<ExitStatus>) -> char {
    match status {
        Some(status) if status.success() => 'P',
        Some(_) => 'F',
        None => 'T',
    }
}

impl Bench for CommandBench {
    fn baseline(&mut self, deadline: Instant) -> Result<Baseline, BenchError> {
        let limit = || BASELINE_MAX.min(deadline.saturating_duration_since(Instant::now()));
        let began = Instant::now();
        let status = self.run(&self.text, limit())?;
        if status.and_then(|status| status.code()) == Some(NOT_FOUND) {
            return Err(BenchError::Start {
                program: self.words.join(" "),
                reason: "there is no such command".to_owned(),
            });
        }
        let taken = began.elapsed();
        let again = self.run(&self.text, limit())?;
        let letters = [letter(status), letter(again)];
        if letters.contains(&'T') && Instant::now() >= deadline {
            return Err(BenchError::Slow { ran: 0, tests: 1 });
        }
        let [letter, again] = letters;
        Ok(Baseline {
            tests: vec![Tested {
                name: self.words.join(" "),
                letter,
                again,
                near: 0.0,
                message: String::new(),
                apart: Vec::new(),
                steps: 0,
                // What it is of a processor's time, nobody knows.
                seconds: 0.0,
                wall: taken.as_secs_f64(),
                lines: Vec::new(),
                arcs: Vec::new(),
            }],
            ..Baseline::default()
        })
    }

    fn attempts(
        &mut self,
        candidates: &[Candidate],
        order: &Order,
        deadline: Instant,
    ) -> Result<Vec<Outcome>, BenchError> {
        let limit = Duration::try_from_secs_f64(order.wall).unwrap_or(BASELINE_MAX);
        let limit = limit.clamp(LEAST, BASELINE_MAX);
        let mut outcomes = Vec::new();
        for candidate in candidates {
            let left = deadline.saturating_duration_since(Instant::now());
            let status = self.run(&candidate.text(), limit.min(left))?;
            // It was cut off, which says nothing of it.
            if status.is_none() && Instant::now() >= deadline {
                break;
            }
            outcomes.push(Outcome {
                letters: letter(status).to_string(),
                ..Outcome::default()
            });
        }
        Ok(outcomes)
    }

    fn calls(
        &mut self,
        candidates: &[Candidate],
        _calls: &[(String, String)],
        _steps: u64,
    ) -> Result<Vec<Given>, BenchError> {
        Ok(vec![Given::default(); candidates.len()])
    }
}
