use std::sync::Mutex;
use std::time::UNIX_EPOCH;

use super::*;

/// Takes signals, save that it fails one, panics at another and never returns from a third.
#[derive(Default)]
struct TroubledSink {
    taken: Mutex<Vec<u64>>,
}

#[async_trait]
impl SignalSink for TroubledSink {
    async fn emit(&self, signal: &Signal) -> Result<(), EmitError> {
        match signal.seq {
            2 => return Err(EmitError::new("the disk is full")),
            3 => panic!("a sink with a bug"),
            4 => std::future::pending::<()>().await,
            _ => {}
        }
        self.taken.lock().unwrap().push(signal.seq);
        Ok(())
    }
}

fn clock() -> Clock {
    Clock::starting_at(UNIX_EPOCH)
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_drops_and_counts_and_leaves_a_gap_in_the_sequence() {
    let (signals, mut queued) = Signals::bounded(2, clock());

    for attempt in 1..=5 {
        signals.emit("journal", SignalKind::Healed { attempt });
    }
    let first = [
        queued.recv().await.unwrap().seq,
        queued.recv().await.unwrap().seq,
    ];
    signals.emit("journal", SignalKind::Healed { attempt: 6 });
    let after = queued.recv().await.unwrap().seq;

    assert_eq!((first, after, signals.dropped()), ([1, 2], 6, 3));
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_fails_panics_or_hangs_loses_those_signals_alone_and_they_are_counted() {
    let (signals, queued) = Signals::bounded(8, clock());
    let sink = Arc::new(TroubledSink::default());
    for attempt in 1..=6 {
        signals.emit("journal", SignalKind::Healed { attempt });
    }
    let stop = CancellationToken::new();
    stop.cancel();

    Arc::clone(&signals)
        .forward(queued, sink.clone(), stop)
        .await;
    signals.emit("journal", SignalKind::Healed { attempt: 7 });

    assert_eq!(*sink.taken.lock().unwrap(), [1, 5, 6]);
    assert_eq!((signals.delivered(), signals.dropped()), (3, 4));
}

#[test]
fn signals_are_flat_json_and_survive_it() {
    let kinds = [
        SignalKind::HealthChanged {
            from: None,
            to: Health::unhealthy("no answer"),
        },
        SignalKind::PressureChanged {
            from: Pressure::Normal,
            to: Pressure::Warning,
            cause: Some(Reading::Process {
                used_bytes: 80,
                limit_bytes: 100,
            }),
        },
        SignalKind::Shed {
            level: Pressure::High,
            shed: Shed::new(4_096, "cached versions"),
        },
        SignalKind::Recovered {
            from: Condition::Pressure(Pressure::Critical),
        },
    ];

    let signals: Vec<Signal> = kinds
        .into_iter()
        .zip(1..)
        .map(|(kind, seq)| Signal {
            seq,
            service: "runner".into(),
            at_unix_ms: 1_000,
            kind,
        })
        .collect();
    let lines: Vec<String> = signals
        .iter()
        .map(|signal| serde_json::to_string(signal).unwrap())
        .collect();
    let back: Vec<Signal> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    assert_eq!(back, signals);
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"seq":1,"service":"runner","at_unix_ms":1000,"kind":"health_changed","from":null,"to":{"status":"unhealthy","reason":"no answer"}}
    {"seq":2,"service":"runner","at_unix_ms":1000,"kind":"pressure_changed","from":"normal","to":"warning","cause":{"origin":"process","used_bytes":80,"limit_bytes":100}}
    {"seq":3,"service":"runner","at_unix_ms":1000,"kind":"shed","level":"high","bytes":4096,"what":"cached versions"}
    {"seq":4,"service":"runner","at_unix_ms":1000,"kind":"recovered","from":{"pressure":"critical"}}
    "#);
}
