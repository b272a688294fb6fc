use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;

use super::Scraper;
use crate::metrics::Meter;

fn provider() -> (SdkMeterProvider, Scraper) {
    let scraper = Scraper::new();
    let resource = Resource::builder_empty()
        .with_service_name("luthier")
        .build();
    let builder = SdkMeterProvider::builder().with_resource(resource);
    (builder.with_reader(scraper.clone()).build(), scraper)
}

#[test]
fn every_kind_of_instrument_is_valid_prometheus_text() {
    let (provider, scraper) = provider();
    let meter = Meter::new("journal", provider.meter("journal"));

    let appends = meter.counter("appends", "Events appended.\nAll kinds; a \\ is kept.");
    appends.add(2, &[KeyValue::new("kind", "plain")]);
    appends.add(
        1,
        &[
            KeyValue::new("kind", "a \"quoted\\\" one\nand more"),
            KeyValue::new("b.c", 7),
        ],
    );
    meter.gauge("readers", "Open readers.").record(-3.0, &[]);
    meter
        .gauge("lag_seconds", "How far behind.")
        .record(0.25, &[]);
    meter.observe_gauge("depth", "Waiting.", |gauge| gauge.observe(1.5, &[]));
    meter.observe_counter("wakeups", "Woken.", |counter| {
        counter.observe(u64::MAX, &[]);
    });
    let sizes = meter.histogram("batch_size", "Events a commit.", &[1.0, 10.0]);
    for size in [1.0, 2.0, 50.0] {
        sizes.record(size, &[KeyValue::new("store", "sqlite")]);
    }

    insta::assert_snapshot!(scraper.text(), @r#"
    # HELP luthier_journal_appends_total Events appended.\nAll kinds; a \\ is kept.
    # TYPE luthier_journal_appends_total counter
    luthier_journal_appends_total{b_c="7",kind="a \"quoted\\\" one\nand more"} 1
    luthier_journal_appends_total{kind="plain"} 2
    # HELP luthier_journal_batch_size Events a commit.
    # TYPE luthier_journal_batch_size histogram
    luthier_journal_batch_size_bucket{store="sqlite",le="1"} 1
    luthier_journal_batch_size_bucket{store="sqlite",le="10"} 2
    luthier_journal_batch_size_bucket{store="sqlite",le="+Inf"} 3
    luthier_journal_batch_size_sum{store="sqlite"} 53
    luthier_journal_batch_size_count{store="sqlite"} 3
    # HELP luthier_journal_depth Waiting.
    # TYPE luthier_journal_depth gauge
    luthier_journal_depth 1.5
    # HELP luthier_journal_lag_seconds How far behind.
    # TYPE luthier_journal_lag_seconds gauge
    luthier_journal_lag_seconds 0.25
    # HELP luthier_journal_readers Open readers.
    # TYPE luthier_journal_readers gauge
    luthier_journal_readers -3
    # HELP luthier_journal_wakeups_total Woken.
    # TYPE luthier_journal_wakeups_total counter
    luthier_journal_wakeups_total 18446744073709551615
    # HELP target_info Who is being measured.
    # TYPE target_info gauge
    target_info{service_name="luthier"} 1
    "#);
}

#[test]
fn latencies_fall_into_buckets_from_microseconds_to_a_minute() {
    let (provider, scraper) = provider();
    let meter = Meter::new("runner", provider.meter("runner"));

    let calls = meter.histogram_seconds("call_seconds", "A call.");
    for seconds in [0.000_02, 0.000_06, 0.3, 120.0] {
        calls.record(seconds, &[]);
    }

    let text = scraper.text();
    let counts: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("luthier_runner_call_seconds_bucket"))
        .filter(|line| {
            ["0.000025", "0.0001", "0.5", "60", "+Inf"]
                .iter()
                .any(|b| line.contains(&format!("\"{b}\"")))
        })
        .collect();
    insta::assert_debug_snapshot!(counts, @r#"
    [
        "{le=\"0.000025\"} 1",
        "{le=\"0.0001\"} 2",
        "{le=\"0.5\"} 3",
        "{le=\"60\"} 3",
        "{le=\"+Inf\"} 4",
    ]
    "#);
}

#[test]
fn two_parts_that_claim_one_series_leave_the_text_valid() {
    let (provider, scraper) = provider();
    for (scope, value) in [("a", 1.0), ("b", 2.0)] {
        provider
            .meter(scope)
            .f64_gauge("shared")
            .build()
            .record(value, &[]);
    }
    provider
        .meter("c")
        .u64_histogram("shared")
        .build()
        .record(3, &[]);

    let text = scraper.text();

    let shared: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("shared"))
        .collect();
    assert_eq!(shared, ["shared 1"]);
    assert_eq!(text.matches("# TYPE shared gauge").count(), 1, "{text}");
}

#[test]
fn nothing_is_said_after_the_end() {
    let (provider, scraper) = provider();

    provider.shutdown().unwrap();

    assert_eq!(scraper.text(), "");
}
