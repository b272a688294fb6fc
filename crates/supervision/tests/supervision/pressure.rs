use std::sync::Arc;
use std::sync::atomic::Ordering;

use supervision::Pressure::{Critical, High, Normal, Warning};

use crate::kit::{Fault, Pump, Ward, limits};

#[tokio::test(start_paused = true)]
async fn a_jump_to_critical_is_told_level_by_level_and_load_is_shed_from_high_on() {
    let pump = Arc::new(Pump::working("pump"));
    pump.tank_bytes.store(4_096, Ordering::Relaxed);

    let ward = Ward::new(limits()).with(pump.clone()).start();
    ward.pass_ms(500).await;
    ward.memory.use_percent(97);
    ward.pass_ms(1_000).await;
    ward.memory.use_percent(50);
    ward.pass_ms(1_000).await;
    let snapshot = ward.supervisor.snapshot();
    let (_, signals) = ward.stop().await;

    assert_eq!(pump.told(), [Warning, High, Critical, Normal]);
    assert_eq!(
        (snapshot.pressure, snapshot.services[0].shed_bytes_total),
        (Normal, 3_072)
    );
    insta::assert_snapshot!(signals.lines(), @r#"
    1000 pump PressureChanged { from: Normal, to: Warning, cause: Some(Machine { used_bytes: 97, limit_bytes: 100 }) }
    1000 pump PressureChanged { from: Warning, to: High, cause: Some(Machine { used_bytes: 97, limit_bytes: 100 }) }
    1000 pump Shed { level: High, shed: Shed { bytes: 2048, what: "half the tank" } }
    1000 pump PressureChanged { from: High, to: Critical, cause: Some(Machine { used_bytes: 97, limit_bytes: 100 }) }
    1000 pump Shed { level: Critical, shed: Shed { bytes: 1024, what: "half the tank" } }
    2000 pump PressureChanged { from: Critical, to: Normal, cause: Some(Machine { used_bytes: 50, limit_bytes: 100 }) }
    2000 pump Recovered { from: Pressure(Critical) }
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_wavers_around_a_threshold_does_not_make_the_level_flap() {
    let pump = Arc::new(Pump::working("pump"));

    let ward = Ward::new(limits()).with(pump.clone()).start();
    for percent in [84, 85, 84, 85, 81, 85, 80, 79, 84, 79, 76, 70, 69] {
        ward.memory.use_percent(percent);
        ward.pass_ms(1_000).await;
    }

    assert_eq!(pump.told(), [Warning, High, Warning, Normal]);
}

#[tokio::test(start_paused = true)]
async fn a_service_is_asked_again_while_pressure_stays_high_until_it_has_nothing_left() {
    let pump = Arc::new(Pump::working("pump"));
    pump.tank_bytes.store(3, Ordering::Relaxed);

    let ward = Ward::new(limits()).with(pump.clone()).start();
    ward.memory.use_percent(90);
    ward.pass_ms(60_500).await;
    let (_, signals) = ward.stop().await;

    let sheds: Vec<String> = signals
        .lines()
        .lines()
        .filter(|line| line.contains("Shed"))
        .map(str::to_owned)
        .collect();
    insta::assert_snapshot!(sheds.join("\n"), @r#"
    0 pump Shed { level: High, shed: Shed { bytes: 2, what: "half the tank" } }
    10000 pump Shed { level: High, shed: Shed { bytes: 1, what: "half the tank" } }
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_returns_is_unhealthy_and_the_others_are_told_at_once() {
    let hanging = Arc::new(Pump::faulty("hanging", Fault::PressureHangs));
    let other = Arc::new(Pump::working("other"));

    let ward = Ward::new(limits())
        .with(hanging)
        .with(other.clone())
        .start();
    ward.pass_ms(500).await;
    ward.memory.use_percent(80);
    ward.pass_ms(501).await;
    let told_at_once = other.told();
    ward.pass_ms(500).await;
    let (_, signals) = ward.stop().await;

    assert_eq!(told_at_once, [Warning]);
    let health: Vec<String> = signals
        .lines()
        .lines()
        .filter(|line| line.contains("Health"))
        .map(str::to_owned)
        .collect();
    insta::assert_snapshot!(health.join("\n"), @r#"
    1300 hanging HealthChanged { from: Some(Healthy), to: Unhealthy { reason: "`pressure` did not return within 300 ms" } }
    1400 hanging HealthChanged { from: Some(Unhealthy { reason: "`pressure` did not return within 300 ms" }), to: Healthy }
    "#);
}

#[tokio::test(start_paused = true)]
async fn memory_that_cannot_be_read_keeps_the_level_as_it_was() {
    let pump = Arc::new(Pump::working("pump"));

    let ward = Ward::new(limits()).with(pump.clone()).start();
    ward.memory.use_percent(80);
    ward.pass_ms(500).await;
    ward.memory.use_percent(None);
    ward.pass_ms(5_000).await;
    let level = ward.supervisor.snapshot().pressure;
    ward.memory.use_percent(10);
    ward.pass_ms(1_000).await;

    assert_eq!(level, Warning);
    assert_eq!(pump.told(), [Warning, Normal]);
}

#[tokio::test(start_paused = true)]
async fn a_service_registered_under_pressure_is_told_of_it() {
    let late = Arc::new(Pump::working("late"));

    let ward = Ward::new(limits()).start();
    ward.memory.use_percent(96);
    ward.pass_ms(500).await;
    ward.supervisor.register(late.clone(), None).unwrap();
    ward.pass_ms(500).await;

    assert_eq!(late.told(), [Warning, High, Critical]);
}
