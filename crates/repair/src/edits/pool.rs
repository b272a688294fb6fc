//! What a part has at hand: names in scope, and expressions and statements to borrow.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::{is_target, is_value};
use crate::program::{Program, indent_before, named};

/// A longer expression is not borrowed.
const DONOR_CHARS_MAX: usize = 60;
const STATEMENT_CHARS_MAX: usize = 100;
/// How many of each are kept; the own part's come first.
const DONORS_MAX: usize = 160;
const STATEMENTS_MAX: usize = 80;
/// Of statements with a block.
const LINES_MAX: usize = 3;
const COMPOUNDS_MAX: usize = 12;
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
    /// Statements with a block, of a few lines, as they are written without indentation.
    pub(crate) compounds: Vec<String>,
    pub(crate) returns: Vec<String>,
    /// What is returned, with nothing in any of its places.
    pub(crate) empties: Vec<String>,
    pub(crate) raises: Vec<String>,
    pub(crate) keywords: Vec<String>,
    /// By the object, the attributes that are asked of it anywhere in the module.
    pub(crate) attributes: BTreeMap<String, BTreeSet<String>>,
    pub(crate) integers: BTreeSet<String>,
    pub(crate) texts: BTreeSet<String>,
    /// Texts of what the program is given, which it does not have itself.
    pub(crate) words: Vec<String>,
    /// Names of the part that are bound and not read.
    pub(crate) unread: BTreeSet<String>,
    /// Names of the part of which something is asked by a text.
    pub(crate) records: BTreeSet<String>,
    /// Whatever is asked for its type.
    pub(crate) typed: BTreeSet<String>,
    /// Attributes of `self` that methods of the same class bind.
    pub(crate) fields: BTreeSet<String>,
}

impl Pool {
    pub(crate) fn of(program: &Program, unit: usize, words: &[String]) -> Self {
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
        let is_new = |word: &&String| {
            !pool.texts.contains(*word) && !pool.texts.contains(&word.replace('"', "'"))
        };
        pool.words = words.iter().filter(is_new).cloned().collect();
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
        let mut read = BTreeSet::new();
        each(root, &mut |node| {
            let is_bound = is_target(node)
                || node
                    .parent()
                    .is_some_and(|parent| parent.kind().contains("parameter"));
            if node.kind() == "identifier" && !is_bound {
                read.insert(&text[node.byte_range()]);
            }
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
        let unread = self
            .locals
            .iter()
            .filter(|name| !read.contains(name.as_str()));
        self.unread = unread.cloned().collect();
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
                    self.note_empties(node, text);
                }
                "subscript" if is_own => {
                    let value = node.child_by_field_name("value");
                    let key = node.child_by_field_name("subscript");
                    if let (Some(value), Some("string")) = (value, key.map(|key| key.kind())) {
                        self.records.insert(text[value.byte_range()].to_owned());
                    }
                }
                "call" if is_own && shown.starts_with("isinstance(") => {
                    let list = node.child_by_field_name("arguments").map(named);
                    if let Some(first) = list.and_then(|list| list.into_iter().next()) {
                        self.typed.insert(text[first.byte_range()].to_owned());
                    }
                }
                "if_statement" if is_own => self.note_compound(node, text),
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

    fn note_empties(&mut self, node: Node<'_>, text: &str) {
        let Some(value) = named(node).into_iter().next() else {
            return;
        };
        let places: Vec<Node<'_>> = match value.kind() {
            "dictionary" => named(value)
                .into_iter()
                .filter_map(|pair| pair.child_by_field_name("value"))
                .collect(),
            "tuple" | "list" | "expression_list" => named(value),
            _ => Vec::new(),
        };
        if places.is_empty() || text[node.byte_range()].contains('\n') {
            return;
        }
        for empty in ["0", "None", "[]", "\"\""] {
            let mut made = String::new();
            let mut at = node.start_byte();
            for place in &places {
                made.push_str(&text[at..place.start_byte()]);
                made.push_str(empty);
                at = place.end_byte();
            }
            made.push_str(&text[at..node.end_byte()]);
            push_bounded(&mut self.empties, &made, STATEMENT_CHARS_MAX, COMPOUNDS_MAX);
        }
    }

    fn note_compound(&mut self, node: Node<'_>, text: &str) {
        let shown = &text[node.byte_range()];
        if let Some(indent) = indent_before(text, node.start_byte())
            && shown.lines().count() <= LINES_MAX
        {
            let bare = shown.replace(&format!("\n{indent}"), "\n");
            push_bounded(
                &mut self.compounds,
                &bare,
                STATEMENT_CHARS_MAX,
                COMPOUNDS_MAX,
            );
        }
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
    if name != "_" && !names.iter().any(|known| known == name) {
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
