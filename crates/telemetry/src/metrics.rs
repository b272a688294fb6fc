//! The one way to measure: OpenTelemetry instruments whose names begin with `luthier_` and the part.

use opentelemetry::global;
use opentelemetry::metrics::{AsyncInstrument, Counter, Gauge, Histogram};

/// Upper bounds for latencies, from 10 microseconds, which a call inside the process takes, to a
/// minute, which a model takes.
pub const LATENCY_BUCKETS_SECONDS: [f64; 21] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// Makes the instruments of one part; `append_seconds` of `journal` is `luthier_journal_append_seconds`.
///
/// A name says its unit last. A counter's name ends in neither `_total` nor a unit of time: the
/// Prometheus text adds `_total` itself.
#[derive(Clone)]
pub struct Meter {
    part: &'static str,
    meter: opentelemetry::metrics::Meter,
}

/// The meter of a part of the process. Instruments made before [`crate::init`] measure nothing, so
/// make them when the part is opened, and keep them.
pub fn meter(part: &'static str) -> Meter {
    Meter {
        part,
        meter: global::meter(part),
    }
}

impl Meter {
    pub(crate) fn new(part: &'static str, meter: opentelemetry::metrics::Meter) -> Self {
        Self { part, meter }
    }

    /// Counts what only grows.
    pub fn counter(&self, name: &str, help: &'static str) -> Counter<u64> {
        self.meter
            .u64_counter(self.full_name(name))
            .with_description(help)
            .build()
    }

    /// Holds the last value it was told.
    pub fn gauge(&self, name: &str, help: &'static str) -> Gauge<f64> {
        self.meter
            .f64_gauge(self.full_name(name))
            .with_description(help)
            .build()
    }

    /// Counts how long things take, in seconds, in [`LATENCY_BUCKETS_SECONDS`].
    pub fn histogram_seconds(&self, name: &str, help: &'static str) -> Histogram<f64> {
        let builder = self
            .meter
            .f64_histogram(self.full_name(name))
            .with_description(help);
        builder
            .with_unit("s")
            .with_boundaries(LATENCY_BUCKETS_SECONDS.to_vec())
            .build()
    }

    /// Counts sizes in buckets of one's own, each the largest value it holds.
    pub fn histogram(&self, name: &str, help: &'static str, buckets: &[f64]) -> Histogram<f64> {
        let builder = self
            .meter
            .f64_histogram(self.full_name(name))
            .with_description(help);
        builder.with_boundaries(buckets.to_vec()).build()
    }

    /// Asks for values at each collection. The question is asked for as long as the process lives:
    /// let it hold a `Weak` of what it looks at.
    pub fn observe_gauge<F>(&self, name: &str, help: &'static str, observe: F)
    where
        F: Fn(&dyn AsyncInstrument<f64>) + Send + Sync + 'static,
    {
        let builder = self.meter.f64_observable_gauge(self.full_name(name));
        builder
            .with_description(help)
            .with_callback(observe)
            .build();
    }

    /// Like [`Meter::observe_gauge`], for totals that something else already counts.
    pub fn observe_counter<F>(&self, name: &str, help: &'static str, observe: F)
    where
        F: Fn(&dyn AsyncInstrument<u64>) + Send + Sync + 'static,
    {
        let builder = self.meter.u64_observable_counter(self.full_name(name));
        builder
            .with_description(help)
            .with_callback(observe)
            .build();
    }

    fn full_name(&self, name: &str) -> String {
        format!("luthier_{}_{name}", self.part)
    }
}
