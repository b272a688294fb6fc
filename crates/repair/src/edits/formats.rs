//! How values are written into texts: the specifications in format strings, and what stands around them.

use tree_sitter::Node;

use super::{Class, Site, texts};

const SPECIFICATIONS: [&str; 16] = [
    "02d", ".2f", ".1f", ",", ".0f", "02", "03d", "04d", ".3f", ",.2f", "d", "x", "b", ".0%",
    ".1%", "+d",
];

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    match node.kind() {
        "interpolation" => interpolation(site, node),
        "string_content" => content(site, node),
        _ => {}
    }
}

fn interpolation(site: &mut Site<'_>, node: Node<'_>) {
    let Some(specification) = node.child_by_field_name("format_specifier") else {
        let end = node.end_byte() - 1;
        for (place, made) in SPECIFICATIONS.iter().enumerate() {
            let cost = if place < 8 { 1.7 } else { 2.1 };
            site.splice(end..end, format!(":{made}"), Class::Text, cost);
        }
        return;
    };
    let text = site.text(specification).trim_start_matches(':');
    if text.contains('{') {
        return;
    }
    site.put(specification, "", Class::Text, 1.8);
    for made in SPECIFICATIONS {
        site.put(specification, format!(":{made}"), Class::Text, 1.6);
    }
    for made in other_digits(text).into_iter().chain(other_signs(text)) {
        site.put(specification, format!(":{made}"), Class::Text, 1.3);
    }
}

/// Each digit, one more and one less.
fn other_digits(text: &str) -> Vec<String> {
    let digits = text
        .char_indices()
        .filter(|(_, letter)| letter.is_ascii_digit());
    let mut made = Vec::new();
    for (at, digit) in digits {
        for other in [digit as u8 + 1, digit as u8 - 1] {
            if other.is_ascii_digit() {
                let other = char::from(other);
                made.push(format!("{}{other}{}", &text[..at], &text[at + 1..]));
            }
        }
    }
    made
}

fn other_signs(text: &str) -> Vec<String> {
    let mut made = Vec::new();
    for (one, others) in [("<", [">", "^"]), (">", ["<", "^"]), ("^", ["<", ">"])] {
        if text.contains(one) {
            made.extend(others.map(|other| text.replacen(one, other, 1)));
        }
    }
    if !text.contains(['<', '>', '^']) && !text.is_empty() {
        made.extend(["<", ">", "0"].map(|sign| format!("{sign}{text}")));
    }
    made
}

/// What stands between values.
fn content(site: &mut Site<'_>, node: Node<'_>) {
    let text = site.text(node);
    if !texts::is_between(node) || text.contains('\\') || text.contains('{') {
        return;
    }
    let mut made: Vec<(String, f64)> = vec![
        (text.trim().to_owned(), 1.5),
        (text.to_lowercase(), 1.5),
        (text.to_uppercase(), 1.6),
        (format!("{text} "), 1.6),
        (format!(" {text}"), 1.6),
        (String::new(), 1.9),
    ];
    if let Some((last, _)) = text.char_indices().next_back() {
        made.push((text[..last].to_owned(), 1.8));
    }
    if let Some((second, _)) = text.char_indices().nth(1) {
        made.push((text[second..].to_owned(), 1.8));
    }
    for other in [" ", ":", ", ", "-", "/", ".", "_", ",", "%"] {
        made.push((other.to_owned(), 1.9));
    }
    for (other, cost) in made {
        site.put(node, other, Class::Text, cost);
    }
}
