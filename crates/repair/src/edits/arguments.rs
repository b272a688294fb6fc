//! Arguments: left out, forwarded, added.

use tree_sitter::Node;

use super::{Class, Site};
use crate::program::named;

const KEYWORDS: [&str; 8] = [
    "reverse=True",
    "default=0",
    "default=None",
    "key=len",
    "key=str.lower",
    "strict=True",
    "maxsplit=1",
    "start=1",
];
const SMALL: [&str; 8] = ["0", "1", "-1", "2", "None", "\"\"", "\" \"", "[]"];
/// Other expressions are not put where none was.
const DONORS_MAX: usize = 60;

pub(super) fn drop(site: &mut Site<'_>, node: Node<'_>) {
    let is_list = matches!(
        node.kind(),
        "argument_list" | "list" | "tuple" | "dictionary" | "set"
    );
    if !is_list {
        return;
    }
    let elements = named(node);
    if elements.len() > 24 {
        return;
    }
    for (place, element) in elements.iter().enumerate() {
        // With the comma before it, or behind it if it is the first.
        let range = match (place, elements.get(place + 1)) {
            (0, Some(next)) => element.start_byte()..next.start_byte(),
            (0, None) => element.byte_range(),
            _ => elements[place - 1].end_byte()..element.end_byte(),
        };
        let cost = if element.kind() == "keyword_argument" {
            1.6
        } else {
            1.8
        };
        site.splice(range, "", Class::Argument, cost);
    }
}

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    if node.kind() != "argument_list" {
        return;
    }
    let elements = named(node);
    let end = node.end_byte() - 1;
    let is_trailed = site.program.text[..end].trim_end().ends_with(',');
    let function = node
        .parent()
        .and_then(|call| call.child_by_field_name("function"))
        .map_or("", |function| site.text(function))
        .to_owned();
    let pool = site.pool;
    let comma = if elements.is_empty() || is_trailed {
        ""
    } else {
        ", "
    };
    for name in pool.functions.get(&function).into_iter().flatten() {
        if pool.locals.contains(name) {
            let made = format!("{comma}{name}={name}");
            site.splice(end..end, made, Class::Argument, 1.9);
        }
    }
    let own = KEYWORDS
        .into_iter()
        .filter(|keyword| takes(&function, keyword));
    for keyword in pool.keywords.iter().map(String::as_str).chain(own) {
        site.splice(end..end, format!("{comma}{keyword}"), Class::Argument, 2.2);
    }
    by_key(site, node, &function);
    forward(site, &elements, end, is_trailed);
}

/// May a function have that argument by name? Of one that is not known, it may.
fn takes(function: &str, keyword: &str) -> bool {
    let name = function.rsplit('.').next().unwrap_or(function);
    let owners: &[&str] = match keyword.split('=').next() {
        Some("reverse") => &["sorted", "sort"],
        Some("key") => &[
            "sorted",
            "sort",
            "min",
            "max",
            "groupby",
            "nlargest",
            "nsmallest",
        ],
        Some("default") => &["min", "max"],
        Some("strict") => &["zip"],
        Some("maxsplit") => &["split", "rsplit"],
        Some("start") => &["enumerate", "sum"],
        _ => return true,
    };
    owners.contains(&name)
}

/// What things are ordered by.
fn by_key(site: &mut Site<'_>, node: Node<'_>, function: &str) {
    if !takes(function, "key=") {
        return;
    }
    let elements = named(node);
    let end = node.end_byte() - 1;
    let keyed = elements.iter().find(|element| {
        let name = element.child_by_field_name("name");
        name.is_some_and(|name| site.text(name) == "key")
    });
    if let Some(keyed) = keyed {
        reordered(site, *keyed);
        return;
    }
    let comma = if elements.is_empty() { "" } else { ", " };
    let first = elements
        .first()
        .filter(|first| first.kind() == "identifier");
    if let Some(first) = first.map(|first| site.text(*first)) {
        let made = format!("{comma}key={first}.get");
        site.splice(end..end, made, Class::Argument, 1.9);
    }
    let places = ["[0]", "[1]", "[-1]", "[2]"].map(|place| format!("item{place}"));
    let turned = places.iter().map(|place| format!("-{place}"));
    let twice = [
        "(item[1], item[0])",
        "(-item[1], item[0])",
        "(len(item), item)",
        "(-len(item), item)",
    ];
    let pool = site.pool;
    let texts = pool.words.iter().chain(&pool.texts).take(SMALL.len() * 2);
    let made: Vec<String> = places
        .iter()
        .cloned()
        .chain(turned)
        .chain(twice.map(ToOwned::to_owned))
        .chain(texts.map(|text| format!("item[{text}]")))
        .collect();
    for key in made {
        let made = format!("{comma}key=lambda item: {key}");
        site.splice(end..end, made, Class::Argument, 2.1);
    }
}

/// The same order turned round, or with a second thing to order by.
fn reordered(site: &mut Site<'_>, keyed: Node<'_>) {
    let Some(lambda) = keyed
        .child_by_field_name("value")
        .filter(|value| value.kind() == "lambda")
    else {
        return;
    };
    let parts = (
        lambda.child_by_field_name("parameters"),
        lambda.child_by_field_name("body"),
    );
    let (Some(parameter), Some(body)) = parts else {
        return;
    };
    let (name, key) = (site.text(parameter), site.text(body));
    let bare = super::operand(key, body.kind());
    site.put(body, format!("-{bare}"), Class::Argument, 1.5);
    if body.kind() == "tuple" {
        return;
    }
    for further in ["", "[0]", "[1]"] {
        for sign in ["", "-"] {
            let made = format!("({sign}{bare}, {name}{further})");
            site.put(body, made, Class::Argument, 1.9);
        }
    }
}

/// What is at hand, at each place of the list.
fn forward(site: &mut Site<'_>, elements: &[Node<'_>], end: usize, is_trailed: bool) {
    let pool = site.pool;
    let names = pool.names().map(ToOwned::to_owned);
    let borrowed = pool
        .donors
        .iter()
        .filter(|donor| donor.kind != "identifier")
        .map(|donor| donor.text.clone())
        .take(DONORS_MAX);
    let small = SMALL.iter().map(|text| (*text).to_owned());
    let wanted: Vec<(String, f64)> = names
        .map(|name| (name, 1.9))
        .chain(small.map(|text| (text, 2.1)))
        .chain(borrowed.map(|text| (text, 2.4)))
        .collect();
    let first_named = elements
        .iter()
        .position(|element| element.kind() == "keyword_argument")
        .unwrap_or(elements.len());
    for (text, cost) in wanted {
        for (place, element) in elements[..first_named].iter().enumerate() {
            let extra = if place == 0 { 0.0 } else { 0.1 };
            let at = element.start_byte();
            site.splice(at..at, format!("{text}, "), Class::Argument, cost + extra);
        }
        if first_named == elements.len() {
            let comma = if elements.is_empty() || is_trailed {
                ""
            } else {
                ", "
            };
            site.splice(end..end, format!("{comma}{text}"), Class::Argument, cost);
        }
    }
}
