//! Keeps every part of the program that has resources healthy: polls it, heals it, restarts it,
//! calls for help, and tells it when memory gets short. It never knows what a service does, never
//! writes to a store (each step leaves as a [`Signal`] through the sink it is given), and never
//! waits for a service or a sink without a limit. Start at [`Service`], then [`Supervisor`].

mod pressure;
mod service;
mod setting;

mod clock;
mod limits;
mod memory;
mod signal;

mod gauge;
mod guard;

mod common;
mod dispatcher;
mod monitor;
mod slot;
mod snapshot;
mod supervisor;

pub use limits::Limits;
pub use memory::{MemorySource, ProcessMemory, Reading, ReadingError, SystemMemory};
pub use pressure::Pressure;
pub use service::{HealError, Health, Restart, RestartError, Service, Shed};
pub use setting::{
    CheckedSetting, ServiceSettings, SettingError, SettingRange, SettingSpec, SettingValue,
    check_setting,
};
pub use signal::{Condition, EmitError, Signal, SignalKind, SignalSink};
pub use snapshot::{ServiceSnapshot, Snapshot};
pub use supervisor::{Abandoned, RegisterError, RunError, ShutdownReport, Supervisor};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks even after a panic elsewhere: what supervision keeps behind a lock is replaced whole, so
/// a panic cannot leave it half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
