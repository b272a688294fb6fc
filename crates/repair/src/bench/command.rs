//! A command that says by its exit whether all is well, run in a copy of the folder.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Baseline, Bench, BenchError, Candidate, Order, Outcome, Tested};
use crate::task::{Launcher, Task};

/// What is copied for each that runs side by side.
const COPY_FILES_MAX: usize = 5_000;
const COPY_BYTES_MAX: u64 = 64 << 20;
/// The command on the program as it is.
const BASELINE_MAX: Duration = Duration::from_mins(1);
/// A candidate may take so much longer than that took.
const SLOWER: u32 = 4;
const LEAST: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How a shell says that.
const NOT_FOUND: i32 = 127;
/// Never copied: what tools keep, and what is made anew.
const LEFT_OUT: [&str; 9] = [
    ".git",
    ".hg",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    "target",
    ".mypy_cache",
    ".luthier",
];

pub(crate) struct CommandBench {
    copy: TempDir,
    file: PathBuf,
    words: Vec<String>,
    launcher: Launcher,
    limit: Duration,
}

impl CommandBench {
    pub(crate) fn open(task: &Task, words: &[String]) -> Result<Self, BenchError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| BenchError::Folder { path, source }
        };
        let copy = tempfile::Builder::new()
            .prefix("luthier-repair-")
            .tempdir_in(&task.launcher.folder)
            .map_err(failed(&task.launcher.folder))?;
        let mut left = (COPY_FILES_MAX, COPY_BYTES_MAX);
        copy_folder(&task.root, copy.path(), &mut left).map_err(failed(&task.root))?;
        let file = own_file(task, copy.path()).map_err(failed(&task.file))?;
        Ok(Self {
            file,
            copy,
            words: words.to_vec(),
            launcher: task.launcher.clone(),
            limit: BASELINE_MAX,
        })
    }

    /// Does it succeed on this text? Nothing if it takes too long.
    fn run(&self, text: &str) -> Result<Option<bool>, BenchError> {
        fs::write(&self.file, text).map_err(|source| BenchError::Folder {
            path: self.file.clone(),
            source,
        })?;
        let Some((program, arguments)) = self.words.split_first() else {
            return Ok(Some(false));
        };
        let began = Instant::now();
        let mut child = self
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
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.code() == Some(NOT_FOUND) => {
                    return Err(BenchError::Start {
                        program: self.words.join(" "),
                        reason: "there is no such command".to_owned(),
                    });
                }
                Ok(Some(status)) => return Ok(Some(status.success())),
                Ok(None) if began.elapsed() < self.limit => thread::sleep(LOOK_EVERY),
                Ok(None) => {
                    end(&mut child);
                    return Ok(None);
                }
                Err(error) => return Err(BenchError::Ended(error.to_string())),
            }
        }
    }

    fn letter(&self, text: &str) -> Result<char, BenchError> {
        Ok(match self.run(text)? {
            Some(true) => 'P',
            Some(false) => 'F',
            None => 'T',
        })
    }
}

/// The file in the copy: what is written there must not reach the one that was copied.
fn own_file(task: &Task, copy: &Path) -> io::Result<PathBuf> {
    let outside = || {
        let root = task.root.display();
        io::Error::other(format!(
            "it does not lie in `{root}`, of which the command gets a copy"
        ))
    };
    let inside = task
        .file
        .strip_prefix(&task.root)
        .ok()
        .ok_or_else(outside)?;
    let file = copy.join(inside);
    let folder = file.parent().ok_or_else(outside)?.canonicalize()?;
    if !folder.starts_with(copy.canonicalize()?) {
        return Err(outside());
    }
    if file.is_symlink() {
        fs::remove_file(&file)?;
    }
    fs::write(&file, &task.source)?;
    Ok(file)
}

/// With all that it has started.
fn end(child: &mut Child) {
    let group = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // One that is gone by itself needs no ending.
        _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    drop(child.wait());
}

fn copy_folder(from: &Path, to: &Path, left: &mut (usize, u64)) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let name = entry.file_name();
        let target = to.join(&name);
        if kind.is_dir() {
            if !LEFT_OUT.iter().any(|other| name == *other) {
                fs::create_dir(&target)?;
                copy_folder(&entry.path(), &target, left)?;
            }
        } else if kind.is_symlink() {
            let aim = fs::read_link(entry.path())?;
            let aim = if aim.is_absolute() {
                aim
            } else {
                from.join(aim)
            };
            std::os::unix::fs::symlink(aim, &target)?;
        } else if kind.is_file() {
            let bytes = entry.metadata()?.len();
            if left.0 == 0 || left.1 < bytes {
                return Err(io::Error::other(format!(
                    "it has more than {COPY_FILES_MAX} files or {COPY_BYTES_MAX} bytes, which are copied for each run: start the command from a smaller folder"
                )));
            }
            *left = (left.0 - 1, left.1 - bytes);
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

impl Bench for CommandBench {
    fn baseline(&mut self, _deadline: Instant) -> Result<Baseline, BenchError> {
        let text = fs::read_to_string(&self.file).map_err(|source| BenchError::Folder {
            path: self.file.clone(),
            source,
        })?;
        let began = Instant::now();
        let letter = self.letter(&text)?;
        let taken = began.elapsed();
        let again = self.letter(&text)?;
        Ok(Baseline {
            tests: vec![Tested {
                name: self.words.join(" "),
                letter,
                again,
                near: 0.0,
                message: String::new(),
                steps: 0,
                seconds: taken.as_secs_f64(),
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
        let usual = Duration::try_from_secs_f64(order.seconds).unwrap_or(BASELINE_MAX);
        self.limit = (usual * SLOWER).clamp(LEAST, BASELINE_MAX);
        let outcome = |candidate: &Candidate| {
            Ok(Outcome {
                letters: self.letter(&candidate.text())?.to_string(),
                ..Outcome::default()
            })
        };
        candidates
            .iter()
            .take_while(|_| Instant::now() < deadline)
            .map(outcome)
            .collect()
    }

    fn calls(
        &mut self,
        candidates: &[Candidate],
        _calls: &[(String, String)],
        _steps: u64,
    ) -> Result<Vec<Vec<String>>, BenchError> {
        Ok(vec![Vec::new(); candidates.len()])
    }
}
