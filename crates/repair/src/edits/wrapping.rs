//! Values passed through a function, and values that are no longer.

use tree_sitter::Node;

use super::{Class, Site, is_value, operand};
use crate::program::named;

const FUNCTIONS: [&str; 19] = [
    "len", "abs", "int", "str", "list", "sorted", "set", "sum", "max", "min", "round", "float",
    "tuple", "reversed", "not ", "-", "bool", "any", "all",
];
const METHODS: [&str; 10] = [
    ".strip()",
    ".lower()",
    ".upper()",
    ".copy()",
    ".items()",
    ".values()",
    ".keys()",
    ".split()",
    ".rstrip()",
    ".lstrip()",
];

const LIKELY: [(&str, f64); 7] = [
    ("str", 1.7),
    ("int", 1.7),
    ("len", 2.1),
    ("sorted", 1.9),
    ("list", 1.9),
    ("float", 2.0),
    ("dict", 2.0),
];

pub(super) fn unwrap(site: &mut Site<'_>, node: Node<'_>) {
    if node.kind() != "call" || !is_value(node) {
        return;
    }
    let (Some(function), Some(list)) = (
        node.child_by_field_name("function"),
        node.child_by_field_name("arguments"),
    ) else {
        return;
    };
    if list.kind() != "argument_list" {
        return;
    }
    for argument in named(list) {
        if argument.kind() != "keyword_argument" && !argument.kind().ends_with("splat") {
            let text = site.text(argument).to_owned();
            site.put(node, text, Class::Unwrap, 1.8);
        }
    }
    if function.kind() == "attribute"
        && let Some(object) = function.child_by_field_name("object")
    {
        let text = site.text(object).to_owned();
        site.put(node, text, Class::Unwrap, 1.8);
    }
}

/// What people forget most, each where it may well belong.
pub(super) fn likely(site: &mut Site<'_>, node: Node<'_>) {
    let is_difference = node.kind() == "binary_operator"
        && node
            .child_by_field_name("operator")
            .is_some_and(|sign| site.text(sign) == "-");
    if !is_value(node) || is_function(node) {
        return;
    }
    let text = site.text(node);
    if is_difference {
        site.put(node, format!("abs({text})"), Class::Wrap, 1.3);
    }
    let takes = matches!(
        node.kind(),
        "identifier" | "call" | "attribute" | "subscript"
    );
    let is_object = node
        .parent()
        .is_some_and(|parent| matches!(parent.kind(), "attribute" | "subscript" | "slice"));
    if !takes || is_object {
        return;
    }
    for (function, cost) in LIKELY {
        site.put(node, format!("{function}({text})"), Class::Wrap, cost);
    }
    for method in [".lower()", ".strip()", ".copy()"] {
        site.put(node, format!("{text}{method}"), Class::Wrap, 1.9);
    }
}

pub(super) fn wrap(site: &mut Site<'_>, node: Node<'_>) {
    let takes = matches!(
        node.kind(),
        "identifier"
            | "call"
            | "attribute"
            | "subscript"
            | "binary_operator"
            | "list_comprehension"
            | "generator_expression"
            | "string"
            | "parenthesized_expression"
    );
    if !takes || !is_value(node) || is_function(node) {
        return;
    }
    let text = site.text(node);
    for function in FUNCTIONS {
        let made = match function {
            "not " | "-" => format!("({function}{})", operand(text, node.kind())),
            _ => format!("{function}({text})"),
        };
        site.put(node, made, Class::Wrap, 2.2);
    }
    let own: Vec<String> = site
        .pool
        .functions
        .iter()
        .filter(|(_, parameters)| parameters.len() == 1)
        .map(|(name, _)| name.clone())
        .collect();
    for function in own {
        site.put(node, format!("{function}({text})"), Class::Wrap, 2.1);
    }
    let bare = operand(text, node.kind());
    for method in METHODS {
        site.put(node, format!("{bare}{method}"), Class::Wrap, 2.3);
    }
    for other in [
        " or 0", " or \"\"", " or []", " or 1", " % 2", " * 2", " // 2",
    ] {
        site.put(node, format!("({text}{other})"), Class::Wrap, 2.6);
    }
    // Held between bounds.
    for name in site.pool.names().map(ToOwned::to_owned).collect::<Vec<_>>() {
        if name != text {
            for function in ["min", "max"] {
                site.put(
                    node,
                    format!("{function}({text}, {name})"),
                    Class::Wrap,
                    2.6,
                );
            }
        }
    }
    for bound in ["0", "1"] {
        for function in ["min", "max"] {
            site.put(
                node,
                format!("{function}({text}, {bound})"),
                Class::Wrap,
                2.5,
            );
        }
    }
}

fn is_function(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| {
        parent.kind() == "call" && parent.child_by_field_name("function") == Some(node)
    })
}
