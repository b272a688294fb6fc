//! One worker process: its streams, its shared memory, and the last lines it wrote.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    mem::MaybeUninit,
    os::unix::process::ExitStatusExt as _,
    os::{fd::AsFd as _, fd::OwnedFd, unix::net::UnixStream as Socket},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::BytesMut;
use rustix::{
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags},
    process::{Pid, Signal},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixStream, unix::pipe},
    sync::{Notify, mpsc},
    time::timeout,
};

use crate::{
    frame::{self, Hello, Kind},
    shared::Shared,
};

use super::{failure::Crash, lock, settings::Settings, spawner::Spawner};

/// Urgent frames that wait for the worker to read them.
const URGENT_MAX: usize = 4096;
const LAST_LINES_MAX: usize = 20;
const LINE_BYTES_MAX: u64 = 16 << 10;
/// How long the log of an ended worker is read on: something it started may hold it open.
const LOG_LINGER: Duration = Duration::from_millis(200);

/// A worker that is up.
pub(super) struct Process {
    pub(super) number: u64,
    pub(super) pid: Pid,
    pub(super) data: UnixStream,
    pub(super) shared: Shared,
    /// There are bytes to write.
    pub(super) outgoing: Notify,
    urgent: mpsc::Sender<Vec<u8>>,
    last_lines: Mutex<VecDeque<String>>,
    child: Mutex<Option<Child>>,
    log: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// Starts a worker and waits until it is ready.
pub(super) async fn start(
    settings: &Settings,
    spawner: &Spawner,
    number: u64,
    is_async: bool,
) -> Result<Arc<Process>, String> {
    let process = launch(settings, spawner, number, is_async)
        .await
        .map_err(|error| format!("the worker did not start: {error}"))?;
    let greeted = timeout(settings.start_deadline, process.await_ready()).await;
    let reason = match greeted {
        Ok(Ok(())) => return Ok(process),
        Ok(Err(error)) => error.to_string(),
        Err(_elapsed) => format!(
            "it was not ready in {} ms",
            settings.start_deadline.as_millis()
        ),
    };
    let crash = process.bury(String::new()).await;
    let lines = crash.last_log_lines.join("\n");
    Err(format!(
        "the worker did not start: {reason}; it wrote: {lines}"
    ))
}

async fn launch(
    settings: &Settings,
    spawner: &Spawner,
    number: u64,
    is_async: bool,
) -> io::Result<Arc<Process>> {
    let (data, data_theirs) = Socket::pair()?;
    let (control, control_theirs) = Socket::pair()?;
    let (log, log_theirs) = io::pipe()?;
    let shared = Shared::create()?;
    let hello = Hello {
        is_async,
        data_bytes_max: settings.memory_bytes_max,
        output_bytes_max: settings.output_bytes_max,
    };
    greet(&control, &shared, &hello)?;
    let mut command = Command::new(&settings.program);
    command
        .args(&settings.arguments)
        .env("OPENBLAS_NUM_THREADS", "1")
        .stdin(Stdio::from(OwnedFd::from(data_theirs)))
        .stdout(Stdio::from(OwnedFd::from(control_theirs)))
        .stderr(Stdio::from(log_theirs));
    let child = spawner.spawn(command).await?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("a process without a number"))?;
    data.set_nonblocking(true)?;
    control.set_nonblocking(true)?;
    let (urgent, orders) = mpsc::channel(URGENT_MAX);
    let process = Arc::new(Process {
        number,
        pid,
        data: UnixStream::from_std(data)?,
        shared,
        outgoing: Notify::new(),
        urgent,
        last_lines: Mutex::default(),
        child: Mutex::new(Some(child)),
        log: Mutex::default(),
    });
    tokio::spawn(write_urgent(UnixStream::from_std(control)?, orders));
    let log = pipe::Receiver::from_owned_fd(log.into())?;
    let reading = tokio::spawn(read_log(log, Arc::downgrade(&process)));
    *lock(&process.log) = Some(reading);
    Ok(process)
}

/// Sends the first frame, and with it the shared memory.
fn greet(control: &Socket, shared: &Shared, hello: &Hello) -> io::Result<()> {
    let bytes = frame::one(Kind::Hello, 0, hello, &[]);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let files = [shared.file()];
    ancillary.push(SendAncillaryMessage::ScmRights(&files));
    let slices = [IoSlice::new(&bytes)];
    let sent = rustix::net::sendmsg(
        control.as_fd(),
        &slices,
        &mut ancillary,
        SendFlags::NOSIGNAL,
    )?;
    if sent != bytes.len() {
        return Err(io::ErrorKind::WriteZero.into());
    }
    Ok(())
}

/// Writes what must not wait behind work. Ends with the process, which closes the stream, so the
/// worker ends too.
async fn write_urgent(mut control: UnixStream, mut orders: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = orders.recv().await {
        if control.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Keeps the last lines of what the worker and its tools write by descriptor.
async fn read_log(log: pipe::Receiver, process: std::sync::Weak<Process>) {
    let mut log = BufReader::new(log);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut log)
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)
            .await
        {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let Some(process) = process.upgrade() else {
            return;
        };
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        tracing::info!(target: "python::output", pid = process.pid.as_raw_nonzero(), "{text}");
        process.note_line(text);
    }
}

impl Process {
    async fn await_ready(&self) -> io::Result<()> {
        let mut buffer = BytesMut::new();
        let mut chunk = [0; 1024];
        loop {
            self.data.readable().await?;
            match self.data.try_read(&mut chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => buffer.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            }
            // The worker says nothing else before it is given work.
            match frame::take(&mut buffer) {
                Ok(Some(frame)) if frame.kind == Kind::Ready => return Ok(()),
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }

    /// Sends a frame past the work that waits. When it cannot be taken the worker is stuck, and
    /// the deadline of its call ends it.
    pub(super) fn send_urgent(&self, frame: Vec<u8>) {
        if self.urgent.try_send(frame).is_err() {
            tracing::warn!(
                pid = self.pid.as_raw_nonzero(),
                "a worker takes no urgent messages"
            );
        }
    }

    pub(super) fn note_line(&self, line: &str) {
        let mut lines = lock(&self.last_lines);
        if lines.len() == LAST_LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    /// Ends the worker and everything in its group. It may have ended before.
    pub(super) fn kill(&self) {
        for result in [
            rustix::process::kill_process_group(self.pid, Signal::KILL),
            rustix::process::kill_process(self.pid, Signal::KILL),
        ] {
            match result {
                Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => tracing::error!(%error, "a worker could not be killed"),
            }
        }
    }

    /// Waits for the end of a worker and says how it was.
    pub(super) async fn bury(&self, tool: String) -> Crash {
        let status = self.reap().await;
        let reading = lock(&self.log).take();
        if let Some(reading) = reading
            && timeout(LOG_LINGER, reading).await.is_err()
        {
            tracing::warn!("something that a worker started holds its log open");
        }
        Crash {
            tool,
            signal: status.and_then(|status| status.signal()),
            exit_code: status.and_then(|status| status.code()),
            last_log_lines: lock(&self.last_lines).iter().cloned().collect(),
        }
    }

    /// Kills what is left and takes the exit status; a process that is already ending keeps its.
    async fn reap(&self) -> Option<ExitStatus> {
        let child = lock(&self.child).take();
        let mut child = child?;
        let pid = self.pid;
        let waited = tokio::task::spawn_blocking(move || {
            // A worker that closed its streams without ending gets no more time than this.
            wait_a_little(&mut child);
            // Nothing is left of the group when the worker ended by itself and had no children.
            rustix::process::kill_process_group(pid, Signal::KILL).ok();
            drop(child.kill());
            child.wait()
        });
        waited.await.ok().and_then(Result::ok)
    }

    /// Resident bytes.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        let path = format!("/proc/{}/statm", self.pid.as_raw_nonzero());
        let text = std::fs::read_to_string(path).ok()?;
        let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = lock(&self.child).take();
        if let Some(mut child) = child {
            self.kill();
            // Killed, so this does not wait for long.
            drop(child.wait());
        }
    }
}

/// Descriptors of a process that is ending close a moment before it can be waited for.
fn wait_a_little(child: &mut Child) {
    const PATIENCE: Duration = Duration::from_millis(20);
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until && matches!(child.try_wait(), Ok(None)) {
        std::thread::sleep(Duration::from_micros(200));
    }
}
