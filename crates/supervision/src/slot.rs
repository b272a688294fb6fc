use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::common::Common;
use crate::gauge::Strain;
use crate::guard::{Lane, panic_message};
use crate::limits::Limits;
use crate::lock;
use crate::pressure::Pressure;
use crate::service::{Restart, Service, Shed};
use crate::setting::{self, SettingError, SettingValue};
use crate::signal::{Condition, SignalKind};
use crate::snapshot::ServiceSnapshot;

/// The place of one service: the service now in it, and what is known of it.
pub(crate) struct Slot {
    pub(crate) name: &'static str,
    pub(crate) common: Arc<Common>,
    pub(crate) restart: Option<Restart>,
    service: RwLock<Arc<dyn Service>>,
    status: Mutex<ServiceSnapshot>,
    /// A call that failed elsewhere than in a health check.
    fault: Mutex<Option<String>>,
    faulted: Notify,
    /// The looks that were asked for, and the newest of them that has been taken.
    asked: AtomicU64,
    looked: watch::Sender<u64>,
    told: tokio::sync::Mutex<Told>,
    /// What was set while it ran, for the service that takes its place after a restart.
    settings: Mutex<BTreeMap<&'static str, SettingValue>>,
}

/// What the service was told of pressure.
struct Told {
    level: Pressure,
    worst: Pressure,
    pressure_lane: Lane,
    shed_lane: Lane,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            level: Pressure::Normal,
            worst: Pressure::Normal,
            pressure_lane: Lane::new("pressure"),
            shed_lane: Lane::new("shed_load"),
        }
    }
}

impl Slot {
    pub(crate) fn new(
        name: &'static str,
        service: Arc<dyn Service>,
        restart: Option<Restart>,
        common: Arc<Common>,
    ) -> Self {
        let status = ServiceSnapshot {
            name: name.to_owned(),
            health: None,
            pressure: Pressure::Normal,
            is_escalated: false,
            heals_total: 0,
            restarts_total: 0,
            escalations_total: 0,
            shed_bytes_total: 0,
            changed_at_unix_ms: common.signals.now_unix_ms(),
        };
        Self {
            name,
            common,
            restart,
            service: RwLock::new(service),
            status: Mutex::new(status),
            fault: Mutex::default(),
            faulted: Notify::new(),
            asked: AtomicU64::new(0),
            looked: watch::Sender::new(0),
            told: tokio::sync::Mutex::default(),
            settings: Mutex::default(),
        }
    }

    pub(crate) fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.service.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn snapshot(&self) -> ServiceSnapshot {
        lock(&self.status).clone()
    }

    pub(crate) fn limits(&self) -> Limits {
        self.common.limits()
    }

    pub(crate) fn emit(&self, kind: SignalKind) {
        self.common.signals.emit(self.name, kind);
    }

    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut ServiceSnapshot) -> T) -> T {
        change(&mut lock(&self.status))
    }

    pub(crate) fn take_fault(&self) -> Option<String> {
        lock(&self.fault).take()
    }

    pub(crate) async fn faulted(&self) {
        self.faulted.notified().await;
    }

    /// Has it asked how it is before its time, and waits for the answer. One that is ill keeps to its
    /// waits, and one that nobody looks after is not asked, so this waits no longer than an answer may
    /// take.
    pub(crate) async fn look(&self) {
        let mut looked = self.looked.subscribe();
        let wanted = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        self.faulted.notify_one();
        let limit = Duration::from_millis(self.limits().health_ms_max);
        let taken = looked.wait_for(|taken| *taken >= wanted);
        if tokio::time::timeout(limit, taken).await.is_err() {
            tracing::debug!(service = self.name, "it was not looked at in time");
        }
    }

    /// The newest look that was asked for.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    /// Says that the health now known is not older than this look.
    pub(crate) fn looked(&self, asked: u64) {
        self.looked.send_replace(asked);
    }

    fn note_fault(&self, failure: &impl ToString) {
        *lock(&self.fault) = Some(failure.to_string());
        self.faulted.notify_one();
    }

    /// Puts a new service in the place of the old one, with its settings and the pressure there is.
    pub(crate) async fn replace(&self, service: Arc<dyn Service>) {
        {
            // Held all along, so that what is set meanwhile comes before or after, not in between.
            let settings = lock(&self.settings);
            *self.service.write().unwrap_or_else(PoisonError::into_inner) = service;
            *lock(&self.fault) = None;
            for (name, value) in settings.iter() {
                if let Err(error) = self.call_set(name, value) {
                    tracing::warn!(service = self.name, %error, "a setting was lost in a restart");
                }
            }
        }
        {
            let mut told = self.told.lock().await;
            *told = Told {
                worst: told.worst,
                ..Told::default()
            };
            let strain = *self.common.strain.borrow();
            self.tell(&mut told, strain).await;
        }
    }

    pub(crate) fn set(&self, name: &str, value: SettingValue) -> Result<(), SettingError> {
        let mut settings = lock(&self.settings);
        let spec = setting::find_setting(self.name, self.service().settings(), name)?;
        let value = spec.check(value)?;
        self.call_set(spec.name, &value)?;
        settings.insert(spec.name, value);
        Ok(())
    }

    fn call_set(&self, name: &'static str, value: &SettingValue) -> Result<(), SettingError> {
        let service = self.service();
        panic::catch_unwind(AssertUnwindSafe(|| service.set(name, value))).unwrap_or_else(|panic| {
            let reason = format!("`set` panicked: {}", panic_message(panic.as_ref()));
            self.note_fault(&reason);
            Err(SettingError::Refused {
                name: name.to_owned(),
                reason,
            })
        })
    }

    /// Follows the published level, and asks for more while it stays high.
    pub(crate) async fn follow(self: Arc<Self>, cancel: CancellationToken) {
        let mut published = self.common.strain.subscribe();
        loop {
            let strain = *published.borrow_and_update();
            let shed_interval = Duration::from_millis(self.limits().shed_interval_ms);
            let turn = async {
                self.bring_to(strain).await;
                tokio::select! {
                    _ = published.changed() => {}
                    () = tokio::time::sleep(shed_interval), if strain.level >= Pressure::High => {
                        self.shed_more().await;
                    }
                }
            };
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                () = turn => {}
            }
        }
    }

    /// Tells the service every level on the way from the one it knows to this one.
    pub(crate) async fn bring_to(&self, strain: Strain) {
        let mut told = self.told.lock().await;
        self.tell(&mut told, strain).await;
    }

    async fn tell(&self, told: &mut Told, strain: Strain) {
        for level in told.level.steps_to(strain.level) {
            let from = told.level;
            // Known before the call: told half-way and cancelled, it is not told twice.
            told.level = level;
            told.worst = told.worst.max(level);
            let now_unix_ms = self.common.signals.now_unix_ms();
            self.update(|status| {
                status.pressure = level;
                status.changed_at_unix_ms = now_unix_ms;
            });
            self.emit(SignalKind::PressureChanged {
                from,
                to: level,
                cause: strain.cause,
            });
            let (service, limit) = (self.service(), self.call_limit());
            let answer = told
                .pressure_lane
                .run(limit, async move { service.pressure(level).await })
                .await;
            if let Err(failure) = answer {
                self.note_fault(&failure);
            }
            if level >= Pressure::High && level > from {
                let shed = self.shed(told).await;
                self.emit(SignalKind::Shed { level, shed });
            }
        }
        if told.level == Pressure::Normal && told.worst > Pressure::Normal {
            let from = Condition::Pressure(told.worst);
            told.worst = Pressure::Normal;
            self.emit(SignalKind::Recovered { from });
        }
    }

    /// Asks again while the level stays where it is; only what was let go is worth a signal.
    async fn shed_more(&self) {
        let mut told = self.told.lock().await;
        let level = told.level;
        let shed = self.shed(&mut told).await;
        if shed.bytes > 0 {
            self.emit(SignalKind::Shed { level, shed });
        }
    }

    async fn shed(&self, told: &mut Told) -> Shed {
        let (service, level) = (self.service(), told.level);
        let answer = told
            .shed_lane
            .run(
                self.call_limit(),
                async move { service.shed_load(level).await },
            )
            .await;
        match answer {
            Ok(shed) => {
                self.update(|status| {
                    status.shed_bytes_total = status.shed_bytes_total.saturating_add(shed.bytes);
                });
                shed
            }
            Err(failure) => {
                self.note_fault(&failure);
                Shed::nothing()
            }
        }
    }

    fn call_limit(&self) -> Duration {
        Duration::from_millis(self.limits().call_ms_max)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
    use std::thread;

    use async_trait::async_trait;

    use super::*;
    use crate::clock::Clock;
    use crate::service::Health;
    use crate::setting::SettingSpec;
    use crate::signal::Signals;

    static SETTINGS: &[SettingSpec] = &[SettingSpec::integer("size", 1, (0, 9), "", "A size.")];

    /// Remembers what it is set to; a slow one says that it is being set, and waits until it may
    /// go on.
    #[derive(Default)]
    struct Gauge {
        slow: Mutex<Option<(SyncSender<()>, Receiver<()>)>>,
        size: Mutex<Option<SettingValue>>,
    }

    #[async_trait]
    impl Service for Gauge {
        fn name(&self) -> &'static str {
            "one"
        }

        async fn health(&self) -> Health {
            Health::Healthy
        }

        async fn shutdown(&self) {}

        fn settings(&self) -> &'static [SettingSpec] {
            SETTINGS
        }

        fn set(&self, _name: &str, value: &SettingValue) -> Result<(), SettingError> {
            if let Some((began, may_go)) = &*lock(&self.slow) {
                began.send(()).unwrap();
                may_go.recv().unwrap();
            }
            *lock(&self.size) = Some(*value);
            Ok(())
        }
    }

    #[test]
    fn what_is_set_while_a_service_is_restarted_reaches_the_new_one() {
        let clock = Clock::starting_at(std::time::SystemTime::UNIX_EPOCH);
        let (signals, _queued) = Signals::bounded(16, clock);
        let common = Arc::new(Common::new(Limits::default(), signals));
        let ((began, has_begun), (go, may_go)) = (sync_channel(1), sync_channel(1));
        let old = Arc::new(Gauge {
            slow: Mutex::new(Some((began, may_go))),
            size: Mutex::default(),
        });
        let slot = Slot::new("one", old, None, common);
        let new = Arc::new(Gauge::default());

        thread::scope(|scope| {
            let setting = scope.spawn(|| slot.set("size", SettingValue::Integer(7)));
            has_begun.recv().unwrap();
            let (done, is_done) = sync_channel(1);
            let (slot, new) = (&slot, new.clone());
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                runtime.unwrap().block_on(slot.replace(new));
                let told = done.send(());
                assert!(told.is_ok(), "somebody listens to the end");
            });
            // The restart gets every chance to overtake, which it must not take.
            let overtaking = is_done.recv_timeout(Duration::from_millis(200));
            assert!(overtaking.is_err());
            go.send(()).unwrap();
            setting.join().unwrap().unwrap();
            is_done.recv().unwrap();
        });

        assert_eq!(*lock(&new.size), Some(SettingValue::Integer(7)));
    }
}
