//! Idioms that are often got wrong: what works in place and gives nothing back, what is shared instead of
//! copied, and keys that are not there yet.

use tree_sitter::Node;

use super::{Class, Site, is_value};
use crate::program::{indent_before, named};

/// Methods that change their object.
pub(super) const CHANGING: [&str; 12] = [
    "append",
    "extend",
    "insert",
    "remove",
    "pop",
    "clear",
    "add",
    "discard",
    "update",
    "sort",
    "reverse",
    "setdefault",
];

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    match node.kind() {
        "assignment" => {
            first_of_key(site, node);
            bounded(site, node);
            nothing_bound(site, node);
        }
        "augmented_assignment" => counted(site, node),
        "call" => {
            grown(site, node);
            in_place(site, node);
            taken(site, node);
        }
        "binary_operator" => {
            repeated(site, node);
            divided(site, node);
        }
        "for_statement" => changed_within(site, node),
        "default_parameter" => shared_default(site, node),
        _ => {}
    }
}

/// Object and name of a method that is called, and the texts between its brackets.
fn method<'a, 'tree>(
    site: &Site<'a>,
    call: Node<'tree>,
) -> Option<(Node<'tree>, &'a str, &'a str)> {
    let function = call.child_by_field_name("function")?;
    let object = function.child_by_field_name("object")?;
    let name = function.child_by_field_name("attribute")?;
    let list = call.child_by_field_name("arguments")?;
    let inside = site.text(list).strip_prefix('(')?.strip_suffix(')')?;
    Some((object, site.text(name), inside))
}

fn key_of<'a>(site: &Site<'a>, subscript: Node<'_>) -> Option<(&'a str, &'a str)> {
    let value = subscript.child_by_field_name("value")?;
    let key = subscript.child_by_field_name("subscript")?;
    let is_key = subscript.kind() == "subscript" && key.kind() != "slice";
    is_key.then(|| (site.text(value), site.text(key)))
}

/// `groups[key] = [value]` where a list for the key may be there.
fn first_of_key(site: &mut Site<'_>, node: Node<'_>) {
    let Some((left, right)) = super::fields(node, "left", "right") else {
        return;
    };
    let Some((value, key)) = key_of(site, left) else {
        return;
    };
    let shown = site.text(right);
    if let ("list" | "set", [only]) = (right.kind(), named(right).as_slice()) {
        let (empty, put) = if right.kind() == "list" {
            ("[]", "append")
        } else {
            ("set()", "add")
        };
        let only = site.text(*only);
        let made = format!("{value}.setdefault({key}, {empty}).{put}({only})");
        site.put(node, made, Class::Method, 1.3);
    } else if !right.kind().ends_with("comprehension") {
        let made = format!("{value}[{key}] = {value}.get({key}, 0) + {shown}");
        site.put(node, made, Class::Operator, 1.7);
        for function in ["max", "min"] {
            let made = format!("{value}[{key}] = {function}({value}.get({key}, {shown}), {shown})");
            site.put(node, made, Class::Wrap, 1.9);
        }
        let made = format!("{value}.setdefault({key}, {shown})");
        site.put(node, made, Class::Method, 1.8);
        let made = format!("{value}.setdefault({key}, []).append({shown})");
        site.put(node, made, Class::Method, 1.8);
    }
}

/// The greatest or least so far, and not the last.
fn bounded(site: &mut Site<'_>, node: Node<'_>) {
    let Some((left, right)) = super::fields(node, "left", "right") else {
        return;
    };
    let is_plain = matches!(left.kind(), "identifier" | "subscript" | "attribute");
    let is_literal = matches!(
        right.kind(),
        "list" | "dictionary" | "set" | "string" | "none" | "true" | "false" | "integer"
    );
    if !is_plain || is_literal || !is_value(right) {
        return;
    }
    let (target, value) = (site.text(left), site.text(right));
    for function in ["max", "min"] {
        let made = format!("{function}({target}, {value})");
        site.put(right, made, Class::Wrap, 1.9);
    }
}

/// `x = x.append(y)`: what changes its object gives nothing back.
fn nothing_bound(site: &mut Site<'_>, node: Node<'_>) {
    let Some(right) = node.child_by_field_name("right") else {
        return;
    };
    if right.kind() != "call" {
        return;
    }
    if let Some((_, name, _)) = method(site, right)
        && CHANGING.contains(&name)
    {
        site.put(node, site.text(right), Class::Statement, 0.9);
    }
}

/// `counts[key] += 1` where the key may not be there.
fn counted(site: &mut Site<'_>, node: Node<'_>) {
    let Some((left, sign, right)) = super::operands(site, node) else {
        return;
    };
    let Some((value, key)) = key_of(site, left) else {
        return;
    };
    let sign = sign.trim_end_matches('=');
    let right = site.text(right);
    let made = format!("{value}[{key}] = {value}.get({key}, 0) {sign} {right}");
    site.put(node, made, Class::Method, 1.4);
}

/// `groups[key].append(value)` where the key may not be there.
fn grown(site: &mut Site<'_>, node: Node<'_>) {
    let Some((object, name, _)) = method(site, node) else {
        return;
    };
    let Some((value, key)) = key_of(site, object) else {
        return;
    };
    let empties: &[&str] = match name {
        "append" | "extend" | "insert" => &["[]"],
        "add" | "discard" => &["set()"],
        "update" | "setdefault" => &["{}", "set()"],
        _ => &[],
    };
    for empty in empties {
        let made = format!("{value}.setdefault({key}, {empty})");
        site.put(object, made, Class::Method, 1.3);
    }
}

/// `x.sort()` for `sorted(x)`, and the other way round.
fn in_place(site: &mut Site<'_>, node: Node<'_>) {
    let Some(parent) = node.parent() else {
        return;
    };
    let is_dropped = parent.kind() == "expression_statement";
    if let Some((object, name, inside)) = method(site, node) {
        let object = site.text(object);
        let comma = if inside.is_empty() { "" } else { ", " };
        match name {
            "sort" if !is_dropped => {
                let made = format!("sorted({object}{comma}{inside})");
                site.put(node, made, Class::Method, 0.9);
            }
            "reverse" if !is_dropped => {
                site.put(node, format!("{object}[::-1]"), Class::Method, 0.9);
            }
            _ => {}
        }
        return;
    }
    let function = node.child_by_field_name("function");
    let list = node
        .child_by_field_name("arguments")
        .map(named)
        .unwrap_or_default();
    let Some((first, rest)) = list.split_first().filter(|_| is_dropped) else {
        return;
    };
    let name = function.map_or("", |function| site.text(function));
    let object = site.text(*first);
    let rest: Vec<&str> = rest.iter().map(|argument| site.text(*argument)).collect();
    match name {
        "sorted" => {
            let made = format!("{object}.sort({})", rest.join(", "));
            site.put(node, made, Class::Method, 0.9);
        }
        "reversed" => site.put(node, format!("{object}.reverse()"), Class::Method, 0.9),
        _ => {}
    }
}

/// The first one is taken, and not the last.
fn taken(site: &mut Site<'_>, node: Node<'_>) {
    if let Some((object, "pop", inside)) = method(site, node) {
        let object = site.text(object);
        match inside {
            "" => {
                site.put(node, format!("{object}.pop(0)"), Class::Argument, 1.1);
            }
            "0" | "-1" => {}
            key if !key.contains(',') => {
                let made = format!("{object}.pop({key}, None)");
                site.put(node, made, Class::Argument, 1.6);
            }
            _ => {}
        }
    }
}

/// `[[]] * n` has the same list n times.
fn repeated(site: &mut Site<'_>, node: Node<'_>) {
    let Some((left, sign, right)) = super::operands(site, node) else {
        return;
    };
    let [only] = (if left.kind() == "list" {
        named(left)
    } else {
        Vec::new()
    })[..] else {
        return;
    };
    let is_shared = matches!(
        only.kind(),
        "list" | "dictionary" | "set" | "binary_operator" | "call" | "list_comprehension"
    );
    if sign == "*" && is_shared {
        let (only, right) = (site.text(only), site.text(right));
        site.put(
            node,
            format!("[{only} for _ in range({right})]"),
            Class::Wrap,
            0.9,
        );
    }
}

/// What is divided by nothing.
fn divided(site: &mut Site<'_>, node: Node<'_>) {
    let Some((_, sign, right)) = super::operands(site, node) else {
        return;
    };
    let is_division = matches!(sign, "/" | "//" | "%");
    if !is_division || matches!(right.kind(), "integer" | "float") || !is_value(node) {
        return;
    }
    let (all, by) = (site.text(node), site.text(right));
    for otherwise in ["0", "None"] {
        let made = format!("({all} if {by} else {otherwise})");
        site.put(node, made, Class::Guard, 1.8);
    }
}

/// What a loop goes through, and what is changed in it, are two.
fn changed_within(site: &mut Site<'_>, node: Node<'_>) {
    let Some((right, body)) = super::fields(node, "right", "body") else {
        return;
    };
    let shown = site.text(right);
    let base = [".items()", ".keys()", ".values()"]
        .iter()
        .find_map(|view| shown.strip_suffix(view))
        .unwrap_or(shown);
    let inside = site.text(body);
    let is_changed = inside.contains(&format!("{base}["))
        || CHANGING
            .iter()
            .any(|method| inside.contains(&format!("{base}.{method}(")));
    if is_changed && matches!(right.kind(), "identifier" | "attribute" | "call") {
        site.put(right, format!("list({shown})"), Class::Wrap, 0.9);
    }
}

/// A default that all calls share.
fn shared_default(site: &mut Site<'_>, node: Node<'_>) {
    let Some((name, value)) = super::fields(node, "name", "value") else {
        return;
    };
    let is_shared = matches!(value.kind(), "list" | "dictionary" | "set")
        || matches!(site.text(value), "set()" | "dict()" | "list()");
    let function = node.parent().and_then(|parameters| parameters.parent());
    let body = function.and_then(|function| function.child_by_field_name("body"));
    let Some(body) = body.filter(|_| is_shared) else {
        return;
    };
    let first = named(body)
        .into_iter()
        .find(|statement| !super::is_docstring(*statement));
    let Some(first) = first else {
        return;
    };
    let text = site.program.text.as_str();
    let Some(indent) = indent_before(text, first.start_byte()) else {
        return;
    };
    let between = &text[value.end_byte()..first.start_byte()];
    let (name, value_text) = (site.text(name), site.text(value));
    let made =
        format!("None{between}if {name} is None:\n{indent}    {name} = {value_text}\n{indent}");
    site.splice(
        value.start_byte()..first.start_byte(),
        made,
        Class::Argument,
        1.0,
    );
}
