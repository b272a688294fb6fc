//! `Prefer` (RFC 7240): whether a client waits, and how long.

use std::time::Duration;

use axum::http::HeaderMap;

/// Longer waits are cut: whoever waits so long follows the job instead.
const WAIT_S_MAX: u64 = 3_600;

/// How long an answer is waited for; nothing for as long as it takes.
pub(super) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let mut wait = None;
    for value in headers.get_all("prefer") {
        for preference in value.to_str().unwrap_or_default().split([',', ';']) {
            let (name, said) = preference.split_once('=').unwrap_or((preference, ""));
            let (name, said) = (
                name.trim().to_ascii_lowercase(),
                said.trim().trim_matches('"'),
            );
            match name.as_str() {
                // A wait that is named beside it counts.
                "respond-async" => {
                    wait.get_or_insert(Duration::ZERO);
                }
                "wait" => {
                    if let Ok(seconds) = said.parse::<u64>() {
                        wait = Some(Duration::from_secs(seconds.min(WAIT_S_MAX)));
                    }
                }
                _ => {}
            }
        }
    }
    wait
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_prefers_is_read_and_what_is_no_preference_is_ignored() {
        let table = [
            (None, None),
            (Some("respond-async"), Some(0)),
            (Some("respond-async, wait=5"), Some(5)),
            (Some("Wait=10; respond-async"), Some(10)),
            (Some("wait=99999"), Some(WAIT_S_MAX)),
            (Some("wait=soon"), None),
            (Some("handling=lenient"), None),
        ];
        for (value, expected) in table {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert("prefer", value.parse().unwrap());
            }
            assert_eq!(wait(&headers).map(|it| it.as_secs()), expected, "{value:?}");
        }
    }
}
