use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use supervision::{Health, Pressure, Restart, RestartError, Service, SettingValue};

use crate::kit::{Fault, Pump, Ward, limits};

#[tokio::test(start_paused = true)]
async fn a_broken_service_is_healed_and_counts_as_recovered_once_it_stayed_healthy() {
    let pump = Pump::broken("pump").mending_at(2);

    let ward = Ward::new(limits()).with(Arc::new(pump)).start();
    ward.pass_ms(20_500).await;
    let (_, signals) = ward.stop().await;

    insta::assert_snapshot!(signals.lines(), @r#"
    0 pump HealthChanged { from: None, to: Unhealthy { reason: "no flow" } }
    0 pump Healing { attempt: 1, attempts_max: 2 }
    0 pump HealFailed { attempt: 1, reason: "the valve is stuck" }
    100 pump Healing { attempt: 2, attempts_max: 2 }
    100 pump HealthChanged { from: Some(Unhealthy { reason: "no flow" }), to: Healthy }
    100 pump Healed { attempt: 2 }
    6100 pump Recovered { from: Health(Unhealthy { reason: "no flow" }) }
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_healing_fails_is_restarted_with_its_settings_and_the_pressure_there_is() {
    let fresh: Arc<Mutex<Option<Arc<Pump>>>> = Arc::default();
    let place = Arc::clone(&fresh);
    let restart = Restart::new(move || {
        let pump = Arc::new(Pump::working("pump"));
        *place.lock().unwrap() = Some(Arc::clone(&pump));
        async move { Ok::<Arc<dyn Service>, RestartError>(pump) }
    });
    let pump = Arc::new(Pump::working("pump"));

    let ward = Ward::new(limits())
        .with_restart(pump.clone(), restart)
        .start();
    ward.memory.use_percent(90);
    ward.supervisor
        .set("pump", "speed", SettingValue::Integer(7))
        .unwrap();
    ward.pass_ms(500).await;
    ward.signals.clear();
    pump.set_broken(true);
    ward.pass_ms(2_000).await;
    let snapshot = ward.supervisor.snapshot();
    let (_, signals) = ward.stop().await;

    let fresh = fresh.lock().unwrap().clone().unwrap();
    assert_eq!(fresh.told(), [Pressure::Warning, Pressure::High]);
    assert_eq!(fresh.speed.load(Ordering::Relaxed), 7);
    assert_eq!(snapshot.services[0].restarts_total, 1);
    insta::assert_snapshot!(signals.lines(), @r#"
    1000 pump HealthChanged { from: Some(Healthy), to: Unhealthy { reason: "no flow" } }
    1000 pump Healing { attempt: 1, attempts_max: 2 }
    1000 pump HealFailed { attempt: 1, reason: "the valve is stuck" }
    1100 pump Healing { attempt: 2, attempts_max: 2 }
    1100 pump HealFailed { attempt: 2, reason: "the valve is stuck" }
    1300 pump Restarting { attempt: 1, attempts_max: 2 }
    1300 pump PressureChanged { from: Normal, to: Warning, cause: Some(Machine { used_bytes: 90, limit_bytes: 100 }) }
    1300 pump PressureChanged { from: Warning, to: High, cause: Some(Machine { used_bytes: 90, limit_bytes: 100 }) }
    1300 pump Shed { level: High, shed: Shed { bytes: 0, what: "" } }
    1300 pump HealthChanged { from: Some(Unhealthy { reason: "no flow" }), to: Healthy }
    1300 pump Restarted { attempt: 1 }
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_service_beyond_help_is_escalated_exactly_once_until_it_recovers() {
    let starts = AtomicU64::new(0);
    let last: Arc<Mutex<Option<Arc<Pump>>>> = Arc::default();
    let place = Arc::clone(&last);
    let restart = Restart::new(move || {
        let is_first = starts.fetch_add(1, Ordering::Relaxed) == 0;
        let pump = Arc::new(Pump::broken("pump"));
        *place.lock().unwrap() = Some(Arc::clone(&pump));
        async move {
            if is_first {
                Err(RestartError::new("no spare part"))
            } else {
                Ok(pump as Arc<dyn Service>)
            }
        }
    });

    let ward = Ward::new(limits())
        .with_restart(Arc::new(Pump::broken("pump")), restart)
        .start();
    ward.pass_ms(3_600_500).await;
    let escalated = ward.supervisor.snapshot();
    let until_escalated = ward.signals.lines();
    ward.signals.clear();
    let last = last.lock().unwrap().clone().unwrap();
    last.set_broken(false);
    ward.pass_ms(10_000).await;
    last.set_broken(true);
    ward.pass_ms(3_600_000).await;
    let (_, signals) = ward.stop().await;

    assert!(escalated.services[0].is_escalated && !escalated.is_ready());
    assert_eq!(
        (signals.count("Recovered"), signals.count("Escalated")),
        (1, 1)
    );
    insta::assert_snapshot!(until_escalated, @r#"
    0 pump HealthChanged { from: None, to: Unhealthy { reason: "no flow" } }
    0 pump Healing { attempt: 1, attempts_max: 2 }
    0 pump HealFailed { attempt: 1, reason: "the valve is stuck" }
    100 pump Healing { attempt: 2, attempts_max: 2 }
    100 pump HealFailed { attempt: 2, reason: "the valve is stuck" }
    300 pump Restarting { attempt: 1, attempts_max: 2 }
    300 pump RestartFailed { attempt: 1, reason: "no spare part" }
    400 pump Restarting { attempt: 2, attempts_max: 2 }
    400 pump RestartFailed { attempt: 2, reason: "no flow" }
    600 pump Escalated { reason: "no flow", heals: 2, restarts: 2 }
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_falls_ill_after_every_cure_is_escalated_once_all_the_same() {
    let pump = Pump::broken("pump").mending_at(0).relapsing(1_000);

    let ward = Ward::new(limits()).with(Arc::new(pump)).start();
    ward.pass_ms(600_000).await;
    let (_, signals) = ward.stop().await;

    let counts = ["Healed", "Escalated", "Recovered"].map(|what| signals.count(what));
    assert_eq!(counts, [2, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_never_returns_is_unhealthy_in_time_and_holds_up_nobody_else() {
    let hanging = Arc::new(Pump::faulty("hanging", Fault::HealthHangs));
    let other = Arc::new(Pump::working("other").mending_at(1));

    let ward = Ward::new(limits())
        .with(hanging)
        .with(other.clone())
        .start();
    ward.pass_ms(50).await;
    other.set_broken(true);
    ward.pass_ms(2_000).await;
    let (_, signals) = ward.stop().await;

    insta::assert_snapshot!(signals.lines(), @r#"
    100 hanging HealthChanged { from: None, to: Unhealthy { reason: "`health` did not return within 100 ms" } }
    100 hanging Healing { attempt: 1, attempts_max: 2 }
    100 hanging HealFailed { attempt: 1, reason: "the valve is stuck" }
    300 hanging Healing { attempt: 2, attempts_max: 2 }
    300 hanging HealFailed { attempt: 2, reason: "the valve is stuck" }
    600 hanging Escalated { reason: "`health` did not return within 100 ms", heals: 2, restarts: 0 }
    1000 other HealthChanged { from: Some(Healthy), to: Unhealthy { reason: "no flow" } }
    1000 other Healing { attempt: 1, attempts_max: 2 }
    1000 other HealthChanged { from: Some(Unhealthy { reason: "no flow" }), to: Healthy }
    1000 other Healed { attempt: 1 }
    "#);
}

#[tokio::test(start_paused = true)]
async fn healing_that_never_returns_ends_at_its_limit_and_the_next_attempt_follows() {
    let pump = Pump::faulty("pump", Fault::HealHangs);
    pump.set_broken(true);

    let ward = Ward::new(limits()).with(Arc::new(pump)).start();
    ward.pass_ms(1_000).await;
    let (_, signals) = ward.stop().await;

    insta::assert_snapshot!(signals.lines(), @r#"
    0 pump HealthChanged { from: None, to: Unhealthy { reason: "no flow" } }
    0 pump Healing { attempt: 1, attempts_max: 2 }
    200 pump HealFailed { attempt: 1, reason: "`heal` did not return within 200 ms" }
    300 pump Healing { attempt: 2, attempts_max: 2 }
    500 pump HealFailed { attempt: 2, reason: "`heal` did not return within 200 ms" }
    700 pump Escalated { reason: "no flow", heals: 2, restarts: 0 }
    "#);
}

/// Does nothing about its health but tell it.
struct Sign(Mutex<Health>);

#[async_trait]
impl Service for Sign {
    fn name(&self) -> &'static str {
        "sign"
    }

    async fn health(&self) -> Health {
        self.0.lock().unwrap().clone()
    }

    async fn shutdown(&self) {}
}

#[tokio::test(start_paused = true)]
async fn a_degraded_service_is_reported_once_and_left_to_do_its_work() {
    let sign = Arc::new(Sign(Mutex::new(Health::degraded("dim"))));

    let ward = Ward::new(limits()).with(sign.clone()).start();
    ward.pass_ms(5_500).await;
    *sign.0.lock().unwrap() = Health::degraded("dimmer");
    ward.pass_ms(5_000).await;
    let snapshot = ward.supervisor.snapshot();
    let (_, signals) = ward.stop().await;

    assert!(snapshot.is_ready());
    assert_eq!(
        snapshot.services[0].health,
        Some(Health::degraded("dimmer"))
    );
    insta::assert_snapshot!(
        signals.lines(),
        @r#"0 sign HealthChanged { from: None, to: Degraded { reason: "dim" } }"#
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_heal_itself_is_restarted_without_a_wait() {
    let sign = Arc::new(Sign(Mutex::new(Health::unhealthy("dark"))));
    let restart = Restart::new(|| async {
        let fresh: Arc<dyn Service> = Arc::new(Sign(Mutex::new(Health::Healthy)));
        Ok(fresh)
    });

    let ward = Ward::new(limits()).with_restart(sign, restart).start();
    ward.pass_ms(1_500).await;
    let (_, signals) = ward.stop().await;

    insta::assert_snapshot!(signals.lines(), @r#"
    0 sign HealthChanged { from: None, to: Unhealthy { reason: "dark" } }
    0 sign Healing { attempt: 1, attempts_max: 2 }
    0 sign HealFailed { attempt: 1, reason: "the service cannot heal itself" }
    0 sign Restarting { attempt: 1, attempts_max: 2 }
    0 sign HealthChanged { from: Some(Unhealthy { reason: "dark" }), to: Healthy }
    0 sign Restarted { attempt: 1 }
    "#);
}
