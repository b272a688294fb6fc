//! Log lines and traces as a process writes them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use serde_json::Value;
use telemetry::{Rotation, Telemetry, TelemetryConfig, TraceParent, set_parent};
use tracing::Dispatch;
use tracing::dispatcher::with_default;

const INCOMING: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn start(folder: &Path, log_level: &str) -> (Dispatch, Telemetry) {
    let config = TelemetryConfig {
        log_dir: Some(folder.to_owned()),
        log_level: log_level.to_owned(),
        ..TelemetryConfig::new("luthier", "one")
    };
    telemetry::build(&config).unwrap()
}

fn lines(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("one.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The ids of the span this thread is in: the trace, then the span.
fn current_trace() -> Option<(String, String)> {
    TraceParent::current().map(|current| (current.trace_id(), current.span_id()))
}

#[test]
fn a_line_knows_its_trace_and_its_conversation_at_every_level() {
    let folder = tempfile::tempdir().unwrap();
    let (dispatch, telemetry) = start(folder.path(), "warn");

    let trace = with_default(&dispatch, || {
        let span =
            tracing::info_span!("call", conversation_id = "c1", tool = tracing::field::Empty);
        let _entered = span.enter();
        span.record("tool", "slugify");
        tracing::info!("too quiet");
        tracing::warn!(latency_ms = 7_u64, is_slow = true, share = 0.5, "slow");
        current_trace().unwrap()
    });
    telemetry.shutdown();

    let lines = lines(folder.path());
    assert_eq!(lines.len(), 1);
    let timestamp = lines[0]["timestamp"].as_str().unwrap();
    assert!(
        timestamp.parse::<jiff::Timestamp>().is_ok() && timestamp.ends_with('Z'),
        "{timestamp}"
    );
    let expected = serde_json::json!({
        "timestamp": timestamp, "level": "WARN", "target": "lines", "message": "slow",
        "latency_ms": 7, "is_slow": true, "share": 0.5,
        "conversation_id": "c1", "tool": "slugify", "trace_id": trace.0, "span_id": trace.1,
    });
    assert_eq!(lines[0], expected);
}

#[test]
fn an_incoming_trace_goes_on_and_out_again() {
    let folder = tempfile::tempdir().unwrap();
    let (dispatch, _telemetry) = start(folder.path(), "info");

    let (outer, inner) = with_default(&dispatch, || {
        let span = tracing::info_span!("request");
        set_parent(
            &span,
            &TraceParent::parse(INCOMING, Some("vendor=one")).unwrap(),
        );
        let outer = span.in_scope(|| TraceParent::current().unwrap());
        let inner = span.in_scope(|| TraceParent::of(&tracing::info_span!("part")).unwrap());
        (outer, inner)
    });

    for span in [&outer, &inner] {
        assert_eq!(span.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(span.tracestate().as_deref(), Some("vendor=one"));
        assert_eq!(
            span.traceparent(),
            format!("00-{}-{}-01", span.trace_id(), span.span_id())
        );
    }
    assert_ne!(outer.span_id(), "00f067aa0ba902b7");
    assert_ne!(outer.span_id(), inner.span_id());
}

#[test]
fn each_request_without_a_trace_gets_one_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (dispatch, _telemetry) = start(folder.path(), "off");

    let ids = with_default(&dispatch, || {
        assert_eq!(current_trace(), None);
        [1, 2].map(|_| tracing::info_span!("request").in_scope(|| current_trace().unwrap().0))
    });

    assert_ne!(ids[0], ids[1]);
}

#[test]
fn rotation_keeps_its_bounds_and_every_kept_line_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let rotation = Rotation {
        file_bytes_max: 4096,
        files_max: 3,
        ..Rotation::default()
    };
    let config = TelemetryConfig {
        log_dir: Some(folder.path().to_owned()),
        rotation,
        ..TelemetryConfig::new("luthier", "one")
    };
    let (dispatch, telemetry) = telemetry::build(&config).unwrap();

    std::thread::scope(|scope| {
        for worker in 0..4 {
            let dispatch = &dispatch;
            scope.spawn(move || {
                with_default(dispatch, || {
                    for number in 0..200 {
                        tracing::info!(worker, number, "a line of some length, told by a worker");
                    }
                });
            });
        }
    });
    assert_eq!(telemetry.log_lines_dropped(), 0);
    telemetry.shutdown();

    let mut newest = None;
    let files: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap())
        .collect();
    assert_eq!(files.len(), 3);
    for file in files {
        assert!(file.metadata().unwrap().len() <= rotation.file_bytes_max);
        let text = fs::read_to_string(file.path()).unwrap();
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            newest = newest.max(line["number"].as_u64());
        }
    }
    assert_eq!(newest, Some(199));
}

#[test]
fn an_error_is_written_with_its_causes() {
    let folder = tempfile::tempdir().unwrap();
    let (dispatch, telemetry) = start(folder.path(), "info");

    with_default(&dispatch, || {
        let problem = telemetry::build(&TelemetryConfig {
            log_level: "loud=extremely".to_owned(),
            ..TelemetryConfig::new("luthier", "two")
        });
        let problem = problem.err().unwrap();
        tracing::error!(
            problem = &problem as &(dyn std::error::Error + 'static),
            "no start"
        );
    });
    telemetry.shutdown();

    insta::assert_snapshot!(
        lines(folder.path())[0]["problem"].as_str().unwrap(),
        @r#"`loud=extremely` is no log level: it would be like `info` or `warn,journal=debug`: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5"#
    );
}

#[test]
fn the_whole_process_is_initialised_once_and_measures_itself() {
    let folder = tempfile::tempdir().unwrap();
    let config = TelemetryConfig {
        log_dir: Some(folder.path().to_owned()),
        ..TelemetryConfig::new("luthier", "one")
    };
    let running = telemetry::init(&config).unwrap();
    let again = telemetry::init(&config);

    telemetry::meter("journal")
        .counter("appends", "Events appended.")
        .add(3, &[]);
    tracing::info!("hello");
    let text = running.scraper().text();
    running.shutdown();

    assert!(again.is_err());
    let messages: Vec<Value> = lines(folder.path())
        .into_iter()
        .map(|line| line["message"].clone())
        .collect();
    assert_eq!(messages, ["hello"]);
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .collect();
    insta::assert_snapshot!(names.join("\n"), @r"
    luthier_journal_appends_total counter
    luthier_telemetry_log_lines_dropped_total counter
    process_cpu_seconds_total counter
    process_open_fds gauge
    process_resident_memory_bytes gauge
    process_start_time_seconds gauge
    process_threads gauge
    process_uptime_seconds gauge
    target_info gauge
    ");
    assert!(
        text.contains("\nluthier_journal_appends_total 3\n"),
        "{text}"
    );
}

#[test]
fn spans_and_metrics_are_written_to_files_beside_the_logs_when_they_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let config = TelemetryConfig {
        log_dir: Some(folder.path().to_owned()),
        has_trace_files: true,
        has_metric_files: true,
        ..TelemetryConfig::new("luthier", "one")
    };
    let (dispatch, telemetry) = telemetry::build(&config).unwrap();
    let counted = telemetry.meter("test").counter("things", "Things.");
    let trace = with_default(&dispatch, || {
        tracing::info_span!("outer", conversation_id = "c-1").in_scope(|| {
            counted.add(3, &[]);
            current_trace().unwrap().0
        })
    });
    telemetry.shutdown();

    let line = |name: &str| -> Value {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        serde_json::from_str(text.lines().next().unwrap()).unwrap()
    };
    let span = line("traces/one.jsonl");
    let span = span
        .pointer("/resourceSpans/0/scopeSpans/0/spans/0")
        .unwrap();
    let metrics = line("metrics/one.jsonl").to_string();

    assert_eq!(span["traceId"], trace.as_str());
    assert_eq!(span["name"], "outer");
    assert!(span["attributes"].to_string().contains("c-1"), "{span}");
    let expected = r#""name":"luthier_test_things""#;
    assert!(metrics.contains(expected), "{metrics}");
}
