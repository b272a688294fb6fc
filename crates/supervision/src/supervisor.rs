use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::clock::Clock;
use crate::common::Common;
use crate::dispatcher::Dispatcher;
use crate::guard::Lane;
use crate::limits::Limits;
use crate::lock;
use crate::memory::MemorySource;
use crate::monitor::Monitor;
use crate::pressure::Pressure;
use crate::service::{Restart, Service};
use crate::setting::{self, ServiceSettings, SettingError, SettingValue};
use crate::signal::{SIGNALS_QUEUED_MAX, Signal, SignalKind, SignalSink, Signals};
use crate::slot::Slot;
use crate::snapshot::Snapshot;

/// Time the sink has at the end for the signals still queued.
const SIGNALS_DRAIN_MS_MAX: u64 = 5_000;

/// Owns the services and everything that looks after them.
pub struct Supervisor {
    common: Arc<Common>,
    dispatcher: Arc<Dispatcher>,
    slots: Mutex<Vec<Arc<Slot>>>,
    registered: Notify,
    /// What [`Supervisor::run`] takes away.
    outlet: Mutex<Option<Outlet>>,
}

/// The far end of the queue of signals, and who takes them.
type Outlet = (mpsc::Receiver<Signal>, Arc<dyn SignalSink>);

/// Why a service was not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    #[error("a service named `{name}` is registered already")]
    Taken { name: &'static str },
    #[error("`{name}` is the name of supervision itself")]
    Reserved { name: &'static str },
}

/// Why supervision did not start, or ended before it was told to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    #[error("this supervisor has been run already")]
    AlreadyRun,
    /// Everything was shut down in order.
    #[error("a task of supervision itself ended: {reason}")]
    TaskEnded { reason: String },
}

/// How the end went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShutdownReport {
    /// In the order they stopped.
    pub stopped: Vec<String>,
    pub abandoned: Vec<Abandoned>,
}

/// A service that did not shut down in time, or panicked over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abandoned {
    pub service: String,
    pub reason: String,
}

impl Supervisor {
    /// `started_at` is the wall-clock time now; signals count from it on the runtime's clock.
    pub fn new(
        limits: Limits,
        memory: impl MemorySource,
        sink: Arc<dyn SignalSink>,
        started_at: SystemTime,
    ) -> Self {
        let clock = Clock::starting_at(started_at);
        let (signals, queued) = Signals::bounded(SIGNALS_QUEUED_MAX, clock);
        let common = Arc::new(Common::new(limits, signals));
        Self {
            dispatcher: Arc::new(Dispatcher::new(Arc::clone(&common), Box::new(memory))),
            common,
            slots: Mutex::default(),
            registered: Notify::new(),
            outlet: Mutex::new(Some((queued, sink))),
        }
    }

    /// Takes a service into care, before or while supervision runs.
    pub fn register(
        &self,
        service: Arc<dyn Service>,
        restart: Option<Restart>,
    ) -> Result<(), RegisterError> {
        let name = service.name();
        if name == Limits::SERVICE {
            return Err(RegisterError::Reserved { name });
        }
        let mut slots = lock(&self.slots);
        if slots.iter().any(|slot| slot.name == name) {
            return Err(RegisterError::Taken { name });
        }
        slots.push(Arc::new(Slot::new(
            name,
            service,
            restart,
            Arc::clone(&self.common),
        )));
        drop(slots);
        self.registered.notify_one();
        Ok(())
    }

    /// Supervises until `cancel`, then shuts all services down, the last registered first, and
    /// hands the last signals to the sink. Does the same when a part of supervision itself dies,
    /// because services that nobody looks after must not seem to be looked after.
    pub async fn run(&self, cancel: CancellationToken) -> Result<ShutdownReport, RunError> {
        let (queued, sink) = lock(&self.outlet).take().ok_or(RunError::AlreadyRun)?;
        let flush = CancellationToken::new();
        let signals = Arc::clone(&self.common.signals);
        let forwarder =
            AbortOnDropHandle::new(tokio::spawn(signals.forward(queued, sink, flush.clone())));

        let looked_after = self.look_after_all(&cancel).await;
        let limit = Duration::from_millis(self.common.limits().shutdown_ms_max);
        let report = self.shut_down(limit).await;

        flush.cancel();
        let drain = Duration::from_millis(SIGNALS_DRAIN_MS_MAX);
        if tokio::time::timeout(drain, forwarder).await.is_err() {
            tracing::error!("the sink did not take the last signals in time");
        }
        self.common.signals.count_undelivered();
        looked_after.map(|()| report)
    }

    async fn look_after_all(&self, cancel: &CancellationToken) -> Result<(), RunError> {
        // Its tasks end with it, however it ends.
        let cancel = &cancel.child_token();
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&self.dispatcher).run(cancel.clone()));
        let mut started = 0;
        let outcome = loop {
            let slots = self.slots();
            for slot in &slots[started..] {
                tasks.spawn(Monitor::new(Arc::clone(slot)).run(cancel.clone()));
                tasks.spawn(Arc::clone(slot).follow(cancel.clone()));
            }
            started = slots.len();
            tokio::select! {
                biased;
                () = cancel.cancelled() => break Ok(()),
                Some(ended) = tasks.join_next() => {
                    let reason = match ended {
                        Ok(()) => "it returned before it was told to".to_owned(),
                        Err(error) => error.to_string(),
                    };
                    tracing::error!(reason, "a task of supervision itself ended");
                    break Err(RunError::TaskEnded { reason });
                }
                () = self.registered.notified() => {}
            }
        };
        cancel.cancel();
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task of supervision itself ended badly");
            }
        }
        outcome
    }

    /// Each service may use an equal share of the time that is left, so that one that hangs does
    /// not take the time of all that come after it.
    async fn shut_down(&self, limit: Duration) -> ShutdownReport {
        let deadline = Instant::now() + limit;
        let slots = self.slots();
        let mut report = ShutdownReport::default();
        for (slot, waiting) in slots.iter().rev().zip((1..=slots.len()).rev()) {
            let share = deadline.saturating_duration_since(Instant::now())
                / u32::try_from(waiting).unwrap_or(u32::MAX);
            let service = slot.service();
            let stopped = Lane::new("shutdown")
                .run(share, async move { service.shutdown().await })
                .await;
            let service = slot.name.to_owned();
            match stopped {
                Ok(()) => report.stopped.push(service),
                Err(failure) => {
                    let reason = failure.to_string();
                    slot.emit(SignalKind::Abandoned {
                        reason: reason.clone(),
                    });
                    report.abandoned.push(Abandoned { service, reason });
                }
            }
        }
        report
    }

    /// Has a service looked at now, for whoever knows that it changed: what `snapshot` says afterwards
    /// is not older than the call, if the service answers in time.
    pub async fn look_at(&self, service: &str) {
        let slots = self.slots();
        if let Some(slot) = slots.iter().find(|slot| slot.name == service) {
            slot.look().await;
        }
    }

    /// Reads memory now and waits until every service was told of a change.
    pub async fn observe_memory(&self) -> Pressure {
        let strain = self.dispatcher.sample();
        let mut telling = JoinSet::new();
        for slot in self.slots() {
            telling.spawn(async move { slot.bring_to(strain).await });
        }
        telling.join_all().await;
        strain.level
    }

    /// How everything stands, for readiness, status and metrics.
    pub fn snapshot(&self) -> Snapshot {
        let strain = *self.common.strain.borrow();
        Snapshot {
            pressure: strain.level,
            cause: strain.cause,
            signals_delivered: self.common.signals.delivered(),
            signals_dropped: self.common.signals.dropped(),
            services: self.slots().iter().map(|slot| slot.snapshot()).collect(),
        }
    }

    /// Everything adjustable here and now, supervision's own settings first.
    pub fn settings(&self) -> Vec<ServiceSettings> {
        let own = ServiceSettings {
            service: Limits::SERVICE,
            settings: Limits::SETTINGS,
        };
        let services = self.slots().into_iter().map(|slot| ServiceSettings {
            service: slot.name,
            settings: slot.service().settings(),
        });
        std::iter::once(own)
            .chain(services.filter(|known| !known.settings.is_empty()))
            .collect()
    }

    /// Hands a setting to its service; it is kept through restarts.
    pub fn set(&self, service: &str, name: &str, value: SettingValue) -> Result<(), SettingError> {
        if service == Limits::SERVICE {
            return self.common.change_limits(|limits| limits.set(name, &value));
        }
        let slots = self.slots();
        let slot = slots
            .iter()
            .find(|slot| slot.name == service)
            .ok_or_else(|| {
                let known = slots.iter().map(|slot| slot.name).chain([Limits::SERVICE]);
                SettingError::UnknownService {
                    service: service.to_owned(),
                    nearest: setting::nearest(known, service),
                }
            })?;
        slot.set(name, value)
    }

    fn slots(&self) -> Vec<Arc<Slot>> {
        lock(&self.slots).clone()
    }
}
