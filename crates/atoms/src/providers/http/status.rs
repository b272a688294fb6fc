//! What a status and an error's name mean.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use super::Trouble;

/// How much of an error's body is read.
pub(super) const ERROR_BYTES_MAX: usize = 16 << 10;

/// A 429 with this name will be one for as long as nobody pays.
const QUOTA: &str = "insufficient_quota";

/// An answer that is none, as far as it can be understood.
pub(super) struct Reply {
    status: StatusCode,
    names: Vec<String>,
    pub(super) message: String,
}

impl Reply {
    pub(super) fn parse(status: StatusCode, said: &[u8]) -> Self {
        let said = String::from_utf8_lossy(said);
        let parsed = serde_json::from_str::<Value>(&said);
        let (names, message) = match &parsed {
            Ok(value) => (names(value), message(value)),
            Err(_no_json) if said.trim_start().starts_with('<') => {
                (Vec::new(), Some("a page for people".to_owned()))
            }
            Err(_no_json) => (Vec::new(), said.lines().next().map(str::to_owned)),
        };
        Self {
            status,
            names,
            message: message
                .filter(|told| !told.is_empty())
                .unwrap_or_else(|| "without a word".to_owned()),
        }
    }

    pub(super) fn into_trouble(self, retry_after: Option<Duration>) -> Trouble {
        let status = self.status.as_u16();
        let has_no_money = self.names.iter().any(|name| name == QUOTA);
        let reason = format!("{} (status {status})", self.message);
        match status {
            300..400 => Trouble::unconfigured(format!(
                "it redirects, which is not followed; give the address that it leads to (status {status})"
            )),
            429 if has_no_money => Trouble::Refused(reason),
            408 | 409 | 425 | 429 | 500 | 502..=599 => Trouble::Unavailable {
                reason,
                retry_after,
            },
            _ => Trouble::Refused(reason),
        }
    }
}

/// What an error means that came in a stream, after the status. One that nobody knows may pass.
pub(in crate::providers) fn classify(error: &Value) -> Trouble {
    let message = message(error).unwrap_or_else(|| error.to_string());
    let names = names(error);
    let reason = match names.join(", ") {
        none if none.is_empty() => message,
        names => format!("{message} ({names})"),
    };
    let is_final = names.iter().any(|name| {
        matches!(
            name.as_str(),
            "invalid_request_error"
                | "authentication_error"
                | "permission_error"
                | "not_found_error"
                | "request_too_large"
                | "billing_error"
                | "content_filter"
                | "400"
                | "401"
                | "402"
                | "403"
                | "404"
                | "413"
                | "422"
                | QUOTA
        )
    });
    if is_final {
        Trouble::Refused(reason)
    } else {
        Trouble::unavailable(reason)
    }
}

/// Where the servers put an error's type and code.
fn names(value: &Value) -> Vec<String> {
    let places = ["/error/type", "/error/code"];
    let found = places.iter().filter_map(|place| value.pointer(place));
    let names = found.filter_map(|name| match name {
        Value::String(name) => Some(name.clone()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    });
    names.collect()
}

/// Where the servers put what they say.
fn message(value: &Value) -> Option<String> {
    let places = ["/error/message", "/error", "/message", "/detail"];
    let found = places.iter().filter_map(|place| value.pointer(place));
    found.filter_map(Value::as_str).map(str::to_owned).next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sort(status: u16, body: &Value) -> &'static str {
        let status = StatusCode::from_u16(status).unwrap();
        let reply = Reply::parse(status, body.to_string().as_bytes());
        name(&reply.into_trouble(None))
    }

    fn name(trouble: &Trouble) -> &'static str {
        match trouble {
            Trouble::Refused(_) => "refused",
            Trouble::Unavailable { .. } => "unavailable",
            Trouble::Malformed(_) => "malformed",
            Trouble::TooLong => "too long",
            Trouble::Unconfigured { .. } => "unconfigured",
        }
    }

    #[test]
    fn a_status_says_who_can_act() {
        let none = json!({});
        for (statuses, expected) in [
            (
                &[400, 401, 402, 403, 404, 405, 413, 422, 501][..],
                "refused",
            ),
            (
                &[408, 409, 425, 429, 500, 502, 503, 504, 529],
                "unavailable",
            ),
            (&[301, 302, 307, 308], "unconfigured"),
        ] {
            for status in statuses {
                assert_eq!(sort(*status, &none), expected, "{status}");
            }
        }
    }

    #[test]
    fn a_quota_that_is_used_up_does_not_come_back_by_waiting() {
        let body = json!({"error": {"message": "pay", "type": "insufficient_quota"}});

        assert_eq!(sort(429, &body), "refused");
    }

    #[test]
    fn an_error_in_a_stream_is_sorted_by_its_name() {
        for (error, expected) in [
            (
                json!({"error": {"type": "overloaded_error"}}),
                "unavailable",
            ),
            (
                json!({"error": {"type": "invalid_request_error"}}),
                "refused",
            ),
            (
                json!({"error": {"code": 502, "message": "x"}}),
                "unavailable",
            ),
            (json!({"error": {"code": 401, "message": "x"}}), "refused"),
            (json!({"error": "something"}), "unavailable"),
        ] {
            assert_eq!(name(&classify(&error)), expected, "{error}");
        }
    }

    #[test]
    fn what_servers_say_is_found_wherever_they_put_it() {
        for (body, expected) in [
            (r#"{"error":{"message":"one"}}"#, "one"),
            (r#"{"error":"two"}"#, "two"),
            (r#"{"object":"error","message":"three"}"#, "three"),
            (r#"{"detail":"four"}"#, "four"),
            ("five\nmore", "five"),
            ("<html>six</html>", "a page for people"),
            ("", "without a word"),
        ] {
            let reply = Reply::parse(StatusCode::BAD_REQUEST, body.as_bytes());
            assert_eq!(reply.message, expected);
        }
    }
}
