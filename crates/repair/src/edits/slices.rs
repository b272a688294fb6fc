//! Other slices, indexes and ranges.

use tree_sitter::Node;

use super::{Class, Site, is_value};
use crate::program::named;

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    match node.kind() {
        "slice" => slice(site, node),
        "subscript" => subscript(site, node),
        "call" => range(site, node),
        "identifier" | "attribute" => sliced(site, node),
        _ => {}
    }
}

/// The bounds of a slice: what stands between the colons.
fn slice(site: &mut Site<'_>, node: Node<'_>) {
    let text = site.text(node);
    let parts: Vec<&str> = split(node, text);
    let (start, stop) = (parts[0].trim(), parts.get(1).map_or("", |part| part.trim()));
    let step = parts.get(2).map_or("", |part| part.trim());
    let mut put = |start: &str, stop: &str, step: &str, cost: f64| {
        let end = if step.is_empty() {
            String::new()
        } else {
            format!(":{step}")
        };
        site.put(node, format!("{start}:{stop}{end}"), Class::Slice, cost);
    };
    let shifted = |bound: &str, sign: char| {
        if bound.is_empty() {
            if sign == '+' { "1" } else { "-1" }.to_owned()
        } else {
            format!("{bound} {sign} 1")
        }
    };
    for sign in ['+', '-'] {
        put(&shifted(start, sign), stop, step, 1.3);
        put(start, &shifted(stop, sign), step, 1.3);
    }
    put("", stop, step, 1.4);
    put(start, "", step, 1.4);
    put(stop, start, step, 1.5);
    put(start, stop, "", 1.5);
    put(start, stop, "-1", 1.6);
    put(start, stop, "2", 1.9);
    if !start.is_empty() {
        put(&format!("-{start}"), stop, step, 1.7);
    }
    if !stop.is_empty() {
        put(start, &format!("-{stop}"), step, 1.7);
    }
}

/// The texts between the colons of a slice, which may themselves have colons inside brackets.
fn split<'a>(node: Node<'_>, text: &'a str) -> Vec<&'a str> {
    let mut cursor = node.walk();
    let colons = node
        .children(&mut cursor)
        .filter(|child| child.kind() == ":")
        .map(|colon| colon.start_byte() - node.start_byte());
    let mut parts = Vec::new();
    let mut at = 0;
    for colon in colons {
        parts.push(&text[at..colon]);
        at = colon + 1;
    }
    parts.push(&text[at..]);
    parts
}

fn subscript(site: &mut Site<'_>, node: Node<'_>) {
    let (Some(value), Some(index)) = (
        node.child_by_field_name("value"),
        node.child_by_field_name("subscript"),
    ) else {
        return;
    };
    if node.parent().is_some_and(|parent| parent.kind() == "type") {
        return;
    }
    let (value, place) = (site.text(value).to_owned(), site.text(index).to_owned());
    if index.kind() == "slice" {
        if is_value(node) {
            site.put(node, value, Class::Slice, 1.6);
        }
        return;
    }
    for (other, cost) in [
        (format!("{place} + 1"), 1.4),
        (format!("{place} - 1"), 1.4),
        ("-1".to_owned(), 1.5),
        ("0".to_owned(), 1.5),
        (format!("-{place}"), 1.6),
        (format!("{place}:"), 1.8),
        (format!(":{place}"), 1.8),
    ] {
        site.put(index, other, Class::Slice, cost);
    }
    if is_value(node) {
        site.put(node, value.clone(), Class::Slice, 1.8);
        site.put(node, format!("{value}.get({place})"), Class::Slice, 2.2);
        site.put(node, format!("{value}.get({place}, 0)"), Class::Slice, 2.2);
    }
}

fn range(site: &mut Site<'_>, node: Node<'_>) {
    let (Some(function), Some(list)) = (
        node.child_by_field_name("function"),
        node.child_by_field_name("arguments"),
    ) else {
        return;
    };
    if site.text(function) != "range" {
        return;
    }
    let bounds: Vec<String> = named(list)
        .into_iter()
        .map(|bound| site.text(bound).to_owned())
        .collect();
    let bounds: Vec<&str> = bounds.iter().map(String::as_str).collect();
    let made: Vec<String> = match bounds.as_slice() {
        [stop] => vec![
            format!("range({stop} + 1)"),
            format!("range({stop} - 1)"),
            format!("range(1, {stop})"),
            format!("range(1, {stop} + 1)"),
            format!("range({stop}, 0, -1)"),
            format!("range({stop} - 1, -1, -1)"),
            format!("range(0, {stop}, 2)"),
        ],
        [start, stop] => vec![
            format!("range({stop})"),
            format!("range({start}, {stop} + 1)"),
            format!("range({start}, {stop} - 1)"),
            format!("range({start} + 1, {stop})"),
            format!("range({start} - 1, {stop})"),
            format!("range({start} + 1, {stop} + 1)"),
            format!("range({stop} - 1, {start} - 1, -1)"),
            format!("range({stop}, {start}, -1)"),
        ],
        [start, stop, step] => vec![
            format!("range({start}, {stop})"),
            format!("range({start}, {stop} + 1, {step})"),
            format!("range({start}, {stop} - 1, {step})"),
            format!("range({start} + 1, {stop}, {step})"),
            format!("range({start} - 1, {stop}, {step})"),
            format!("range({start}, {stop}, -({step}))"),
        ],
        _ => Vec::new(),
    };
    for other in made {
        site.put(node, other, Class::Slice, 1.3);
    }
}

/// A part of what is taken whole.
fn sliced(site: &mut Site<'_>, node: Node<'_>) {
    let is_whole = node.parent().is_some_and(|parent| {
        let is_right = parent.child_by_field_name("right") == Some(node);
        match parent.kind() {
            "argument_list"
            | "return_statement"
            | "binary_operator"
            | "comparison_operator"
            | "boolean_operator"
            | "conditional_expression"
            | "tuple"
            | "expression_list" => true,
            "for_statement" | "for_in_clause" | "assignment" | "augmented_assignment" => is_right,
            _ => false,
        }
    });
    if !is_whole || !is_value(node) {
        return;
    }
    let text = site.text(node);
    for part in ["[1:]", "[:-1]", "[0]", "[-1]", "[::-1]", "[1]"] {
        site.put(node, format!("{text}{part}"), Class::Slice, 2.1);
    }
    for bound in site
        .pool
        .names()
        .filter(|bound| *bound != text)
        .map(ToOwned::to_owned)
        .collect::<Vec<_>>()
    {
        for part in [
            format!("[:{bound}]"),
            format!("[{bound}:]"),
            format!("[{bound}]"),
        ] {
            site.put(node, format!("{text}{part}"), Class::Slice, 2.3);
        }
    }
}
