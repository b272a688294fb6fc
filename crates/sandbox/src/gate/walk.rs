//! One way through the tree of a module, from its first node to its last.

use tree_sitter::{Node, Tree, TreeCursor};

use super::{
    aliases::Aliases,
    names,
    names::normal,
    patterns::{Role, role},
    policy::Policy,
    refusal::{Code, Refusal, Refusals},
    scopes::{Kind, ScopeId, Scopes},
    text::Text,
    tree::Parser,
};

mod literals;
mod uses;

use literals::is_type_here;
use uses::Use;

/// A module while it is looked at.
pub(super) struct Walk<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a Text<'a>,
    pub(super) policy: &'a Policy,
    parser: &'a mut Parser,
    refusals: &'a mut Refusals,
    pub(super) aliases: Aliases,
    scopes: Scopes,
    /// The place of a text that is read as code, while it is.
    quoted: Option<(u32, u32)>,
}

/// A node that the walk is in.
pub(super) struct Frame<'t> {
    pub(super) node: Node<'t>,
    pub(super) kind: &'t str,
    pub(super) field: Option<&'t str>,
    /// Where its names live.
    scope: ScopeId,
    /// Where the names of its inner part live, if that is elsewhere.
    inner: Option<ScopeId>,
    /// Named children so far, comments apart.
    children: usize,
    /// Is a text in here read as a type?
    is_type: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        file: &'a str,
        text: &'a Text<'a>,
        policy: &'a Policy,
        parser: &'a mut Parser,
        refusals: &'a mut Refusals,
    ) -> Self {
        Self {
            file,
            text,
            policy,
            parser,
            refusals,
            aliases: Aliases::default(),
            scopes: Scopes::new(),
            quoted: None,
        }
    }

    /// Refuses what the policy refuses. The stack is on the heap, and bounded: the text decides how
    /// deep the tree is.
    pub(super) fn module(mut self, tree: &Tree) {
        let mut cursor = tree.walk();
        let mut frames: Vec<Frame<'_>> = Vec::new();
        let mut uses = Vec::new();
        'nodes: loop {
            if let Some(frame) = self.enter(&cursor, &mut frames, &mut uses)
                && cursor.goto_first_child()
            {
                if frames.len() >= self.policy.bounds.depth_max {
                    let reason = format!("this is nested more than {} deep", frames.len());
                    self.refuse(
                        Code::TooDeep,
                        self.place(frame.node),
                        reason,
                        "give a part of it a name",
                    );
                    break 'nodes;
                }
                frames.push(frame);
                continue;
            }
            while !cursor.goto_next_sibling() {
                frames.pop();
                if !cursor.goto_parent() {
                    break 'nodes;
                }
            }
            if self.refusals.is_full() {
                break;
            }
        }
        for used in &uses {
            self.check_use(used);
        }
    }

    /// Looks at a node. Gives the frame for its children, if they are to be looked at.
    fn enter<'t>(
        &mut self,
        cursor: &TreeCursor<'t>,
        frames: &mut [Frame<'t>],
        uses: &mut Vec<Use<'t>>,
    ) -> Option<Frame<'t>> {
        let (node, field) = (cursor.node(), cursor.field_name());
        if !node.is_named() || node.is_extra() {
            return None;
        }
        let scope = self.scope_here(frames, field);
        let position = frames.last_mut().map_or(0, |parent| {
            parent.children += 1;
            parent.children - 1
        });
        let is_type = is_type_here(frames, field, node.kind(), position, self.text);
        let mut inner = None;
        match node.kind() {
            "import_statement" => {
                self.import(node, &*frames);
                return None;
            }
            "import_from_statement" => {
                self.import_from(node, &*frames);
                return None;
            }
            "future_import_statement" => return None,
            "print_statement" => {
                self.python_2(node, "`print` is called, with brackets");
                return None;
            }
            "exec_statement" => {
                self.python_2(node, "");
                return None;
            }
            "identifier" => {
                self.identifier(node, &*frames, (field, position), scope, uses);
                return None;
            }
            "attribute" => self.attribute(node, &*frames, field, scope, uses),
            "string" | "concatenated_string" => self.string(node, &*frames, is_type),
            "function_definition" | "lambda" => {
                inner = Some(self.scopes.open(scope, Kind::Function));
            }
            "class_definition" => inner = Some(self.scopes.open(scope, Kind::Class)),
            "list_comprehension"
            | "set_comprehension"
            | "dictionary_comprehension"
            | "generator_expression" => {
                inner = Some(self.scopes.open(scope, Kind::Comprehension));
            }
            _ => {}
        }
        Some(Frame {
            node,
            kind: node.kind(),
            field,
            scope,
            inner,
            children: 0,
            is_type,
        })
    }

    fn python_2(&mut self, node: Node<'_>, hint: &str) {
        let reason = "this is a statement of Python 2";
        self.refuse(Code::Syntax, self.place(node), reason, hint);
    }

    /// Where names live in a part of the innermost frame. Defaults and annotations are read outside of
    /// the function that they belong to, and so is what a comprehension first goes through.
    fn scope_here(&self, frames: &[Frame<'_>], field: Option<&str>) -> ScopeId {
        let Some(parent) = frames.last() else {
            return Scopes::MODULE;
        };
        let inner = parent.inner.unwrap_or(parent.scope);
        match (parent.kind, field) {
            ("function_definition" | "lambda", Some("parameters" | "body")) => inner,
            ("class_definition", Some("body")) => inner,
            ("function_definition" | "lambda" | "class_definition", _) => parent.scope,
            ("default_parameter" | "typed_default_parameter", Some("value" | "type")) => {
                self.scopes.parent(parent.scope)
            }
            ("typed_parameter", Some("type")) => self.scopes.parent(parent.scope),
            ("for_in_clause", Some("right")) if is_first_clause(frames) => {
                self.scopes.parent(parent.scope)
            }
            _ => inner,
        }
    }

    fn identifier<'t>(
        &mut self,
        node: Node<'t>,
        frames: &[Frame<'t>],
        (field, position): (Option<&str>, usize),
        scope: ScopeId,
        uses: &mut Vec<Use<'t>>,
    ) {
        let name = normal(self.text.of(node));
        match role(frames, field, position) {
            Role::Read => uses.push(Use::name(node, scope, frames, field)),
            Role::Attribute => self.check_attribute(node, &name, None),
            Role::Label => {}
            _ if !self.is_watched(&name) => {}
            Role::Bind => {
                self.scopes.bind(scope, &name);
                self.bind_in_module(&name, frames);
            }
            Role::BindOutside => self.scopes.bind_outside(scope, &name),
            Role::Global => self.scopes.declare_global(scope, &name),
            Role::Delete => self.scopes.delete(scope, &name),
        }
    }

    fn attribute<'t>(
        &mut self,
        node: Node<'t>,
        frames: &[Frame<'t>],
        field: Option<&str>,
        scope: ScopeId,
        uses: &mut Vec<Use<'t>>,
    ) {
        let Some(attribute) = node.child_by_field_name("attribute") else {
            return;
        };
        let outer = frames
            .last()
            .filter(|parent| parent.kind == "attribute" && field == Some("object"));
        let next = outer.and_then(|parent| parent.node.child_by_field_name("attribute"));
        let name = normal(self.text.of(attribute));
        let next_name = next.map(|next| normal(self.text.of(next)));
        self.check_attribute(attribute, &name, next_name.as_deref());
        if outer.is_none() {
            uses.push(Use::chain(node, attribute, scope, frames, field));
        }
    }

    fn check_attribute(&mut self, node: Node<'_>, name: &str, next: Option<&str>) {
        if let Err(why) = self.policy.attribute(name, next) {
            self.refuse(
                Code::Attribute,
                self.place(node),
                format!("`{name}`: {}", why.reason),
                &why.hint,
            );
        }
    }

    /// Binds what a statement imports.
    pub(super) fn bind(&mut self, name: &str, statement: Node<'_>, frames: &[Frame<'_>]) {
        if !self.is_watched(name) {
            return;
        }
        let scope = self.scope_here(frames, None);
        self.scopes.bind(scope, name);
        if frames.len() == 1 {
            self.scopes.bind_module(name, statement.end_byte());
        }
    }

    /// A statement of the module itself surely runs before those behind it.
    fn bind_in_module(&mut self, name: &str, frames: &[Frame<'_>]) {
        let statement = match frames {
            [_, statement] => statement,
            [_, outer, inner]
                if matches!(
                    (outer.kind, inner.kind),
                    ("decorated_definition", _) | (_, "assignment")
                ) =>
            {
                outer
            }
            _ => return,
        };
        if matches!(
            statement.kind,
            "function_definition"
                | "class_definition"
                | "decorated_definition"
                | "expression_statement"
        ) {
            self.scopes.bind_module(name, statement.node.end_byte());
        }
    }

    /// Is it of importance who binds this name?
    fn is_watched(&self, name: &str) -> bool {
        names::takes_attribute(name) || self.policy.builtin(name).is_err()
    }

    pub(super) fn place(&self, node: Node<'_>) -> (u32, u32) {
        self.quoted.unwrap_or_else(|| self.text.place(node))
    }

    pub(super) fn refuse(
        &mut self,
        code: Code,
        place: (u32, u32),
        reason: impl Into<String>,
        hint: &str,
    ) {
        let mut reason = reason.into();
        if self.quoted.is_some() {
            reason.push_str(", in a type that is written as text");
        }
        self.refusals.add(
            Refusal::new(code, self.file, place)
                .because(reason)
                .hint(hint),
        );
    }
}

/// Is the innermost frame the first `for` of a comprehension?
fn is_first_clause(frames: &[Frame<'_>]) -> bool {
    // What is computed stands before it.
    frames
        .iter()
        .rev()
        .nth(1)
        .is_some_and(|comprehension| comprehension.children == 2)
}
