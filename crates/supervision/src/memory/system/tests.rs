use std::fs;

use super::*;

const STATUS: &str = "Name:\tluthier\nVmRSS:\t    2048 kB\nThreads:\t5\n";
const MEMINFO: &str = "MemTotal:    1000 kB\nMemFree:      10 kB\nMemAvailable:    400 kB\n";
const PRESSURE: &str = "some avg10=1.25 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00\n";

fn readings(memory: &dyn MemorySource, rss_bytes_max: Option<u64>) -> Vec<Reading> {
    memory
        .read(rss_bytes_max)
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn every_reading_there_is_is_taken() {
    let proc = tempfile::tempdir().unwrap();
    let group = proc.path().join("group");
    fs::create_dir_all(proc.path().join("self")).unwrap();
    fs::create_dir_all(proc.path().join("pressure")).unwrap();
    fs::create_dir_all(&group).unwrap();
    let mounts = format!("42 31 0:39 / {} rw - cgroup2 cgroup2 rw\n", group.display());
    for (path, text) in [
        ("self/status", STATUS),
        ("self/cgroup", "0::/\n"),
        ("self/mountinfo", mounts.as_str()),
        ("meminfo", MEMINFO),
        ("pressure/memory", PRESSURE),
        ("group/memory.current", "70\n"),
        ("group/memory.max", "100\n"),
    ] {
        fs::write(proc.path().join(path), text).unwrap();
    }

    let memory = SystemMemory::at(proc.path());

    assert_eq!(
        readings(&memory, Some(4_194_304)),
        [
            Reading::Process {
                used_bytes: 2_097_152,
                limit_bytes: 4_194_304
            },
            Reading::Cgroup {
                used_bytes: 70,
                limit_bytes: 100
            },
            Reading::Machine {
                used_bytes: 614_400,
                limit_bytes: 1_024_000
            },
            Reading::Stall {
                some_avg10_basis_points: 125
            },
        ]
    );
    assert_eq!(readings(&memory, None).len(), 3);
}

#[test]
fn a_system_that_tells_nothing_gives_no_readings() {
    let proc = tempfile::tempdir().unwrap();

    let memory = SystemMemory::at(proc.path());
    let errors = memory
        .read(Some(1))
        .into_iter()
        .map(|reading| reading.unwrap_err().to_string());

    let status = proc.path().join("self/status");
    assert_eq!(
        errors.collect::<Vec<_>>(),
        [format!("could not read `{}`", status.display())]
    );
    assert_eq!(readings(&memory, None), []);
}

#[test]
fn this_very_system_is_read_without_an_error() {
    let readings = readings(&SystemMemory::discover(), Some(u64::MAX));

    assert!(
        matches!(
            readings[0],
            Reading::Process {
                used_bytes: 100_000..,
                ..
            }
        ),
        "{readings:?}"
    );
}
