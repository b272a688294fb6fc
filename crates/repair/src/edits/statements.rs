//! Other statements: left out, moved, turned into their relatives.

use tree_sitter::Node;

use super::{Class, Site};
use crate::program::{indent_before, line_of, named};

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    match node.kind() {
        "break_statement" | "continue_statement" | "pass_statement" => {
            for other in ["break", "continue", "pass", "return"] {
                site.put(node, other, Class::Statement, 1.1);
            }
            for other in &site.pool.returns {
                site.put(node, other.clone(), Class::Statement, 1.7);
            }
        }
        "return_statement" => returned(site, node),
        "if_statement" => related(site, node),
        "while_statement" => keyword(site, node, "while", "if", 1.9),
        "elif_clause" => elif(site, node),
        "block" => block(site, node),
        "yield" => yielded(site, node),
        "try_statement" => {
            if let Some(body) = node.child_by_field_name("body") {
                unnest(site, node, body, 2.4);
            }
        }
        _ => {}
    }
}

/// The other values that the part returns, and values that are at hand.
fn returned(site: &mut Site<'_>, node: Node<'_>) {
    for other in &site.pool.returns {
        site.put(node, other.clone(), Class::Statement, 1.7);
    }
    let small = [
        "return True",
        "return False",
        "return None",
        "return 0",
        "return 1",
        "return -1",
    ];
    for other in small {
        site.put(node, other, Class::Statement, 1.9);
    }
    for name in site.pool.names().map(ToOwned::to_owned).collect::<Vec<_>>() {
        site.put(node, format!("return {name}"), Class::Statement, 1.7);
    }
    if let Some(value) = named(node).first() {
        let text = format!("yield {}", site.text(*value));
        site.put(node, text, Class::Statement, 2.3);
    }
}

fn yielded(site: &mut Site<'_>, node: Node<'_>) {
    let text = site.text(node);
    let other = match text.strip_prefix("yield from ") {
        Some(rest) => format!("yield {rest}"),
        None => text.replacen("yield ", "yield from ", 1),
    };
    site.put(node, other, Class::Statement, 1.5);
}

fn keyword(site: &mut Site<'_>, node: Node<'_>, own: &str, other: &str, cost: f64) {
    let begin = node.start_byte();
    if site.text(node).starts_with(own) {
        site.splice(begin..begin + own.len(), other, Class::Statement, cost);
    }
}

fn related(site: &mut Site<'_>, node: Node<'_>) {
    if node.child_by_field_name("alternative").is_none() {
        keyword(site, node, "if", "while", 1.8);
        if let Some(body) = node.child_by_field_name("consequence") {
            unnest(site, node, body, 2.0);
        }
    }
    // An `if` that belongs to the one before it.
    let before = node.prev_named_sibling();
    if before.is_some_and(|before| before.kind() == "if_statement") {
        keyword(site, node, "if", "elif", 1.2);
    }
}

/// What is done in a block only is done always.
fn unnest(site: &mut Site<'_>, node: Node<'_>, body: Node<'_>, cost: f64) {
    let text = &site.program.text;
    let (_, outer) = line_of(text, node.start_byte());
    let inner = indent_before(text, body.start_byte());
    let Some(inner) = inner.filter(|inner| inner.len() > outer.len()) else {
        return;
    };
    let made = shifted(site.text(body), inner, outer);
    site.put(node, made, Class::Statement, cost);
}

fn elif(site: &mut Site<'_>, node: Node<'_>) {
    if site.text(node).starts_with("elif") {
        let begin = node.start_byte();
        site.splice(begin..begin + 4, "if", Class::Statement, 1.9);
    }
}

/// Lines with another indentation; the first is where it is.
fn shifted(text: &str, from: &str, to: &str) -> String {
    let mut lines = text.lines();
    let mut made = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        made.push('\n');
        match line.strip_prefix(from) {
            Some(rest) => {
                made.push_str(to);
                made.push_str(rest);
            }
            None => made.push_str(line),
        }
    }
    made
}

fn block(site: &mut Site<'_>, node: Node<'_>) {
    let statements = named(node);
    for statement in &statements {
        leave_out(site, *statement);
    }
    if let Some(last) = statements.last().filter(|_| statements.len() > 1) {
        move_out(site, node, *last);
    }
    move_in(site, node);
    if let Some(first) = statements.first().filter(|_| statements.len() > 1) {
        move_before(site, node, *first);
    }
}

fn leave_out(site: &mut Site<'_>, statement: Node<'_>) {
    if matches!(
        statement.kind(),
        "function_definition" | "import_statement" | "import_from_statement" | "pass_statement"
    ) {
        return;
    }
    let cost = match statement.kind() {
        "expression_statement" => 2.1,
        "return_statement" | "raise_statement" => 2.3,
        _ => 2.5,
    };
    site.put(statement, "pass", Class::Statement, cost);
}

/// The last statement of a block comes behind the block.
fn move_out(site: &mut Site<'_>, block: Node<'_>, last: Node<'_>) {
    let Some(owner) = block.parent() else {
        return;
    };
    if matches!(
        owner.kind(),
        "function_definition" | "class_definition" | "module"
    ) {
        return;
    }
    let text = &site.program.text;
    let (begin, inner) = line_of(text, last.start_byte());
    let (_, outer) = line_of(text, statement_of(owner).start_byte());
    let is_end = block.end_byte() == statement_of(owner).end_byte();
    if begin + inner.len() != last.start_byte() || !is_end {
        return;
    }
    let moved = shifted(site.text(last), inner, outer);
    site.splice(
        begin..last.end_byte(),
        format!("{outer}{moved}"),
        Class::Move,
        1.8,
    );
}

/// What a clause is a part of.
fn statement_of(node: Node<'_>) -> Node<'_> {
    match node.kind() {
        "elif_clause" | "else_clause" | "except_clause" | "finally_clause" => {
            node.parent().unwrap_or(node)
        }
        _ => node,
    }
}

/// The statement behind a block becomes its last one.
fn move_in(site: &mut Site<'_>, block: Node<'_>) {
    let Some(owner) = block.parent().map(statement_of) else {
        return;
    };
    let Some(next) = owner.next_named_sibling().filter(|next| !next.is_extra()) else {
        return;
    };
    if matches!(owner.kind(), "function_definition" | "class_definition") {
        return;
    }
    let text = &site.program.text;
    let (begin, outer) = line_of(text, next.start_byte());
    let (_, inner) = line_of(text, block.start_byte());
    if begin + outer.len() != next.start_byte() || inner.len() <= outer.len() {
        return;
    }
    let moved = shifted(site.text(next), outer, inner);
    site.splice(
        begin..next.end_byte(),
        format!("{inner}{moved}"),
        Class::Move,
        1.9,
    );
}

/// The first statement of a block comes before the block's owner.
fn move_before(site: &mut Site<'_>, block: Node<'_>, first: Node<'_>) {
    let Some(owner) = block.parent() else {
        return;
    };
    if !matches!(
        owner.kind(),
        "for_statement" | "while_statement" | "if_statement" | "with_statement"
    ) {
        return;
    }
    let text = &site.program.text;
    let (_, outer) = line_of(text, owner.start_byte());
    let (begin, inner) = line_of(text, first.start_byte());
    if begin + inner.len() != first.start_byte() {
        return;
    }
    let moved = shifted(site.text(first), inner, outer);
    let head = &text[owner.start_byte()..begin];
    let rest = &text[first.end_byte()..owner.end_byte()];
    let made = format!("{moved}\n{outer}{}{}", head.trim_end(), rest);
    site.put(owner, made, Class::Move, 2.0);
}
