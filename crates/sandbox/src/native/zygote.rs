//! The process that forks cells. It runs nobody's code itself, so it is always there to end a child.
#![expect(unsafe_code, reason = "fork, wait and poll have no safe interface")]

use std::{
    collections::BTreeMap,
    error::Error,
    ffi::OsString,
    io,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use jail::{Cage, Fence, RailsError};
use python::Warm;

use crate::packet::{self, Bounds, End, Notice, Order, STREAMS, Why};

use super::readable::{readable, shown};

/// The first of the users that cells are, one for each; nobody else's on any common machine.
const FIRST_USER: u32 = 1_879_048_192;
const USERS: u64 = 1 << 16;

/// What is mapped beside what is used: stacks of threads, and what allocators set aside for each.
const ADDRESS_SLACK_BYTES: u64 = 256 << 20;

/// How long it waits for an order when no cell has to be looked after.
const IDLE: Duration = Duration::from_hours(1);

/// Runs a zygote until the pool goes away: the whole program of the hidden subcommand `zygote`, to be
/// called before anything else. Arguments are folders of third-party packages, each behind
/// `--packages`, names of modules to import, each behind `--import`, and how far others go first,
/// behind `--nice`.
pub fn zygote_main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Ok(socket) = take_socket() else {
        return ExitCode::FAILURE;
    };
    match prepare(arguments) {
        Ok((warm, about)) => match tell(&socket, &Notice::Ready { about }) {
            Ok(()) => Zygote::new(warm, socket).run(),
            Err(_nobody_listens) => ExitCode::FAILURE,
        },
        Err(unfit) => {
            // Where nobody listens any more there is nobody to tell.
            drop(tell(&socket, &unfit));
            ExitCode::FAILURE
        }
    }
}

/// The socket moves away from where a cell will have its streams.
fn take_socket() -> io::Result<OwnedFd> {
    /// Above the standard streams.
    const LOWEST: i32 = 10;
    // SAFETY: plain numbers; failure is checked.
    let moved = unsafe { libc::fcntl(0, libc::F_DUPFD_CLOEXEC, LOWEST) };
    if moved < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just made, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(moved) })
}

fn tell(socket: &OwnedFd, notice: &Notice) -> io::Result<()> {
    packet::send(socket.as_fd(), notice, &[])
}

/// Starts Python, puts up the fence, and sees to it that a cell is really held.
fn prepare(arguments: impl IntoIterator<Item = OsString>) -> Result<(Warm, String), Notice> {
    let wanted = Wanted::parse(arguments);
    be_nice(wanted.niceness);
    let has_own_network = Fence::leave_network();
    let warm =
        Warm::start(&wanted.packages, &wanted.modules).map_err(|error| unfit(&error, NO_PYTHON))?;
    let path = warm
        .search_path()
        .map_err(|error| unfit(&error, NO_PYTHON))?;
    let shown = shown(&path);
    let has_own_root = Fence::leave_files(&shown).is_ok();
    let readable = readable(&path, wanted.has_ctypes).map_err(|error| unfit(&error, NO_PYTHON))?;
    let landlock = Fence { readable }
        .apply()
        .map_err(|error| unfit(&error, error.hint()))?;
    try_cage(&warm)?;
    let mut about = format!("Landlock {landlock}, seccomp, limits");
    for (has, what) in [(has_own_root, "root"), (has_own_network, "network")] {
        if has {
            about.push_str(", an own ");
            about.push_str(what);
        }
    }
    Ok((warm, about))
}

const NO_PYTHON: &str = "run `luthier doctor`; the Python that this program was built with has to be \
                         installed where it was";

/// What the arguments say.
#[derive(Default)]
struct Wanted {
    packages: Vec<PathBuf>,
    modules: Vec<String>,
    niceness: i32,
    /// May cells load what calls libraries by address? Only for tests: it shows that the rest holds.
    has_ctypes: bool,
}

impl Wanted {
    fn parse(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let mut wanted = Self::default();
        let mut arguments = arguments.into_iter();
        while let (Some(flag), Some(value)) = (arguments.next(), arguments.next()) {
            let text = value.to_string_lossy();
            match flag.to_str() {
                Some("--packages") => wanted.packages.push(PathBuf::from(&value)),
                Some("--import") => wanted.modules.push(text.into_owned()),
                Some("--ctypes") => wanted.has_ctypes = text == "allow",
                Some("--nice") => wanted.niceness = text.parse().unwrap_or(0),
                _ => {}
            }
        }
        wanted
    }
}

/// Lets others go first; where that is refused, all else is the same.
pub(crate) fn be_nice(by: i32) {
    // SAFETY: plain numbers.
    unsafe { libc::nice(by) };
}

fn unfit(error: &dyn Error, hint: &str) -> Notice {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    Notice::Unfit {
        reason: causes.join(": "),
        hint: hint.to_owned(),
    }
}

/// A child that enters a cage and then tries what it may not.
fn try_cage(warm: &Warm) -> Result<(), Notice> {
    const HELD: i32 = 0;
    const FREE: i32 = 1;
    const REFUSED: i32 = 2;
    let child = warm.fork().map_err(|error| unfit(&error, NO_PYTHON))?;
    if child == 0 {
        let code = match cage(warm, 0, &Bounds::smallest()).enter() {
            Err(_reason) => REFUSED,
            Ok(()) if is_free() => FREE,
            Ok(()) => HELD,
        };
        // SAFETY: ends the child at once, which has nothing to clean up.
        unsafe { libc::_exit(code) }
    }
    match wait(child).and_then(|end| end.code) {
        Some(HELD) => Ok(()),
        Some(REFUSED) => {
            // Once more, in this process, for the reason; there is nothing to lose.
            let error = cage(warm, 0, &Bounds::smallest()).enter().err();
            let error = error.unwrap_or(RailsError::Watched);
            Err(unfit(&error, error.hint()))
        }
        _ => Err(Notice::Unfit {
            reason: "a process that was locked up could still do what it may not".to_owned(),
            hint: "tell us which kernel this is: `uname -a`".to_owned(),
        }),
    }
}

/// Could it open a socket, or read a file of this machine's?
fn is_free() -> bool {
    // SAFETY: plain numbers.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) };
    socket >= 0 || std::fs::File::open("/etc/passwd").is_ok()
}

fn cage(warm: &Warm, cell: u64, bounds: &Bounds) -> Cage {
    const MS_PER_S: u64 = 1000;
    let user = u32::try_from(cell % USERS).expect("the rest of a small division");
    Cage {
        user: FIRST_USER + user,
        threads_max: bounds.threads_max,
        open_files_max: bounds.open_files_max,
        address_bytes_max: warm
            .address_bytes()
            .saturating_add(bounds.memory_bytes_max)
            .saturating_add(ADDRESS_SLACK_BYTES),
        cpu_s_max: bounds.life_ms_max.div_ceil(MS_PER_S).saturating_add(1),
    }
}

/// A cell that lives.
struct Child {
    cell: u64,
    watch: OwnedFd,
    /// When it is ended if nobody says so.
    until: Instant,
    why: Option<Why>,
}

struct Zygote {
    warm: Warm,
    socket: OwnedFd,
    children: BTreeMap<i32, Child>,
}

impl Zygote {
    fn new(warm: Warm, socket: OwnedFd) -> Self {
        Self {
            warm,
            socket,
            children: BTreeMap::new(),
        }
    }

    fn run(mut self) -> ExitCode {
        loop {
            let Ok((has_order, ended)) = self.poll() else {
                return self.end();
            };
            for child in ended {
                if self.bury(child).is_err() {
                    return self.end();
                }
            }
            self.end_late();
            if !has_order {
                continue;
            }
            match packet::receive(&self.socket) {
                Ok(Some((Order::Open { cell, bounds }, streams))) => {
                    if let Some(code) = self.open(cell, bounds, streams) {
                        return code;
                    }
                }
                Ok(Some((Order::End { cell }, _))) => self.kill(cell, Why::Order),
                Ok(None) | Err(_) => return self.end(),
            }
        }
    }

    /// Waits for an order, the end of a child, or the time of one; says whether there is an order, and
    /// which children have ended.
    fn poll(&self) -> io::Result<(bool, Vec<i32>)> {
        let watched = std::iter::once(self.socket.as_fd())
            .chain(self.children.values().map(|child| child.watch.as_fd()));
        let mut polled: Vec<_> = watched.map(for_reading).collect();
        let now = Instant::now();
        let times = self.children.values().filter(|child| child.why.is_none());
        let next = times.map(|child| child.until.saturating_duration_since(now));
        let wait = next.min().unwrap_or(IDLE).min(IDLE);
        let wait = i32::try_from(wait.as_millis())
            .unwrap_or(i32::MAX)
            .saturating_add(1);
        let count = libc::nfds_t::try_from(polled.len()).map_err(io::Error::other)?;
        // SAFETY: as many structures as it says.
        if unsafe { libc::poll(polled.as_mut_ptr(), count, wait) } < 0 {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::Interrupted => Ok((false, Vec::new())),
                _ => Err(error),
            };
        }
        let is_ready = |polled: &libc::pollfd| polled.revents != 0;
        let ended = self.children.keys().zip(&polled[1..]);
        let ended = ended.filter(|(_, polled)| is_ready(polled));
        Ok((is_ready(&polled[0]), ended.map(|(pid, _)| *pid).collect()))
    }

    /// Forks a cell. Comes back with an exit code in the child, when that is done.
    fn open(&mut self, cell: u64, bounds: Bounds, streams: Vec<OwnedFd>) -> Option<ExitCode> {
        let opened = <[OwnedFd; STREAMS]>::try_from(streams)
            .map_err(|_other| io::Error::other("an order without its streams"))
            .and_then(|streams| Ok((streams, self.warm.fork()?)));
        let (streams, pid) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let why = Some(Why::Trap(format!("no process could be forked: {error}")));
                self.notify(
                    cell,
                    End {
                        why,
                        ..End::default()
                    },
                );
                return None;
            }
        };
        if pid == 0 {
            return Some(self.be(cell, &bounds, &streams));
        }
        let life = Duration::from_millis(bounds.life_ms_max);
        match watch(pid) {
            Ok(watch) => {
                let child = Child {
                    cell,
                    watch,
                    until: Instant::now() + life,
                    why: None,
                };
                self.children.insert(pid, child);
            }
            Err(error) => {
                end(pid);
                let end = wait(pid).unwrap_or_default();
                let why = Some(Why::Trap(format!("its end cannot be watched: {error}")));
                self.notify(cell, End { why, ..end });
            }
        }
        None
    }

    /// The child: takes its streams, and is a worker in a cage.
    fn be(&self, cell: u64, bounds: &Bounds, streams: &[OwnedFd; STREAMS]) -> ExitCode {
        for (stream, number) in streams.iter().zip(0..) {
            // SAFETY: plain numbers; the standard streams are nobody's here.
            if unsafe { libc::dup2(stream.as_raw_fd(), number) } < 0 {
                return ExitCode::FAILURE;
            }
        }
        let cage = cage(&self.warm, cell, bounds);
        self.warm.serve(|| {
            cage.enter()
                .map_err(|error| match unfit(&error, error.hint()) {
                    Notice::Unfit { reason, hint } => format!("{reason}: {hint}"),
                    _ => error.to_string(),
                })
        })
    }

    fn kill(&mut self, cell: u64, why: Why) {
        let child = self
            .children
            .iter_mut()
            .find(|(_, child)| child.cell == cell);
        if let Some((pid, child)) = child {
            child.why.get_or_insert(why);
            end(*pid);
        }
    }

    fn end_late(&mut self) {
        let now = Instant::now();
        for (pid, child) in &mut self.children {
            if child.why.is_none() && child.until <= now {
                child.why = Some(Why::Life);
                end(*pid);
            }
        }
    }

    fn bury(&mut self, pid: i32) -> io::Result<()> {
        let (Some(child), Some(end)) = (self.children.remove(&pid), wait(pid)) else {
            return Ok(());
        };
        let end = End {
            why: child.why,
            ..end
        };
        tell(
            &self.socket,
            &Notice::Ended {
                cell: child.cell,
                end,
            },
        )
    }

    fn notify(&self, cell: u64, end: End) {
        // Who does not listen is gone, which the next packet says.
        drop(tell(&self.socket, &Notice::Ended { cell, end }));
    }

    /// The pool is gone: so are its cells.
    fn end(self) -> ExitCode {
        for pid in self.children.keys() {
            end(*pid);
        }
        ExitCode::SUCCESS
    }
}

impl Bounds {
    /// For a child that only looks whether it is held.
    fn smallest() -> Self {
        Self {
            memory_bytes_max: 0,
            output_bytes_max: 0,
            fuel_max: None,
            threads_max: 1,
            open_files_max: 16,
            life_ms_max: 1_000,
        }
    }
}

fn for_reading(descriptor: BorrowedFd<'_>) -> libc::pollfd {
    libc::pollfd {
        fd: descriptor.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    }
}

/// What can be waited for together with other things until a child ends.
fn watch(pid: i32) -> io::Result<OwnedFd> {
    let pid = rustix::process::Pid::from_raw(pid).ok_or(io::ErrorKind::NotFound)?;
    let flags = rustix::process::PidfdFlags::empty();
    Ok(rustix::process::pidfd_open(pid, flags)?)
}

fn end(pid: i32) {
    // SAFETY: a child that was not waited for, so nobody else has its number.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

/// Waits for a child, and says how it ended and what it used.
fn wait(pid: i32) -> Option<End> {
    const KIB: u64 = 1024;
    let mut status = 0;
    // SAFETY: all zeros are a value of it.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: the kernel writes both.
        let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut used) };
        if waited == pid {
            break;
        }
        if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return None;
        }
    }
    let us = |time: libc::timeval| {
        let us = time
            .tv_sec
            .saturating_mul(1_000_000)
            .saturating_add(time.tv_usec);
        u64::try_from(us).unwrap_or(0)
    };
    Some(End {
        code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
        signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
        why: None,
        cpu_us: us(used.ru_utime) + us(used.ru_stime),
        memory_bytes: u64::try_from(used.ru_maxrss).unwrap_or(0) * KIB,
        fuel: None,
    })
}
