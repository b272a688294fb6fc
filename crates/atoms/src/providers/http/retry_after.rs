//! When a server says that it may be asked again.

use std::time::Duration;

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

/// Nobody waits longer because a server says so.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);

static DATES: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new();

/// How a server names what is left of its limits and when they are full again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::providers) enum Resets {
    /// `anthropic-ratelimit-tokens-reset: 2026-01-01T00:00:00Z`.
    Anthropic,
    /// `x-ratelimit-reset-tokens: 6m0s`.
    OpenAi,
}

/// How long to wait: what the server says outright, else until every limit that is used up is full
/// again, else until the first one is.
pub(super) fn find(headers: &HeaderMap, resets: Resets, now: Timestamp) -> Option<Duration> {
    let wait = outright(headers, now).or_else(|| {
        let found: Vec<(bool, Duration)> = limits(headers, resets, now).collect();
        let used_up = found.iter().filter(|(is_used_up, _)| *is_used_up);
        let last = used_up.map(|(_, wait)| *wait).max();
        last.or_else(|| found.iter().map(|(_, wait)| *wait).min())
    });
    wait.map(|wait| wait.min(RETRY_AFTER_MAX))
}

fn outright(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let milliseconds = text(headers, "retry-after-ms").and_then(|ms| ms.parse::<f64>().ok());
    if let Some(wait) = milliseconds.and_then(|ms| seconds(ms / 1000.0)) {
        return Some(wait);
    }
    let value = text(headers, "retry-after")?;
    if let Ok(number) = value.parse::<f64>() {
        return seconds(number);
    }
    let moment = DATES.parse_timestamp(value).ok()?;
    Some(until(moment, now))
}

/// Of each limit that the headers tell of: is it used up, and when is it full again?
fn limits(
    headers: &HeaderMap,
    resets: Resets,
    now: Timestamp,
) -> impl Iterator<Item = (bool, Duration)> {
    headers.keys().filter_map(move |name| {
        let name = name.as_str();
        let (left, wait) = match resets {
            Resets::Anthropic => {
                let limit = name.strip_prefix("anthropic-ratelimit-")?;
                let limit = limit.strip_suffix("-reset")?;
                let moment: Timestamp = text(headers, name)?.parse().ok()?;
                let left = format!("anthropic-ratelimit-{limit}-remaining");
                (left, until(moment, now))
            }
            Resets::OpenAi => {
                let limit = name.strip_prefix("x-ratelimit-reset-")?;
                let left = format!("x-ratelimit-remaining-{limit}");
                (left, span(text(headers, name)?)?)
            }
        };
        let is_used_up = text(headers, &left) == Some("0");
        Some((is_used_up, wait))
    })
}

/// `6m0s`, `120ms`, or a bare number of seconds.
fn span(text: &str) -> Option<Duration> {
    if let Ok(number) = text.parse::<f64>() {
        return seconds(number);
    }
    let span: SignedDuration = text.parse().ok()?;
    Duration::try_from(span).ok()
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok()
}

/// What is over needs no waiting.
fn until(moment: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(moment.duration_since(now)).unwrap_or(Duration::ZERO)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn wait(resets: Resets, pairs: &[(&'static str, &'static str)]) -> Option<f64> {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        let headers = pairs.iter().map(pair).collect();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        find(&headers, resets, now).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn what_is_said_outright_counts_first() {
        let reset = ("x-ratelimit-reset-tokens", "90s");
        for (said, expected) in [
            (("retry-after", "7"), 7.0),
            (("retry-after", "0.5"), 0.5),
            (("retry-after", "Thu, 01 Jan 2026 00:01:00 GMT"), 60.0),
            (("retry-after", "Wed, 31 Dec 2025 00:00:00 GMT"), 0.0),
            (("retry-after", "99999999999"), 86400.0),
            (("retry-after-ms", "1500"), 1.5),
            (("retry-after", "soon"), 90.0),
            (("retry-after", "-1"), 90.0),
        ] {
            let found = wait(Resets::OpenAi, &[said, reset]);
            assert_eq!(found, Some(expected), "{said:?}");
        }
    }

    #[test]
    fn else_the_last_of_the_limits_that_are_used_up_counts() {
        let anthropic = wait(
            Resets::Anthropic,
            &[
                ("anthropic-ratelimit-requests-remaining", "3"),
                ("anthropic-ratelimit-requests-reset", "2026-01-01T01:00:00Z"),
                ("anthropic-ratelimit-input-tokens-remaining", "0"),
                (
                    "anthropic-ratelimit-input-tokens-reset",
                    "2026-01-01T00:00:20Z",
                ),
                ("anthropic-ratelimit-tokens-remaining", "0"),
                ("anthropic-ratelimit-tokens-reset", "2026-01-01T00:00:30Z"),
            ],
        );
        let openai = wait(
            Resets::OpenAi,
            &[
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "1m2.5s"),
                ("x-ratelimit-remaining-tokens", "10"),
                ("x-ratelimit-reset-tokens", "120ms"),
            ],
        );

        assert_eq!((anthropic, openai), (Some(30.0), Some(62.5)));
    }

    #[test]
    fn without_a_word_nothing_is_known() {
        assert_eq!(
            wait(Resets::Anthropic, &[("x-ratelimit-reset-tokens", "1s")]),
            None
        );
        assert_eq!(
            wait(Resets::OpenAi, &[("x-ratelimit-reset-tokens", "later")]),
            None
        );
    }
}
