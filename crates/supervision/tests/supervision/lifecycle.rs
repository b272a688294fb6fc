use std::sync::Arc;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use supervision::{
    Abandoned, EmitError, Limits, ProcessMemory, RegisterError, RunError, Service, SettingValue,
    Signal, SignalSink, Supervisor,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::kit::{Fault, Pump, Recorder, Ward, limits};

#[tokio::test(start_paused = true)]
async fn services_shut_down_in_reverse_order_and_one_that_hangs_costs_only_its_share_of_time() {
    let limits = Limits {
        shutdown_ms_max: 4_000,
        ..limits()
    };
    let ward = Ward::new(limits)
        .with(Arc::new(Pump::working("journal")))
        .with(Arc::new(Pump::faulty("state", Fault::ShutdownPanics)))
        .with(Arc::new(Pump::faulty("runner", Fault::ShutdownHangs)))
        .with(Arc::new(Pump::working("console")))
        .start();
    ward.pass_ms(500).await;

    let began = Instant::now();
    let (report, signals) = ward.stop().await;
    let took_ms = began.elapsed().as_millis();

    let abandoned = |service: &str, reason: &str| Abandoned {
        service: service.into(),
        reason: reason.into(),
    };
    assert_eq!(report.stopped, ["console", "journal"]);
    assert_eq!(
        report.abandoned,
        [
            abandoned("runner", "`shutdown` did not return within 1333 ms"),
            abandoned("state", "`shutdown` panicked: the pump burst"),
        ]
    );
    assert!((1_333..=1_335).contains(&took_ms), "{took_ms}");
    assert_eq!(
        signals.count("Abandoned"),
        2,
        "the last signals reach the sink"
    );
}

#[tokio::test(start_paused = true)]
async fn the_snapshot_shows_every_service_in_order_and_is_ready_once_all_have_answered() {
    let pump = Arc::new(Pump::working("pump").mending_at(1));
    let ward = Ward::new(limits())
        .with(pump.clone())
        .with(Arc::new(Pump::working("spare")));
    let before = ward.supervisor.snapshot();

    let ward = ward.start();
    ward.pass_ms(500).await;
    pump.set_broken(true);
    ward.memory.use_percent(80);
    ward.pass_ms(700).await;
    let after = ward.supervisor.snapshot();

    assert_eq!((before.is_ready(), after.is_ready()), (false, true));
    insta::assert_snapshot!(serde_json::to_string_pretty(&after).unwrap(), @r#"
    {
      "pressure": "warning",
      "cause": {
        "origin": "machine",
        "used_bytes": 80,
        "limit_bytes": 100
      },
      "signals_delivered": 6,
      "signals_dropped": 0,
      "services": [
        {
          "name": "pump",
          "health": {
            "status": "healthy"
          },
          "pressure": "warning",
          "is_escalated": false,
          "heals_total": 1,
          "restarts_total": 0,
          "escalations_total": 0,
          "shed_bytes_total": 0,
          "changed_at_unix_ms": 1000
        },
        {
          "name": "spare",
          "health": {
            "status": "healthy"
          },
          "pressure": "warning",
          "is_escalated": false,
          "heals_total": 0,
          "restarts_total": 0,
          "escalations_total": 0,
          "shed_bytes_total": 0,
          "changed_at_unix_ms": 1000
        }
      ]
    }
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_registered_once_and_a_supervisor_is_run_once() {
    let ward = Ward::new(limits())
        .with(Arc::new(Pump::working("pump")))
        .start();
    ward.pass_ms(1).await;

    let taken = ward
        .supervisor
        .register(Arc::new(Pump::working("pump")), None);
    let reserved = ward
        .supervisor
        .register(Arc::new(Pump::working("supervision")), None);
    let again = ward.supervisor.run(CancellationToken::new()).await;

    assert_eq!(taken, Err(RegisterError::Taken { name: "pump" }));
    assert_eq!(
        reserved,
        Err(RegisterError::Reserved {
            name: "supervision"
        })
    );
    assert_eq!(again, Err(RunError::AlreadyRun));
}

#[tokio::test(start_paused = true)]
async fn a_setting_reaches_its_service_or_is_refused_with_a_reason() {
    let pump = Arc::new(Pump::working("pump"));
    let ward = Ward::new(limits()).with(pump.clone()).start();

    let set = |service, name, value| {
        ward.supervisor
            .set(service, name, SettingValue::Integer(value))
            .map_err(|error| (error.to_string(), error.hint()))
    };
    let results = [
        set("pump", "speed", 9),
        set("pump", "speed", 10),
        set("pump", "sped", 1),
        set("pumps", "speed", 1),
        set("supervision", "health_interval_ms", 50),
        set("supervision", "critical_percent", 80),
    ];

    let hint = |text: &str| Some(text.to_owned());
    assert_eq!(
        results,
        [
            Ok(()),
            Err(("`speed` takes 1 to 9, not 10".into(), None)),
            Err(("`pump` has no setting `sped`".into(), hint("did you mean `speed`?"))),
            Err(("there is no service `pumps` with settings".into(), hint("did you mean `pump`?"))),
            Ok(()),
            Err((
                "`critical_percent` was refused: warning, high and critical must rise in this order"
                    .into(),
                None
            )),
        ]
    );
    assert_eq!(pump.speed.load(std::sync::atomic::Ordering::Relaxed), 9);
    let known: Vec<&str> = ward
        .supervisor
        .settings()
        .iter()
        .map(|known| known.service)
        .collect();
    assert_eq!(known, ["supervision", "pump"]);
}

#[tokio::test(start_paused = true)]
async fn a_changed_interval_holds_from_the_next_poll_on() {
    let pump = Arc::new(Pump::working("pump").mending_at(1));
    let ward = Ward::new(limits()).with(pump.clone()).start();
    ward.pass_ms(500).await;

    ward.supervisor
        .set(
            "supervision",
            "health_interval_ms",
            SettingValue::Integer(100),
        )
        .unwrap();
    ward.pass_ms(550).await;
    pump.set_broken(true);
    ward.pass_ms(100).await;
    let (_, signals) = ward.stop().await;

    assert_eq!(
        signals.lines().lines().next().unwrap().split(' ').next(),
        Some("1100")
    );
}

#[tokio::test(start_paused = true)]
async fn who_asked_for_a_look_finds_what_was_changed_before() {
    let pump = Arc::new(Pump::working("pump"));
    let ward = Ward::new(limits()).with(pump.clone()).start();
    ward.pass_ms(500).await;

    pump.set_broken(true);
    ward.supervisor.look_at("pump").await;

    let seen = ward.supervisor.snapshot().services;
    let pump = seen.iter().find(|service| service.name == "pump").unwrap();
    assert!(pump.health.as_ref().unwrap().is_unhealthy());
    ward.stop().await;
}

/// Never takes a signal.
struct StuckSink;

#[async_trait]
impl SignalSink for StuckSink {
    async fn emit(&self, _signal: &Signal) -> Result<(), EmitError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_never_returns_holds_up_neither_healing_nor_the_end() {
    let pump = Arc::new(Pump::working("pump").mending_at(1));
    let supervisor = Supervisor::new(
        limits(),
        ProcessMemory::discover(),
        Arc::new(StuckSink),
        UNIX_EPOCH,
    );
    let service: Arc<dyn Service> = pump.clone();
    supervisor.register(service, None).unwrap();
    let cancel = CancellationToken::new();

    let breaking = async {
        for _ in 0..400 {
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
            pump.set_broken(true);
        }
        cancel.cancel();
    };
    let (report, ()) = tokio::join!(supervisor.run(cancel.clone()), breaking);
    let snapshot = supervisor.snapshot();

    assert_eq!(report.unwrap().stopped, ["pump"]);
    assert_eq!(snapshot.services[0].heals_total, 399);
    // Two changes of health, the attempt, its success and the recovery, of each healing.
    assert_eq!(
        (snapshot.signals_delivered, snapshot.signals_dropped),
        (0, 399 * 5)
    );
}

#[tokio::test(start_paused = true)]
async fn everything_emitted_before_the_end_reaches_the_sink() {
    let signals = Arc::new(Recorder::default());
    let supervisor = Supervisor::new(
        limits(),
        ProcessMemory::discover(),
        signals.clone(),
        UNIX_EPOCH,
    );
    supervisor
        .register(Arc::new(Pump::faulty("pump", Fault::ShutdownPanics)), None)
        .unwrap();
    let cancel = CancellationToken::new();
    cancel.cancel();

    supervisor.run(cancel).await.unwrap();

    insta::assert_snapshot!(
        signals.lines(),
        @r#"0 pump Abandoned { reason: "`shutdown` panicked: the pump burst" }"#
    );
}
