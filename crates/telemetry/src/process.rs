//! What the kernel knows about this process, under the names that dashboards expect.

use std::fs;

use opentelemetry::metrics::Meter;
use rustix::param::{clock_ticks_per_second, page_size};

/// The field of `/proc/self/stat` that follows the name of the program is its third.
const FIELDS_BEFORE_STATE: usize = 3;
const USER_TICKS_FIELD: usize = 14;
const SYSTEM_TICKS_FIELD: usize = 15;
const THREADS_FIELD: usize = 20;
const START_TICKS_FIELD: usize = 22;
const RESIDENT_PAGES_FIELD: usize = 24;

/// Registers the gauges; each reads `/proc` when metrics are collected, and at no other time.
pub(crate) fn register(meter: &Meter) {
    let gauge = |name, unit, help, read: fn() -> Option<f64>| {
        let builder = meter
            .f64_observable_gauge(name)
            .with_unit(unit)
            .with_description(help);
        let observed = builder.with_callback(move |gauge| {
            if let Some(value) = read() {
                gauge.observe(value, &[]);
            }
        });
        observed.build();
    };
    gauge(
        "process_resident_memory_bytes",
        "By",
        "Memory that is in RAM.",
        resident_bytes,
    );
    gauge(
        "process_open_fds",
        "",
        "File descriptors that are open.",
        open_fds,
    );
    gauge("process_threads", "", "Threads of the process.", || {
        stat(THREADS_FIELD)
    });
    gauge(
        "process_start_time_seconds",
        "s",
        "When the process began, in seconds since 1970.",
        start_seconds,
    );
    gauge(
        "process_uptime_seconds",
        "s",
        "How long the process has run.",
        uptime_seconds,
    );
    let builder = meter
        .f64_observable_counter("process_cpu_seconds")
        .with_unit("s");
    let builder = builder.with_description("Processor time spent, user and system.");
    let observed = builder.with_callback(|counter| {
        if let Some(seconds) = cpu_seconds() {
            counter.observe(seconds, &[]);
        }
    });
    observed.build();
}

fn resident_bytes() -> Option<f64> {
    let page_bytes = u32::try_from(page_size()).ok()?;
    Some(stat(RESIDENT_PAGES_FIELD)? * f64::from(page_bytes))
}

fn open_fds() -> Option<f64> {
    // The folder is itself open while it is read.
    let open = fs::read_dir("/proc/self/fd")
        .ok()?
        .count()
        .saturating_sub(1);
    Some(f64::from(u32::try_from(open).ok()?))
}

fn cpu_seconds() -> Option<f64> {
    Some((stat(USER_TICKS_FIELD)? + stat(SYSTEM_TICKS_FIELD)?) / ticks_per_second()?)
}

fn start_seconds() -> Option<f64> {
    let stat_of_machine = fs::read_to_string("/proc/stat").ok()?;
    let boot_line = stat_of_machine
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?;
    let boot_seconds: f64 = boot_line.trim().parse().ok()?;
    Some(boot_seconds + stat(START_TICKS_FIELD)? / ticks_per_second()?)
}

fn uptime_seconds() -> Option<f64> {
    let uptime_of_machine = fs::read_to_string("/proc/uptime").ok()?;
    let up_seconds: f64 = uptime_of_machine.split_whitespace().next()?.parse().ok()?;
    Some((up_seconds - stat(START_TICKS_FIELD)? / ticks_per_second()?).max(0.0))
}

fn ticks_per_second() -> Option<f64> {
    Some(f64::from(u32::try_from(clock_ticks_per_second()).ok()?))
}

/// A field of `/proc/self/stat`, counted from 1 as proc(5) does.
fn stat(field: usize) -> Option<f64> {
    parse_stat(&fs::read_to_string("/proc/self/stat").ok()?, field)
}

/// The name of the program is in parentheses and may hold spaces and parentheses of its own.
fn parse_stat(text: &str, field: usize) -> Option<f64> {
    let (_, after_name) = text.rsplit_once(')')?;
    after_name
        .split_whitespace()
        .nth(field - FIELDS_BEFORE_STATE)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::{
        RESIDENT_PAGES_FIELD, START_TICKS_FIELD, THREADS_FIELD, open_fds, parse_stat,
        resident_bytes, start_seconds, uptime_seconds,
    };

    #[test]
    fn fields_are_counted_after_a_name_that_holds_anything() {
        let stat =
            "7 (a) b (c)) S 1 7 7 0 -1 4194560 100 0 0 0 11 12 0 0 20 0 13 0 5000 1000 321 18";

        let fields = [THREADS_FIELD, START_TICKS_FIELD, RESIDENT_PAGES_FIELD];

        assert_eq!(
            fields.map(|field| parse_stat(stat, field)),
            [Some(13.0), Some(5000.0), Some(321.0)]
        );
    }

    #[test]
    fn the_kernel_tells_of_this_process() {
        assert!(resident_bytes().is_some_and(|bytes| bytes > 100_000.0));
        assert!(open_fds().is_some_and(|open| open >= 1.0));
        assert!(start_seconds().is_some_and(|start| start > 1_000_000_000.0));
        assert!(uptime_seconds().is_some_and(|uptime| uptime < 1_000_000.0));
    }
}
