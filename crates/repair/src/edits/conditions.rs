//! Conditions: turned round, extended, replaced.

use tree_sitter::Node;

use super::{Class, Pool, Site, Tier, operand};
use crate::program::named;

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>, tier: Tier) {
    for condition in conditions(node) {
        turn(site, condition);
        if tier >= Tier::Middle {
            change(site, condition, tier);
        }
    }
    if tier >= Tier::Middle && node.kind() == "for_in_clause" {
        filter(site, node);
    }
}

/// What decides in a statement or an expression.
fn conditions(node: Node<'_>) -> Vec<Node<'_>> {
    match node.kind() {
        "if_statement" | "elif_clause" | "while_statement" => {
            node.child_by_field_name("condition").into_iter().collect()
        }
        "conditional_expression" => named(node).get(1).copied().into_iter().collect(),
        "if_clause" | "assert_statement" => named(node).first().copied().into_iter().collect(),
        "return_statement" => named(node)
            .first()
            .copied()
            .filter(|value| {
                matches!(
                    value.kind(),
                    "comparison_operator" | "boolean_operator" | "not_operator"
                )
            })
            .into_iter()
            .collect(),
        "argument_list" => named(node)
            .into_iter()
            .filter(|value| matches!(value.kind(), "comparison_operator" | "boolean_operator"))
            .collect(),
        _ => Vec::new(),
    }
}

fn turn(site: &mut Site<'_>, condition: Node<'_>) {
    let text = site.text(condition);
    let negated = format!("not {}", operand(text, condition.kind()));
    site.put(condition, negated, Class::Condition, 1.1);
    for constant in ["True", "False"] {
        site.put(condition, constant, Class::Condition, 1.9);
    }
}

fn change(site: &mut Site<'_>, condition: Node<'_>, tier: Tier) {
    let text = site.text(condition).to_owned();
    let inner = operand(&text, condition.kind());
    let side = |connective: &str| {
        let is_same = condition.kind() == "boolean_operator" && text.contains(connective);
        let is_simple = !matches!(
            condition.kind(),
            "boolean_operator" | "conditional_expression" | "lambda" | "named_expression"
        );
        if is_same || is_simple {
            text.clone()
        } else {
            inner.clone()
        }
    };
    for (atom, extra) in atoms(site.pool, tier) {
        let atom = if atom.contains(" or ") || atom.contains(" and ") {
            format!("({atom})")
        } else {
            atom
        };
        if text.contains(&atom) {
            continue;
        }
        for connective in ["and", "or"] {
            let made = format!("{} {connective} {atom}", side(&format!(" {connective} ")));
            site.put(condition, made, Class::ConditionExtended, 2.4 + extra);
        }
        if tier >= Tier::Large || extra > 0.0 {
            for connective in ["and", "or"] {
                let made = format!("{atom} {connective} {}", side(&format!(" {connective} ")));
                site.put(condition, made, Class::ConditionExtended, 2.7 + extra);
            }
        }
        site.put(condition, atom, Class::ConditionReplaced, 2.3 + extra);
    }
}

/// Small conditions over what is at hand, with what each costs more.
pub(super) fn atoms(pool: &Pool, tier: Tier) -> Vec<(String, f64)> {
    let mut atoms: Vec<(String, f64)> = pool
        .conditions
        .iter()
        .map(|condition| (condition.clone(), 0.0))
        .collect();
    let names: Vec<&str> = pool.names().collect();
    for name in names
        .iter()
        .copied()
        .chain(pool.fields.iter().map(String::as_str))
    {
        atoms.push((name.to_owned(), 0.1));
        atoms.push((format!("not {name}"), 0.1));
        atoms.push((format!("{name} is None"), 0.4));
        atoms.push((format!("{name} is not None"), 0.4));
        for other in ["== 0", "> 0", "< 0", ">= 0", "!= 0", "== 1", "> 1", "<= 0"] {
            atoms.push((format!("{name} {other}"), 0.4));
        }
        atoms.push((format!("len({name}) > 1"), 0.6));
        atoms.push((format!("len({name}) == 1"), 0.6));
        atoms.push((format!("{name}[-1]"), 0.8));
    }
    for one in &names {
        for other in &names {
            if one == other {
                continue;
            }
            for operator in ["in", "not in", "<", "<=", "=="] {
                let extra = if matches!(operator, "in" | "not in") {
                    0.2
                } else {
                    0.3
                };
                atoms.push((format!("{one} {operator} {other}"), extra));
            }
            if one < other {
                atoms.push((format!("{one} != {other}"), 0.4));
            }
        }
    }
    if tier >= Tier::Large {
        for one in &names {
            for other in pool.donors.iter().filter(|donor| donor.is_own) {
                if matches!(
                    other.kind.as_str(),
                    "call" | "subscript" | "attribute" | "binary_operator" | "string" | "integer"
                ) && other.text != **one
                {
                    for operator in ["==", "!=", "<", ">", "<=", ">=", "in"] {
                        atoms.push((format!("{one} {operator} {}", other.text), 0.8));
                    }
                }
            }
        }
    }
    atoms
}

/// A condition for a comprehension that takes everything.
fn filter(site: &mut Site<'_>, clause: Node<'_>) {
    let has_filter = clause
        .next_named_sibling()
        .is_some_and(|next| next.kind() == "if_clause");
    let Some(variable) = clause.child_by_field_name("left").filter(|_| !has_filter) else {
        return;
    };
    let end = clause.end_byte();
    let mut variables = Vec::new();
    super::pool::each(variable, &mut |node| {
        if node.kind() == "identifier" {
            variables.push(site.program.text[node.byte_range()].to_owned());
        }
    });
    let others: Vec<String> = site.pool.names().map(ToOwned::to_owned).collect();
    for name in &variables {
        site.splice(
            end..end,
            format!(" if {name}"),
            Class::ConditionExtended,
            2.2,
        );
        for test in ["is not None", "> 0", "!= 0", ">= 0"] {
            let made = format!(" if {name} {test}");
            site.splice(end..end, made, Class::ConditionExtended, 2.5);
        }
        for other in others
            .iter()
            .chain(&variables)
            .filter(|other| *other != name)
        {
            for operator in ["!=", "==", "in", "not in", "<", ">", "<=", ">="] {
                let made = format!(" if {name} {operator} {other}");
                site.splice(end..end, made, Class::ConditionExtended, 2.6);
            }
        }
    }
    for condition in &site.pool.conditions {
        site.splice(
            end..end,
            format!(" if {condition}"),
            Class::ConditionExtended,
            2.7,
        );
    }
}
