//! Opens and ends cells as it is ordered to, packet by packet.

use std::{
    collections::HashMap,
    io,
    os::{fd::OwnedFd, unix::net::UnixStream as Socket},
    path::PathBuf,
    sync::Arc,
};

use rustix::net::SocketType;
use tokio::{
    net::UnixStream,
    sync::OnceCell,
    task::{JoinSet, spawn_blocking},
};
use tokio_util::sync::CancellationToken;

use crate::packet::{Bounds, Channel, End, Notice, Order, Why};

use super::{
    cell::{self, Streams},
    component::{ComponentError, Source},
    engine::{Counting, Machine},
    host::{Arguments, HostError},
    process,
};

/// Runs until whoever gives the orders is gone.
pub(super) async fn run(arguments: Arguments) -> Result<(), HostError> {
    let socket = process::take_socket(0, SocketType::SEQPACKET)?;
    process::clear_standard_streams()?;
    let desk = Channel::of(socket)?;
    let machines = match Machines::set_up(&arguments) {
        Ok(machines) => Arc::new(machines),
        Err(error) => {
            let (reason, hint) = (error.to_string(), error.hint());
            desk.send(&Notice::Unfit { reason, hint }, &[]).await?;
            return Err(error.into());
        }
    };
    let about = machines.about();
    desk.send(&Notice::Ready { about }, &[]).await?;
    match attend(&desk, &machines).await {
        // Whoever gave the orders is gone, and nobody is left to be told anything.
        Err(HostError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        ended => ended,
    }
}

async fn attend(desk: &Channel, machines: &Arc<Machines>) -> Result<(), HostError> {
    let mut ends: HashMap<u64, CancellationToken> = HashMap::new();
    let mut cells: JoinSet<(u64, End)> = JoinSet::new();
    loop {
        tokio::select! {
            Some(ended) = cells.join_next() => {
                let (cell, end) = ended.map_err(io::Error::other)?;
                ends.remove(&cell);
                desk.send(&Notice::Ended { cell, end }, &[]).await?;
            }
            order = desk.receive::<Order>() => match order? {
                None => return Ok(()),
                Some((Order::Open { cell, bounds }, files)) => {
                    let end = CancellationToken::new();
                    ends.insert(cell, end.clone());
                    let machines = Arc::clone(machines);
                    cells.spawn(async move { (cell, open(&machines, bounds, files, &end).await) });
                }
                // It may have ended by itself.
                Some((Order::End { cell }, _)) => {
                    if let Some(end) = ends.get(&cell) {
                        end.cancel();
                    }
                }
            },
        }
    }
}

/// Lives a cell on the descriptors that came along: the stream of work, the control stream, and the
/// raw output, which nothing here writes to.
async fn open(
    machines: &Machines,
    bounds: Bounds,
    files: Vec<OwnedFd>,
    end: &CancellationToken,
) -> End {
    let streams = match <[OwnedFd; 3]>::try_from(files) {
        Ok([work, control, _output]) => streams(work, control).map_err(|error| error.to_string()),
        Err(files) => Err(format!("{} descriptors came along", files.len())),
    };
    let machine = machines.of(bounds).await;
    match (streams, machine) {
        (Ok(streams), Ok(machine)) => cell::live(streams, &machine, bounds, end).await,
        (Err(reason), _) | (_, Err(reason)) => End {
            why: Some(Why::Trap(reason)),
            ..End::default()
        },
    }
}

fn streams(work: OwnedFd, control: OwnedFd) -> io::Result<Streams> {
    let stream = |descriptor: OwnedFd| {
        let socket = Socket::from(descriptor);
        socket.set_nonblocking(true)?;
        UnixStream::from_std(socket)
    };
    Ok(Streams {
        work: stream(work)?,
        control: stream(control)?,
    })
}

/// The machine of this build, and the one that counts, which few ask for.
struct Machines {
    source: Arc<Source>,
    cache: PathBuf,
    plain: Arc<Machine>,
    counting: OnceCell<Arc<Machine>>,
}

impl Machines {
    fn set_up(arguments: &Arguments) -> Result<Self, ComponentError> {
        let source = Arc::new(Source::find(arguments.component.as_deref())?);
        let plain = Machine::set_up(&source, Counting::Nothing, &arguments.cache)?;
        Ok(Self {
            source,
            cache: arguments.cache.clone(),
            plain,
            counting: OnceCell::new(),
        })
    }

    fn about(&self) -> String {
        format!("CPython in Wasm, component {}", self.source.digest.short())
    }

    async fn of(&self, bounds: Bounds) -> Result<Arc<Machine>, String> {
        if bounds.fuel_max.is_none() {
            return Ok(Arc::clone(&self.plain));
        }
        let made = self.counting.get_or_try_init(|| async {
            let (source, cache) = (Arc::clone(&self.source), self.cache.clone());
            let made = spawn_blocking(move || Machine::set_up(&source, Counting::Fuel, &cache));
            let made = made.await.map_err(|error| error.to_string())?;
            made.map_err(|error| format!("{error}; {}", error.hint()))
        });
        made.await.map(Arc::clone)
    }
}
