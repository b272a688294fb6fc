//! Objects over a network, within a time and a size.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Arc, Once,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use gix::{
    Count, NestedProgress, ObjectId, Progress,
    bstr::ByteSlice as _,
    progress::{self, Id, MessageLevel, StepShared, Unit},
    remote::{Direction, fetch::Tags, ref_map},
};

use crate::{FetchBounds, quarantine::Quarantine};

/// What gix calls the counter of bytes of a pack that came.
const PACK_BYTES: Id = *b"BWRB";

/// Where the listing of the other side's references would be written, which it is not.
const NOWHERE: &str = "refs/luthier-listing/";

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error("it took more than {} s", time_max.as_secs())]
    TooSlow { time_max: Duration },
    #[error("it sends more than {bytes_max} bytes")]
    TooLarge { bytes_max: u64 },
    #[error("it could not be started")]
    Thread(#[source] io::Error),
    #[error("it broke off without a reason: see the log for a panic")]
    Died,
    #[error("could not keep what came: is the disk full?")]
    Keep(#[source] io::Error),
    #[error("the other side could not be talked to")]
    Git(#[source] Box<gix::Error>),
}

impl From<gix::Error> for TransferError {
    fn from(error: gix::Error) -> Self {
        Self::Git(Box::new(error))
    }
}

/// What the other side has, and what came of it.
pub(crate) struct Received {
    pub(crate) references: BTreeMap<String, ObjectId>,
    pub(crate) hash: gix::hash::Kind,
    pub(crate) quarantine: Quarantine,
}

/// Receives what the wanted references of `url` need. A network read cannot be interrupted, so it
/// has a thread of its own, which after the time is left to itself: it changes no reference.
pub(crate) fn run(
    git: &gix::ThreadSafeRepository,
    url: &gix::Url,
    bounds: &FetchBounds,
    is_wanted: fn(&str) -> bool,
) -> Result<Received, TransferError> {
    install_tls();
    let quarantine = Quarantine::new(git).map_err(TransferError::Keep)?;
    let meter = Meter::new(bounds.bytes_max);
    let (sender, receiver) = mpsc::sync_channel(1);
    let (url, counted) = (url.clone(), meter.clone());
    let bytes_max = bounds.bytes_max;
    thread::Builder::new()
        .name("fetch".to_owned())
        .spawn(move || {
            let received = receive(quarantine, &url, &counted, is_wanted);
            let received = received.map_err(|error| {
                if counted.is_full() {
                    TransferError::TooLarge { bytes_max }
                } else {
                    error
                }
            });
            // Nobody is there to hear of it once the time is over.
            drop(sender.send(received));
        })
        .map_err(TransferError::Thread)?;
    match receiver.recv_timeout(bounds.time_max) {
        Ok(received) => received,
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(TransferError::Died),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            meter.interrupt.store(true, Ordering::Relaxed);
            Err(TransferError::TooSlow {
                time_max: bounds.time_max,
            })
        }
    }
}

/// Once for the process, unless it has chosen its own.
fn install_tls() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

fn receive(
    quarantine: Quarantine,
    url: &gix::Url,
    meter: &Meter,
    is_wanted: fn(&str) -> bool,
) -> Result<Received, TransferError> {
    let git = quarantine.local();
    let (references, hash) = list(&git, url, meter, is_wanted)?;
    let missing: BTreeSet<String> = (references.iter())
        .filter(|(_, id)| !git.has_object(*id))
        .map(|(name, _)| name.clone())
        .collect();
    if hash != git.object_hash() || missing.is_empty() {
        return Ok(Received {
            references,
            hash,
            quarantine,
        });
    }
    let remote = git
        .remote_at(url.clone())?
        .with_fetch_tags(Tags::None)
        .with_refspecs(
            missing.iter().map(|name| name.as_bytes().as_bstr()),
            Direction::Fetch,
        )?;
    let outcome = remote
        .connect(Direction::Fetch)?
        .with_credentials(|_asked| Ok(None))
        .prepare_fetch(progress::Discard, ref_map::Options::default())?
        .receive(meter.clone(), &meter.interrupt)?;
    let mut received = references;
    // What was asked for may have moved since it was listed.
    received.retain(|name, _| !missing.contains(name));
    received.extend(named(&outcome.ref_map.mappings, is_wanted));
    Ok(Received {
        references: received,
        hash,
        quarantine,
    })
}

/// What the other side has; nothing is fetched.
fn list(
    git: &gix::Repository,
    url: &gix::Url,
    meter: &Meter,
    is_wanted: fn(&str) -> bool,
) -> Result<(BTreeMap<String, ObjectId>, gix::hash::Kind), TransferError> {
    let specs = ["heads", "tags"].map(|kind| format!("+refs/{kind}/*:{NOWHERE}{kind}/*"));
    let remote = git
        .remote_at(url.clone())?
        .with_fetch_tags(Tags::None)
        .with_refspecs(
            specs.iter().map(|spec| spec.as_bytes().as_bstr()),
            Direction::Fetch,
        )?;
    let (map, _) = remote
        .connect(Direction::Fetch)?
        .with_credentials(|_asked| Ok(None))
        .ref_map(meter.clone(), ref_map::Options::default())?;
    Ok((named(&map.mappings, is_wanted).collect(), map.object_hash))
}

fn named(
    mappings: &[gix::remote::fetch::refmap::Mapping],
    is_wanted: fn(&str) -> bool,
) -> impl Iterator<Item = (String, ObjectId)> {
    mappings.iter().filter_map(move |mapping| {
        let name = mapping.remote.as_name()?.to_str().ok()?;
        let id = mapping.remote.as_id()?;
        is_wanted(name).then(|| (name.to_owned(), id.to_owned()))
    })
}

/// Counts what comes, and ends it when it is too much.
#[derive(Clone)]
struct Meter {
    bytes: StepShared,
    bytes_max: u64,
    interrupt: Arc<AtomicBool>,
    is_pack: bool,
}

impl Meter {
    fn new(bytes_max: u64) -> Self {
        Self {
            bytes: Arc::new(AtomicUsize::new(0)),
            bytes_max,
            interrupt: Arc::new(AtomicBool::new(false)),
            is_pack: false,
        }
    }

    fn is_full(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) as u64 > self.bytes_max
    }
}

impl Count for Meter {
    fn set(&self, _step: usize) {}

    fn step(&self) -> usize {
        0
    }

    fn inc_by(&self, step: usize) {
        if self.is_pack {
            self.bytes.fetch_add(step, Ordering::Relaxed);
            if self.is_full() {
                self.interrupt.store(true, Ordering::Relaxed);
            }
        }
    }

    fn counter(&self) -> StepShared {
        StepShared::default()
    }
}

impl Progress for Meter {
    fn init(&mut self, _max: Option<usize>, _unit: Option<Unit>) {}

    fn set_name(&mut self, _name: String) {}

    fn name(&self) -> Option<String> {
        None
    }

    fn id(&self) -> Id {
        progress::UNKNOWN
    }

    fn message(&self, _level: MessageLevel, _message: String) {}
}

impl NestedProgress for Meter {
    type SubProgress = Self;

    fn add_child(&mut self, _name: impl Into<String>) -> Self {
        Self {
            is_pack: false,
            ..self.clone()
        }
    }

    fn add_child_with_id(&mut self, _name: impl Into<String>, id: Id) -> Self {
        Self {
            is_pack: id == PACK_BYTES,
            ..self.clone()
        }
    }
}
