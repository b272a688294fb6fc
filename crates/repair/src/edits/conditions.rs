//! Conditions: turned round, extended, replaced.

use tree_sitter::Node;

use super::{Class, Pool, Site, Tier, operand};
use crate::program::named;

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>, tier: Tier) {
    for condition in conditions(node) {
        turn(site, condition);
        bound(site, condition);
        reach(site, condition);
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

/// A place is looked at if there is one, and a value if it is not nothing.
fn reach(site: &mut Site<'_>, condition: Node<'_>) {
    let text = site.text(condition);
    let inner = match condition.kind() {
        "boolean_operator" | "conditional_expression" | "lambda" => format!("({text})"),
        _ => text.to_owned(),
    };
    let mut places = Vec::new();
    super::pool::each(condition, &mut |node| {
        let value = node.child_by_field_name("value");
        let place = node.child_by_field_name("subscript");
        if let (Some(value), Some(place)) = (value, place)
            && matches!(place.kind(), "identifier" | "binary_operator")
        {
            places.push((site.text(value), site.text(place)));
        }
    });
    for (value, place) in places {
        let made = format!("{place} < len({value}) and {inner}");
        site.put(condition, made, Class::ConditionExtended, 1.4);
        let made = format!("{place} in {value} and {inner}");
        site.put(condition, made, Class::ConditionExtended, 1.9);
    }
    let (bare, made) = match condition.kind() {
        "not_operator" => (condition.child_by_field_name("argument"), "is None"),
        _ => (Some(condition), "is not None"),
    };
    let is_asked = |bare: &Node<'_>| {
        matches!(
            bare.kind(),
            "identifier" | "attribute" | "call" | "subscript"
        )
    };
    if let Some(bare) = bare.filter(is_asked) {
        let made = format!("{} {made}", site.text(bare));
        site.put(condition, made, Class::Condition, 1.6);
    }
}

/// What is below something is also not below zero.
fn bound(site: &mut Site<'_>, condition: Node<'_>) {
    let text = site.text(condition);
    let mut places = Vec::new();
    super::pool::each(condition, &mut |node| {
        let Some(first) = named(node).into_iter().next() else {
            return;
        };
        let behind = site.program.text[first.end_byte()..].trim_start();
        let is_pair = node.kind() == "comparison_operator" && named(node).len() == 2;
        let is_number = matches!(first.kind(), "identifier" | "attribute" | "binary_operator");
        if is_pair && is_number && behind.starts_with('<') {
            places.push(node.start_byte());
        }
    });
    for at in &places {
        site.splice(*at..*at, "0 <= ", Class::ConditionExtended, 1.9);
    }
    if places.len() > 1 {
        let mut made = text.to_owned();
        for at in places.iter().rev() {
            made.insert_str(at - condition.start_byte(), "0 <= ");
        }
        site.put(condition, made, Class::ConditionExtended, 1.9);
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
    for name in &pool.typed {
        for kind in ["bool", "str", "int", "list", "dict", "float"] {
            atoms.push((format!("isinstance({name}, {kind})"), 0.4));
            atoms.push((format!("not isinstance({name}, {kind})"), 0.4));
        }
    }
    for record in &pool.records {
        for word in &pool.words {
            atoms.push((format!("{record}[{word}]"), 0.4));
            atoms.push((format!("not {record}[{word}]"), 0.4));
        }
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
    let pool = site.pool;
    for condition in &pool.conditions {
        let made = format!(" if {condition}");
        site.splice(end..end, made, Class::ConditionExtended, 2.7);
    }
    // Something that is there, of what is gone through.
    let asked = pool.donors.iter().filter(|donor| {
        let is_asked = matches!(donor.kind.as_str(), "call" | "subscript" | "attribute");
        let begins = |name: &String| {
            let rest = donor.text.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.starts_with(['.', '[']))
        };
        is_asked && donor.is_own && variables.iter().any(begins)
    });
    for donor in asked {
        for sign in ["", "not "] {
            let made = format!(" if {sign}{}", donor.text);
            site.splice(end..end, made, Class::ConditionExtended, 2.4);
        }
    }
}
