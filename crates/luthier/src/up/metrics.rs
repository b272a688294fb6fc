//! What each service shows of itself, under its prefix.

use std::sync::{Arc, Weak, atomic::Ordering};

use journal::{SqliteJournal, WriterCounts};
use supervision::{ServiceSnapshot, Supervisor};
use telemetry::KeyValue;

/// Registers the journal's and supervision's metrics. Asked at each collection, through `Weak`.
pub(super) fn register(journal: &Arc<SqliteJournal>, supervisor: &Arc<Supervisor>) {
    register_journal(&Arc::downgrade(journal));
    register_services(&Arc::downgrade(supervisor));
}

#[expect(clippy::cast_precision_loss, reason = "a queue is shorter than 2^52")]
fn register_journal(journal: &Weak<SqliteJournal>) {
    type Count = fn(&WriterCounts) -> u64;
    const COUNTS: [(&str, &str, Count); 5] = [
        ("events", "Events committed.", |counts| {
            counts.events.load(Ordering::Relaxed)
        }),
        ("transactions", "Transactions committed.", |counts| {
            counts.transactions.load(Ordering::Relaxed)
        }),
        (
            "refused",
            "Writes refused by a condition or a rule.",
            |counts| counts.refused.load(Ordering::Relaxed),
        ),
        ("failed", "Writes that the store failed.", |counts| {
            counts.failed.load(Ordering::Relaxed)
        }),
        (
            "checkpoints",
            "Times the log was folded into the file.",
            |counts| counts.checkpoints.load(Ordering::Relaxed),
        ),
    ];
    let meter = telemetry::meter("journal");
    for (name, help, count) in COUNTS {
        let journal = journal.clone();
        meter.observe_counter(name, help, move |counter| {
            if let Some(journal) = journal.upgrade() {
                counter.observe(count(journal.counts()), &[]);
            }
        });
    }
    let journal = journal.clone();
    meter.observe_gauge("queued", "Writes that wait for the writer.", move |gauge| {
        if let Some(journal) = journal.upgrade() {
            gauge.observe(journal.queued() as f64, &[]);
        }
    });
}

fn register_services(supervisor: &Weak<Supervisor>) {
    type Count = fn(&ServiceSnapshot) -> u64;
    const COUNTS: [(&str, &str, Count); 4] = [
        ("heals", "Attempts to heal a service.", |service| {
            service.heals_total
        }),
        ("restarts", "Attempts to restart a service.", |service| {
            service.restarts_total
        }),
        ("escalations", "Calls for help.", |service| {
            service.escalations_total
        }),
        ("shed_bytes", "Bytes that a service let go of.", |service| {
            service.shed_bytes_total
        }),
    ];
    let meter = telemetry::meter("supervision");
    for (name, help, count) in COUNTS {
        let supervisor = supervisor.clone();
        meter.observe_counter(name, help, move |counter| {
            for service in services(&supervisor) {
                counter.observe(count(&service), &[KeyValue::new("service", service.name)]);
            }
        });
    }
    let watched = supervisor.clone();
    let help = "1 for a service that works, 0 for one that does not.";
    meter.observe_gauge("is_up", help, move |gauge| {
        for service in services(&watched) {
            let is_up = service.health.is_some_and(|health| !health.is_unhealthy());
            gauge.observe(
                f64::from(u8::from(is_up)),
                &[KeyValue::new("service", service.name)],
            );
        }
    });
    let watched = supervisor.clone();
    meter.observe_counter(
        "signals",
        "Signals written to the ledger.",
        move |counter| {
            if let Some(supervisor) = watched.upgrade() {
                counter.observe(supervisor.snapshot().signals_delivered, &[]);
            }
        },
    );
}

fn services(supervisor: &Weak<Supervisor>) -> Vec<ServiceSnapshot> {
    supervisor
        .upgrade()
        .map(|supervisor| supervisor.snapshot().services)
        .unwrap_or_default()
}
