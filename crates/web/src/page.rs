//! Pages that need nothing from elsewhere: no network but this server, no font, no framework.

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

const SHELL: &str = include_str!("page/shell.html");
const STYLE: &str = include_str!("page/style.css");

/// A whole page around `body`, which must be HTML already. Only its own style and script run.
pub(crate) fn page(title: &str, body: &str, script: &str) -> Response {
    let nonce = Uuid::now_v7().simple().to_string();
    let html = SHELL
        .replace("{{title}}", &escape(title))
        .replace("{{nonce}}", &nonce)
        .replace("{{style}}", STYLE)
        .replace("{{script}}", script)
        .replace("{{body}}", body);
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; \
         connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let policy = HeaderValue::from_str(&policy).expect("a policy is visible ASCII and spaces");
    let media_type = HeaderValue::from_static("text/html; charset=utf-8");
    (
        [
            (CONTENT_TYPE, media_type),
            (CONTENT_SECURITY_POLICY, policy),
        ],
        html,
    )
        .into_response()
}

pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
