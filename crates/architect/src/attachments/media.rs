//! What bytes are, told by themselves: names and headers may say anything.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::product::quote::neutralise;

/// How much of an attachment is kept.
pub const ATTACHMENT_BYTES_MAX: usize = 256 * 1024;

/// How much of a name is shown in an error.
const SHOWN_CHARS_MAX: usize = 100;

/// Of how many characters at most one may be a control character.
const TEXT_CHARS_PER_CONTROL: usize = 50;

/// How many lines are looked at to know a log.
const LINES_SEEN_MAX: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    Text,
    /// One JSON value.
    Json,
    /// A JSON object a line.
    JsonLines,
    /// Lines that mostly begin with a time or a level.
    Log,
}

/// Why bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    #[error("it is binary: byte {at} is no UTF-8; attach the text of it")]
    Encoding { at: usize },
    #[error("it is binary: it has a NUL at byte {at}; attach the text of it")]
    Nul { at: usize },
    #[error(
        "it is binary: {controls} of its {chars} characters are controls; attach the text of it"
    )]
    Controls { controls: usize, chars: usize },
}

/// The text of `bytes`, which a limit may have cut within a character or not.
pub(super) fn text(bytes: &[u8], is_cut: bool) -> Result<&str, NotText> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(NotText::Nul { at });
    }
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            // Without a length the end came too soon, which a cut explains.
            if !is_cut || error.error_len().is_some() {
                return Err(NotText::Encoding { at });
            }
            str::from_utf8(&bytes[..at]).expect("it is UTF-8 up to there")
        }
    };
    let is_control =
        |letter: &char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t' | '\u{1b}');
    let (chars, controls) = (
        text.chars().count(),
        text.chars().filter(is_control).count(),
    );
    if controls * TEXT_CHARS_PER_CONTROL > chars {
        return Err(NotText::Controls { controls, chars });
    }
    Ok(text)
}

impl Media {
    /// Of a whole text, or of one whose last line is cut.
    pub(super) fn of(text: &str, is_cut: bool) -> Self {
        let is_document = |value: &Value| value.is_object() || value.is_array();
        if !is_cut && serde_json::from_str(text).is_ok_and(|value| is_document(&value)) {
            return Self::Json;
        }
        let whole = match text.rsplit_once('\n') {
            Some((whole, _)) if is_cut => whole,
            _ => text,
        };
        let lines = || whole.lines().filter(|line| !line.trim().is_empty());
        let is_object =
            |line: &str| serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object());
        if lines().count() > 0 && lines().all(is_object) {
            return Self::JsonLines;
        }
        let seen = lines().take(LINES_SEEN_MAX);
        let (all, logged) = seen.fold((0, 0), |(all, logged), line| {
            (all + 1, logged + usize::from(LOG_LINE.is_match(line)))
        });
        if all > 0 && logged * 2 > all {
            Self::Log
        } else {
            Self::Text
        }
    }
}

static LOG_LINE: LazyLock<Regex> = LazyLock::new(|| {
    let time = r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\[?\d\d:\d\d:\d\d|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d";
    let level = r"\[?(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b";
    Regex::new(&format!(r"^\s*(?:{time}|{level})")).expect("the pattern is valid")
});

/// The begin of a text as an error may show it.
pub(super) fn excerpt(text: &str) -> String {
    let begin: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    let is_whole = begin.len() == text.len();
    neutralise(&begin) + if is_whole { "" } else { "…" }
}
