//! What the pages share: one file each, no script, nothing loaded, light and dark.

use std::fmt::Write as _;

use crate::verdict::{BudgetResult, CaseResult};

const STYLE: &str = include_str!("page.css");

/// A whole page. `body` is HTML already.
pub(super) fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// Text as it stands in HTML, in attributes too.
pub(super) fn escape(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '"' => made.push_str("&quot;"),
            '\'' => made.push_str("&#39;"),
            // Other control characters are no characters of HTML.
            other if other.is_control() && other != '\n' && other != '\t' => made.push('\u{fffd}'),
            other => made.push(other),
        }
    }
    made
}

/// A verdict as a coloured word, told apart by more than its colour.
pub(super) fn badge(word: &str) -> String {
    let sign = match word {
        "pass" => "✓",
        "fail" => "✗",
        "flaky" | "inconclusive" => "≈",
        _ => "·",
    };
    format!("<span class=\"badge {word}\">{sign} {word}</span>")
}

/// A case with everything that there is to say about it.
pub(super) fn case(text: &mut String, case: &CaseResult, note: &str, is_open: bool) {
    let open = if is_open { " open" } else { "" };
    let _infallible = writeln!(
        text,
        "<details class=\"case\"{open}><summary>{} <b>{}</b> <code>{}:{}</code> <span class=\"quiet\">{} · {} ms{}</span></summary>",
        badge(case.verdict.name()),
        escape(&case.tool),
        escape(&case.file),
        case.line,
        escape(&case.id),
        case.ms,
        escape(note),
    );
    if let Some(error) = &case.error {
        let _infallible = writeln!(text, "<p>{}</p>", escape(error));
    }
    if let Some(diff) = &case.diff {
        let _infallible = writeln!(text, "<pre>{}</pre>", coloured(diff));
    }
    text.push_str("</details>\n");
}

/// A difference with the lines of either side in their colour.
fn coloured(diff: &str) -> String {
    let mut made = String::new();
    for line in diff.lines() {
        let class = match line.get(..3) {
            Some("  -") => Some("gone"),
            Some("  +") => Some("come"),
            _ => None,
        };
        let line = escape(line);
        let _infallible = match class {
            Some(class) => writeln!(made, "<span class=\"{class}\">{line}</span>"),
            None => writeln!(made, "{line}"),
        };
    }
    made
}

/// A table of budgets.
pub(super) fn budgets(text: &mut String, budgets: &[BudgetResult]) {
    text.push_str(
        "<h2>Budgets</h2>\n<div class=\"wide\"><table><thead><tr><th>budget<th>verdict<th class=\"n\">value<th class=\"n\">limit<th class=\"n\">base<th>about</thead><tbody>\n",
    );
    let number = |number: Option<f64>| number.map_or_else(|| "–".to_owned(), |it| it.to_string());
    for budget in budgets {
        let _infallible = writeln!(
            text,
            "<tr><td><code>{}</code><td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td>{}",
            escape(&budget.name),
            badge(budget.verdict.name()),
            number(budget.value),
            budget.limit,
            number(budget.base_value),
            escape(budget.reason.as_deref().unwrap_or_default()),
        );
    }
    text.push_str("</tbody></table></div>\n");
}
