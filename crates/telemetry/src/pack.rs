//! Files of telemetry as they are kept elsewhere: OTLP as JSON lines, compressed with zstd.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::otlp_json::KeptLine;

/// A signal, and where its files are below the folder of the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Logs,
    Metrics,
    Traces,
}

impl Signal {
    pub const ALL: [Self; 3] = [Self::Logs, Self::Metrics, Self::Traces];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Traces => "traces",
        }
    }

    /// The folder of its files, where that of the logs is `logs`.
    pub fn folder(self, logs: &Path) -> PathBuf {
        match self {
            Self::Logs => logs.to_owned(),
            Self::Metrics | Self::Traces => logs.join(self.as_str()),
        }
    }
}

/// Telemetry is text that repeats itself; more effort gains little.
const LEVEL: i32 = 3;

/// The longest line that is read.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// A file as it is kept. The same file makes the same bytes.
pub fn pack(signal: Signal, instance: &str, path: &Path) -> io::Result<Vec<u8>> {
    let mut packed = zstd::Encoder::new(Vec::new(), LEVEL)?;
    packed.include_checksum(true)?;
    let mut lines = Lines(BufReader::new(File::open(path)?));
    while let Some(line) = lines.next()? {
        if signal == Signal::Logs {
            let line = KeptLine::of_file(&line).unwrap_or_else(|| unreadable(&line));
            writeln!(packed, "{}", line.to_otlp(instance))?;
        } else {
            writeln!(packed, "{line}")?;
        }
    }
    packed.finish()
}

/// Half a line, that a killed process left, is kept as what it is.
fn unreadable(line: &str) -> KeptLine {
    let mut fields = Map::new();
    fields.insert("line".to_owned(), Value::String(line.to_owned()));
    KeptLine {
        time: jiff::Timestamp::UNIX_EPOCH,
        level: "WARN".to_owned(),
        target: module_path!().to_owned(),
        message: "a line that was not written to its end".to_owned(),
        trace_id: None,
        span_id: None,
        fields,
    }
}

/// Calls `take` with every line of a file of logs that holds `wanted`, which need not be its own.
pub fn search_file(path: &Path, wanted: &str, take: &mut dyn FnMut(KeptLine)) -> io::Result<()> {
    let mut lines = Lines(BufReader::new(File::open(path)?));
    while let Some(line) = lines.next()? {
        if line.contains(wanted)
            && let Some(line) = KeptLine::of_file(&line)
        {
            take(line);
        }
    }
    Ok(())
}

/// The same for a file of logs that was packed.
pub fn search_packed(
    packed: &[u8],
    wanted: &str,
    take: &mut dyn FnMut(KeptLine),
) -> io::Result<()> {
    let mut lines = Lines(BufReader::new(zstd::Decoder::new(packed)?));
    while let Some(line) = lines.next()? {
        if line.contains(wanted)
            && let Some(line) = KeptLine::of_otlp(&line)
        {
            take(line);
        }
    }
    Ok(())
}

/// Lines one after the other, none longer than it may be.
struct Lines<R>(R);

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let read = io::Read::take(&mut self.0, LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        Ok((read > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Signal, pack, search_file, search_packed};

    #[test]
    fn a_packed_file_holds_every_line_of_its_file_and_the_same_file_makes_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("up.1.jsonl");
        let line = |n: u32| {
            format!(
                r#"{{"timestamp":"2026-01-02T03:04:05Z","level":"INFO","target":"tool","message":"{n}","conversation_id":"c-{}"}}"#,
                n % 3
            )
        };
        let mut text: String = (0..1_000).map(|n| line(n) + "\n").collect();
        text.push_str("{\"timestamp\":\"2026-01-0");
        fs::write(&path, &text).unwrap();

        let packed = pack(Signal::Logs, "up", &path).unwrap();
        let (mut found, mut before, mut all) = (Vec::new(), Vec::new(), 0);
        search_packed(&packed, "\"c-1\"", &mut |line| found.push(line)).unwrap();
        search_file(&path, "\"c-1\"", &mut |line| before.push(line)).unwrap();
        search_packed(&packed, "", &mut |_line| all += 1).unwrap();

        assert_eq!(packed, pack(Signal::Logs, "up", &path).unwrap());
        assert!(packed.len() * 10 < text.len(), "{}", packed.len());
        assert_eq!((found.len(), all), (333, 1_001));
        assert_eq!(found, before);
    }

    #[test]
    fn a_packed_file_that_was_changed_is_not_read_as_if_it_were_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("up.1.jsonl");
        fs::write(&path, "{\"resourceSpans\":[]}\n".repeat(100)).unwrap();
        let mut packed = pack(Signal::Traces, "up", &path).unwrap();
        let middle = packed.len() / 2;
        packed[middle] ^= 1;

        assert!(search_packed(&packed, "", &mut |_line| {}).is_err());
    }
}
