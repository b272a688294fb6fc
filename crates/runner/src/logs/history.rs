//! Lines of calls that are long over: in the files of this machine, and in the vault once those went.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use telemetry::{KeptLine, OldFile, Signal, old_files, search_file, search_packed};
use uuid::Uuid;
use vault::{InvalidKey, Key, Vault, VaultError};

use super::LogLine;

/// Lines of one conversation that are found at most.
const LINES_MAX: usize = 10_000;

/// Archived files that are read for one conversation at most.
const FILES_MAX: usize = 32;

/// Lines may be this much older than the event of the call that told them.
const CALL_MS_MAX: u64 = 600_000;

/// Archived files of one day that are looked through.
const DAY_FILES_MAX: usize = 1_000;

/// A file may be closed this long after its first line: on the same day or one of the next two.
const DAYS_LATER_MAX: i64 = 2;

/// Where the lines are that tools told.
#[derive(Clone, Debug)]
pub struct LogHistory {
    folder: PathBuf,
    vault: Arc<Vault>,
}

/// Why lines are not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LogHistoryError {
    #[error("could not read the logs in `{}`", folder.display())]
    Read { folder: PathBuf, source: io::Error },
    #[error("the archived log `{key}` is damaged: restore it from a copy")]
    Damaged { key: Key, source: io::Error },
    #[error("the archived logs could not be read from the vault")]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Key(#[from] InvalidKey),
}

/// The key of a file in the vault: by the day of its last line.
pub fn archived_key(signal: Signal, instance: &str, number: u64) -> Result<Key, InvalidKey> {
    format!(
        "{}/{instance}-{number}.jsonl.zst",
        day_of(signal, time_of(number))
    )
    .parse()
}

fn day_of(signal: Signal, time: Timestamp) -> String {
    let day = time.to_zoned(TimeZone::UTC).date();
    format!("telemetry/{}/{day}", signal.as_str())
}

/// A file's number is the time of its last line.
fn time_of(number: u64) -> Timestamp {
    let millis = i64::try_from(number).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

impl LogHistory {
    /// Over the folder of the logs, and the vault that keeps them afterwards.
    pub fn new(folder: impl Into<PathBuf>, vault: Arc<Vault>) -> Self {
        let folder = folder.into();
        Self { folder, vault }
    }

    /// The lines of a conversation that was called at these times, oldest first. Blocks.
    pub(crate) fn find(
        &self,
        conversation: Uuid,
        called_at: &[Timestamp],
    ) -> Result<Vec<LogLine>, LogHistoryError> {
        let wanted = Wanted(conversation.to_string());
        let mut lines = Vec::new();
        self.search_folder(&wanted, &mut lines)
            .map_err(|source| LogHistoryError::Read {
                folder: self.folder.clone(),
                source,
            })?;
        self.search_vault(&wanted, called_at, &mut lines)?;
        lines.sort_by_key(|line| line.time);
        // A file may have been archived while it was looked for in both places.
        lines.dedup_by(|one, other| one.time == other.time && one.message == other.message);
        lines.truncate(LINES_MAX);
        Ok(lines)
    }

    fn search_folder(&self, wanted: &Wanted, lines: &mut Vec<LogLine>) -> io::Result<()> {
        let mut paths: Vec<_> = old_files(&self.folder)?.iter().map(OldFile::path).collect();
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let is_lines = path
                .extension()
                .is_some_and(|extension| extension == "jsonl");
            if is_lines && !paths.contains(&path) {
                paths.push(path);
            }
        }
        for path in paths {
            match wanted.search(&path, lines) {
                // Archived and removed, or rotated, in between.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }

    fn search_vault(
        &self,
        wanted: &Wanted,
        called_at: &[Timestamp],
        lines: &mut Vec<LogLine>,
    ) -> Result<(), LogHistoryError> {
        for key in self.files_of(called_at)? {
            let Some(packed) = self.vault.get(&key)? else {
                continue;
            };
            let mut take = |line: KeptLine| wanted.take(line, lines);
            search_packed(&packed, &wanted.0, &mut take)
                .map_err(|source| LogHistoryError::Damaged { key, source })?;
        }
        Ok(())
    }

    /// The archived files that may hold what was told at those times: of each process the first
    /// that was closed after, the next one, for what took its time, and those that were closed while
    /// the call may have run, for its event has the time of its end.
    fn files_of(&self, called_at: &[Timestamp]) -> Result<BTreeSet<Key>, LogHistoryError> {
        let mut days = BTreeSet::new();
        for time in called_at {
            for later in 0..=DAYS_LATER_MAX {
                let day = SignedDuration::from_hours(24 * later);
                days.extend(time.checked_add(day).map(|time| day_of(Signal::Logs, time)));
            }
        }
        let mut files: BTreeMap<String, BTreeMap<u64, Key>> = BTreeMap::new();
        for day in days {
            for key in self.vault.list(&day.parse()?, None, DAY_FILES_MAX)? {
                if let Some((instance, number)) = parse(&key) {
                    files.entry(instance).or_default().insert(number, key);
                }
            }
        }
        let mut wanted = BTreeSet::new();
        for time in called_at {
            let from = u64::try_from(time.as_millisecond()).unwrap_or(0);
            for of_one in files.values() {
                let after = of_one.range(from..).take(2);
                let began = from.saturating_sub(CALL_MS_MAX);
                let during = of_one.range(began..from).rev().take(FILES_MAX);
                wanted.extend(after.chain(during).map(|(_, key)| key.clone()));
            }
            if wanted.len() >= FILES_MAX {
                break;
            }
        }
        Ok(wanted)
    }
}

fn parse(key: &Key) -> Option<(String, u64)> {
    let (_, name) = key.as_str().rsplit_once('/')?;
    let (instance, number) = name.strip_suffix(".jsonl.zst")?.rsplit_once('-')?;
    Some((instance.to_owned(), number.parse().ok()?))
}

/// The conversation whose lines are looked for.
struct Wanted(String);

impl Wanted {
    fn search(&self, path: &Path, lines: &mut Vec<LogLine>) -> io::Result<()> {
        search_file(path, &self.0, &mut |line| self.take(line, lines))
    }

    /// Only what the tools of that conversation told.
    fn take(&self, line: KeptLine, lines: &mut Vec<LogLine>) {
        let found = LogLine::of_tool(line);
        let is_of = |line: &LogLine| line.conversation_id.as_deref() == Some(&*self.0);
        if lines.len() < LINES_MAX {
            lines.extend(found.filter(is_of));
        }
    }
}

impl LogLine {
    /// A line as it was told, if a tool told it.
    fn of_tool(line: KeptLine) -> Option<Self> {
        if line.target != super::TARGET {
            return None;
        }
        let KeptLine {
            time,
            level,
            message,
            trace_id,
            mut fields,
            ..
        } = line;
        let mut take = |name: &str| match fields.remove(name) {
            Some(serde_json::Value::String(text)) => Some(text),
            _ => None,
        };
        let told = take("fields").and_then(|text| serde_json::from_str(&text).ok());
        let level = match take("told_as") {
            Some(level) => level,
            None => level.to_lowercase(),
        };
        Some(Self {
            time,
            level,
            message,
            tool: take("tool"),
            conversation_id: take("conversation_id"),
            trace_id,
            version: take("version").unwrap_or_default(),
            stream: take("stream"),
            fields: told.unwrap_or_default(),
        })
    }
}
