//! One walk over a tree, from the outside in.

use tree_sitter::{Node, Tree, TreeCursor};

use super::{
    Module, Parts, Root,
    scope::{Bound, Scope, ScopeKind},
};
use crate::{
    symbol::Span,
    syntax::{each_child, field, line, named_children, slice},
};

/// What an import that a run decides on is called by.
const DYNAMIC_IMPORTS: [&str; 3] = ["__import__", "import_module", "importlib.import_module"];

pub(super) struct Walker<'m, 't> {
    pub(super) module: &'m mut Module,
    pub(super) text: &'t str,
    pub(super) scopes: Vec<Scope<'t>>,
    /// The symbol that what is read now belongs to.
    pub(super) owner: Option<u32>,
    pub(super) is_conditional: bool,
    pub(super) is_type_only: bool,
    is_annotation: bool,
}

pub(super) fn read(module: &mut Module, tree: &Tree, text: &str) {
    let mut walker = Walker {
        module,
        text,
        scopes: vec![Scope::new(ScopeKind::Module, None, String::new())],
        owner: None,
        is_conditional: false,
        is_type_only: false,
        is_annotation: false,
    };
    each_child(&mut tree.walk(), |cursor| walker.visit(cursor));
    walker.leave();
    for (at, symbol) in module.symbols.iter().enumerate() {
        let at = u32::try_from(at).expect("a file of bounded size has few symbols");
        let name = symbol.path.name.clone();
        module.index.entry(name).or_default().push(at);
    }
}

impl<'t> Walker<'_, 't> {
    pub(super) fn scope(&mut self) -> &mut Scope<'t> {
        self.scopes
            .last_mut()
            .expect("the module is a scope to the end")
    }

    pub(super) fn slice(&self, node: Node<'_>) -> &'t str {
        slice(node, self.text)
    }

    pub(super) fn visit_node(&mut self, node: Node<'_>) {
        self.visit(&mut node.walk());
    }

    pub(super) fn visit_field(&mut self, node: Node<'_>, name: &str) {
        if let Some(child) = field(node, name) {
            self.visit_node(child);
        }
    }

    fn visit_children(&mut self, cursor: &mut TreeCursor<'_>) {
        each_child(cursor, |cursor| self.visit(cursor));
    }

    pub(super) fn visit(&mut self, cursor: &mut TreeCursor<'_>) {
        let node = cursor.node();
        if !node.is_named() {
            return;
        }
        match node.kind() {
            "identifier" | "attribute" => self.visit_chain(node, false),
            "call" => self.visit_call(node),
            "comment" | "integer" | "float" | "dotted_name" => {}
            "keyword_argument" => self.visit_field(node, "value"),
            "string" if self.is_annotation => self.visit_forward_reference(node),
            "type" => self.visit_annotation(cursor),
            "function_definition" => self.define_function(node, None),
            "class_definition" => self.define_class(node, None),
            "decorated_definition" => self.define_decorated(node),
            "lambda" => self.visit_lambda(node),
            "import_statement" | "import_from_statement" | "future_import_statement" => {
                self.read_imports(node);
            }
            "assignment" => self.assign(node),
            "augmented_assignment" => self.assign_more(node),
            "type_alias_statement" => self.define_alias(node),
            "named_expression" => {
                self.visit_field(node, "value");
                self.bind_field(node, "name");
            }
            "for_statement" | "for_in_clause" | "as_pattern" | "except_clause" | "case_clause" => {
                self.visit_binding(cursor);
            }
            "list_comprehension"
            | "set_comprehension"
            | "dictionary_comprehension"
            | "generator_expression" => self.visit_comprehension(cursor),
            "global_statement" | "nonlocal_statement" => self.leave_outside(node),
            "if_statement" => self.visit_if(node),
            "try_statement" | "while_statement" | "with_statement" | "match_statement" => {
                self.conditionally(|walker| walker.visit_children(cursor));
            }
            _ => self.visit_children(cursor),
        }
    }

    /// What is defined within may be defined a second time elsewhere.
    pub(super) fn conditionally(&mut self, visit: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.is_conditional, true);
        visit(self);
        self.is_conditional = before;
    }

    fn visit_if(&mut self, node: Node<'_>) {
        let condition = field(node, "condition");
        let is_typing = condition.is_some_and(|condition| {
            matches!(
                self.slice(condition),
                "TYPE_CHECKING" | "typing.TYPE_CHECKING"
            )
        });
        self.conditionally(|walker| {
            let then = field(node, "consequence");
            for child in named_children(node) {
                let before = walker.is_type_only;
                walker.is_type_only |= is_typing && Some(child) == then;
                walker.visit_node(child);
                walker.is_type_only = before;
            }
        });
    }

    fn visit_annotation(&mut self, cursor: &mut TreeCursor<'_>) {
        let before = std::mem::replace(&mut self.is_annotation, true);
        self.visit_children(cursor);
        self.is_annotation = before;
    }

    /// An annotation in quotes is read when it is a plain name.
    fn visit_forward_reference(&mut self, node: Node<'_>) {
        for child in named_children(node) {
            if child.kind() == "string_content" {
                self.note_quoted(child);
            }
        }
    }

    /// A name in quotes that stands for what it names.
    pub(super) fn note_quoted(&mut self, content: Node<'_>) {
        let name = self.slice(content);
        if name.split('.').all(is_identifier) {
            let mut start = content.start_byte();
            let first = self.module.parts.len();
            for part in name.split('.') {
                self.module.parts.push(Span {
                    start,
                    end: start + part.len(),
                });
                start += part.len() + 1;
            }
            let parts = self.parts_from(first);
            let head = name.split('.').next().unwrap_or(name);
            self.note(head, parts, false);
        }
    }

    fn visit_call(&mut self, node: Node<'_>) {
        if let Some(function) = field(node, "function") {
            if DYNAMIC_IMPORTS.contains(&self.slice(function)) {
                self.module.dynamic_imports.push(line(node));
            }
            self.visit_callee(function);
        }
        self.visit_field(node, "arguments");
    }

    fn visit_callee(&mut self, function: Node<'_>) {
        if matches!(function.kind(), "identifier" | "attribute") {
            self.visit_chain(function, true);
        } else {
            self.visit_node(function);
        }
    }

    /// `a.b.c`, or attributes of something that is no name.
    fn visit_chain(&mut self, node: Node<'_>, is_call: bool) {
        let mut names = Vec::new();
        let mut inner = node;
        while inner.kind() == "attribute" {
            let (Some(object), Some(name)) = (field(inner, "object"), field(inner, "attribute"))
            else {
                return;
            };
            names.push(Span::of(name));
            inner = object;
        }
        let root = match inner.kind() {
            "identifier" => {
                let head = self.slice(inner);
                names.push(Span::of(inner));
                let parts = self.push_parts(names);
                return self.note(head, parts, is_call);
            }
            "call" => self.root_of_call(inner),
            _ => Root::Unknown,
        };
        self.visit_node(inner);
        let parts = self.push_parts(names);
        self.note_rooted(root, parts, is_call);
    }

    fn root_of_call(&mut self, call: Node<'_>) -> Root {
        let Some(function) = field(call, "function") else {
            return Root::Unknown;
        };
        if self.slice(function) == "super" {
            let class = self.scopes.iter().rev().find_map(|scope| scope.class);
            return class.map_or(Root::Unknown, Root::Super);
        }
        self.chain_of(function)
            .map_or(Root::Unknown, Root::Instance)
    }

    /// The names of a plain chain, without noting a use.
    pub(super) fn chain_of(&mut self, node: Node<'_>) -> Option<Parts> {
        let mut names = Vec::new();
        let mut inner = node;
        while inner.kind() == "attribute" {
            names.push(Span::of(field(inner, "attribute")?));
            inner = field(inner, "object")?;
        }
        if inner.kind() != "identifier" {
            return None;
        }
        names.push(Span::of(inner));
        Some(self.push_parts(names))
    }

    /// Keeps `names`, which were found from the last to the first.
    fn push_parts(&mut self, names: Vec<Span>) -> Parts {
        let first = self.module.parts.len();
        self.module.parts.extend(names.into_iter().rev());
        self.parts_from(first)
    }

    fn parts_from(&self, first: usize) -> Parts {
        let small = |count: usize| u32::try_from(count).expect("a file of bounded size");
        Parts {
            start: small(first),
            len: small(self.module.parts.len() - first),
        }
    }

    fn leave_outside(&mut self, node: Node<'_>) {
        for name in named_children(node) {
            let name = self.slice(name);
            self.scope().leave_outside(name);
        }
    }

    fn visit_lambda(&mut self, node: Node<'_>) {
        let parameters = field(node, "parameters");
        if let Some(parameters) = parameters {
            self.visit_defaults(parameters);
        }
        self.enter(Scope::new(ScopeKind::Function, None, String::new()));
        if let Some(parameters) = parameters {
            self.bind_parameters(parameters, None);
        }
        self.visit_field(node, "body");
        self.leave();
    }

    fn visit_comprehension(&mut self, cursor: &mut TreeCursor<'_>) {
        self.enter(Scope::new(ScopeKind::Function, None, String::new()));
        self.visit_children(cursor);
        self.leave();
    }

    /// Statements and clauses, one part of which is bound and the others are used.
    fn visit_binding(&mut self, cursor: &mut TreeCursor<'_>) {
        let is_case = cursor.node().kind() == "case_clause";
        self.conditionally(|walker| {
            each_child(cursor, |cursor| {
                let node = cursor.node();
                match (cursor.field_name(), node.kind()) {
                    (Some("left" | "alias"), _) | (_, "as_pattern_target") => walker.bind(node),
                    (_, "case_pattern") if is_case => walker.bind_case(node),
                    _ => walker.visit(cursor),
                }
            });
        });
    }

    pub(super) fn bind_field(&mut self, node: Node<'_>, name: &str) {
        if let Some(child) = field(node, name) {
            self.bind(child);
        }
    }

    pub(super) fn bind_name(&mut self, node: Node<'_>, to: Bound) {
        let name = slice(node, self.text);
        self.scope().bind(name, to);
    }
}

pub(super) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|char| char.is_alphanumeric() || char == '_')
}
