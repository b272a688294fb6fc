//! The journal under supervision.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use journal::OpenJournal;
use supervision::{
    HealError, Health, Pressure, Service, SettingError, SettingSpec, SettingValue, Shed,
};

use super::{chain, whole};

pub(super) const NAME: &str = "journal";

const HOUR_MS: i64 = 3_600_000;
const TIB: i64 = 1 << 40;
const DAYS_MAX: i64 = 36_500;

pub(super) static SETTINGS: &[SettingSpec] = &[
    SettingSpec::integer(
        "seal_interval_ms",
        1_000,
        (50, HOUR_MS),
        "ms",
        "Longest time that an event goes without a seal.",
    ),
    SettingSpec::integer(
        "seal_events_max",
        256,
        (1, 1_000_000),
        "events",
        "Most events that go without a seal.",
    ),
    SettingSpec::integer(
        "disk_free_bytes_min",
        64 << 20,
        (0, TIB),
        "bytes",
        "Free space on the disk below which the journal counts as degraded.",
    ),
    SettingSpec::integer(
        "queue_percent_max",
        75,
        (1, 100),
        "percent",
        "How full the writer's queue may be before the journal counts as degraded.",
    ),
    SettingSpec::integer(
        "hot_days",
        30,
        (0, DAYS_MAX),
        "days",
        "Age from which sealed events move to archives in the vault, where they are still read.",
    ),
];

/// What can be adjusted, as it stands now.
pub(in crate::up) struct JournalKnobs([AtomicU64; 5]);

impl Default for JournalKnobs {
    fn default() -> Self {
        let mut specs = SETTINGS.iter();
        Self(std::array::from_fn(|_| {
            let default = specs.next().map(SettingSpec::default_value);
            AtomicU64::new(default.as_ref().map_or(0, whole))
        }))
    }
}

impl JournalKnobs {
    fn load(&self, at: usize) -> u64 {
        self.0[at].load(Ordering::Relaxed)
    }

    pub(in crate::up) fn seal_interval(&self) -> Duration {
        Duration::from_millis(self.load(0))
    }

    pub(in crate::up) fn seal_events_max(&self) -> u64 {
        self.load(1)
    }

    fn disk_free_bytes_min(&self) -> u64 {
        self.load(2)
    }

    fn queue_percent_max(&self) -> u64 {
        self.load(3)
    }

    pub(in crate::up) fn hot_days(&self) -> u64 {
        self.load(4)
    }

    fn set(&self, name: &str, value: &SettingValue) -> bool {
        let Some(at) = SETTINGS.iter().position(|spec| spec.name == name) else {
            return false;
        };
        self.0[at].store(whole(value), Ordering::Relaxed);
        true
    }
}

pub(in crate::up) struct JournalService {
    pub(in crate::up) journal: Arc<dyn OpenJournal>,
    pub(in crate::up) data: PathBuf,
    pub(in crate::up) knobs: Arc<JournalKnobs>,
    /// Failed writes when it was last looked at.
    pub(in crate::up) failed_before: AtomicU64,
}

impl JournalService {
    async fn read(&self) -> Result<(), String> {
        self.journal.check().await.map_err(|error| chain(&error))
    }

    fn find_strain(&self) -> Option<String> {
        let failed = self.journal.counts().failed.load(Ordering::Relaxed);
        let failed_since = failed - self.failed_before.swap(failed, Ordering::Relaxed);
        if failed_since > 0 {
            return Some(format!("{failed_since} writes failed since the last look"));
        }
        let queued_percent = self.journal.queued() * 100 / self.journal.queue_max().max(1);
        if queued_percent as u64 > self.knobs.queue_percent_max() {
            return Some(format!("the writer's queue is {queued_percent} % full"));
        }
        match free_bytes(&self.data) {
            Ok(free) if free < self.knobs.disk_free_bytes_min() => {
                Some(format!("the disk has {free} bytes left"))
            }
            Ok(_) => None,
            Err(error) => Some(format!(
                "the free space of the disk cannot be read: {error}"
            )),
        }
    }
}

/// What an ordinary user may still write below `folder`.
pub(crate) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[async_trait]
impl Service for JournalService {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn health(&self) -> Health {
        if let Err(reason) = self.read().await {
            return Health::unhealthy(reason);
        }
        self.find_strain().map_or(Health::Healthy, Health::degraded)
    }

    async fn shed_load(&self, _level: Pressure) -> Shed {
        let journal = self.journal.clone();
        let released = tokio::task::spawn_blocking(move || journal.release()).await;
        match released {
            Ok(0) => Shed::nothing(),
            Ok(bytes) => Shed::new(bytes as u64, "the newest events"),
            Err(panic) => {
                tracing::error!(%panic, "the newest events were not let go of");
                Shed::nothing()
            }
        }
    }

    async fn heal(&self) -> Result<(), HealError> {
        let journal = self.journal.clone();
        // What cannot be let go of is no reason not to look.
        drop(tokio::task::spawn_blocking(move || journal.release()).await);
        self.read().await.map_err(HealError::failed)
    }

    /// Closed by whoever opened it, after the last signal was written.
    async fn shutdown(&self) {}

    fn settings(&self) -> &'static [SettingSpec] {
        SETTINGS
    }

    fn set(&self, name: &str, value: &SettingValue) -> Result<(), SettingError> {
        if self.knobs.set(name, value) {
            return Ok(());
        }
        Err(SettingError::Refused {
            name: name.to_owned(),
            reason: "the journal has no such setting".to_owned(),
        })
    }
}
