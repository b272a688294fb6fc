//! One run of a command, which ends with everything that it started.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, Command},
    signal::unix::{Signal as SignalStream, SignalKind, signal},
    time::timeout,
};

use crate::{Listener, Progress, providers::failures::Trouble};

/// An agent looks around before it answers.
const TOTAL_SECONDS_MAX: u64 = 900;

const OUTPUT_BYTES_MAX: usize = 8 << 20;

/// Of what a command complains, the end is kept.
const COMPLAINT_BYTES_MAX: usize = 64 << 10;

const COMPLAINT_LINES_MAX: usize = 10;

/// How long what a command leaves behind may hold its output open.
const LINGER: Duration = Duration::from_millis(500);

const CHUNK_BYTES: usize = 16 << 10;

/// Limits of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessBounds {
    pub total: Duration,
    pub output_bytes_max: usize,
}

impl Default for ProcessBounds {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(TOTAL_SECONDS_MAX),
            output_bytes_max: OUTPUT_BYTES_MAX,
        }
    }
}

/// What a run that has ended left.
pub(super) struct Printed {
    pub(super) stdout: Vec<u8>,
    pub(super) status: ExitStatus,
    stderr: Vec<u8>,
}

impl Printed {
    pub(super) fn last_lines(&self) -> String {
        let stderr = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<&str> = stderr.lines().collect();
        let first = lines.len().saturating_sub(COMPLAINT_LINES_MAX);
        lines[first..].join("\n")
    }
}

/// Kills the group of a process that has not been waited for, so that its number is nobody else's.
struct Group(Option<Pid>);

impl Group {
    fn kill(&mut self) {
        let Some(leader) = self.0.take() else { return };
        match kill_process_group(leader, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => tracing::error!(%error, "an agent's command could not be killed"),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a command to its end, or to the end of its time; dropped, it kills it.
pub(super) async fn run(
    command: Command,
    input: Vec<u8>,
    bounds: ProcessBounds,
    listener: &Listener,
) -> Result<Printed, Trouble> {
    let run = run_unbounded(command, input, bounds.output_bytes_max, listener);
    let ended = timeout(bounds.total, run).await;
    ended.unwrap_or_else(|_over| {
        Err(Trouble::unavailable(format!(
            "its command took longer than {:?} and was killed",
            bounds.total
        )))
    })
}

async fn run_unbounded(
    mut command: Command,
    input: Vec<u8>,
    output_bytes_max: usize,
    listener: &Listener,
) -> Result<Printed, Trouble> {
    // Listened to before there is a process, so that no end is missed.
    let mut ends = signal(SignalKind::child()).map_err(broken("watched"))?;
    let mut child = start(&mut command)?;
    // Dropped before the child is, which reaps it.
    let mut group = Group(leader(&child));
    let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    {
        let talk = async {
            let ((), read, ()) = tokio::join!(
                write(streams.0, &input),
                read_all(streams.1, &mut stdout, output_bytes_max, listener),
                read_last(streams.2, &mut stderr),
            );
            read
        };
        tokio::pin!(talk);
        tokio::select! {
            read = &mut talk => read?,
            ended = end_of(group.0, &mut ends) => {
                ended?;
                if let Ok(read) = timeout(LINGER, &mut talk).await {
                    read?;
                }
            }
        }
    }
    // One that closed its output may go on for as long as there is time.
    end_of(group.0, &mut ends).await?;
    group.kill();
    Ok(Printed {
        stdout,
        status: child.wait().await.map_err(broken("waited for"))?,
        stderr,
    })
}

fn start(command: &mut Command) -> Result<Child, Trouble> {
    let spawned = command
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    spawned.map_err(|source| Trouble::Unconfigured {
        reason: format!(
            "its command `{}` could not be started",
            command.as_std().get_program().display()
        ),
        source: Some(Box::new(source)),
    })
}

fn leader(child: &Child) -> Option<Pid> {
    let number = child.id().and_then(|id| i32::try_from(id).ok());
    number.and_then(Pid::from_raw)
}

/// Waits until a process has ended, and leaves its status where it is.
async fn end_of(process: Option<Pid>, ends: &mut SignalStream) -> Result<(), Trouble> {
    let Some(process) = process else {
        return Ok(());
    };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        let ended = waitid(WaitId::Pid(process), options);
        let ended = ended.map_err(|error| broken("watched")(error.into()))?;
        if ended.is_some() || ends.recv().await.is_none() {
            return Ok(());
        }
    }
}

fn broken(action: &str) -> impl FnOnce(io::Error) -> Trouble {
    move |error| Trouble::unavailable(format!("its command could not be {action}: {error}"))
}

/// A command need not read what it is asked; one that does not shows that by its answer.
async fn write(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin
        && let Err(error) = stdin.write_all(input).await
    {
        tracing::debug!(%error, "a command did not read its question to the end");
    }
}

async fn read_all(
    stream: Option<impl AsyncRead + Unpin>,
    kept: &mut Vec<u8>,
    bytes_max: usize,
    listener: &Listener,
) -> Result<(), Trouble> {
    let Some(mut stream) = stream else {
        return Ok(());
    };
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = stream.read(&mut chunk).await;
        let bytes = count.map_err(broken("read"))?;
        if bytes == 0 {
            return Ok(());
        }
        if kept.len() + bytes > bytes_max {
            return Err(Trouble::malformed(format!(
                "its command printed more than {bytes_max} bytes"
            )));
        }
        kept.extend_from_slice(&chunk[..bytes]);
        listener(Progress::Text { bytes });
    }
}

/// Keeps the end of a stream; what cannot be read was not said.
async fn read_last(stream: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut stream) = stream else { return };
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..count]);
        let over = kept.len().saturating_sub(COMPLAINT_BYTES_MAX);
        kept.drain(..over);
    }
}
