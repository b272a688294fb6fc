//! Other orders: of operands, arguments, elements, branches and statements.

use tree_sitter::Node;

use super::{Class, Site, operand};
use crate::program::named;

/// Longer lists are only turned at neighbours.
const ALL_PAIRS_MAX: usize = 5;
const ELEMENTS_MAX: usize = 30;

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    match node.kind() {
        "binary_operator" => swap_fields(site, node, "left", "right", 1.4),
        "comparison_operator" => {
            let operands = named(node);
            if let [left, right] = operands.as_slice() {
                swap(site, node, *left, *right, 1.5);
            }
        }
        "argument_list" | "tuple" | "list" | "expression_list" | "pattern_list" => {
            elements(site, node);
        }
        "conditional_expression" => {
            if let [yes, _, no] = named(node).as_slice() {
                swap(site, node, *yes, *no, 1.4);
            }
        }
        "if_statement" => branches(site, node),
        "block" | "module" => neighbours(site, node),
        "pair" => swap_fields(site, node, "key", "value", 1.6),
        "subscript" => {
            let value = node.child_by_field_name("value");
            if let Some(inner) = value.filter(|value| value.kind() == "subscript")
                && let (Some(one), Some(other)) = (
                    inner.child_by_field_name("subscript"),
                    node.child_by_field_name("subscript"),
                )
            {
                swap(site, node, one, other, 1.5);
            }
        }
        "call" => method_of_argument(site, node),
        _ => {}
    }
}

fn swap_fields(site: &mut Site<'_>, node: Node<'_>, one: &str, other: &str, cost: f64) {
    if let (Some(one), Some(other)) = (
        node.child_by_field_name(one),
        node.child_by_field_name(other),
    ) {
        swap(site, node, one, other, cost);
    }
}

/// `one` and `other`, which lie in `node` in this order, change places.
fn swap(site: &mut Site<'_>, node: Node<'_>, one: Node<'_>, other: Node<'_>, cost: f64) {
    let text = &site.program.text;
    let is_operand = node.kind() == "binary_operator";
    let shown = |node: Node<'_>| {
        let text = &text[node.byte_range()];
        if is_operand {
            operand(text, node.kind())
        } else {
            text.to_owned()
        }
    };
    let between = &text[one.end_byte()..other.start_byte()];
    let made = format!("{}{between}{}", shown(other), shown(one));
    site.splice(one.start_byte()..other.end_byte(), made, Class::Order, cost);
}

fn elements(site: &mut Site<'_>, node: Node<'_>) {
    let elements = named(node);
    if elements.len() > ELEMENTS_MAX {
        return;
    }
    for (place, one) in elements.iter().enumerate() {
        for (distance, other) in elements[place + 1..].iter().enumerate() {
            if distance > 0 && elements.len() > ALL_PAIRS_MAX {
                break;
            }
            let cost = if distance == 0 { 1.2 } else { 1.5 };
            match (
                one.child_by_field_name("value"),
                other.child_by_field_name("value"),
            ) {
                // Named arguments keep their names, whatever their order.
                (Some(one), Some(other))
                    if node.kind() == "argument_list"
                        && one
                            .parent()
                            .is_some_and(|parent| parent.kind() == "keyword_argument")
                        && other
                            .parent()
                            .is_some_and(|parent| parent.kind() == "keyword_argument") =>
                {
                    swap(site, node, one, other, cost);
                }
                _ => swap(site, node, *one, *other, cost),
            }
        }
    }
}

fn branches(site: &mut Site<'_>, node: Node<'_>) {
    let consequence = node.child_by_field_name("consequence");
    let alternative = node.child_by_field_name("alternative");
    let otherwise = alternative
        .filter(|alternative| alternative.kind() == "else_clause")
        .and_then(|alternative| alternative.child_by_field_name("body"));
    if let (Some(one), Some(other)) = (consequence, otherwise) {
        swap(site, node, one, other, 1.5);
    }
}

/// Two statements that follow each other, and stand on lines of their own.
fn neighbours(site: &mut Site<'_>, node: Node<'_>) {
    let statements = named(node);
    for pair in statements.windows(2) {
        if pair[0].end_position().row < pair[1].start_position().row {
            swap(site, node, pair[0], pair[1], 1.8);
        }
    }
}

/// `a.f(b)` as `b.f(a)`.
fn method_of_argument(site: &mut Site<'_>, node: Node<'_>) {
    let (Some(function), Some(list)) = (
        node.child_by_field_name("function"),
        node.child_by_field_name("arguments"),
    ) else {
        return;
    };
    if function.kind() != "attribute" || list.kind() != "argument_list" {
        return;
    }
    let arguments = named(list);
    let (Some(object), [argument]) = (function.child_by_field_name("object"), arguments.as_slice())
    else {
        return;
    };
    if argument.kind() == "keyword_argument" || object.kind() == "string" {
        return;
    }
    let between = &site.program.text[object.end_byte()..argument.start_byte()];
    let text = format!(
        "{}{between}{})",
        operand(site.text(*argument), argument.kind()),
        site.text(object)
    );
    site.put(node, text, Class::Order, 1.7);
}
