//! What every test asks, and how it looks at what comes.

use std::sync::{Arc, Mutex};

use atoms::{
    AtomKind, Clock, HttpBounds, HttpSettings, Listener, Models, Price, Prices, Progress,
    ProviderError, Request, Secret, Strength,
};
use serde_json::json;

/// Must never be seen.
pub(crate) const KEY: &str = "sk-test-4f9a0c17e2";

pub(crate) const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub(crate) fn request() -> Request {
    Request {
        kind: AtomKind::Coder,
        system: "You change code.".to_owned(),
        prompt: "Make slugify faster.\ndef slugify(text): ...".to_owned(),
        task: json!({"symbol": "tools/runner/text.py::slugify"}),
        schema: json!({
            "type": "object",
            "required": ["rationale"],
            "properties": {"rationale": {"type": "string"}},
        }),
        sample: 0,
        temperature: 0.5,
        output_tokens_max: 700,
        strength: Strength::Cheap,
        checks_max: 0,
        exchange: Vec::new(),
        traceparent: Some(TRACEPARENT.to_owned()),
    }
}

pub(crate) fn key() -> Secret {
    Secret::new(KEY).unwrap()
}

pub(crate) fn models() -> Models {
    Models {
        cheap: "small".to_owned(),
        strong: "large".to_owned(),
    }
}

pub(crate) fn prices() -> Prices {
    let price = Price {
        input_usd: 1.0,
        output_usd: 5.0,
        cached_usd: 0.1,
    };
    Prices::from([("small".to_owned(), price)])
}

/// It is always the beginning of 2026.
pub(crate) fn clock() -> Clock {
    Arc::new(|| "2026-01-01T00:00:00Z".parse().unwrap())
}

pub(crate) fn http(base: String, bounds: HttpBounds) -> HttpSettings {
    HttpSettings {
        base,
        is_plain_http_allowed: false,
        bounds,
        clock: clock(),
    }
}

/// Hears nothing.
pub(crate) fn deaf() -> Listener {
    Arc::new(|_progress| {})
}

/// Counts the bytes of text that are told of.
pub(crate) fn counter() -> (Listener, Arc<Mutex<usize>>) {
    let heard = Arc::new(Mutex::new(0));
    let count = Arc::clone(&heard);
    let listener: Listener = Arc::new(move |progress| match progress {
        Progress::Text { bytes } => *count.lock().unwrap() += bytes,
        Progress::Retrying { .. } => panic!("a provider makes one attempt"),
    });
    (listener, heard)
}

/// More of the key than this must not be seen.
const FRAGMENT_BYTES_MAX: usize = 7;

/// An error as a caller can tell it from others; none shows the key, or much of it.
pub(crate) fn told(error: &ProviderError) -> String {
    let all = format!("{error} {error:?}");
    for fragment in KEY.as_bytes().windows(FRAGMENT_BYTES_MAX + 1) {
        let fragment = std::str::from_utf8(fragment).unwrap();
        assert!(!all.contains(fragment), "{all}");
    }
    match error {
        ProviderError::Refused { .. } => format!("refused: {error}"),
        ProviderError::Unavailable { retry_after, .. } => {
            let wait = retry_after.map_or(String::new(), |wait| format!(" after {wait:?}"));
            format!("unavailable{wait}: {error}")
        }
        ProviderError::Malformed { usage, .. } => {
            format!(
                "malformed, {}+{} tokens: {error}",
                usage.input_tokens, usage.output_tokens
            )
        }
        ProviderError::TooLong { usage, .. } => {
            format!(
                "too long, {}+{} tokens: {error}",
                usage.input_tokens, usage.output_tokens
            )
        }
        ProviderError::Unconfigured { .. } => format!("unconfigured: {error}"),
    }
}
