//! Copies of what is there: a statement that is needed at one more place, its parallel with other names, and
//! the branch for one more case.

use std::ops::Range;

use tree_sitter::Node;

use super::{
    Class, Site,
    insertions::{Gap, Owner, gaps},
    pool::each,
};
use crate::program::{indent_before, line_of, named};

const STATEMENTS_MAX: usize = 14;
const CHARS_MAX: usize = 100;
/// Copies of one statement.
const PARALLELS_MAX: usize = 60;
const TWINS_MAX: usize = 12;
/// Statements of a branch that is copied.
const BODY_MAX: usize = 2;
/// Single letters of what the program is given.
const LETTERS_MAX: usize = 16;
/// Branches for one more case, of a part.
const BRANCHES_MAX: usize = 1_200;
const TEXTS_MAX: usize = 20;

/// What is forgotten most: the end of a turn, what a function gives, and a statement that is elsewhere, too.
pub(super) fn near(site: &mut Site<'_>, nodes: &[Node<'_>]) {
    let pool = site.pool;
    let blocks = nodes.iter().filter(|node| node.kind() == "block");
    let all: Vec<Gap> = blocks.flat_map(|block| gaps(site, *block)).collect();
    let is_generator = nodes.iter().any(|node| node.kind() == "yield");
    for gap in all.iter().filter(|gap| gap.is_in_function) {
        if gap.is_end && gap.is_in_loop && gap.owner == Owner::Case {
            for end in ["continue", "break"] {
                put(site, gap, end, 1.9);
            }
        }
        if gap.is_end && gap.owner == Owner::Function && !is_generator {
            for name in &pool.locals {
                put(site, gap, &format!("return {name}"), 1.8);
            }
        }
        for statement in pool.statements.iter().take(STATEMENTS_MAX) {
            put(site, gap, statement, 2.3);
        }
        for compound in &pool.compounds {
            let leaves = compound.contains("continue") || compound.contains("break");
            if gap.is_in_loop || !leaves {
                put(site, gap, compound, 2.4);
            }
        }
    }
}

fn put(site: &mut Site<'_>, gap: &Gap, statement: &str, cost: f64) {
    site.splice(
        gap.at..gap.at,
        gap.filled(statement),
        Class::Insertion,
        cost,
    );
}

/// A text with other texts in some of its places.
fn with(text: &str, changes: &[(Range<usize>, &str)]) -> String {
    let mut sorted: Vec<&(Range<usize>, &str)> = changes.iter().collect();
    sorted.sort_by_key(|(range, _)| range.start);
    let mut made = String::new();
    let mut at = 0;
    for (range, other) in sorted {
        made.push_str(&text[at..range.start]);
        made.push_str(other);
        at = range.end;
    }
    made.push_str(&text[at..]);
    made
}

/// Where the leaves of one kind are in a node, and what they say.
fn leaves<'a>(site: &Site<'a>, node: Node<'_>, kind: &str) -> Vec<(Range<usize>, &'a str)> {
    let mut found = Vec::new();
    each(node, &mut |leaf| {
        let is_attribute = leaf
            .parent()
            .is_some_and(|parent| parent.child_by_field_name("attribute") == Some(leaf));
        if leaf.kind() == kind && !is_attribute {
            let range = leaf.start_byte() - node.start_byte()..leaf.end_byte() - node.start_byte();
            found.push((range, site.text(leaf)));
        }
    });
    found
}

/// `left.extend(a)` beside `right.extend(b)`: behind a statement its copy with other names, or before and
/// behind all of its block with another number.
pub(super) fn parallels(site: &mut Site<'_>, nodes: &[Node<'_>]) {
    for (node, indent) in super::deeds(site, nodes) {
        let text = site.text(node);
        if text.len() > CHARS_MAX {
            continue;
        }
        let end = node.end_byte();
        for (made, cost) in renamed(site, node, false).into_iter().take(PARALLELS_MAX) {
            site.splice(
                end..end,
                format!("\n{indent}{made}"),
                Class::Insertion,
                cost,
            );
        }
        let Some(block) = node.parent() else {
            continue;
        };
        let numbers = leaves(site, node, "integer");
        let all = gaps(site, block);
        for (range, number) in &numbers {
            for other in site.pool.integers.iter().filter(|other| other != number) {
                let made = with(text, &[(range.clone(), other)]);
                for gap in &all {
                    put(site, gap, &made, 2.5);
                }
            }
        }
    }
}

/// Behind a statement its copy with others for two names that are alike: what is done with one of two.
pub(super) fn twins(site: &mut Site<'_>, nodes: &[Node<'_>]) {
    for (node, indent) in super::deeds(site, nodes) {
        let end = node.end_byte();
        for (made, cost) in renamed(site, node, true).into_iter().take(TWINS_MAX) {
            let made = format!("\n{indent}{made}");
            site.splice(end..end, made, Class::Insertion, cost - 0.3);
        }
    }
}

/// `set(a)` beside `set(b)`: what is done with one of two names is done with both.
pub(super) fn both(site: &mut Site<'_>, node: Node<'_>) {
    let is_wanted = matches!(node.kind(), "call" | "subscript" | "comparison_operator");
    if !is_wanted || !super::is_value(node) || site.text(node).len() > CHARS_MAX {
        return;
    }
    let text = site.text(node).to_owned();
    let signs: &[&str] = if node.kind() == "comparison_operator" {
        &["and", "or"]
    } else {
        &["+", "|"]
    };
    let is_in_operator = node
        .parent()
        .is_some_and(|parent| parent.kind().ends_with("operator") || parent.kind() == "attribute");
    let given = &site.pool.parameters;
    let mut made = Vec::new();
    for (_, name) in leaves(site, node, "identifier") {
        let is_given = given.iter().any(|given| given == name);
        let alike = site
            .pool
            .names()
            .filter(|other| *other != name && is_given == given.iter().any(|given| given == other));
        for other in alike {
            let changes: Vec<(Range<usize>, &str)> = leaves(site, node, "identifier")
                .into_iter()
                .filter(|(_, found)| *found == name)
                .map(|(range, _)| (range, other))
                .collect();
            let twin = with(&text, &changes);
            made.extend(signs.iter().map(|sign| format!("{text} {sign} {twin}")));
        }
    }
    for other in made.into_iter().take(PARALLELS_MAX) {
        let other = if is_in_operator {
            format!("({other})")
        } else {
            other
        };
        site.put(node, other, Class::Operator, 2.3);
    }
}

/// A statement with other names for one or two of its own.
fn renamed(site: &Site<'_>, node: Node<'_>, are_alike: bool) -> Vec<(String, f64)> {
    let text = site.text(node);
    let is_local = |name: &str| site.pool.locals.iter().any(|local| local == name);
    let found = leaves(site, node, "identifier");
    let mut names: Vec<&str> = found.iter().map(|(_, name)| *name).collect();
    names.retain(|name| is_local(name));
    names.sort_unstable();
    names.dedup();
    let swap = |pairs: &[(&str, &str)]| {
        let mut changes: Vec<(Range<usize>, &str)> = Vec::new();
        for (range, name) in &found {
            if let Some((_, other)) = pairs.iter().find(|(from, _)| from == name) {
                changes.push((range.clone(), other));
            }
        }
        with(text, &changes)
    };
    let others: Vec<&str> = site
        .pool
        .names()
        .filter(|name| !names.contains(name))
        .collect();
    let mut made = Vec::new();
    if !are_alike {
        for one in &names {
            for other in &others {
                made.push((swap(&[(one, other)]), 2.4));
            }
        }
    }
    // Parameters for parameters, and what is bound for what is bound.
    let is_given = |name: &str| site.pool.parameters.iter().any(|given| given == name);
    let fit = |one: &str, other: &str| !are_alike || is_given(one) == is_given(other);
    for (place, one) in names.iter().enumerate() {
        for two in &names[place + 1..] {
            for first in &others {
                for second in others.iter().filter(|second| *second != first) {
                    if !fit(one, first) || !fit(two, second) {
                        continue;
                    }
                    made.push((swap(&[(one, first), (two, second)]), 2.6));
                }
            }
        }
    }
    made
}

/// For one more case what is done for another, but for a text, a number, a name or an operator.
pub(super) fn branches(site: &mut Site<'_>, nodes: &[Node<'_>]) {
    let mut left = BRANCHES_MAX;
    for node in nodes {
        if !matches!(node.kind(), "if_statement" | "elif_clause") {
            continue;
        }
        let Some((condition, body)) = super::fields(*node, "condition", "consequence") else {
            continue;
        };
        let statements = named(body);
        let Some(first) = statements.first().filter(|_| statements.len() <= BODY_MAX) else {
            continue;
        };
        let Some(outer) = indent_before(&site.program.text, node.start_byte()) else {
            continue;
        };
        let (_, inner) = line_of(&site.program.text, first.start_byte());
        let is_wide = site.text(body).lines().count() > statements.len();
        if is_wide || inner.len() <= outer.len() {
            continue;
        }
        let is_chained =
            node.kind() == "elif_clause" || node.child_by_field_name("alternative").is_some();
        let keyword = if is_chained { "elif" } else { "if" };
        let end = body.end_byte();
        let bodies: Vec<(String, f64)> = statements
            .iter()
            .flat_map(|statement| bodies(site, *statement))
            .collect();
        for condition in cases(site, condition) {
            for (body, more) in &bodies {
                if left == 0 {
                    return;
                }
                left -= 1;
                let made = format!("\n{outer}{keyword} {condition}:\n{inner}{body}");
                site.splice(end..end, made, Class::Guard, 2.5 + more);
            }
        }
    }
}

/// A condition for another text or number.
fn cases(site: &Site<'_>, condition: Node<'_>) -> Vec<String> {
    let text = site.text(condition);
    let mut made = Vec::new();
    for (range, own) in leaves(site, condition, "string") {
        for other in texts(site).filter(|other| *other != own) {
            made.push(with(text, &[(range.clone(), other)]));
        }
        if own.chars().count() == 3 {
            for other in &letters(site) {
                made.push(with(text, &[(range.clone(), other)]));
            }
        }
    }
    for (range, own) in leaves(site, condition, "integer") {
        for other in site.pool.integers.iter().filter(|other| *other != own) {
            made.push(with(text, &[(range.clone(), other)]));
        }
    }
    made
}

/// Signs in the texts of the inputs, which the program does not know yet.
fn letters(site: &Site<'_>) -> Vec<String> {
    let all = site.pool.words.iter().flat_map(|word| word.chars());
    let mut found: Vec<String> = all
        .filter(|letter| letter.is_ascii_punctuation() && *letter != '"')
        .map(|letter| format!("\"{letter}\""))
        .filter(|letter| !site.pool.texts.contains(letter))
        .collect();
    found.sort_unstable();
    found.dedup();
    found.truncate(LETTERS_MAX);
    found
}

/// Texts of the inputs first, which the program does not know yet.
fn texts<'a>(site: &Site<'a>) -> impl Iterator<Item = &'a str> {
    let pool = site.pool;
    let all = pool.words.iter().chain(&pool.texts);
    all.map(String::as_str).take(TEXTS_MAX)
}

/// What could be done in another case, with what each costs more.
fn bodies(site: &Site<'_>, body: Node<'_>) -> Vec<(String, f64)> {
    let text = site.text(body);
    let mut made = Vec::new();
    for (range, own) in leaves(site, body, "string") {
        for other in site
            .pool
            .texts
            .iter()
            .take(TEXTS_MAX)
            .filter(|other| *other != own)
        {
            made.push((with(text, &[(range.clone(), other)]), 0.0));
        }
    }
    each(body, &mut |node| {
        let sign = node.child_by_field_name("operator");
        if let Some(sign) =
            sign.filter(|_| matches!(node.kind(), "binary_operator" | "augmented_assignment"))
        {
            let at = sign.start_byte() - body.start_byte()..sign.end_byte() - body.start_byte();
            let equals = if node.kind() == "binary_operator" {
                ""
            } else {
                "="
            };
            let others = [
                ("+", 0.0),
                ("-", 0.0),
                ("*", 0.1),
                ("/", 0.1),
                ("//", 0.3),
                ("%", 0.3),
            ];
            for (other, more) in others {
                let other = format!("{other}{equals}");
                if other != site.text(sign) {
                    made.push((with(text, &[(at.clone(), &other)]), more));
                }
            }
        }
    });
    for (range, own) in leaves(site, body, "identifier") {
        for other in site.pool.names().filter(|other| *other != own) {
            made.push((with(text, &[(range.clone(), other)]), 0.2));
        }
    }
    for (range, own) in leaves(site, body, "integer") {
        for other in site.pool.integers.iter().filter(|other| *other != own) {
            made.push((with(text, &[(range.clone(), other)]), 0.1));
        }
    }
    for (own, other) in [("true", "False"), ("false", "True")] {
        for (range, _) in leaves(site, body, own) {
            made.push((with(text, &[(range, other)]), 0.0));
        }
    }
    made.push((text.to_owned(), 0.2));
    made
}
