//! The plain list of what is here.

use std::fmt::Write;

use axum::http::header::{ACCEPT, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Json;
use crate::page::{escape, page};

/// One URL worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Link {
    pub path: String,
    pub about: String,
}

impl Link {
    pub fn new(path: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            about: about.into(),
        }
    }
}

pub(crate) fn answer(title: &str, links: &[Link], headers: &HeaderMap) -> Response {
    let mut response = if prefers_json(headers) {
        Json(serde_json::json!({ "title": title, "links": links })).into_response()
    } else {
        page(title, &html(title, links), "")
    };
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("accept"));
    response
}

fn html(title: &str, links: &[Link]) -> String {
    let mut html = format!("<header><h1>{}</h1></header>\n<main><dl>\n", escape(title));
    for Link { path, about } in links {
        let path = escape(path);
        // A pattern is no address.
        let name = if path.contains('{') {
            format!("<code>{path}</code>")
        } else {
            format!("<a href=\"{path}\"><code>{path}</code></a>")
        };
        writeln!(html, "<dt>{name}</dt><dd>{}</dd>", escape(about))
            .expect("writing to a string cannot fail");
    }
    html.push_str("</dl></main>");
    html
}

/// Whether JSON is wanted more than HTML; a page is what everyone else gets.
fn prefers_json(headers: &HeaderMap) -> bool {
    let (mut html, mut json) = (0.0_f32, 0.0_f32);
    let accepted = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    for range in accepted.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(Ok(1.0), str::parse);
        let weight = weight.unwrap_or(0.0);
        match media_type.as_str() {
            "text/html" | "text/*" | "*/*" => html = html.max(weight),
            "application/json" | "application/*" => json = json.max(weight),
            _ => {}
        }
    }
    json > html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_given_to_those_who_want_it_more_than_a_page() {
        let wants = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
            prefers_json(&headers)
        };
        for accept in [
            "application/json",
            "application/json, */*;q=0.1",
            "text/html;q=0.2, application/*",
        ] {
            assert!(wants(accept), "{accept}");
        }
        for accept in [
            "*/*",
            "text/html,application/json;q=0.9",
            "",
            "application/json;q=x",
        ] {
            assert!(!wants(accept), "{accept}");
        }
        assert!(!prefers_json(&HeaderMap::new()));
    }
}
