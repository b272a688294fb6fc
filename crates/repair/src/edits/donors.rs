//! Expressions borrowed from elsewhere in the module, and made from what is at hand.

use tree_sitter::Node;

use super::{Class, Site, is_value, operand};

/// What mutators leave where an expression was, and people where one is still to come.
pub(super) fn is_placeholder(node: Node<'_>, text: &str) -> bool {
    node.kind() == "none" || matches!(text, "[]" | "{}" | "\"\"" | "''" | "()" | "0")
}

/// What could have stood where nothing does.
pub(super) fn fill(site: &mut Site<'_>, node: Node<'_>) {
    if !is_value(node) || !is_placeholder(node, site.text(node)) {
        return;
    }
    let pool = site.pool;
    for name in pool.locals.iter().chain(&pool.fields) {
        site.put(node, name.clone(), Class::Name, 1.4);
    }
    for donor in &pool.donors {
        let cost = if donor.is_own { 1.7 } else { 2.0 };
        site.put(node, donor.text.clone(), Class::Donor, cost);
    }
    let parent = node.parent();
    let is_iterated =
        parent.is_some_and(|parent| matches!(parent.kind(), "for_statement" | "for_in_clause"));
    if is_iterated {
        iterables(site, node);
    }
}

/// What a loop may go through.
fn iterables(site: &mut Site<'_>, node: Node<'_>) {
    let pool = site.pool;
    let borrowed = pool
        .donors
        .iter()
        .filter(|donor| matches!(donor.kind.as_str(), "attribute" | "subscript" | "call"))
        .map(|donor| donor.text.clone());
    let bases: Vec<String> = pool
        .locals
        .iter()
        .chain(&pool.fields)
        .chain(&pool.globals)
        .cloned()
        .chain(borrowed)
        .collect();
    for base in &bases {
        for (before, behind) in [
            ("enumerate(", ")"),
            ("", ".items()"),
            ("sorted(", ")"),
            ("sorted(", ".items())"),
            ("range(", ")"),
            ("range(len(", "))"),
            ("reversed(", ")"),
            ("", ".values()"),
            ("enumerate(", ", 1)"),
            ("range(1, ", ")"),
            ("range(1, ", " + 1)"),
            ("", "[1:]"),
            ("", ".split()"),
            ("", ".split(\",\")"),
            ("", ".splitlines()"),
            ("set(", ")"),
            ("", "[::-1]"),
            ("sorted(set(", "))"),
        ] {
            site.put(
                node,
                format!("{before}{base}{behind}"),
                Class::Synthesis,
                2.0,
            );
        }
    }
    let names: Vec<&str> = pool.names().collect();
    for one in &names {
        for other in names.iter().filter(|other| *other != one) {
            for made in [
                format!("zip({one}, {other})"),
                format!("range({one}, {other})"),
                format!("range({one}, {other} + 1)"),
                format!("{one}[{other}]"),
                format!("{one} + {other}"),
                format!("{one}[:{other}]"),
                format!("{one}[{other}:]"),
            ] {
                site.put(node, made, Class::Synthesis, 2.2);
            }
        }
    }
}

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    if !is_value(node) || is_called(node) {
        return;
    }
    let text = site.text(node);
    let is_placeholder = is_placeholder(node, text);
    for donor in &site.pool.donors {
        let is_done_elsewhere = donor.kind == "identifier" && node.kind() == "identifier";
        let is_inside = donor.text.contains(text) && node.kind() == "identifier";
        if is_done_elsewhere {
            continue;
        }
        let mut cost = if is_placeholder { 1.7 } else { 2.6 };
        if donor.kind == node.kind() {
            cost -= 0.2;
        }
        if is_inside {
            cost -= 0.4;
        }
        if !donor.is_own {
            cost += 0.5;
        }
        let is_in_operator = node.parent().is_some_and(|parent| {
            parent.kind().ends_with("operator") || parent.kind() == "attribute"
        });
        let made = if is_in_operator {
            operand(&donor.text, &donor.kind)
        } else {
            donor.text.clone()
        };
        site.put(node, made, Class::Donor, cost);
    }
}

/// Small expressions over the names of the part.
pub(super) fn make(site: &mut Site<'_>, node: Node<'_>) {
    if !is_value(node)
        || is_called(node)
        || node.parent().is_some_and(|parent| is_inner(node, parent))
    {
        return;
    }
    let text = site.text(node);
    let extra = if is_placeholder(node, text) {
        -0.8
    } else {
        0.0
    };
    for (made, cost) in expressions(site) {
        let is_in_operator = node.parent().is_some_and(|parent| {
            parent.kind().ends_with("operator") || parent.kind() == "attribute"
        });
        let made = if is_in_operator && made.contains(' ') {
            format!("({made})")
        } else {
            made
        };
        site.put(node, made, Class::Synthesis, cost + extra);
    }
}

/// Parts of larger expressions are left to the smaller edits.
fn is_inner(node: Node<'_>, parent: Node<'_>) -> bool {
    matches!(parent.kind(), "attribute" | "subscript" | "slice" | "call")
        && parent.child_by_field_name("value") != Some(node)
}

fn is_called(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| {
        parent.kind() == "call" && parent.child_by_field_name("function") == Some(node)
    })
}

fn expressions(site: &Site<'_>) -> Vec<(String, f64)> {
    let names: Vec<&str> = site.pool.names().collect();
    let mut made = Vec::new();
    for one in &names {
        for function in [
            "len", "sum", "max", "min", "sorted", "list", "set", "abs", "str", "int",
        ] {
            made.push((format!("{function}({one})"), 3.2));
        }
        for (function, parameters) in &site.pool.functions {
            if parameters.len() == 1 {
                made.push((format!("{function}({one})"), 3.0));
            }
        }
        for bound in ["1", "2", "10"] {
            for sign in ["+", "-", "*", "//", "%"] {
                made.push((format!("{one} {sign} {bound}"), 3.3));
            }
        }
        for other in &names {
            if one == other {
                continue;
            }
            for sign in ["+", "-", "*", "//", "/", "%"] {
                made.push((format!("{one} {sign} {other}"), 3.3));
            }
            made.push((format!("{one}[{other}]"), 3.2));
            made.push((format!("{one}.get({other})"), 3.4));
            made.push((format!("{one}[{other}:]"), 3.5));
            made.push((format!("{one}[:{other}]"), 3.5));
            made.push((format!("min({one}, {other})"), 3.4));
            made.push((format!("max({one}, {other})"), 3.4));
            made.push((format!("{one} + [{other}]"), 3.4));
            made.push((format!("({one}, {other})"), 3.5));
            for (function, parameters) in &site.pool.functions {
                if parameters.len() == 2 {
                    made.push((format!("{function}({one}, {other})"), 3.1));
                }
            }
        }
    }
    made
}
