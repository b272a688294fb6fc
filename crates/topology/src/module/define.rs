//! Functions, classes and constants.

use tree_sitter::Node;

use super::{
    scope::{Bound, Scope, ScopeKind},
    walk::Walker,
};
use crate::{
    fingerprint::fingerprint,
    symbol::{Span, Symbol, SymbolKind, SymbolPath},
    syntax::{children, field, line, named_children, slice},
};

/// Where a function decorated `@tool` is a tool.
const TOOL_FOLDERS: [&str; 2] = ["tools/runner/", "tools/tuner/"];

impl Walker<'_, '_> {
    pub(super) fn define_decorated(&mut self, node: Node<'_>) {
        match field(node, "definition") {
            Some(inner) if inner.kind() == "class_definition" => {
                self.define_class(inner, Some(node));
            }
            Some(inner) => self.define_function(inner, Some(node)),
            None => {}
        }
    }

    pub(super) fn define_function(&mut self, node: Node<'_>, decorated: Option<Node<'_>>) {
        let class = self.scope().class;
        let kind = class.map_or(SymbolKind::Function, |_| SymbolKind::Method);
        let Some(at) = self.define(node, decorated, kind) else {
            return;
        };
        let is_nested = self.module.symbol(at).is_nested;
        let is_static = self
            .module
            .symbol(at)
            .decorators
            .iter()
            .any(|name| name == "staticmethod");
        let before = self.owner;
        if !is_nested {
            self.owner = Some(at);
        }
        self.visit_decorators(decorated);
        let parameters = field(node, "parameters");
        if let Some(parameters) = parameters {
            self.visit_defaults(parameters);
        }
        self.visit_field(node, "return_type");
        self.within(ScopeKind::Function, None, at, |walker| {
            if let Some(parameters) = parameters {
                walker.bind_parameters(parameters, class.filter(|_| !is_static));
            }
            walker.visit_field(node, "body");
        });
        self.owner = before;
    }

    pub(super) fn define_class(&mut self, node: Node<'_>, decorated: Option<Node<'_>>) {
        let Some(at) = self.define(node, decorated, SymbolKind::Class) else {
            return;
        };
        let before = self.owner;
        if !self.module.symbol(at).is_nested {
            self.owner = Some(at);
        }
        self.visit_decorators(decorated);
        if let Some(superclasses) = field(node, "superclasses") {
            self.visit_node(superclasses);
            let named = named_children(superclasses);
            let bases = named
                .into_iter()
                .filter_map(|base| self.chain_of(base))
                .collect();
            self.module.bases.insert(at, bases);
        }
        self.within(ScopeKind::Class, Some(at), at, |walker| {
            walker.visit_field(node, "body");
        });
        self.owner = before;
    }

    fn visit_decorators(&mut self, decorated: Option<Node<'_>>) {
        let Some(decorated) = decorated else { return };
        for child in named_children(decorated) {
            if child.kind() == "decorator" {
                self.visit_node(child);
            }
        }
    }

    /// Reads the inside of a definition.
    fn within(
        &mut self,
        kind: ScopeKind,
        class: Option<u32>,
        at: u32,
        read: impl FnOnce(&mut Self),
    ) {
        let prefix = format!("{}.", self.module.symbol(at).path.name);
        let before = std::mem::take(&mut self.is_conditional);
        self.enter(Scope::new(kind, class, prefix));
        read(self);
        self.leave();
        self.is_conditional = before;
    }

    fn define(
        &mut self,
        node: Node<'_>,
        decorated: Option<Node<'_>>,
        kind: SymbolKind,
    ) -> Option<u32> {
        let name = field(node, "name")?;
        let body = field(node, "body")?;
        let outer = decorated.unwrap_or(node);
        let decorators: Vec<String> = named_children(outer)
            .into_iter()
            .filter(|child| child.kind() == "decorator")
            .map(|child| self.slice(child).trim_start_matches('@').trim().to_owned())
            .collect();
        let colon = children(node)
            .into_iter()
            .find(|child| child.kind() == ":")?;
        let signature = self.text[node.start_byte()..colon.end_byte()].to_owned();
        let is_tool = kind == SymbolKind::Function
            && self.scopes.len() == 1
            && TOOL_FOLDERS
                .iter()
                .any(|folder| self.module.path.starts_with(folder))
            && decorators
                .iter()
                .any(|decorator| is_tool_decorator(decorator));
        let symbol = Symbol {
            path: self.path_of(name),
            kind,
            span: Span::of(outer),
            line: line(outer),
            signature,
            decorators,
            doc: doc(body, self.text),
            is_tool,
            name_span: Span::of(name),
            body: Some(Span::of(body)),
            is_conditional: self.is_conditional,
            is_nested: self
                .scopes
                .iter()
                .any(|scope| scope.kind == ScopeKind::Function),
            fingerprint: fingerprint(node),
        };
        Some(self.push_symbol(symbol, name))
    }

    fn path_of(&mut self, name: Node<'_>) -> SymbolPath {
        let name = self.slice(name);
        let qualified = format!("{}{name}", self.scope().prefix);
        SymbolPath {
            file: self.module.path.clone(),
            name: qualified.into(),
        }
    }

    fn push_symbol(&mut self, symbol: Symbol, name: Node<'_>) -> u32 {
        let at = u32::try_from(self.module.symbols.len()).expect("a file of bounded size");
        self.module.symbols.push(symbol);
        self.bind_name(name, Bound::Symbol(at));
        at
    }

    pub(super) fn assign(&mut self, node: Node<'_>) {
        let left = field(node, "left");
        let name = left.filter(|left| left.kind() == "identifier" && self.scopes.len() == 1);
        let before = self.owner;
        if let Some(name) = name {
            let at = self.define_constant(node, name);
            self.owner = Some(at);
            self.note_made(node, at);
            if self.slice(name) == "__all__" {
                self.note_exports(node);
            }
        } else {
            self.bind_assigned(node);
        }
        self.visit_field(node, "type");
        self.visit_field(node, "right");
        self.owner = before;
    }

    pub(super) fn assign_more(&mut self, node: Node<'_>) {
        self.visit_field(node, "left");
        if self.scopes.len() > 1 {
            self.bind_field(node, "left");
        } else if field(node, "left").is_some_and(|left| self.slice(left) == "__all__") {
            self.note_exports(node);
        }
        self.visit_field(node, "right");
    }

    pub(super) fn define_alias(&mut self, node: Node<'_>) {
        let name = field(node, "left").and_then(|left| named_children(left).first().copied());
        let before = self.owner;
        if let Some(name) =
            name.filter(|name| name.kind() == "identifier" && self.scopes.len() == 1)
        {
            self.owner = Some(self.define_constant(node, name));
        }
        self.visit_field(node, "right");
        self.owner = before;
    }

    fn define_constant(&mut self, node: Node<'_>, name: Node<'_>) -> u32 {
        let symbol = Symbol {
            path: self.path_of(name),
            kind: SymbolKind::Constant,
            span: Span::of(node),
            line: line(node),
            signature: self
                .slice(node)
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
            decorators: Vec::new(),
            doc: None,
            is_tool: false,
            name_span: Span::of(name),
            body: None,
            is_conditional: self.is_conditional,
            is_nested: false,
            fingerprint: fingerprint(node),
        };
        self.push_symbol(symbol, name)
    }

    /// Remembers which class a constant is an instance of.
    fn note_made(&mut self, assignment: Node<'_>, at: u32) {
        let made = field(assignment, "right")
            .filter(|right| right.kind() == "call")
            .and_then(|call| field(call, "function"))
            .and_then(|function| self.chain_of(function));
        if let Some(made) = made {
            self.module.instances.insert(at, made);
        }
    }

    /// The strings of `__all__` are names of the module.
    fn note_exports(&mut self, assignment: Node<'_>) {
        let Some(right) = field(assignment, "right") else {
            return;
        };
        for text in named_children(right) {
            for content in named_children(text) {
                if content.kind() == "string_content" {
                    self.note_quoted(content);
                }
            }
        }
    }
}

fn is_tool_decorator(decorator: &str) -> bool {
    let name = decorator.split('(').next().unwrap_or_default().trim();
    matches!(name, "tool" | "luthier.tool")
}

/// The first line of the docstring of a body.
fn doc(body: Node<'_>, text: &str) -> Option<String> {
    let statement = named_children(body).into_iter().next()?;
    let string = named_children(statement).into_iter().next()?;
    let is_doc = statement.kind() == "expression_statement" && string.kind() == "string";
    let content = named_children(string)
        .into_iter()
        .find(|part| part.kind() == "string_content")?;
    let first = slice(content, text).trim().lines().next()?;
    is_doc.then(|| first.trim_end().to_owned())
}
