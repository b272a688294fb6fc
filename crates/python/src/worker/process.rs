//! What the worker is to the operating system: its descriptors, limits, group and threads.
#![expect(
    unsafe_code,
    reason = "fork handlers and thread signals have no safe interface"
)]

use std::{
    collections::HashSet,
    io::{self, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd},
        unix::net::UnixStream,
    },
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering},
    },
};

use bytes::BytesMut;
use jail::Guard;
use rustix::{
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags},
    process::{Resource, Rlimit, Signal},
};

use crate::{
    frame::{self, Frame, Hello, Kind, Ready},
    shared::Shared,
};

use super::{WorkerError, nested::Mailbox, output::Outbox, redirect::Lines};

/// The first frame is short and comes alone.
const HELLO_BYTES_MAX: usize = 16 << 10;

/// The state of this worker that is not Python's.
pub(super) struct Process {
    pub(super) is_async: bool,
    pub(super) output_bytes_max: usize,
    /// Behind rails, what may be read beside Python's own.
    pub(super) readable: Option<Vec<PathBuf>>,
    pub(super) outbox: Outbox,
    /// The calls that were asked to stop, running or not.
    stopped: Mutex<HashSet<u64>>,
    /// Is any in `stopped`? So the common case needs no lock.
    has_stopped: AtomicBool,
    pub(super) mailbox: Mailbox,
    pub(super) lines: Lines,
    main_thread: libc::pthread_t,
}

/// Is this a child that a tool forked? It has the memory of a worker and must not act as one.
static IS_FORKED: AtomicBool = AtomicBool::new(false);
static DATA_FD: AtomicI32 = AtomicI32::new(-1);
static CONTROL_FD: AtomicI32 = AtomicI32::new(-1);

/// Takes over from the program that was started: descriptors, limits, process group. `data_bytes` is
/// what the program has set aside already, and none of it is the tools'.
pub(super) fn begin(
    data_bytes: u64,
) -> Result<(Process, Arc<UnixStream>, UnixStream), WorkerError> {
    close_inherited();
    let (work, control) = move_descriptors()?;
    let work = Arc::new(work);
    let (hello, memory) = greet(&control)?;
    limit(data_bytes.saturating_add(hello.data_bytes_max))?;
    // A session of its own: no terminal signals, and one group to end with all its children.
    rustix::process::setsid().map_err(io::Error::from)?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(io::Error::from)?;
    DATA_FD.store(work.as_raw_fd(), Ordering::Relaxed);
    CONTROL_FD.store(control.as_raw_fd(), Ordering::Relaxed);
    // SAFETY: the handler only makes calls that are allowed between fork and exec.
    unsafe { libc::pthread_atfork(None, None, Some(disarm_child)) };
    let process = Process {
        is_async: hello.is_async,
        output_bytes_max: hello.output_bytes_max,
        outbox: Outbox::new(Shared::adopt(&memory)?, Arc::clone(&work)),
        readable: hello.readable,
        stopped: Mutex::default(),
        has_stopped: AtomicBool::new(false),
        mailbox: Mailbox::default(),
        lines: Lines::default(),
        // SAFETY: has no preconditions.
        main_thread: unsafe { libc::pthread_self() },
    };
    Ok((process, work, control))
}

/// Standard input and output arrive as the two streams, standard error as the log pipe. The streams
/// move out of a tool's reach, and whatever it prints by descriptor goes to the log.
fn move_descriptors() -> Result<(UnixStream, UnixStream), WorkerError> {
    let work = take_stream(0)?;
    let control = take_stream(1)?;
    let null = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null).map_err(io::Error::from)?;
    rustix::stdio::dup2_stdout(io::stderr().as_fd()).map_err(io::Error::from)?;
    Ok((work, control))
}

/// Closes whatever else the program that started this one has left open for it.
fn close_inherited() {
    // SAFETY: nothing was opened yet but the three that a process starts with.
    unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
}

fn take_stream(descriptor: i32) -> Result<UnixStream, WorkerError> {
    /// Above what programs commonly take for granted.
    const LOWEST: i32 = 64;
    // SAFETY: plain duplication; failure is checked.
    let moved = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, LOWEST) };
    if moved < 0 {
        return Err(io::Error::last_os_error().into());
    }
    // SAFETY: the descriptor was just made and nobody else knows it.
    let owned = unsafe { OwnedFd::from_raw_fd(moved) };
    let kind =
        rustix::net::sockopt::socket_type(&owned).map_err(|_no_socket| WorkerError::NotAWorker)?;
    if kind != rustix::net::SocketType::STREAM {
        return Err(WorkerError::NotAWorker);
    }
    Ok(owned.into())
}

/// Reads the first frame and the memory that comes with it.
fn greet(control: &UnixStream) -> Result<(Hello, OwnedFd), WorkerError> {
    let mut bytes = vec![0; HELLO_BYTES_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = rustix::net::recvmsg(
        control,
        &mut [IoSliceMut::new(&mut bytes)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )
    .map_err(io::Error::from)?;
    let memory = ancillary
        .drain()
        .find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut files) => files.next(),
            _ => None,
        })
        .ok_or(WorkerError::NotAWorker)?;
    let mut bytes = BytesMut::from(&bytes[..received.bytes]);
    let frame = frame::take(&mut bytes)?.ok_or(WorkerError::NotAWorker)?;
    Ok((frame.read()?, memory))
}

/// A leak is a `MemoryError` in the tool that leaks, and a crash leaves no core file.
fn limit(bytes_max: u64) -> io::Result<()> {
    let no_core = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    rustix::process::setrlimit(Resource::Core, no_core)?;
    let data = Rlimit {
        current: Some(bytes_max),
        maximum: Some(bytes_max),
    };
    rustix::process::setrlimit(Resource::Data, data)?;
    Ok(())
}

/// What the program's own allocator has set aside before Python runs; it may be a lot, and none of
/// it is the tools'.
pub(super) fn data_bytes_now() -> io::Result<u64> {
    const DATA_FIELD: usize = 5;
    memory_bytes_now(DATA_FIELD)
}

/// All that is mapped.
pub(super) fn address_bytes_now() -> io::Result<u64> {
    const SIZE_FIELD: usize = 0;
    memory_bytes_now(SIZE_FIELD)
}

fn memory_bytes_now(field: usize) -> io::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages = text.split_ascii_whitespace().nth(field);
    let pages = pages.and_then(|pages| pages.parse::<u64>().ok());
    let pages = pages.ok_or_else(|| io::Error::other("/proc/self/statm is not understood"))?;
    Ok(pages.saturating_mul(rustix::param::page_size() as u64))
}

/// In a child that a tool forked: it keeps running Python, but the streams lead nowhere.
extern "C" fn disarm_child() {
    IS_FORKED.store(true, Ordering::Relaxed);
    // SAFETY: `open` and `dup2` may be called after a fork; the descriptors are this worker's.
    unsafe {
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        for stream in [&DATA_FD, &CONTROL_FD] {
            libc::dup3(null, stream.load(Ordering::Relaxed), libc::O_CLOEXEC);
        }
        libc::close(null);
    }
}

/// A forked child that comes back from the tool's code ends here.
pub(super) fn end_if_forked() {
    if IS_FORKED.load(Ordering::Relaxed) {
        // SAFETY: ends the child at once, as it should have done by itself.
        unsafe { libc::_exit(0) }
    }
}

/// Ends this worker and everything it has started: nobody is left to talk to.
pub(super) fn end_group() -> ! {
    // SAFETY: group 0 is this process's own, made by `setsid`; does not return.
    unsafe {
        libc::kill(0, libc::SIGKILL);
        libc::_exit(1)
    }
}

/// The signal that makes Python's main thread look whether its call was stopped. Real-time, so
/// that it is none that a library uses.
pub(super) fn stop_signal() -> i32 {
    libc::SIGRTMIN() + 5
}

/// The signal that makes Python's main thread write where it is, even while C code runs.
pub(super) fn dump_signal() -> i32 {
    libc::SIGRTMIN() + 6
}

impl Process {
    /// Writes where the main thread is to the log.
    pub(super) fn dump(&self) {
        // SAFETY: the main thread lives as long as the process; the signal has a handler.
        unsafe { libc::pthread_kill(self.main_thread, dump_signal()) };
    }

    /// Says that a call was not run and will not be.
    pub(super) fn skip(&self, id: u64) {
        self.forget_stop(id);
        self.outbox.push(&frame::one(Kind::Skipped, id, &(), &[]));
    }

    /// The call that the main thread runs; 0 for none.
    pub(super) fn running(&self) -> &AtomicU64 {
        self.outbox.shared().running()
    }

    /// Says that this worker is up, and hands over what answers for its rails.
    pub(super) fn announce(&self, python: &str, guard: Option<Guard>) -> io::Result<()> {
        let header = Ready {
            python: python.to_owned(),
        };
        let ready = frame::one(Kind::Ready, 0, &header, &[]);
        if let Some(guard) = guard {
            return self.outbox.hand_over(&ready, guard.as_fd());
        }
        self.outbox.push(&ready);
        self.outbox.flush();
        Ok(())
    }

    /// Notes that a call has to stop, and makes the main thread look.
    pub(super) fn stop(&self, id: u64) {
        {
            let mut stopped = self.stopped();
            stopped.insert(id);
            self.has_stopped.store(true, Ordering::SeqCst);
        }
        // SAFETY: the main thread lives as long as the process; the signal has a handler.
        unsafe { libc::pthread_kill(self.main_thread, stop_signal()) };
        self.mailbox.wake();
    }

    pub(super) fn is_stopped(&self, id: u64) -> bool {
        self.has_stopped.load(Ordering::SeqCst) && self.stopped().contains(&id)
    }

    /// Forgets a call that has ended.
    pub(super) fn forget_stop(&self, id: u64) {
        self.forget_stops(|of| of == id);
    }

    /// Forgets calls that came to an end before they could be stopped. Where calls run in order,
    /// that is every one before the next.
    pub(super) fn forget_stops_before(&self, id: u64) {
        if !self.is_async && self.running().load(Ordering::SeqCst) == 0 {
            self.forget_stops(|of| of < id);
        }
    }

    fn forget_stops(&self, is_over: impl Fn(u64) -> bool) {
        if self.has_stopped.load(Ordering::SeqCst) {
            let mut stopped = self.stopped();
            stopped.retain(|of| !is_over(*of));
            self.has_stopped
                .store(!stopped.is_empty(), Ordering::SeqCst);
        }
    }

    /// Was this call begun, whatever became of it since?
    pub(super) fn has_begun(&self, id: u64) -> bool {
        self.outbox.shared().started().load(Ordering::SeqCst) >= id
    }

    /// Says that this call begins now; false when the pool took it back before. What runs on top of
    /// another call is never taken back.
    pub(super) fn begin_call(&self, Frame { id, kind, .. }: &Frame) -> bool {
        let shared = self.outbox.shared();
        shared.started().fetch_max(*id, Ordering::SeqCst);
        let is_revoked =
            *kind != Kind::NestedCall && shared.revoked().load(Ordering::SeqCst) >= *id;
        !is_revoked && !self.is_stopped(*id)
    }

    fn stopped(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
