//! The pages that explain the API and its problems, offline.

use std::fmt::Write;

use axum::response::Response;
use utoipa::openapi::OpenApi;

use crate::openapi::operations;
use crate::page::{escape, page};
use crate::problem::Kind;

const SCRIPT: &str = include_str!("page/docs.js");

/// The list of operations that is shown until the script, if it runs, has put the whole in place.
pub(crate) fn paths_html(api: &OpenApi) -> String {
    let mut html = format!(
        "<header><h1>{}</h1><p class=\"soft\">Version {}. \
         <a href=\"/openapi.json\">OpenAPI 3.1</a>, <a href=\"/docs/problems\">problems</a>, \
         <a href=\"/\">all URLs</a></p></header>\n<main id=\"paths\"><ul>\n",
        escape(&api.info.title),
        escape(&api.info.version),
    );
    for (path, method, operation) in operations(api) {
        let summary = operation.summary.as_deref().unwrap_or_default();
        writeln!(
            html,
            "<li><code>{method} {}</code> {}</li>",
            escape(path),
            escape(summary)
        )
        .expect("writing to a string cannot fail");
    }
    html.push_str("</ul></main>");
    html
}

pub(crate) fn paths_page(title: &str, html: &str) -> Response {
    page(title, html, SCRIPT)
}

/// What each `type` of a problem resolves to.
pub(crate) fn problems_html(kinds: &[Kind]) -> String {
    let mut html = String::from(
        "<header><h1>Problems</h1><p class=\"soft\">Every error is \
         <code>application/problem+json</code> (RFC 9457). Its <code>type</code> leads here; its \
         <code>code</code> never changes. <a href=\"/docs\">API</a></p></header>\n<main><dl>\n",
    );
    for kind in kinds {
        writeln!(
            html,
            "<dt id=\"{code}\"><code>{code}</code> <span class=\"soft\">{status}</span></dt>\
             <dd>{title}. What to do: {hint}.</dd>",
            code = escape(kind.code),
            status = kind.status,
            title = escape(kind.title),
            hint = escape(kind.hint),
        )
        .expect("writing to a string cannot fail");
    }
    html.push_str("</dl></main>");
    html
}

pub(crate) fn problems_page(html: &str) -> Response {
    page("Problems", html, "")
}
