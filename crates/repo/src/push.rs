//! References to another repository, by the git that a person has configured: gix cannot push.

use std::{
    io::{self, Read},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::Repo;

/// How much of what git prints is read.
const PRINTED_BYTES_MAX: usize = 256 << 10;

/// How much of it is read at once.
const CHUNK_BYTES: usize = 8 << 10;

/// How long what git has started may go on printing once git itself has ended.
const PRINTING_AFTER_END: Duration = Duration::from_secs(1);

/// How often git is asked whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A git program, and how long it may take.
#[derive(Clone, Debug)]
pub struct Pusher {
    pub program: PathBuf,
    pub time_max: Duration,
}

/// A reference that the other side did not take, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    pub name: String,
    pub reason: String,
}

/// Why nothing was pushed: it is all or none.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error("`{url}` is no address to push to")]
    Url { url: String },
    #[error("`{name}` is no reference to push: name it whole, as in `refs/heads/main`")]
    Name { name: String },
    #[error("could not run `{}`: is it git?", program.display())]
    Spawn {
        program: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("git took more than {} s to push", time_max.as_secs())]
    TooSlow { time_max: Duration },
    #[error("`{url}` refused {}: fetch, and release anew", told(rejected))]
    Rejected {
        url: String,
        rejected: Vec<Rejected>,
    },
    #[error("git could not push to `{url}` ({status}): {said}")]
    Failed {
        url: String,
        status: ExitStatus,
        said: String,
    },
}

fn told(rejected: &[Rejected]) -> String {
    let each = (rejected.iter()).map(|rejected| format!("{} ({})", rejected.name, rejected.reason));
    each.collect::<Vec<_>>().join(", ")
}

impl Repo {
    /// Pushes references, named whole, to where they are here: all of them or none. Nothing is
    /// forced, no hook is run, and nobody is asked for a password. Says which the other side did
    /// not have yet.
    pub fn push(
        &self,
        pusher: &Pusher,
        url: &str,
        names: &[String],
    ) -> Result<Vec<String>, PushError> {
        if url.is_empty() || url.starts_with('-') || url.contains("::") {
            return Err(PushError::Url {
                url: url.to_owned(),
            });
        }
        for name in names {
            if !name.starts_with("refs/") || gix::refs::FullName::try_from(name.as_str()).is_err() {
                return Err(PushError::Name { name: name.clone() });
            }
        }
        let failed = |source| PushError::Spawn {
            program: pusher.program.clone(),
            source,
        };
        let mut child = self.start(pusher, url, names).map_err(failed)?;
        let stdout = child.stdout.take().map(Printed::collect);
        let stderr = child.stderr.take().map(Printed::collect);
        let printed = [&stdout, &stderr];
        let status = wait(&mut child, &printed, pusher.time_max).map_err(failed)?;
        let Some(status) = status else {
            return Err(PushError::TooSlow {
                time_max: pusher.time_max,
            });
        };
        let text = |printed: Option<Printed>| printed.map_or_else(String::new, |it| it.text());
        let (printed, said) = (text(stdout), text(stderr));
        let lines: Vec<Line> = printed.lines().filter_map(Line::parse).collect();
        if status.success() {
            let new = lines.into_iter().filter(|line| line.flag != '=');
            return Ok(new.map(|line| line.name).collect());
        }
        let rejected: Vec<Rejected> = (lines.into_iter())
            .filter(|line| line.flag == '!')
            .map(|line| Rejected {
                name: line.name,
                reason: line.summary,
            })
            .collect();
        let url = url.to_owned();
        if rejected.is_empty() {
            let said = said.trim().to_owned();
            return Err(PushError::Failed { url, status, said });
        }
        Err(PushError::Rejected { url, rejected })
    }

    fn start(&self, pusher: &Pusher, url: &str, names: &[String]) -> io::Result<Child> {
        Command::new(&pusher.program)
            .arg("--git-dir")
            .arg(&self.common)
            .args([
                "-c",
                "core.hooksPath=/dev/null",
                "-c",
                "push.followTags=false",
            ])
            .args(["push", "--porcelain", "--atomic", "--no-force", "--", url])
            .args(names.iter().map(|name| format!("{name}:{name}")))
            .current_dir(absolute(&self.common))
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            // With what it starts, so that all of it can be ended.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

fn absolute(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

/// What comes from a stream, read by a thread of its own so that git never waits for a reader.
struct Printed {
    kept: Arc<Mutex<Vec<u8>>>,
    /// Nothing is ever sent: it is closed with the stream.
    closed: mpsc::Receiver<()>,
}

impl Printed {
    fn collect(mut stream: impl Read + Send + 'static) -> Self {
        let (open, closed) = mpsc::sync_channel(0);
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keeper = Arc::clone(&kept);
        thread::spawn(move || {
            let mut chunk = [0; CHUNK_BYTES];
            // What cannot be read was not said.
            while let Ok(count @ 1..) = stream.read(&mut chunk) {
                let mut kept = keeper.lock().unwrap_or_else(PoisonError::into_inner);
                let room = PRINTED_BYTES_MAX - kept.len();
                kept.extend_from_slice(&chunk[..count.min(room)]);
            }
            drop(open);
        });
        Self { kept, closed }
    }

    fn is_closed_by(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        self.closed.recv_timeout(left) == Err(mpsc::RecvTimeoutError::Disconnected)
    }

    /// What came until now.
    fn text(&self) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }
}

/// Waits for git, and a little for what it has started and what holds its streams open, all of which
/// is ended then. Nothing if git itself took too long.
fn wait(
    child: &mut Child,
    printed: &[&Option<Printed>],
    time_max: Duration,
) -> io::Result<Option<ExitStatus>> {
    let group = Pid::from_child(child);
    let deadline = Instant::now() + time_max;
    let has_ended = loop {
        // As long as nobody has taken its status, its number is nobody else's.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if waitid(WaitId::Pid(group), options)?.is_some() {
            break true;
        }
        if Instant::now() >= deadline {
            break false;
        }
        thread::sleep(LOOK_AGAIN);
    };
    let end = Instant::now() + PRINTING_AFTER_END;
    let mut streams = printed.iter().copied().flatten();
    if !has_ended || !streams.all(|stream| stream.is_closed_by(end)) {
        kill_process_group(group, Signal::KILL)?;
    }
    let status = child.wait()?;
    Ok(has_ended.then_some(status))
}

/// A line that `git push --porcelain` prints of a reference.
struct Line {
    flag: char,
    name: String,
    summary: String,
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.splitn(3, '\t');
        let (flag, names, summary) = (parts.next()?, parts.next()?, parts.next()?);
        let (_, name) = names.split_once(':')?;
        Some(Self {
            flag: flag.chars().next()?,
            name: name.to_owned(),
            summary: summary.to_owned(),
        })
    }
}
