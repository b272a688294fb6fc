use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use supervision::{
    EmitError, HealError, Health, Limits, MemorySource, Pressure, Reading, ReadingError, Restart,
    Service, SettingError, SettingSpec, SettingValue, Shed, ShutdownReport, Signal, SignalSink,
    Supervisor,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Small round numbers, so that times in signals are easy to follow.
pub(crate) fn limits() -> Limits {
    Limits {
        health_interval_ms: 1_000,
        health_ms_max: 100,
        heal_attempts_max: 2,
        heal_ms_max: 200,
        restart_attempts_max: 2,
        restart_ms_max: 200,
        backoff_ms: 100,
        stable_ms: 5_000,
        call_ms_max: 300,
        ..Limits::default()
    }
}

/// Keeps every signal.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<Signal>>);

#[async_trait]
impl SignalSink for Recorder {
    async fn emit(&self, signal: &Signal) -> Result<(), EmitError> {
        self.0.lock().unwrap().push(signal.clone());
        Ok(())
    }
}

impl Recorder {
    /// One line a signal: milliseconds since the start, the service, what happened.
    pub(crate) fn lines(&self) -> String {
        let signals = self.0.lock().unwrap();
        let line = |it: &Signal| format!("{} {} {:?}", it.at_unix_ms, it.service, it.kind);
        signals.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.lines()
            .lines()
            .filter(|line| line.contains(what))
            .count()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

/// A supervisor that runs in a task, as the program has it.
pub(crate) struct Ward {
    pub(crate) supervisor: Arc<Supervisor>,
    pub(crate) signals: Arc<Recorder>,
    pub(crate) memory: Arc<Gauged>,
    cancel: CancellationToken,
    running: Option<JoinHandle<ShutdownReport>>,
}

impl Ward {
    pub(crate) fn new(limits: Limits) -> Self {
        let (signals, memory) = (Arc::new(Recorder::default()), Arc::new(Gauged::default()));
        let source = SharedGauge(Arc::clone(&memory));
        let supervisor = Supervisor::new(limits, source, signals.clone(), UNIX_EPOCH);
        let cancel = CancellationToken::new();
        Self {
            supervisor: Arc::new(supervisor),
            signals,
            memory,
            cancel,
            running: None,
        }
    }

    pub(crate) fn with(self, service: Arc<dyn Service>) -> Self {
        self.supervisor.register(service, None).unwrap();
        self
    }

    pub(crate) fn with_restart(self, service: Arc<dyn Service>, restart: Restart) -> Self {
        self.supervisor.register(service, Some(restart)).unwrap();
        self
    }

    pub(crate) fn start(mut self) -> Self {
        let (supervisor, cancel) = (Arc::clone(&self.supervisor), self.cancel.clone());
        self.running = Some(tokio::spawn(async move {
            supervisor.run(cancel).await.unwrap()
        }));
        self
    }

    /// Lets time pass on the paused clock.
    pub(crate) async fn pass_ms(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    pub(crate) async fn stop(mut self) -> (ShutdownReport, Arc<Recorder>) {
        self.cancel.cancel();
        let report = self.running.take().unwrap().await.unwrap();
        (report, self.signals)
    }
}

/// A machine of which the test says how much is used; `None` cannot be read.
pub(crate) struct Gauged(Mutex<Option<u64>>);

impl Default for Gauged {
    fn default() -> Self {
        Self(Mutex::new(Some(0)))
    }
}

impl Gauged {
    pub(crate) fn use_percent(&self, percent: impl Into<Option<u64>>) {
        *self.0.lock().unwrap() = percent.into();
    }
}

struct SharedGauge(Arc<Gauged>);

impl MemorySource for SharedGauge {
    fn read(&self, _rss_bytes_max: Option<u64>) -> Vec<Result<Reading, ReadingError>> {
        let unreadable = || ReadingError::Unreadable {
            path: PathBuf::from("/proc/meminfo"),
            source: io::ErrorKind::PermissionDenied.into(),
        };
        let used = *self.0.0.lock().unwrap();
        let reading = |used_bytes| Reading::Machine {
            used_bytes,
            limit_bytes: 100,
        };
        vec![used.map(reading).ok_or_else(unreadable)]
    }
}

/// A pump that breaks and can be mended, keeps water in a tank, and has a speed.
pub(crate) struct Pump {
    name: &'static str,
    is_broken: AtomicBool,
    /// The attempt to heal from which on healing works.
    mends_at_heal: u64,
    /// Breaks again this often after it was mended.
    relapses: AtomicU64,
    heals: AtomicU64,
    pub(crate) tank_bytes: AtomicU64,
    pub(crate) told: Mutex<Vec<Pressure>>,
    pub(crate) speed: AtomicU64,
    pub(crate) fault: Mutex<Option<Fault>>,
}

/// A bug in one of a pump's methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    HealthHangs,
    HealthPanics,
    HealPanics,
    HealHangs,
    PressurePanics,
    PressureHangs,
    ShedPanics,
    SetPanics,
    ShutdownPanics,
    ShutdownHangs,
}

static PUMP_SETTINGS: [SettingSpec; 1] = [SettingSpec::integer(
    "speed",
    1,
    (1, 9),
    "",
    "How fast it pumps.",
)];

impl Pump {
    pub(crate) fn working(name: &'static str) -> Self {
        Self {
            name,
            is_broken: AtomicBool::new(false),
            mends_at_heal: u64::MAX,
            relapses: AtomicU64::new(0),
            heals: AtomicU64::new(0),
            tank_bytes: AtomicU64::new(0),
            told: Mutex::default(),
            speed: AtomicU64::new(1),
            fault: Mutex::default(),
        }
    }

    pub(crate) fn broken(name: &'static str) -> Self {
        let pump = Self::working(name);
        pump.set_broken(true);
        pump
    }

    pub(crate) fn faulty(name: &'static str, fault: Fault) -> Self {
        Self {
            fault: Mutex::new(Some(fault)),
            ..Self::working(name)
        }
    }

    pub(crate) fn mending_at(self, heal: u64) -> Self {
        Self {
            mends_at_heal: heal,
            ..self
        }
    }

    pub(crate) fn relapsing(self, times: u64) -> Self {
        Self {
            relapses: AtomicU64::new(times),
            ..self
        }
    }

    pub(crate) fn set_broken(&self, is_broken: bool) {
        self.is_broken.store(is_broken, Ordering::Relaxed);
    }

    pub(crate) fn told(&self) -> Vec<Pressure> {
        self.told.lock().unwrap().clone()
    }

    fn panics_if(&self, fault: Fault) {
        let has_fault = *self.fault.lock().unwrap() == Some(fault);
        assert!(!has_fault, "the pump burst");
    }

    async fn hangs_if(&self, fault: Fault) {
        let has_fault = *self.fault.lock().unwrap() == Some(fault);
        if has_fault {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Service for Pump {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn health(&self) -> Health {
        self.panics_if(Fault::HealthPanics);
        self.hangs_if(Fault::HealthHangs).await;
        if self.is_broken.load(Ordering::Relaxed) {
            return Health::unhealthy("no flow");
        }
        let relapse = |left: u64| left.checked_sub(1);
        if self
            .relapses
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, relapse)
            .is_ok()
        {
            self.set_broken(true);
        }
        Health::Healthy
    }

    async fn pressure(&self, level: Pressure) {
        self.panics_if(Fault::PressurePanics);
        self.hangs_if(Fault::PressureHangs).await;
        self.told.lock().unwrap().push(level);
    }

    async fn shed_load(&self, _level: Pressure) -> Shed {
        self.panics_if(Fault::ShedPanics);
        let half = self.tank_bytes.load(Ordering::Relaxed).div_ceil(2);
        self.tank_bytes.fetch_sub(half, Ordering::Relaxed);
        if half == 0 {
            Shed::nothing()
        } else {
            Shed::new(half, "half the tank")
        }
    }

    async fn heal(&self) -> Result<(), HealError> {
        self.panics_if(Fault::HealPanics);
        self.hangs_if(Fault::HealHangs).await;
        if self.heals.fetch_add(1, Ordering::Relaxed) + 1 < self.mends_at_heal {
            return Err(HealError::failed("the valve is stuck"));
        }
        self.set_broken(false);
        Ok(())
    }

    async fn shutdown(&self) {
        self.panics_if(Fault::ShutdownPanics);
        self.hangs_if(Fault::ShutdownHangs).await;
    }

    fn settings(&self) -> &'static [SettingSpec] {
        &PUMP_SETTINGS
    }

    fn set(&self, _name: &str, value: &SettingValue) -> Result<(), SettingError> {
        self.panics_if(Fault::SetPanics);
        let speed = value.as_integer().unwrap().unsigned_abs();
        self.speed.store(speed, Ordering::Relaxed);
        Ok(())
    }
}
