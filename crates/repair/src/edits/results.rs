//! Results: those of calls that nobody takes, and those that are returned too soon.

use tree_sitter::Node;

use super::{Class, Site, idioms::CHANGING};
use crate::program::{indent_before, named};

/// Names that may take a result.
const TAKERS_MAX: usize = 8;
/// Methods that give something new, and leave their object as it is.
const GIVING: [&str; 14] = [
    "strip",
    "lstrip",
    "rstrip",
    "lower",
    "upper",
    "title",
    "capitalize",
    "replace",
    "zfill",
    "ljust",
    "rjust",
    "union",
    "removeprefix",
    "removesuffix",
];
/// What is called for what it does, beside the methods that change their object.
const DOING: [&str; 4] = ["appendleft", "popleft", "write", "print"];

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    match node.kind() {
        "expression_statement" => {
            if let [call] = named(node).as_slice()
                && call.kind() == "call"
            {
                dropped(site, node, *call);
            }
        }
        "return_statement" => early(site, node),
        _ => {}
    }
}

/// A call for its result alone, which nobody takes.
fn dropped(site: &mut Site<'_>, node: Node<'_>, call: Node<'_>) {
    let Some(function) = call.child_by_field_name("function") else {
        return;
    };
    let object = function.child_by_field_name("object");
    let name = function
        .child_by_field_name("attribute")
        .map_or(site.text(function), |name| site.text(name));
    let text = site.text(call);
    let own = &site.program.units[site.unit];
    let is_recursive = own.name.rsplit('.').next() == Some(name);
    let unless_recursive = |cost: f64| if is_recursive { 1.0 } else { cost };
    let is_generator = site.program.text[own.range.clone()].contains("yield");
    if is_generator {
        let cost = unless_recursive(1.5);
        site.put(node, format!("yield from {text}"), Class::Statement, cost);
        site.put(node, format!("yield {text}"), Class::Statement, cost + 0.3);
    }
    site.put(
        node,
        format!("return {text}"),
        Class::Statement,
        unless_recursive(1.5),
    );
    if let Some(object) = object.filter(|object| object.kind() == "identifier") {
        let cost = if GIVING.contains(&name) { 0.9 } else { 1.8 };
        let object = site.text(object);
        site.put(node, format!("{object} = {text}"), Class::Statement, cost);
    }
    if CHANGING.contains(&name) || DOING.contains(&name) {
        return;
    }
    let arguments = call.child_by_field_name("arguments");
    let given = arguments.map(named).unwrap_or_default();
    for argument in given
        .iter()
        .filter(|argument| argument.kind() == "identifier")
    {
        let argument = site.text(*argument);
        site.put(node, format!("{argument} = {text}"), Class::Statement, 1.5);
    }
    let takers = site.pool.names().take(TAKERS_MAX);
    for taker in takers.map(ToOwned::to_owned).collect::<Vec<_>>() {
        for (before, behind, cost) in [
            (" += ", "", 1.8),
            (" = ", "", 2.0),
            (".extend(", ")", 1.9),
            (".append(", ")", 1.9),
            (".update(", ")", 2.1),
        ] {
            let made = format!("{taker}{before}{text}{behind}");
            let cost = if is_recursive { cost - 0.4 } else { cost };
            site.put(node, made, Class::Statement, cost);
        }
    }
}

/// Whatever the first turn of a loop gives is returned; the others may give something, too.
fn early(site: &mut Site<'_>, node: Node<'_>) {
    let values = named(node);
    let [value] = values.as_slice() else {
        return;
    };
    let text = site.program.text.as_str();
    let indent = indent_before(text, node.start_byte()).filter(|_| is_in_loop(node));
    let Some(indent) = indent else {
        return;
    };
    let shown = site.text(*value);
    let is_condition = matches!(
        value.kind(),
        "comparison_operator" | "boolean_operator" | "not_operator" | "call"
    );
    if is_condition {
        for (test, told) in [
            (shown.to_owned(), "True"),
            (format!("not {shown}"), "False"),
        ] {
            let made = format!("if {test}:\n{indent}    return {told}");
            site.put(node, made, Class::Statement, 2.0);
        }
    }
    if value.kind() != "call" {
        return;
    }
    let is_free = |name: &&str| !site.pool.locals.iter().any(|local| local == name);
    let Some(name) = ["found", "result", "value"].into_iter().find(is_free) else {
        return;
    };
    for test in ["", " is not None"] {
        let made = format!("{name} = {shown}\n{indent}if {name}{test}:\n{indent}    return {name}");
        site.put(
            node,
            made,
            Class::Statement,
            if test.is_empty() { 1.6 } else { 1.5 },
        );
    }
}

fn is_in_loop(node: Node<'_>) -> bool {
    let mut inner = node;
    while let Some(parent) = inner.parent() {
        match parent.kind() {
            "for_statement" | "while_statement" => return true,
            "function_definition" => return false,
            _ => inner = parent,
        }
    }
    false
}
