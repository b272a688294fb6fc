//! A disk that can lose power: what was synced is there afterwards, of everything else each sector
//! may be there, gone, or there in part.

mod vfs;

use std::{
    collections::BTreeMap,
    ffi::CString,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// What a disk writes at once.
const SECTOR_BYTES: usize = 512;

/// Everything that the shim knows of the files opened through it.
pub(crate) struct Disk {
    name: CString,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<PathBuf, Image>,
    fault: Option<Fault>,
    watcher: Option<Watcher>,
}

/// Called before an operation takes place, with what a power cut at that moment would leave.
pub(crate) type Watcher = Box<dyn FnMut(&Operation<'_>, &dyn Fn() -> Remains) + Send>;

/// Something done to a file.
pub(crate) struct Operation<'a> {
    pub(crate) kind: Kind,
    pub(crate) path: &'a Path,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
    Sync,
}

/// An error to come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// Let this many of them pass first.
    pub(crate) after: u64,
    /// Then fail this many.
    pub(crate) times: u64,
    /// With this code of SQLite.
    pub(crate) code: i32,
}

/// A file: what is safe, and what is not yet.
#[derive(Clone, Default)]
struct Image {
    durable: Vec<u8>,
    /// It was synced once, or its folder was.
    is_durable: bool,
    /// And nobody knows if that will last.
    is_removed: bool,
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Change::Write { at, bytes } => {
                let end = at + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                to[*at..end].copy_from_slice(bytes);
            }
            Change::Truncate { length } => to.resize(*length, 0),
        }
    }
}

impl Disk {
    /// Makes a disk and registers it with SQLite. Lives as long as the process, as SQLite asks.
    pub(crate) fn register() -> &'static Disk {
        vfs::register(|name| Disk {
            name,
            state: Mutex::default(),
        })
    }

    /// What `OpenOptions::vfs` takes.
    pub(crate) fn vfs(&self) -> CString {
        self.name.clone()
    }

    /// From now on, the fault is what happens; none stops that.
    pub(crate) fn fail(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// Has every operation told to `watcher` until it is replaced.
    pub(crate) fn watch(&self, watcher: Option<Watcher>) {
        self.state().watcher = watcher;
    }

    /// What a power cut now would leave.
    pub(crate) fn remains(&self) -> Remains {
        Remains {
            files: self.state().files.clone(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before an operation: tells it, and says whether it fails.
    fn begin(&self, kind: Kind, path: &Path) -> Result<(), i32> {
        let mut state = self.state();
        if kind != Kind::Read
            && let Some(mut watcher) = state.watcher.take()
        {
            let remains = || Remains {
                files: state.files.clone(),
            };
            watcher(&Operation { kind, path }, &remains);
            state.watcher = Some(watcher);
        }
        let Some(fault) = state.fault.as_mut().filter(|fault| fault.kind == kind) else {
            return Ok(());
        };
        if fault.after > 0 {
            fault.after -= 1;
            return Ok(());
        }
        if fault.times == 0 {
            return Ok(());
        }
        fault.times -= 1;
        Err(fault.code)
    }

    fn opened(&self, path: &Path, found: Option<Vec<u8>>) {
        let mut state = self.state();
        let image = state.files.entry(path.to_owned()).or_default();
        if image.is_removed {
            *image = Image::default();
        }
        // What another disk left, or a file made without this one, counts as safe.
        if let Some(found) = found
            && image.pending.is_empty()
            && !image.is_durable
            && !found.is_empty()
        {
            image.durable = found;
            image.is_durable = true;
        }
    }

    fn wrote(&self, path: &Path, at: usize, bytes: &[u8]) {
        let mut state = self.state();
        let image = state.files.entry(path.to_owned()).or_default();
        // By sectors, because each has a fate of its own.
        let mut at = at;
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = (SECTOR_BYTES - at % SECTOR_BYTES).min(rest.len());
            let (sector, later) = rest.split_at(length);
            image.pending.push(Change::Write {
                at,
                bytes: sector.to_vec(),
            });
            at += length;
            rest = later;
        }
    }

    fn truncated(&self, path: &Path, length: usize) {
        let mut state = self.state();
        let image = state.files.entry(path.to_owned()).or_default();
        image.pending.push(Change::Truncate { length });
    }

    /// How many changes a sync that begins now covers.
    fn pending(&self, path: &Path) -> usize {
        let state = self.state();
        state.files.get(path).map_or(0, |image| image.pending.len())
    }

    fn synced(&self, path: &Path, changes: usize) {
        let mut state = self.state();
        let image = state.files.entry(path.to_owned()).or_default();
        let changes = changes.min(image.pending.len());
        for change in image.pending.drain(..changes) {
            change.apply(&mut image.durable);
        }
        let is_new = !std::mem::replace(&mut image.is_durable, true);
        let name = path.to_string_lossy();
        if is_new && (name.ends_with("-wal") || name.ends_with("-journal")) {
            // SQLite's unix VFS syncs the folder with the first sync of a log it made.
            state.files.retain(|_, image| !image.is_removed);
            for image in state.files.values_mut() {
                image.is_durable = true;
            }
        }
    }

    fn removed(&self, path: &Path, is_synced: bool) {
        let mut state = self.state();
        if is_synced {
            state.files.remove(path);
        } else if let Some(image) = state.files.get_mut(path) {
            image.is_removed = true;
        }
    }
}

/// What was on the disk, and on its way there, when the power went.
#[derive(Clone)]
pub(crate) struct Remains {
    files: BTreeMap<PathBuf, Image>,
}

impl Remains {
    /// Is there anything that was on its way?
    pub(crate) fn is_torn(&self) -> bool {
        self.files.values().any(|image| !image.pending.is_empty())
    }

    /// Puts into `folder` what one such power cut could have left there.
    pub(crate) fn spill(&self, random: &mut Random, folder: &Path) {
        for (path, image) in &self.files {
            let has_vanished = (!image.is_durable || image.is_removed) && random.below(2) == 0;
            if has_vanished {
                continue;
            }
            // Now and then everything on its way arrived, or nothing did.
            let mood = random.below(8);
            let mut content = image.durable.clone();
            for change in &image.pending {
                match (mood, change) {
                    (0, _) => {}
                    (1, change) => change.apply(&mut content),
                    (_, change) => random.fate(change, &mut content),
                }
            }
            let name = path.file_name().expect("a file has a name");
            fs::write(folder.join(name), content).unwrap();
        }
    }
}

/// Small and repeatable: xorshift64*.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }

    /// Kept, dropped or torn.
    fn fate(&mut self, change: &Change, content: &mut Vec<u8>) {
        match (self.below(3), change) {
            (0, _) => {}
            (1, Change::Write { at, bytes }) => {
                let kept = usize::try_from(self.below(bytes.len() as u64)).unwrap();
                let torn = Change::Write {
                    at: *at,
                    bytes: bytes[..kept].to_vec(),
                };
                torn.apply(content);
            }
            (_, change) => change.apply(content),
        }
    }
}
