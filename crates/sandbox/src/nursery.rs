//! A process that brings cells to life, as the pool has it: the zygote, or a host of Wasm instances.

use std::{
    collections::{HashMap, VecDeque},
    io,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixStream as Socket,
    },
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use python::{Shared, frame::Hello, greet};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use tokio::{
    net::{UnixStream, unix::pipe},
    sync::oneshot,
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    cell::Streams,
    packet::{Bounds, Channel, End, Notice, Order},
};

/// How long one may take to start. The first host of a build compiles its component.
const START_MAX: Duration = Duration::from_mins(2);

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Barren {
    pub(crate) reason: String,
    pub(crate) hint: String,
}

/// Cells that are up before anybody asks for them, of the shape that was asked for last.
const SPARES: usize = 3;

/// Cells of one shape are alike until they are given work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) value_bytes_max: usize,
    pub(crate) bounds: Bounds,
}

/// One such process. It ends when this goes.
pub(crate) struct Nursery {
    ward: Arc<Ward>,
    numbers: AtomicU64,
    spares: Mutex<Spares>,
    pub(crate) about: String,
    _end: DropGuard,
}

#[derive(Default)]
struct Spares {
    shape: Option<Shape>,
    up: VecDeque<Streams>,
    coming: usize,
}

/// What those share who give orders and who hears what became of them.
pub(crate) struct Ward {
    channel: Channel,
    cells: Mutex<HashMap<u64, oneshot::Sender<End>>>,
    /// The process is gone.
    gone: CancellationToken,
}

impl Nursery {
    /// Starts a program as one, and waits until it is fit.
    pub(crate) async fn start(mut command: Command) -> Result<Arc<Self>, Barren> {
        let name = command.get_program().to_string_lossy().into_owned();
        let broken = |reason: String| Barren {
            reason: format!("{name} did not start as a sandbox: {reason}"),
            hint: "run `luthier sandbox doctor`".to_owned(),
        };
        let (child, socket) = spawn(&mut command).map_err(|error| broken(error.to_string()))?;
        let end = CancellationToken::new();
        let ward = Ward::new(socket).map_err(|error| broken(error.to_string()))?;
        let ward = Arc::new(ward);
        let keeper = Keeper {
            ward: Arc::clone(&ward),
            child,
        };
        let first = timeout(START_MAX, ward.channel.receive::<Notice>()).await;
        let about = match first {
            Ok(Ok(Some((Notice::Ready { about }, _)))) => about,
            Ok(Ok(Some((Notice::Unfit { reason, hint }, _)))) => {
                return Err(Barren { reason, hint });
            }
            Ok(Ok(_)) => return Err(broken("it ended at once".to_owned())),
            Ok(Err(error)) => return Err(broken(error.to_string())),
            Err(_elapsed) => {
                let reason = format!("it was not ready after {START_MAX:?}");
                return Err(broken(reason));
            }
        };
        tokio::spawn(keeper.run(end.clone()));
        Ok(Arc::new(Self {
            ward,
            // Numbers name users, too: two pools on one machine seldom meet.
            numbers: AtomicU64::new(fastrand::u64(1..1 << 32)),
            spares: Mutex::default(),
            about,
            _end: end.drop_guard(),
        }))
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.ward.gone.is_cancelled()
    }

    /// A cell that is up, or comes up. The next ones of this shape are ordered as well.
    pub(crate) async fn take(self: &Arc<Self>, shape: Shape) -> io::Result<Streams> {
        let spare = {
            let mut spares = lock(&self.spares);
            if spares.shape != Some(shape) {
                *spares = Spares {
                    shape: Some(shape),
                    coming: spares.coming,
                    ..Spares::default()
                };
            }
            std::iter::from_fn(|| spares.up.pop_front()).find(Streams::are_alive)
        };
        self.refill(shape);
        match spare {
            Some(spare) => Ok(spare),
            None => self.open(shape).await,
        }
    }

    fn refill(self: &Arc<Self>, shape: Shape) {
        let mut spares = lock(&self.spares);
        while spares.up.len() + spares.coming < SPARES {
            spares.coming += 1;
            let nursery = Arc::clone(self);
            tokio::spawn(async move {
                let opened = nursery.open(shape).await;
                let mut spares = lock(&nursery.spares);
                spares.coming -= 1;
                // One of another shape, or none, is ordered when it is needed.
                if let (Ok(streams), true) = (opened, spares.shape == Some(shape)) {
                    spares.up.push_back(streams);
                }
            });
        }
    }

    /// Orders a cell, and gives back how to speak to it.
    async fn open(&self, shape: Shape) -> io::Result<Streams> {
        let Shape {
            value_bytes_max,
            bounds,
        } = shape;
        let hello = Hello {
            is_async: false,
            data_bytes_max: bounds.memory_bytes_max,
            output_bytes_max: value_bytes_max,
            readable: None,
        };
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (work, work_theirs) = Socket::pair()?;
        let (control, control_theirs) = Socket::pair()?;
        let (output, output_theirs) = io::pipe()?;
        let shared = Shared::create()?;
        greet(&control, &shared, &hello)?;
        work.set_nonblocking(true)?;
        control.set_nonblocking(true)?;
        let (ended, end) = oneshot::channel();
        self.ward.cells().insert(number, ended);
        let streams = Streams {
            number,
            work: UnixStream::from_std(work)?,
            control: UnixStream::from_std(control)?,
            output: pipe::Receiver::from_owned_fd(output.into())?,
            end: Some(end),
            ward: Arc::clone(&self.ward),
        };
        let order = Order::Open {
            cell: number,
            bounds,
        };
        let theirs = [
            work_theirs.as_fd(),
            control_theirs.as_fd(),
            output_theirs.as_fd(),
        ];
        self.ward.channel.send(&order, &theirs).await?;
        Ok(streams)
    }
}

/// Starts the process with one end of a socket of packets, in an environment in which nothing is.
fn spawn(command: &mut Command) -> io::Result<(Child, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC;
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    command
        .env_clear()
        .env("OPENBLAS_NUM_THREADS", "1")
        .current_dir("/")
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null());
    let child = command.spawn()?;
    // What is kept of the command would keep the other end open.
    command.stdin(Stdio::null());
    Ok((child, ours))
}

impl Ward {
    /// Of whoever is at the other end of a socket of packets.
    pub(crate) fn new(socket: OwnedFd) -> io::Result<Self> {
        Ok(Self {
            channel: Channel::of(socket)?,
            cells: Mutex::default(),
            gone: CancellationToken::new(),
        })
    }

    pub(crate) fn cells(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<End>>> {
        lock(&self.cells)
    }

    /// Has a cell ended. One that is gone has ended already; for one that cannot be told, the process
    /// is ended with all its cells.
    pub(crate) fn end(&self, cell: u64) {
        let order = Order::End { cell };
        if self.channel.try_send(&order).is_err() {
            self.gone.cancel();
        }
    }

    /// Ends the process and all its cells: it does not do what it is told.
    pub(crate) fn give_up(&self) {
        self.gone.cancel();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hears what the process says, and ends it.
struct Keeper {
    ward: Arc<Ward>,
    child: Child,
}

impl Keeper {
    async fn run(self, end: CancellationToken) {
        loop {
            let notice = tokio::select! {
                () = end.cancelled() => return,
                () = self.ward.gone.cancelled() => return,
                notice = self.ward.channel.receive::<Notice>() => notice,
            };
            match notice {
                Ok(Some((Notice::Ended { cell, end }, _))) => {
                    let waiting = self.ward.cells().remove(&cell);
                    // Whoever waited may have gone meanwhile.
                    drop(waiting.map(|waiting| waiting.send(end)));
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return,
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.ward.gone.cancel();
        self.ward.cells().clear();
        // It may have ended before; killed, it is not waited for for long.
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}
