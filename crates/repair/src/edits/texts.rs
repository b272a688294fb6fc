//! Other texts.

use tree_sitter::Node;

use super::{Class, Site};

/// What mutators and slips of the finger put around a text.
const DECORATIONS: [&str; 2] = ["XX", "xx"];
const COMMON: [&str; 8] = ["", " ", ",", ", ", "\\n", "-", "_", "."];
const TEXTS_MAX: usize = 24;

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    if node.kind() != "string" || is_format(node) {
        return;
    }
    let text = site.text(node);
    let Some((open, inner, close)) = parts(text) else {
        return;
    };
    let mut put = |inner: &str, cost: f64| {
        site.put(node, format!("{open}{inner}{close}"), Class::Text, cost);
    };
    for decoration in DECORATIONS {
        let bare = inner
            .strip_prefix(decoration)
            .and_then(|rest| rest.strip_suffix(decoration));
        if let Some(bare) = bare {
            put(bare, 0.5);
        }
    }
    let mut capital: String = inner.to_lowercase();
    if let Some(first) = capital.get(..1) {
        capital = first.to_uppercase() + &capital[1..];
    }
    for other in [inner.to_lowercase(), inner.to_uppercase(), capital] {
        // An escape has a letter that means something.
        if other != inner && !inner.contains('\\') {
            put(&other, 1.0);
        }
    }
    put(inner.trim(), 1.4);
    put(&format!("{inner} "), 1.6);
    put(&format!(" {inner}"), 1.6);
    for other in COMMON {
        put(other, 1.7);
    }
    if let Some((at, _)) = inner.char_indices().next_back() {
        put(&inner[..at], 1.8);
    }
    if let Some((at, _)) = inner.char_indices().nth(1) {
        put(&inner[at..], 1.8);
    }
    let is_key = node
        .parent()
        .is_some_and(|parent| parent.kind() == "subscript");
    for other in &site.pool.words {
        site.put(
            node,
            other.clone(),
            Class::Text,
            if is_key { 1.7 } else { 2.1 },
        );
    }
    let others = site.pool.texts.iter().take(TEXTS_MAX).cloned();
    for other in others.collect::<Vec<_>>() {
        site.put(node, other, Class::Text, 1.8);
    }
}

/// What is before, between and behind the quotes.
pub(super) fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let prefix = text.find(['"', '\''])?;
    let quotes = &text[prefix..];
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| quotes.starts_with(quote))?;
    let (open, rest) = text.split_at(prefix + quote.len());
    let inner = rest.strip_suffix(quote)?;
    Some((open, inner, quote))
}

/// Has it values in it? Then its text is in pieces.
pub(super) fn is_format(node: Node<'_>) -> bool {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .any(|child| child.kind() == "interpolation")
}

/// Is it what stands between values in a text?
pub(super) fn is_between(content: Node<'_>) -> bool {
    content.parent().is_some_and(is_format)
}
