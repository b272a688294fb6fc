//! Other operators.

use tree_sitter::Node;

use super::{Class, Site, operand};
use crate::program::named;

const ORDERING: [&str; 6] = ["<", "<=", ">", ">=", "==", "!="];
const ARITHMETIC: [&str; 7] = ["+", "-", "*", "//", "/", "%", "**"];
const BITS: [&str; 5] = ["&", "|", "^", "<<", ">>"];
const AUGMENTED: [&str; 13] = [
    "+=", "-=", "*=", "//=", "/=", "%=", "**=", "&=", "|=", "^=", "<<=", ">>=", "=",
];

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    match node.kind() {
        "comparison_operator" => comparison(site, node),
        "binary_operator" => binary(site, node),
        "boolean_operator" => boolean(site, node),
        "augmented_assignment" => augmented(site, node),
        "assignment" => plain_assignment(site, node),
        "unary_operator" | "not_operator" => {
            if let Some(argument) = node.child_by_field_name("argument") {
                let bare = site.text(argument).to_owned();
                site.put(node, bare, Class::Operator, 1.0);
            }
            if let Some(sign) = node.child_by_field_name("operator") {
                for other in ["-", "~"] {
                    site.put(sign, other, Class::Operator, 1.2);
                }
            }
        }
        _ => {}
    }
}

fn comparison(site: &mut Site<'_>, node: Node<'_>) {
    let operands = named(node);
    for pair in operands.windows(2) {
        let between = pair[0].end_byte()..pair[1].start_byte();
        let written = &site.program.text[between.clone()];
        let operator = written.trim();
        let begin = between.start + written.find(operator).unwrap_or(0);
        let range = begin..begin + operator.len();
        let normal: Vec<&str> = operator.split_whitespace().collect();
        let (near, far): (&[&str], &[&str]) = match normal.as_slice() {
            ["in"] => (&["not in"], &["==", "!="]),
            ["not", "in"] => (&["in"], &["!=", "=="]),
            ["is"] => (&["is not"], &["==", "!="]),
            ["is", "not"] => (&["is"], &["!=", "=="]),
            ["<"] => (&["<="], &[">", ">=", "!=", "=="]),
            ["<="] => (&["<"], &[">=", ">", "==", "!="]),
            [">"] => (&[">="], &["<", "<=", "!=", "=="]),
            [">="] => (&[">"], &["<=", "<", "==", "!="]),
            ["=="] => (
                &["!="],
                &["<=", ">=", "<", ">", "in", "not in", "is", "is not"],
            ),
            ["!="] => (
                &["=="],
                &["<", ">", "<=", ">=", "not in", "in", "is not", "is"],
            ),
            _ => (&[], &ORDERING),
        };
        for other in near {
            site.splice(range.clone(), *other, Class::Operator, 0.9);
        }
        for other in far {
            // Who writes a bound means one.
            let is_bound = operator.contains(['<', '>']);
            let cost = match *other {
                "==" | "!=" if is_bound => 1.2,
                other if ORDERING.contains(&other) => 1.0,
                _ => 1.3,
            };
            site.splice(range.clone(), *other, Class::Operator, cost);
        }
    }
}

fn binary(site: &mut Site<'_>, node: Node<'_>) {
    let (Some(left), Some(sign), Some(right)) = parts(node) else {
        return;
    };
    let operator = site.text(sign);
    let is_bit = BITS.contains(&operator);
    for other in ARITHMETIC.iter().chain(&BITS) {
        let is_same_family = BITS.contains(other) == is_bit;
        let cost = if is_same_family { 1.0 } else { 1.7 };
        site.put(sign, *other, Class::Operator, cost);
    }
    for side in [left, right] {
        let bare = site.text(side).to_owned();
        site.put(node, bare, Class::Operator, 1.7);
    }
    regroup(site, node, left, operator, right);
    one_more(site, node, operator);
}

/// One more of what is summed up.
fn one_more(site: &mut Site<'_>, node: Node<'_>, operator: &str) {
    let is_inner = node
        .parent()
        .is_some_and(|parent| parent.kind() == "binary_operator");
    if is_inner || !matches!(operator, "+" | "-") {
        return;
    }
    let text = site.text(node);
    let others = site.pool.names().filter(|name| !text.contains(name));
    for other in others.map(ToOwned::to_owned).collect::<Vec<_>>() {
        for (sign, cost) in [('+', 1.9), ('-', 2.1)] {
            site.put(
                node,
                format!("{text} {sign} {other}"),
                Class::Operator,
                cost,
            );
        }
    }
}

/// `a + b * c` as `(a + b) * c`, and the other way round.
fn regroup(site: &mut Site<'_>, node: Node<'_>, left: Node<'_>, operator: &str, right: Node<'_>) {
    if right.kind() == "binary_operator"
        && let (Some(middle), Some(inner), Some(last)) = parts(right)
    {
        let text = format!(
            "({} {operator} {}) {} {}",
            site.text(left),
            site.text(middle),
            site.text(inner),
            site.text(last)
        );
        site.put(node, text, Class::Order, 1.8);
    }
    // `a - b * c / d` as `(a - b) * c / d`.
    let mut first = right;
    while first.kind() == "binary_operator" {
        let Some(inner) = first.child_by_field_name("left") else {
            return;
        };
        first = inner;
    }
    let rest = &site.program.text[first.end_byte()..right.end_byte()];
    if right.kind() == "binary_operator" {
        let text = format!(
            "({} {operator} {}){rest}",
            site.text(left),
            site.text(first)
        );
        site.put(node, text, Class::Order, 1.6);
    }
    let bare = unparenthesized(left);
    if bare.kind() == "binary_operator"
        && let (Some(first), Some(inner), Some(middle)) = parts(bare)
    {
        let text = format!(
            "{} {} ({} {operator} {})",
            site.text(first),
            site.text(inner),
            site.text(middle),
            site.text(right)
        );
        site.put(node, text, Class::Order, 1.8);
    }
}

/// What is compared with a bound is more than what is there.
pub(super) fn more_compared(site: &mut Site<'_>, node: Node<'_>) {
    let operands = named(node);
    let [left, right] = operands.as_slice() else {
        return;
    };
    let between = &site.program.text[left.end_byte()..right.start_byte()];
    if node.kind() != "comparison_operator" || !between.contains(['<', '>']) {
        return;
    }
    let pool = site.pool;
    for side in [left, right] {
        let text = site.text(*side);
        if !matches!(
            side.kind(),
            "identifier" | "attribute" | "call" | "subscript"
        ) {
            continue;
        }
        for other in pool.names().chain(pool.fields.iter().map(String::as_str)) {
            for sign in ['+', '-'] {
                if other != text {
                    site.put(
                        *side,
                        format!("{text} {sign} {other}"),
                        Class::Operator,
                        2.2,
                    );
                }
            }
        }
    }
}

fn unparenthesized(node: Node<'_>) -> Node<'_> {
    if node.kind() == "parenthesized_expression" {
        named(node).into_iter().next().unwrap_or(node)
    } else {
        node
    }
}

fn parts(node: Node<'_>) -> (Option<Node<'_>>, Option<Node<'_>>, Option<Node<'_>>) {
    (
        node.child_by_field_name("left"),
        node.child_by_field_name("operator"),
        node.child_by_field_name("right"),
    )
}

fn boolean(site: &mut Site<'_>, node: Node<'_>) {
    let (Some(left), Some(sign), Some(right)) = parts(node) else {
        return;
    };
    let other = if site.text(sign) == "and" {
        "or"
    } else {
        "and"
    };
    site.put(sign, other, Class::Operator, 0.9);
    if other == "and" {
        let (wanted, otherwise) = (site.text(left), site.text(right));
        let made = format!("{wanted} if {wanted} is not None else {otherwise}");
        site.put(node, made, Class::Condition, 1.5);
    }
    for side in [left, right] {
        let bare = site.text(side).to_owned();
        site.put(node, bare, Class::Condition, 1.6);
        let negated = format!("not {}", operand(site.text(side), side.kind()));
        site.put(side, negated, Class::Condition, 1.5);
    }
}

fn augmented(site: &mut Site<'_>, node: Node<'_>) {
    let Some(sign) = node.child_by_field_name("operator") else {
        return;
    };
    for other in AUGMENTED {
        site.put(sign, other, Class::Operator, 1.0);
    }
}

fn is_empty(text: &str) -> bool {
    matches!(text, "0" | "\"\"" | "''" | "[]" | "{}" | "None" | "set()")
}

/// `x = y` as `x += y`.
fn plain_assignment(site: &mut Site<'_>, node: Node<'_>) {
    let (Some(left), Some(right)) = (
        node.child_by_field_name("left"),
        node.child_by_field_name("right"),
    ) else {
        return;
    };
    if node.child_by_field_name("type").is_some() || left.kind().ends_with("_list") {
        return;
    }
    // Nothing more is nothing else.
    if is_empty(site.text(right)) {
        return;
    }
    let between = left.end_byte()..right.start_byte();
    for sign in ["+=", "-=", "*=", "|=", "//=", "%=", "^=", "&="] {
        let cost = match sign {
            "+=" => 1.2,
            "-=" | "|=" => 1.3,
            "*=" => 1.5,
            _ => 1.8,
        };
        site.splice(between.clone(), format!(" {sign} "), Class::Operator, cost);
    }
}
