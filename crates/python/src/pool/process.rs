//! One worker process: its streams, its shared memory, and the last lines it wrote.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::{net::UnixStream as Socket, process::ExitStatusExt as _},
    },
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use bytes::BytesMut;
use rustix::{
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags,
    },
    process::{Pid, Signal},
};
use tokio::{
    io::{AsyncWriteExt as _, Interest},
    net::UnixStream,
    sync::{Notify, mpsc},
    time::timeout,
};

use crate::{
    frame::{self, Hello, Kind},
    shared::Shared,
};

use super::{ended::Ended, environment, failure::Crash, lane::Lane, lock, log::Log, rails::Rails};

/// Urgent frames that wait for the worker to read them.
const URGENT_MAX: usize = 4096;
const ENDING_MAX: Duration = Duration::from_millis(20);
const REST_CHUNK_BYTES: usize = 64 << 10;

/// A worker that is up.
pub(super) struct Process {
    pub(super) number: u64,
    pub(super) pid: Pid,
    pub(super) data: UnixStream,
    pub(super) shared: Shared,
    /// There are bytes to write.
    pub(super) outgoing: Notify,
    urgent: mpsc::Sender<Vec<u8>>,
    pub(super) log: Log,
    child: Mutex<Option<Child>>,
    ended: Ended,
    /// Those that hold this worker, if any do.
    pub(super) rails: OnceLock<Rails>,
}

/// Starts a worker and waits until it is ready.
pub(super) async fn start(lane: &Lane, number: u64) -> Result<Arc<Process>, String> {
    let settings = &lane.settings;
    let process = launch(lane, number)
        .await
        .map_err(|error| format!("{} cannot be run: {error}", settings.program.display()))?;
    let greeted = timeout(settings.start_deadline, process.await_ready()).await;
    let reason = match greeted {
        Ok(Ok(())) if settings.rails == process.rails.get().is_some() => return Ok(process),
        Ok(Ok(())) => "it put up no rails".to_owned(),
        Ok(Err(_)) => "it ended, or said something else".to_owned(),
        Err(_elapsed) => format!(
            "it was not ready in {} ms",
            settings.start_deadline.as_millis()
        ),
    };
    process.kill();
    for line in process.log.read_rest() {
        process.log.note(0, &line);
    }
    let crash = process.bury(String::new(), 0).await;
    let wrote = match crash.last_log_lines.join("\n").as_str() {
        "" => String::new(),
        lines => format!("; it wrote: {lines}"),
    };
    let program = settings.program.display();
    Err(format!(
        "{program} did not become a worker: {reason}{wrote}"
    ))
}

async fn launch(lane: &Lane, number: u64) -> io::Result<Arc<Process>> {
    let settings = &lane.settings;
    let (data, data_theirs) = Socket::pair()?;
    let (control, control_theirs) = Socket::pair()?;
    let (log, log_theirs) = io::pipe()?;
    let shared = Shared::create()?;
    let hello = Hello {
        is_async: lane.is_async(),
        data_bytes_max: settings.memory_bytes_max,
        output_bytes_max: settings.output_bytes_max,
        readable: readable(lane),
    };
    greet(&control, &shared, &hello)?;
    let mut command = Command::new(&settings.program);
    environment::withhold(&mut command);
    command
        .args(&settings.arguments)
        .env("OPENBLAS_NUM_THREADS", "1")
        .stdin(Stdio::from(OwnedFd::from(data_theirs)))
        .stdout(Stdio::from(OwnedFd::from(control_theirs)))
        .stderr(Stdio::from(log_theirs));
    data.set_nonblocking(true)?;
    control.set_nonblocking(true)?;
    let (data, control) = (UnixStream::from_std(data)?, UnixStream::from_std(control)?);
    let log = Log::new(log)?;
    let (urgent, orders) = mpsc::channel(URGENT_MAX);
    // Last of what can fail: from here on, whatever lets go of the child ends it.
    let (child, pid, ended) = watched(lane.spawner.spawn(command).await?)?;
    let process = Arc::new(Process {
        number,
        pid,
        data,
        shared,
        outgoing: Notify::new(),
        urgent,
        log,
        child: Mutex::new(Some(child)),
        ended,
        rails: OnceLock::new(),
    });
    tokio::spawn(write_urgent(control, orders));
    Ok(process)
}

/// Watches a child for its end; one that cannot be watched is ended.
fn watched(mut child: Child) -> io::Result<(Child, Pid, Ended)> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("a process without a number"));
    match pid.and_then(|pid| Ok((pid, Ended::of(pid)?))) {
        Ok((pid, ended)) => Ok((child, pid, ended)),
        Err(error) => {
            drop(child.kill().and_then(|()| child.wait()));
            Err(error)
        }
    }
}

/// Sends a worker its first frame, and with it the shared memory.
pub fn greet(control: &Socket, shared: &Shared, hello: &Hello) -> io::Result<()> {
    let bytes = frame::one(Kind::Hello, 0, hello, &[]);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let files = [shared.file()?];
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

/// What workers behind rails may read beside Python's own.
fn readable(lane: &Lane) -> Option<Vec<PathBuf>> {
    let paths = lane.paths.iter().map(PathBuf::from);
    lane.settings.rails.then(|| paths.collect())
}

/// Reads bytes, and the descriptor that comes with them.
fn receive(stream: &UnixStream, chunk: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut slices = [IoSliceMut::new(chunk)];
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let received = rustix::net::recvmsg(stream, &mut slices, &mut ancillary, flags)?;
    let descriptor = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    Ok((received.bytes, descriptor))
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

impl Process {
    async fn await_ready(&self) -> io::Result<()> {
        let mut buffer = BytesMut::new();
        let mut chunk = [0; 1024];
        loop {
            self.data.readable().await?;
            let receive = || receive(&self.data, &mut chunk);
            match self.data.try_io(Interest::READABLE, receive) {
                Ok((0, _)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok((length, descriptor)) => {
                    buffer.extend_from_slice(&chunk[..length]);
                    if let Some(descriptor) = descriptor {
                        drop(self.rails.set(Rails::of(descriptor)?));
                    }
                }
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

    /// Waits until the process has ended.
    pub(super) async fn ended(&self) {
        self.ended.wait().await;
    }

    /// What is still on the stream of an ended process.
    pub(super) fn read_rest(&self, buffer: &mut BytesMut) {
        let mut chunk = vec![0; REST_CHUNK_BYTES];
        while let Ok((_, length @ 1..)) =
            rustix::net::recv(&self.data, &mut chunk[..], RecvFlags::DONTWAIT)
        {
            buffer.extend_from_slice(&chunk[..length]);
        }
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
    /// `oldest` is the first of the calls that it ran.
    pub(super) async fn bury(&self, tool: String, oldest: u64) -> Crash {
        let status = self.reap().await;
        let last = self.log.last_lines(oldest);
        Crash {
            tool,
            signal: status.and_then(|status| status.signal()),
            exit_code: status.and_then(|status| status.code()),
            last_log_lines: last.lines,
            traceback: last.traceback,
        }
    }

    /// Kills what is left and takes the exit status; a process that is already ending keeps its.
    async fn reap(&self) -> Option<ExitStatus> {
        // Streams close a moment before a process has ended. One that closed them without ending
        // gets no more time than this.
        drop(timeout(ENDING_MAX, self.ended()).await);
        // Not reaped yet, so nobody else can have its number.
        self.kill();
        self.ended().await;
        let mut child = lock(&self.child).take()?;
        child.wait().ok()
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
