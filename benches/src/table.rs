//! What was measured, as a table for people or as JSON.

use std::fmt::{self, Write as _};

use serde::Serialize;

use crate::load::Measured;

/// One line: a case as one store did it.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) case: String,
    pub(crate) store: String,
    pub(crate) writers: usize,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
    /// What it is compared with, and how many times better it is.
    pub(crate) against: Vec<Ratio>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub(crate) enum Outcome {
    Load {
        ops_per_second: f64,
        p50_us: f64,
        p99_us: f64,
        max_us: f64,
    },
    /// One figure.
    Once {
        value: f64,
        unit: &'static str,
    },
    NotAvailable {
        why: String,
    },
}

#[derive(Serialize)]
pub(crate) struct Ratio {
    pub(crate) peer: String,
    pub(crate) of: &'static str,
    pub(crate) times: f64,
}

impl Row {
    pub(crate) fn load(case: &str, store: &str, writers: usize, measured: &Measured) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let us = |ns: u64| ns as f64 / 1_000.0;
        let latency = &measured.latency_ns;
        let outcome = Outcome::Load {
            ops_per_second: measured.ops_per_second,
            p50_us: us(latency.value_at_quantile(0.5)),
            p99_us: us(latency.value_at_quantile(0.99)),
            max_us: us(latency.max()),
        };
        Self::new(case, store, writers, outcome)
    }

    pub(crate) fn once(case: &str, store: &str, value: f64, unit: &'static str) -> Self {
        Self::new(case, store, 1, Outcome::Once { value, unit })
    }

    pub(crate) fn not_available(case: &str, store: &str, why: &anyhow::Error) -> Self {
        let why = format!("{why:#}");
        Self::new(case, store, 0, Outcome::NotAvailable { why })
    }

    /// Is it of ours, in one way or another?
    fn is_own(&self) -> bool {
        self.store.starts_with(OWN)
    }

    fn new(case: &str, store: &str, writers: usize, outcome: Outcome) -> Self {
        Self {
            case: case.to_owned(),
            store: store.to_owned(),
            writers,
            outcome,
            against: Vec::new(),
        }
    }
}

pub(crate) const OWN: &str = "Luthier";
pub(crate) const FLOOR: &str = "fdatasync, overwrite";

/// Compares each row of ours with its peers: the same case, with as many writers.
pub(crate) fn compare(rows: &mut [Row]) {
    let floor_us = rows.iter().find(|row| row.store == FLOOR).and_then(p50_us);
    let ratios: Vec<Vec<Ratio>> = rows
        .iter()
        .map(|own| {
            if own.is_own() {
                let peers = rows.iter().filter(|peer| {
                    !peer.is_own() && peer.case == own.case && peer.writers == own.writers
                });
                let mut ratios: Vec<Ratio> = peers.filter_map(|peer| ratio(own, peer)).collect();
                let is_commit = own.writers == 1 && own.case.starts_with("commit 4 KB");
                if let (true, Some(floor), Some(own)) = (is_commit, floor_us, p50_us(own)) {
                    ratios.push(Ratio {
                        peer: FLOOR.to_owned(),
                        of: "p50",
                        times: own / floor,
                    });
                }
                ratios
            } else {
                Vec::new()
            }
        })
        .collect();
    for (row, ratios) in rows.iter_mut().zip(ratios) {
        row.against = ratios;
    }
}

fn p50_us(row: &Row) -> Option<f64> {
    match row.outcome {
        Outcome::Load { p50_us, .. } => Some(p50_us),
        Outcome::Once { .. } | Outcome::NotAvailable { .. } => None,
    }
}

/// Operations per second against operations per second, or figure against figure.
fn ratio(own: &Row, peer: &Row) -> Option<Ratio> {
    let (of, times) = match (&own.outcome, &peer.outcome) {
        (
            Outcome::Load { ops_per_second, .. },
            Outcome::Load {
                ops_per_second: theirs,
                ..
            },
        ) => ("ops/s", ops_per_second / theirs),
        (Outcome::Once { value, unit }, Outcome::Once { value: theirs, .. }) => {
            (*unit, value / theirs)
        }
        _ => return None,
    };
    Some(Ratio {
        peer: peer.store.clone(),
        of,
        times,
    })
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut against = String::new();
        for Ratio { peer, of, times } in &self.against {
            let separator = if against.is_empty() { "" } else { ", " };
            let of = if *of == "p50" { " p50" } else { "" };
            write!(against, "{separator}{times:.2}x {peer}{of}")?;
        }
        let Self {
            case,
            store,
            writers,
            ..
        } = self;
        match &self.outcome {
            Outcome::Load {
                ops_per_second,
                p50_us,
                p99_us,
                ..
            } => write!(
                f,
                "| {case} | {store} | {writers} | {ops_per_second:.0} | {p50_us:.0} | {p99_us:.0} | {against} |"
            ),
            Outcome::Once { value, unit } => {
                write!(
                    f,
                    "| {case} | {store} | | {value:.1} {unit} | | | {against} |"
                )
            }
            Outcome::NotAvailable { why } => {
                write!(f, "| {case} | {store} | | not available: {why} | | | |")
            }
        }
    }
}

pub(crate) const HEADER: &str = "\
| case | who | at once | ops/s | p50 µs | p99 µs | Luthier against |
| --- | --- | ---: | ---: | ---: | ---: | --- |";
