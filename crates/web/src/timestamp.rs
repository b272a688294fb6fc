//! Moments in queries and bodies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A moment as RFC 3339 writes it, with any offset; written back in UTC.
///
/// A plus sign that was not percent-encoded reaches us as a space, and is still understood.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, format = DateTime, example = "2026-01-02T03:04:05Z")]
pub struct Timestamp(jiff::Timestamp);

/// Why a text is not a moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an RFC 3339 date and time with a zone, such as 2026-01-02T03:04:05Z or \
     2026-01-02T04:04:05%2B01:00"
)]
pub struct TimestampError {
    text: String,
}

impl Timestamp {
    pub fn moment(self) -> jiff::Timestamp {
        self.0
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(moment: jiff::Timestamp) -> Self {
        Self(moment)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let repaired = match text.rsplit_once(' ') {
            Some((moment, offset)) if moment.len() >= "2026-01-02T03:04".len() => {
                format!("{moment}+{offset}")
            }
            _ => text.to_owned(),
        };
        match repaired.parse() {
            Ok(moment) => Ok(Self(moment)),
            Err(_unreadable) => Err(TimestampError {
                text: text.to_owned(),
            }),
        }
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_is_read_and_utc_is_written() {
        for same in [
            "2026-01-02T03:04:05.5Z",
            "2026-01-02T05:04:05.5+02:00",
            "2026-01-02T05:04:05.5 02:00",
            "2026-01-01T22:34:05.5-04:30",
            "2026-01-02 03:04:05.5z",
        ] {
            let read: Timestamp = same.parse().unwrap();
            assert_eq!(read.to_string(), "2026-01-02T03:04:05.5Z", "{same}");
        }
    }

    #[test]
    fn what_names_no_moment_is_refused() {
        for text in [
            "",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-02-30T00:00:00Z",
            "now",
            " ",
        ] {
            let refused = text.parse::<Timestamp>().unwrap_err();
            assert_eq!(
                refused,
                TimestampError {
                    text: text.to_owned()
                }
            );
        }
    }
}
