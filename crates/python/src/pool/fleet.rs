//! The workers that have the same third-party packages. A C extension cannot live twice in a
//! process, so a worker never serves two sets of them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, Weak},
};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::frame::{FRAME_BYTES_MAX, LoadCode};

use super::{
    call::{Answer, CallRequest},
    code::{Contents, code_frame},
    failure::{CallError, LoadError},
    lane::Lane,
    lock,
    manifest::{Class, Manifest},
    settings::Settings,
    spawner::Spawner,
    warden,
};

/// A worker process, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    pub pid: u32,
    pub resident_bytes: u64,
    /// The calls that it has run.
    pub calls: u64,
    /// The calls and loads that it was sent and has not answered.
    pub running: usize,
    /// Does it wait to take the place of another?
    pub is_spare: bool,
}

/// What nobody holds any more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Retired {
    Code(u64),
    State(u64),
}

pub(super) struct Fleet {
    plain: Arc<Lane>,
    asynchronous: Arc<Lane>,
    blocking: Arc<Lane>,
    retired: Arc<Mutex<Vec<Retired>>>,
    has_retired: Arc<Notify>,
    end: CancellationToken,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

impl Fleet {
    pub(super) fn start(
        settings: &Arc<Settings>,
        spawner: &Arc<Spawner>,
        paths: &[String],
        end: &CancellationToken,
    ) -> Arc<Self> {
        let end = end.child_token();
        let lane = |class| {
            let lane = Lane::new(class, settings, spawner, paths, &end);
            tokio::spawn(warden::watch(Arc::clone(&lane)));
            lane
        };
        let fleet = Arc::new(Self {
            plain: lane(Class::Plain),
            asynchronous: lane(Class::Async),
            blocking: lane(Class::Blocking),
            retired: Arc::default(),
            has_retired: Arc::default(),
            end: end.clone(),
        });
        fleet.plain.want();
        tokio::spawn(forget_retired(
            Arc::downgrade(&fleet),
            Arc::clone(&fleet.has_retired),
            end,
        ));
        fleet
    }

    fn lanes(&self) -> [&Arc<Lane>; 3] {
        [&self.plain, &self.asynchronous, &self.blocking]
    }

    /// Tries code on a worker that has nothing to do, then loads it in all.
    pub(super) async fn load(
        self: &Arc<Self>,
        number: u64,
        label: &str,
        hash: &str,
        files: &BTreeMap<String, Bytes>,
    ) -> Result<Arc<Contents>, LoadError> {
        let header = LoadCode {
            code: number,
            hash: hash.to_owned(),
            label: label.to_owned(),
            paths: self.plain.paths.clone(),
            folder: self.plain.settings.folder.clone(),
            files: files
                .iter()
                .map(|(path, bytes)| (path.clone(), bytes.len()))
                .collect(),
        };
        check_size(files)?;
        let frame = code_frame(&header, files);
        let manifest = self.plain.try_out(number, label, &frame).await?;
        let manifest = Manifest::parse(manifest).map_err(|error| LoadError::Manifest {
            reason: error.to_string(),
        })?;
        let code = Arc::new(Contents {
            number,
            label: label.to_owned(),
            hash: hash.to_owned(),
            manifest,
            frame,
            fleet: Arc::clone(self),
        });
        if code.manifest.has(Class::Async) {
            self.asynchronous.want();
            self.asynchronous.ready().await?;
        }
        let loads: Vec<_> = self
            .lanes()
            .into_iter()
            .flat_map(|lane| lane.spread(&code))
            .collect();
        for loaded in loads {
            // A worker that is gone has been replaced by one that loads the code first.
            if let Ok(result) = loaded.await {
                result?;
            }
        }
        Ok(code)
    }

    pub(super) async fn call(
        &self,
        number: u64,
        request: CallRequest,
    ) -> Result<Answer, CallError> {
        let class = request
            .code
            .manifest()
            .class(request.kind.as_str(), &request.name);
        let lane = match class {
            Class::Plain => &self.plain,
            Class::Async => &self.asynchronous,
            Class::Blocking => &self.blocking,
        };
        lane.call(number, &request).await
    }

    pub(super) async fn ready(&self) -> Result<(), LoadError> {
        self.plain.ready().await
    }

    pub(super) fn workers(&self) -> Vec<Worker> {
        let mut all = Vec::new();
        for lane in self.lanes() {
            all.extend(lane.state().seats.iter().map(|seat| Worker {
                pid: u32::try_from(seat.process.pid.as_raw_nonzero().get()).unwrap_or(0),
                resident_bytes: seat.process.resident_bytes().unwrap_or(0),
                calls: seat.calls,
                running: seat.in_flight.len(),
                is_spare: seat.is_spare,
            }));
        }
        all
    }

    pub(super) fn waiting(&self) -> usize {
        let lanes = self.lanes().into_iter();
        lanes.map(|lane| lane.state().queue.len()).sum()
    }

    /// Notes what nobody holds; may be called while a lane is locked.
    pub(super) fn retire(&self, what: Retired) {
        lock(&self.retired).push(what);
        self.has_retired.notify_one();
    }

    fn forget(&self) {
        let retired = std::mem::take(&mut *lock(&self.retired));
        let mut codes = Vec::new();
        let mut states = Vec::new();
        for what in retired {
            match what {
                Retired::Code(number) => codes.push(number),
                Retired::State(number) => states.push(number),
            }
        }
        for lane in self.lanes() {
            lane.forget(&codes, &states);
        }
    }
}

async fn forget_retired(fleet: Weak<Fleet>, has_retired: Arc<Notify>, end: CancellationToken) {
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            () = has_retired.notified() => {}
        }
        let Some(fleet) = fleet.upgrade() else { return };
        fleet.forget();
    }
}

fn check_size(files: &BTreeMap<String, Bytes>) -> Result<(), LoadError> {
    /// What the frame needs beside the files.
    const INDEX_BYTES: usize = 1 << 20;
    let bytes = files.values().map(Bytes::len).sum();
    let limit = FRAME_BYTES_MAX - INDEX_BYTES;
    if bytes > limit {
        Err(LoadError::TooLarge { bytes, limit })
    } else {
        Ok(())
    }
}
