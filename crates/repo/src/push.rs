//! References to another repository, by the git that a person has configured: gix cannot push.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::Repo;

/// How much of what git prints is read.
const PRINTED_BYTES_MAX: u64 = 256 << 10;

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
        let stdout = child.stdout.take().map(collect);
        let stderr = child.stderr.take().map(collect);
        let status = wait(&mut child, pusher.time_max).map_err(failed)?;
        let Some(status) = status else {
            return Err(PushError::TooSlow {
                time_max: pusher.time_max,
            });
        };
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

/// Reads on a thread of its own, to the end, so that git never waits for a reader.
fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        // What cannot be read was not said.
        drop((&mut stream).take(PRINTED_BYTES_MAX).read_to_end(&mut kept));
        drop(io::copy(&mut stream, &mut io::sink()));
        kept
    })
}

fn text(collected: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = collected.and_then(|thread| thread.join().ok());
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

/// Nothing if it took too long; it is ended then.
fn wait(child: &mut Child, time_max: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + time_max;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK_AGAIN);
    }
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
