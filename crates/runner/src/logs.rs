//! The newest lines that tools logged or printed, for `logs://`; older ones are in
//! [`LogHistory`].

mod history;

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

pub use self::history::{LogHistory, LogHistoryError, archived_key};

/// What tools tell is logged as told by this.
pub(crate) const TARGET: &str = "tool";

/// Room for lines; the oldest go first.
const BYTES_MAX: usize = 4 << 20;

/// What a line takes beside its text.
const LINE_BYTES: usize = 160;

/// One line.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LogLine {
    pub(crate) time: Timestamp,
    pub(crate) level: String,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conversation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<String>,
    pub(crate) version: String,
    /// `stdout` or `stderr`, when it was printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stream: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) fields: Map<String, Value>,
}

/// A bounded memory of them.
pub(crate) struct RecentLogs(Mutex<Kept>);

struct Kept {
    /// Everything that was told here after this is there.
    since: Timestamp,
    lines: VecDeque<(usize, LogLine)>,
    bytes: usize,
}

impl Default for RecentLogs {
    fn default() -> Self {
        Self(Mutex::new(Kept {
            since: Timestamp::now(),
            lines: VecDeque::new(),
            bytes: 0,
        }))
    }
}

impl RecentLogs {
    pub(crate) fn push(&self, line: LogLine) {
        let field = |(name, value): (&String, &Value)| name.len() + value.to_string().len();
        let fields: usize = line.fields.iter().map(field).sum();
        let bytes = LINE_BYTES + line.message.len() + fields;
        let mut kept = self.lock();
        kept.bytes += bytes;
        kept.lines.push_back((bytes, line));
        while kept.bytes > BYTES_MAX
            && let Some((bytes, line)) = kept.lines.pop_front()
        {
            kept.bytes -= bytes;
            kept.since = line.time;
        }
    }

    /// The newest `limit` lines, oldest first.
    pub(crate) fn recent(&self, limit: usize) -> Vec<LogLine> {
        let kept = self.lock();
        let skipped = kept.lines.len().saturating_sub(limit);
        kept.lines
            .iter()
            .skip(skipped)
            .map(|(_, line)| line.clone())
            .collect()
    }

    /// The lines of a conversation, and since when there can be none that was forgotten.
    pub(crate) fn of(&self, conversation: &str) -> (Vec<LogLine>, Timestamp) {
        let kept = self.lock();
        let is_of = |line: &&LogLine| line.conversation_id.as_deref() == Some(conversation);
        let lines = kept.lines.iter().map(|(_, line)| line);
        (lines.filter(is_of).cloned().collect(), kept.since)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
