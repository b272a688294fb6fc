//! What a part has at hand: names in scope, and expressions and statements to borrow.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::{is_target, is_value};
use crate::program::{Program, named};

/// A longer expression is not borrowed.
const DONOR_CHARS_MAX: usize = 60;
const STATEMENT_CHARS_MAX: usize = 100;
/// How many of each are kept; the own part's come first.
const DONORS_MAX: usize = 160;
const STATEMENTS_MAX: usize = 80;
/// How many names of a part take part in made-up expressions.
const NAMES_MAX: usize = 14;

/// An expression to borrow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Donor {
    pub(crate) text: String,
    pub(crate) kind: String,
    /// Does it come from the part itself?
    pub(crate) is_own: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    pub(crate) parameters: Vec<String>,
    /// Parameters and what the part binds itself.
    pub(crate) locals: Vec<String>,
    /// Functions of the module with the names of their parameters.
    pub(crate) functions: BTreeMap<String, Vec<String>>,
    /// Other names of the module: constants, classes, imports.
    pub(crate) globals: Vec<String>,
    pub(crate) donors: Vec<Donor>,
    pub(crate) conditions: Vec<String>,
    pub(crate) statements: Vec<String>,
    pub(crate) returns: Vec<String>,
    pub(crate) raises: Vec<String>,
    pub(crate) keywords: Vec<String>,
    /// By the object, the attributes that are asked of it anywhere in the module.
    pub(crate) attributes: BTreeMap<String, BTreeSet<String>>,
    pub(crate) integers: BTreeSet<String>,
    pub(crate) texts: BTreeSet<String>,
    /// Attributes of `self` that methods of the same class bind.
    pub(crate) fields: BTreeSet<String>,
}

impl Pool {
    pub(crate) fn of(program: &Program, unit: usize) -> Self {
        let mut pool = Self::default();
        let text = program.text.as_str();
        pool.note_module(program);
        let Some(root) = program.node(unit) else {
            return pool;
        };
        pool.note_scope(root, text);
        let mut order: Vec<usize> = vec![unit];
        order.extend((0..program.units.len()).filter(|other| *other != unit));
        let class = class_of(&program.units[unit].name);
        for other in order {
            let Some(node) = program.node(other) else {
                continue;
            };
            let is_own = other == unit;
            pool.note(node, text, is_own);
            if class.is_some() && class_of(&program.units[other].name) == class {
                pool.note_fields(node, text);
            }
        }
        pool
    }

    /// The names that made-up expressions have, the part's own first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.locals.iter().map(String::as_str).take(NAMES_MAX)
    }

    fn note_module(&mut self, program: &Program) {
        let text = program.text.as_str();
        for child in named(program.tree.root_node()) {
            let child = match child.kind() {
                "decorated_definition" => child.child_by_field_name("definition").unwrap_or(child),
                _ => child,
            };
            match child.kind() {
                "function_definition" => {
                    if let Some(name) = child.child_by_field_name("name") {
                        let parameters = parameters(child, text);
                        self.functions
                            .insert(text[name.byte_range()].to_owned(), parameters);
                    }
                }
                "class_definition" => {
                    if let Some(name) = child.child_by_field_name("name") {
                        self.globals.push(text[name.byte_range()].to_owned());
                    }
                }
                "expression_statement" => {
                    let first = named(child).into_iter().next();
                    let target = first.and_then(|first| first.child_by_field_name("left"));
                    if let Some(target) = target.filter(|target| target.kind() == "identifier") {
                        let name = text[target.byte_range()].to_owned();
                        if !self.globals.contains(&name) {
                            self.globals.push(name);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn note_scope(&mut self, root: Node<'_>, text: &str) {
        if root.kind() == "function_definition" {
            self.parameters = parameters(root, text);
            self.locals = self.parameters.clone();
        }
        each(root, &mut |node| {
            let is_inner = node.kind() == "identifier"
                && (is_target(node) && !is_in_comprehension(node)
                    || node.parent().is_some_and(|parent| {
                        parent.kind() == "as_pattern_target" || parent.kind() == "named_expression"
                    }));
            if is_inner {
                push(&mut self.locals, &text[node.byte_range()]);
            }
            if node.kind() == "function_definition" && node != root {
                for name in parameters(node, text) {
                    push(&mut self.locals, &name);
                }
                if let Some(name) = node.child_by_field_name("name") {
                    let own = parameters(node, text);
                    self.functions
                        .insert(text[name.byte_range()].to_owned(), own);
                }
            }
        });
    }

    fn note(&mut self, root: Node<'_>, text: &str, is_own: bool) {
        each(root, &mut |node| {
            let shown = &text[node.byte_range()];
            match node.kind() {
                "comparison_operator" | "boolean_operator" | "not_operator" if is_own => {
                    push_bounded(&mut self.conditions, shown, DONOR_CHARS_MAX, DONORS_MAX);
                }
                "integer" => {
                    self.integers.insert(shown.to_owned());
                }
                "string" if shown.len() <= DONOR_CHARS_MAX && !is_documentation(node) => {
                    self.texts.insert(shown.to_owned());
                }
                "keyword_argument" => {
                    push_bounded(&mut self.keywords, shown, DONOR_CHARS_MAX, DONORS_MAX);
                }
                "attribute" => {
                    let parts = (
                        node.child_by_field_name("object"),
                        node.child_by_field_name("attribute"),
                    );
                    if let (Some(object), Some(attribute)) = parts {
                        self.attributes
                            .entry(text[object.byte_range()].to_owned())
                            .or_default()
                            .insert(text[attribute.byte_range()].to_owned());
                    }
                }
                "return_statement" if is_own => {
                    push_bounded(
                        &mut self.returns,
                        shown,
                        STATEMENT_CHARS_MAX,
                        STATEMENTS_MAX,
                    );
                }
                "raise_statement" => {
                    push_bounded(&mut self.raises, shown, STATEMENT_CHARS_MAX, STATEMENTS_MAX);
                }
                "expression_statement" if is_own && !is_documentation(node) => {
                    push_bounded(
                        &mut self.statements,
                        shown,
                        STATEMENT_CHARS_MAX,
                        STATEMENTS_MAX,
                    );
                }
                _ => {}
            }
            if is_value(node)
                && shown.len() <= DONOR_CHARS_MAX
                && !shown.contains('\n')
                && !is_documentation(node)
                && self.donors.len() < DONORS_MAX
                && !self.donors.iter().any(|donor| donor.text == shown)
            {
                self.donors.push(Donor {
                    text: shown.to_owned(),
                    kind: node.kind().to_owned(),
                    is_own,
                });
            }
        });
    }

    fn note_fields(&mut self, root: Node<'_>, text: &str) {
        each(root, &mut |node| {
            let object = node.child_by_field_name("object");
            if node.kind() == "attribute"
                && object.is_some_and(|object| &text[object.byte_range()] == "self")
            {
                self.fields.insert(text[node.byte_range()].to_owned());
            }
        });
    }
}

fn is_documentation(node: Node<'_>) -> bool {
    let mut holder = node;
    if node.kind() == "string" {
        let Some(parent) = node.parent() else {
            return false;
        };
        holder = parent;
    }
    holder.kind() == "expression_statement"
        && named(holder)
            .first()
            .is_some_and(|first| first.kind() == "string")
}

fn class_of(unit: &str) -> Option<&str> {
    unit.split_once('.').map(|(class, _)| class)
}

fn push(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

fn push_bounded(texts: &mut Vec<String>, text: &str, chars_max: usize, count_max: usize) {
    if text.len() <= chars_max && texts.len() < count_max {
        push(texts, text);
    }
}

fn is_in_comprehension(node: Node<'_>) -> bool {
    let mut inner = node;
    while let Some(parent) = inner.parent() {
        match parent.kind() {
            "for_in_clause" => return true,
            "for_statement" | "assignment" | "augmented_assignment" => return false,
            _ => inner = parent,
        }
    }
    false
}

/// The names of a function's parameters, in their order.
pub(super) fn parameters(function: Node<'_>, text: &str) -> Vec<String> {
    let Some(list) = function.child_by_field_name("parameters") else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for parameter in named(list) {
        let name = match parameter.kind() {
            "identifier" => Some(parameter),
            "typed_parameter" => named(parameter).into_iter().next(),
            "default_parameter" | "typed_default_parameter" => {
                parameter.child_by_field_name("name")
            }
            "list_splat_pattern" | "dictionary_splat_pattern" => {
                named(parameter).into_iter().next()
            }
            _ => None,
        };
        if let Some(name) = name.filter(|name| name.kind() == "identifier") {
            names.push(text[name.byte_range()].to_owned());
        }
    }
    names
}

pub(super) fn each<'tree>(root: Node<'tree>, seen: &mut dyn FnMut(Node<'tree>)) {
    if matches!(root.kind(), "type" | "decorator" | "comment") {
        return;
    }
    seen(root);
    for child in named(root) {
        each(child, seen);
    }
}
