//! Other numbers and constants.

use tree_sitter::Node;

use super::{Class, Site, is_value, may_be_number, operand};

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    match node.kind() {
        "integer" => integer(site, node),
        "float" => float(site, node),
        "true" => site.put(node, "False", Class::Constant, 0.9),
        "false" => site.put(node, "True", Class::Constant, 0.9),
        "none" if is_value(node) => {
            for other in ["0", "\"\"", "[]", "{}", "True", "False", "1", "set()", "()"] {
                site.put(node, other, Class::Constant, 1.7);
            }
        }
        _ => {}
    }
    off_by_one(site, node);
}

fn integer(site: &mut Site<'_>, node: Node<'_>) {
    let Ok(value) = site.text(node).replace('_', "").parse::<i64>() else {
        return;
    };
    for (other, cost) in [
        (value.saturating_add(1), 0.9),
        (value.saturating_sub(1), 0.9),
        (0, 1.2),
        (1, 1.2),
        (2, 1.4),
        (value.saturating_neg(), 1.5),
        (value.saturating_mul(2), 1.7),
        (value / 2, 1.7),
        (value.saturating_add(2), 1.8),
        (value.saturating_sub(2), 1.8),
        (value.saturating_mul(10), 1.9),
        (value / 10, 1.9),
    ] {
        let text = if other < 0 {
            format!("({other})")
        } else {
            other.to_string()
        };
        let is_bare = node.parent().is_some_and(|parent| {
            matches!(
                parent.kind(),
                "argument_list" | "return_statement" | "assignment" | "subscript" | "slice"
            )
        });
        let text = if is_bare && other < 0 {
            other.to_string()
        } else {
            text
        };
        if other != value {
            site.put(node, text, Class::Number, cost);
        }
    }
    for other in &site.pool.integers {
        site.put(node, other.clone(), Class::Number, 1.5);
    }
    named(site, node);
}

/// A name in the place of a number.
fn named(site: &mut Site<'_>, node: Node<'_>) {
    let signed = node
        .parent()
        .filter(|parent| parent.kind() == "unary_operator");
    let whole = signed.unwrap_or(node);
    if !is_value(whole) {
        return;
    }
    let names = site.pool.locals.iter().chain(&site.pool.fields);
    for name in names {
        site.put(whole, name.clone(), Class::Name, 1.7);
    }
    for name in &site.pool.globals {
        site.put(whole, name.clone(), Class::Name, 2.0);
    }
}

fn float(site: &mut Site<'_>, node: Node<'_>) {
    let Ok(value) = site.text(node).replace('_', "").parse::<f64>() else {
        return;
    };
    for other in [
        value + 1.0,
        value - 1.0,
        0.0,
        1.0,
        value / 2.0,
        value * 2.0,
        value * 10.0,
        value / 10.0,
        -value,
    ] {
        // As a person writes it, whatever the sum leaves behind.
        let rounded: f64 = format!("{other:.10}").parse().unwrap_or(other);
        site.put(node, format!("{rounded:?}"), Class::Number, 1.2);
    }
}

/// `e + 1` and `e - 1`, where a count, a place or a bound stands.
fn off_by_one(site: &mut Site<'_>, node: Node<'_>) {
    let Some(parent) = node.parent() else {
        return;
    };
    let is_place = matches!(
        parent.kind(),
        "comparison_operator"
            | "subscript"
            | "slice"
            | "return_statement"
            | "assignment"
            | "augmented_assignment"
            | "argument_list"
            | "binary_operator"
            | "expression_list"
            | "conditional_expression"
            | "parenthesized_expression"
            | "keyword_argument"
            | "tuple"
            | "list"
            | "pair"
    );
    let is_kind = matches!(
        node.kind(),
        "identifier"
            | "call"
            | "attribute"
            | "subscript"
            | "binary_operator"
            | "parenthesized_expression"
    );
    if !is_place || !is_kind || !is_value(node) || !may_be_number(node, &site.program.text) {
        return;
    }
    if parent.kind() == "subscript" && parent.child_by_field_name("value") == Some(node) {
        return;
    }
    let text = site.text(node);
    let bare = if parent.kind() == "binary_operator" {
        operand(text, node.kind())
    } else {
        text.to_owned()
    };
    for sign in ['+', '-'] {
        let made = format!("{bare} {sign} 1");
        let made = if parent.kind() == "binary_operator" {
            format!("({made})")
        } else {
            made
        };
        site.put(node, made, Class::OffByOne, 1.6);
    }
}
