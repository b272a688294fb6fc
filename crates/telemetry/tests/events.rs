//! The stream of events beside the log of a whole process.

use std::fs;
use std::os::fd::{IntoRawFd as _, OwnedFd};

use rustix::io::{FdFlags, fcntl_setfd};
use serde_json::Value;
use telemetry::{EventsOut, TelemetryConfig};

#[test]
fn the_log_says_once_that_nobody_reads_the_events_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let log_dir = Some(folder.path().to_owned());
    let running = telemetry::init(&TelemetryConfig {
        log_dir,
        ..TelemetryConfig::new("luthier", "one")
    });
    let running = running.unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let writer = OwnedFd::from(writer);
    fcntl_setfd(&writer, FdFlags::empty()).unwrap();
    let fd = writer.into_raw_fd();
    let fallback = folder.path().join("events-one.jsonl");
    let events = EventsOut::open(fd, &fallback).unwrap();

    drop(reader);
    for number in 0..3 {
        events.send(&format!("{{\"seq\":{number}}}")).unwrap();
    }
    assert!(events.close());
    running.shutdown();

    let log = fs::read_to_string(folder.path().join("one.jsonl")).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let expected = serde_json::json!([{
        "timestamp": lines[0]["timestamp"],
        "level": "WARN",
        "target": "telemetry::events",
        "message": "nobody reads the events any more; they go to a file from here on",
        "fd": fd,
        "reason": "its reader closed it",
        "file": fallback.display().to_string(),
    }]);
    assert_eq!(Value::from(lines), expected);
    assert_eq!(
        fs::read_to_string(fallback).unwrap(),
        "{\"seq\":0}\n{\"seq\":1}\n{\"seq\":2}\n"
    );
}
