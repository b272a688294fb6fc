use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use std::time::SystemTime;

use supervision::{
    Limits, MemorySource, Reading, ReadingError, RunError, SettingValue, Supervisor,
};
use tokio_util::sync::CancellationToken;

use crate::kit::{Fault, Pump, Recorder, Ward, limits};

/// A pump with this bug beside a sound one, both under high pressure; what was said of each.
async fn signals_with(fault: Fault) -> (String, usize) {
    let buggy = Arc::new(Pump::faulty("buggy", fault).mending_at(1));
    let sound = Arc::new(Pump::working("sound").mending_at(1));
    let ward = Ward::new(limits())
        .with(buggy.clone())
        .with(sound.clone())
        .start();
    ward.pass_ms(500).await;
    ward.memory.use_percent(90);
    ward.pass_ms(1_000).await;

    // A bug that is gone is forgotten, and the sound one was looked after all the time.
    *buggy.fault.lock().unwrap() = None;
    sound.set_broken(true);
    ward.pass_ms(20_000).await;
    let is_ready = ward.supervisor.snapshot().is_ready();
    let (_, signals) = ward.stop().await;

    assert!(is_ready, "{}", signals.lines());
    let is_health = |line: &&str| line.contains(" buggy ") && line.contains("to: Unhealthy");
    let lines = signals.lines();
    (
        lines
            .lines()
            .filter(is_health)
            .collect::<Vec<_>>()
            .join("\n"),
        signals.count("sound Healed"),
    )
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_health_check_makes_that_service_unhealthy_and_no_other() {
    let (buggy, sound_healed) = signals_with(Fault::HealthPanics).await;

    insta::assert_snapshot!(
        buggy,
        @r#"0 buggy HealthChanged { from: None, to: Unhealthy { reason: "`health` panicked: the pump burst" } }"#
    );
    assert_eq!(sound_healed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_over_pressure_makes_that_service_unhealthy_and_no_other() {
    let (buggy, sound_healed) = signals_with(Fault::PressurePanics).await;

    insta::assert_snapshot!(
        buggy,
        @r#"1000 buggy HealthChanged { from: Some(Healthy), to: Unhealthy { reason: "`pressure` panicked: the pump burst" } }"#
    );
    assert_eq!(sound_healed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_over_shedding_load_makes_that_service_unhealthy_and_no_other() {
    let (buggy, sound_healed) = signals_with(Fault::ShedPanics).await;

    insta::assert_snapshot!(
        buggy,
        @r#"1000 buggy HealthChanged { from: Some(Healthy), to: Unhealthy { reason: "`shed_load` panicked: the pump burst" } }"#
    );
    assert_eq!(sound_healed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_over_healing_is_a_failed_attempt() {
    let pump = Pump::faulty("pump", Fault::HealPanics);
    pump.set_broken(true);

    let ward = Ward::new(limits()).with(Arc::new(pump)).start();
    ward.pass_ms(1_000).await;
    let (_, signals) = ward.stop().await;

    insta::assert_snapshot!(signals.lines(), @r#"
    0 pump HealthChanged { from: None, to: Unhealthy { reason: "no flow" } }
    0 pump Healing { attempt: 1, attempts_max: 2 }
    0 pump HealFailed { attempt: 1, reason: "`heal` panicked: the pump burst" }
    100 pump Healing { attempt: 2, attempts_max: 2 }
    100 pump HealFailed { attempt: 2, reason: "`heal` panicked: the pump burst" }
    300 pump Escalated { reason: "no flow", heals: 2, restarts: 0 }
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_panic_over_a_setting_refuses_it_and_makes_the_service_unhealthy() {
    let pump = Pump::faulty("pump", Fault::SetPanics).mending_at(1);

    let ward = Ward::new(limits()).with(Arc::new(pump)).start();
    ward.pass_ms(500).await;
    let refused = ward
        .supervisor
        .set("pump", "speed", SettingValue::Integer(3))
        .unwrap_err();
    ward.pass_ms(100).await;
    let (_, signals) = ward.stop().await;

    insta::assert_snapshot!(refused, @"`speed` was refused: `set` panicked: the pump burst");
    insta::assert_snapshot!(signals.lines(), @r#"
    500 pump HealthChanged { from: Some(Healthy), to: Unhealthy { reason: "`set` panicked: the pump burst" } }
    500 pump Healing { attempt: 1, attempts_max: 2 }
    500 pump HealthChanged { from: Some(Unhealthy { reason: "`set` panicked: the pump burst" }), to: Healthy }
    500 pump Healed { attempt: 1 }
    "#);
}

/// Can be read a few times, then panics.
struct Brittle(AtomicUsize);

impl MemorySource for Brittle {
    fn read(&self, _rss_bytes_max: Option<u64>) -> Vec<Result<Reading, ReadingError>> {
        const READS_MAX: usize = 3;
        let reads = self.0.fetch_add(1, Ordering::Relaxed);
        assert!(reads < READS_MAX, "the gauge broke");
        Vec::new()
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_of_supervision_that_dies_ends_it_and_its_services_in_order() {
    let supervisor = Supervisor::new(
        Limits::default(),
        Brittle(AtomicUsize::new(0)),
        Arc::new(Recorder::default()),
        SystemTime::UNIX_EPOCH,
    );
    let pump = Arc::new(Pump::working("pump"));
    supervisor.register(pump, None).unwrap();

    let Err(RunError::TaskEnded { reason }) = supervisor.run(CancellationToken::new()).await else {
        panic!("it went on without its eyes")
    };

    assert!(reason.contains("the gauge broke"), "{reason}");
}
