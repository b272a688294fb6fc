//! Statements that were missing: guards, early ends, assignments, what is put into a collection.

use tree_sitter::Node;

use super::{Class, Site, Tier, conditions::atoms};
use crate::program::{indent_before, named};

/// Guards that are thought of at each place; the likelier come first.
const ATOMS_MAX: usize = 90;
const VALUES_MAX: usize = 24;
/// Names of a statement that may be asked for.
const GUARDED_MAX: usize = 4;

/// A place where a statement could stand.
pub(super) struct Gap {
    pub(super) at: usize,
    indent: String,
    pub(super) is_end: bool,
    pub(super) is_in_loop: bool,
    pub(super) is_in_function: bool,
    pub(super) owner: Owner,
}

/// Whose block it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Something that is run in one case only.
    Case,
    Function,
    Other,
}

impl Gap {
    /// What is written there for a statement.
    pub(super) fn filled(&self, statement: &str) -> String {
        let statement = statement.replace('\n', &format!("\n{}", self.indent));
        if self.is_end {
            format!("\n{}{statement}", self.indent)
        } else {
            format!("{statement}\n{}", self.indent)
        }
    }
}

pub(super) fn add(site: &mut Site<'_>, nodes: &[Node<'_>]) {
    let gaps: Vec<Gap> = nodes
        .iter()
        .filter(|node| node.kind() == "block")
        .flat_map(|block| gaps(site, *block))
        .collect();
    let statements = statements(site);
    let guards = guards(site);
    for gap in &gaps {
        for (statement, cost, is_of_loop) in statements.iter().chain(&guards) {
            if *is_of_loop && !gap.is_in_loop || !gap.is_in_function {
                continue;
            }
            let text = gap.filled(statement);
            let class = if statement.starts_with("if ") {
                Class::Guard
            } else {
                Class::Insertion
            };
            site.splice(gap.at..gap.at, text, class, *cost);
        }
    }
    made_conditional(site, nodes);
}

/// Before each statement of a block, and behind its last.
pub(super) fn gaps(site: &Site<'_>, block: Node<'_>) -> Vec<Gap> {
    let text = &site.program.text;
    let statements = named(block);
    let Some(first) = statements.first() else {
        return Vec::new();
    };
    let Some(indent) = indent_before(text, first.start_byte()) else {
        return Vec::new();
    };
    let (is_in_loop, is_in_function) = around(block);
    let owner = match block.parent().map_or("", |owner| owner.kind()) {
        "if_statement" | "elif_clause" | "else_clause" | "except_clause" => Owner::Case,
        "function_definition" => Owner::Function,
        _ => Owner::Other,
    };
    let gap = |at, is_end| Gap {
        at,
        indent: indent.to_owned(),
        is_end,
        is_in_loop,
        is_in_function,
        owner,
    };
    let mut gaps: Vec<Gap> = statements
        .iter()
        .filter(|statement| !super::is_docstring(**statement))
        .map(|statement| gap(statement.start_byte(), false))
        .collect();
    if let Some(last) = statements.last().filter(|last| {
        !matches!(
            last.kind(),
            "return_statement" | "raise_statement" | "break_statement" | "continue_statement"
        )
    }) {
        gaps.push(gap(last.end_byte(), true));
    }
    gaps
}

fn around(block: Node<'_>) -> (bool, bool) {
    let mut is_in_loop = false;
    let mut inner = block;
    while let Some(parent) = inner.parent() {
        match parent.kind() {
            "for_statement" | "while_statement" => is_in_loop = true,
            "function_definition" => return (is_in_loop, true),
            "class_definition" => return (false, false),
            _ => {}
        }
        inner = parent;
    }
    (is_in_loop, false)
}

/// Statements of the part, also with one name for another, and small ones over its names.
fn statements(site: &Site<'_>) -> Vec<(String, f64, bool)> {
    let pool = site.pool;
    let mut made: Vec<(String, f64, bool)> = Vec::new();
    for statement in &pool.statements {
        made.push((statement.clone(), 2.8, false));
    }
    for statement in &pool.returns {
        made.push((statement.clone(), 3.2, false));
    }
    made.push(("continue".to_owned(), 3.3, true));
    made.push(("break".to_owned(), 3.3, true));
    let names: Vec<&str> = pool.names().collect();
    let collected: Vec<&str> = names
        .iter()
        .copied()
        .chain(pool.fields.iter().map(String::as_str))
        .collect();
    for one in &collected {
        for small in [
            "+= 1", "-= 1", "= 0", "= 1", "= []", "= \"\"", "= None", "= {}", "= set()",
        ] {
            made.push((format!("{one} {small}"), 3.1, false));
        }
        for change in [".lower()", ".strip()", ".upper()"] {
            made.push((format!("{one} = {one}{change}"), 3.4, false));
        }
        for change in ["sorted", "list", "set", "abs", "str", "int"] {
            made.push((format!("{one} = {change}({one})"), 3.4, false));
        }
        for other in names.iter().filter(|other| *other != one) {
            for form in ["append", "add", "extend"] {
                made.push((format!("{one}.{form}({other})"), 3.1, false));
            }
            for sign in ["=", "+=", "-="] {
                made.push((format!("{one} {sign} {other}"), 3.2, false));
            }
            for form in [
                format!("{one} %= len({other})"),
                format!("{one} = {one}[:{other}]"),
                format!("{one} = min({one}, {other})"),
                format!("{one} = max({one}, {other})"),
            ] {
                made.push((form, 3.3, false));
            }
        }
    }
    made
}

/// `if ATOM:` and what ends there.
fn guards(site: &Site<'_>) -> Vec<(String, f64, bool)> {
    let pool = site.pool;
    let mut atoms = atoms(pool, Tier::Middle);
    atoms.sort_by(|one, other| one.1.total_cmp(&other.1));
    atoms.truncate(ATOMS_MAX);
    let mut ends: Vec<(String, f64, bool)> = Vec::new();
    for value in &pool.returns {
        ends.push((value.clone(), 0.0, false));
    }
    for value in &pool.raises {
        ends.push((value.clone(), 0.2, false));
    }
    for value in &pool.empties {
        ends.push((value.clone(), 0.0, false));
    }
    let names = pool.names().map(|name| format!("return {name}"));
    ends.extend(names.map(|end| (end, 0.1, false)));
    for value in ["None", "True", "False", "0", "1", "-1", "\"\"", "[]", "{}"] {
        ends.push((format!("return {value}"), 0.2, false));
    }
    ends.push(("continue".to_owned(), 0.1, true));
    ends.push(("break".to_owned(), 0.1, true));
    let mut seen = std::collections::BTreeSet::new();
    ends.retain(|(end, ..)| seen.insert(end.clone()));
    ends.truncate(VALUES_MAX);
    let mut guards = Vec::new();
    for (atom, more) in &atoms {
        for (end, extra, is_of_loop) in &ends {
            guards.push((
                format!("if {atom}:\n    {end}"),
                2.9 + more + extra,
                *is_of_loop,
            ));
        }
    }
    guards
}

/// What is done always is done only with something that is there, of what it is done with.
pub(super) fn guarded(site: &mut Site<'_>, nodes: &[Node<'_>]) {
    for (node, indent) in super::deeds(site, nodes) {
        let text = site.text(node);
        let mut names: Vec<&str> = Vec::new();
        super::pool::each(node, &mut |inner| {
            let name = site.text(inner);
            let is_local = site.pool.locals.iter().any(|local| local == name);
            if inner.kind() == "identifier" && is_local && !names.contains(&name) {
                names.push(name);
            }
        });
        for name in names.into_iter().take(GUARDED_MAX) {
            let made = format!("if {name}:\n{indent}    {text}");
            site.put(node, made, Class::Guard, 2.1);
        }
    }
}

/// What is done always is done in one case.
fn made_conditional(site: &mut Site<'_>, nodes: &[Node<'_>]) {
    let atoms: Vec<(String, f64)> = atoms(site.pool, Tier::Middle);
    for node in nodes {
        if !matches!(
            node.kind(),
            "expression_statement"
                | "return_statement"
                | "break_statement"
                | "continue_statement"
                | "raise_statement"
        ) || super::is_docstring(*node)
        {
            continue;
        }
        let text = site.program.text.as_str();
        let indent = indent_before(text, node.start_byte());
        let Some(indent) = indent.filter(|_| !site.text(*node).contains('\n')) else {
            continue;
        };
        for (atom, extra) in &atoms {
            let made = format!("if {atom}:\n{indent}    {}", site.text(*node));
            site.put(*node, made, Class::Guard, 3.0 + extra);
        }
    }
}
