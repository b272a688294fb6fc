//! What each service shows of itself, under its prefix.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicU64, Ordering},
};

use journal::{OpenJournal, WriterCounts};
use runner::Runner;
use state::{StateCounts, StateManager};
use supervision::{Health, ServiceSnapshot, Supervisor};
use telemetry::KeyValue;
use vault::{Outbox, VaultError};

/// Registers what the stores and supervision show. Asked at each collection, through `Weak`.
pub(super) fn register(
    journal: &Arc<dyn OpenJournal>,
    outbox: &Arc<Outbox>,
    manager: &StateManager,
    supervisor: &Arc<Supervisor>,
    runner: Option<&Runner>,
) {
    register_journal(&Arc::downgrade(journal));
    register_state(manager.clone());
    register_vault(&Arc::downgrade(outbox));
    register_services(&Arc::downgrade(supervisor));
    if let Some(runner) = runner {
        register_runner(runner.clone());
    }
}

fn register_runner(runner: Runner) {
    telemetry::meter("runner").observe_counter(
        "lost_events",
        "Events of calls that could not be written.",
        move |counter| counter.observe(runner.lost_events(), &[]),
    );
}

#[expect(clippy::cast_precision_loss, reason = "a queue is shorter than 2^52")]
fn register_journal(journal: &Weak<dyn OpenJournal>) {
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

#[expect(clippy::cast_precision_loss, reason = "memory is smaller than 2^52")]
fn register_state(manager: StateManager) {
    type Count = fn(&StateCounts) -> &AtomicU64;
    const COUNTS: [(&str, &str, Count); 3] = [
        ("commits", "Changes committed.", |counts| &counts.commits),
        (
            "conflicts",
            "Changes refused because what they were made from had moved.",
            |counts| &counts.conflicts,
        ),
        (
            "refusals",
            "Changes refused by a schema, a limit or another rule.",
            |counts| &counts.refusals,
        ),
    ];
    let meter = telemetry::meter("state");
    for (name, help, count) in COUNTS {
        let manager = manager.clone();
        meter.observe_counter(name, help, move |counter| {
            counter.observe(count(manager.counts()).load(Ordering::Relaxed), &[]);
        });
    }
    let help = "Memory that parsed documents take.";
    meter.observe_gauge("cache_bytes", help, move |gauge| {
        gauge.observe(manager.cache_bytes() as f64, &[]);
    });
}

#[expect(clippy::cast_precision_loss, reason = "a folder holds fewer than 2^52")]
fn register_vault(outbox: &Weak<Outbox>) {
    type Count = fn(&Outbox) -> u64;
    const COUNTS: [(&str, &str, Count); 4] = [
        ("objects", "Objects written.", |outbox| {
            outbox.vault().written().0
        }),
        ("bytes", "Bytes of objects written.", |outbox| {
            outbox.vault().written().1
        }),
        (
            "retries",
            "Requests sent again because the store did not answer as it should.",
            |outbox| outbox.vault().retried(),
        ),
        (
            "sent",
            "Objects sent that had waited for the store.",
            Outbox::sent,
        ),
    ];
    type Look = fn(&Outbox) -> Result<u64, VaultError>;
    const LOOKS: [(&str, &str, Look); 2] = [
        (
            "waiting",
            "Objects that wait for the store.",
            Outbox::waiting,
        ),
        (
            "refused",
            "Objects that the store refused, set aside.",
            Outbox::refused_count,
        ),
    ];
    let meter = telemetry::meter("vault");
    for (name, help, count) in COUNTS {
        let outbox = outbox.clone();
        meter.observe_counter(name, help, move |counter| {
            if let Some(outbox) = outbox.upgrade() {
                counter.observe(count(&outbox), &[]);
            }
        });
    }
    for (name, help, look) in LOOKS {
        let outbox = outbox.clone();
        meter.observe_gauge(name, help, move |gauge| {
            let found = outbox.upgrade().map(|outbox| look(&outbox));
            if let Some(Ok(found)) = found {
                gauge.observe(found as f64, &[]);
            }
        });
    }
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
    let help = "2 for a service that works, 1 for one that works worse than it should, 0 for one that does not.";
    meter.observe_gauge("health", help, move |gauge| {
        for service in services(&watched) {
            let health = match service.health {
                Some(Health::Healthy) => 2.0,
                Some(Health::Degraded { .. }) => 1.0,
                Some(Health::Unhealthy { .. }) | None => 0.0,
            };
            gauge.observe(health, &[KeyValue::new("service", service.name)]);
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
