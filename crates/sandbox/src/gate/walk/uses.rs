//! Names that are read, alone or with attributes behind them. They are judged when all that binds
//! names has been seen.

use tree_sitter::Node;

use super::{Frame, ScopeId, Walk};
use crate::gate::{
    attributes,
    names::normal,
    policy::Why,
    refusal::Code,
    strings::{Written, written},
};

/// A name that is read.
pub(super) struct Use<'t> {
    /// The name, or the outermost attribute that is taken of it.
    node: Node<'t>,
    /// Where it is told: the name, or the last attribute.
    last: Node<'t>,
    scope: ScopeId,
    /// The call, if this is what is called.
    call: Option<Node<'t>>,
}

/// Which arguments name an attribute.
#[derive(Clone, Copy)]
enum Naming {
    Nth(usize),
    /// As with `object.__setattr__(x, "name")` and `x.__setattr__("name")`.
    FirstText,
    /// `a.b` for an attribute of an attribute.
    Paths,
}

impl<'t> Use<'t> {
    pub(super) fn name(
        node: Node<'t>,
        scope: ScopeId,
        frames: &[Frame<'t>],
        field: Option<&str>,
    ) -> Self {
        Self {
            node,
            last: node,
            scope,
            call: call(frames, field),
        }
    }

    pub(super) fn chain(
        node: Node<'t>,
        last: Node<'t>,
        scope: ScopeId,
        frames: &[Frame<'t>],
        field: Option<&str>,
    ) -> Self {
        Self {
            node,
            last,
            scope,
            call: call(frames, field),
        }
    }
}

fn call<'t>(frames: &[Frame<'t>], field: Option<&str>) -> Option<Node<'t>> {
    let parent = frames.last()?;
    (parent.kind == "call" && field == Some("function")).then_some(parent.node)
}

impl Walk<'_> {
    pub(super) fn check_use(&mut self, used: &Use<'_>) {
        let text = self.text;
        let mut attributes = Vec::new();
        let mut root = used.node;
        while root.kind() == "attribute" {
            let parts = (
                root.child_by_field_name("object"),
                root.child_by_field_name("attribute"),
            );
            let (Some(object), Some(attribute)) = parts else {
                return;
            };
            attributes.push(normal(text.of(attribute)));
            root = object;
        }
        if let Some(last) = attributes.first()
            && attributes::takes_attribute(last)
        {
            self.check_naming(used, last, Naming::FirstText);
        }
        if root.kind() != "identifier" {
            return;
        }
        let name = normal(text.of(root));
        attributes.reverse();
        if attributes.is_empty()
            && self.is_watched(&name)
            && !self.scopes.is_own(used.scope, &name, root.start_byte())
        {
            self.check_builtin(used, &name);
        }
        let targets: Vec<String> = self.aliases.resolve(&name, &attributes.join(".")).collect();
        for target in targets {
            self.check_member(used, &target, attributes.is_empty());
        }
    }

    fn check_builtin(&mut self, used: &Use<'_>, name: &str) {
        match self.policy.builtin(name) {
            Err(why) => self.refuse(
                Code::Builtin,
                self.place(used.last),
                format!("`{name}`: {}", why.reason),
                &why.hint,
            ),
            Ok(()) => self.check_naming(used, name, Naming::Nth(1)),
        }
    }

    /// What is read of something imported.
    fn check_member(&mut self, used: &Use<'_>, target: &str, is_bare: bool) {
        // A bare name was judged where it was imported.
        if !is_bare && let Err(why) = self.policy.import(target) {
            self.refuse(
                Code::Member,
                self.place(used.last),
                format!("`{target}`: {}", why.reason),
                &why.hint,
            );
        }
        match target {
            "operator.attrgetter" => self.check_naming(used, target, Naming::Paths),
            "operator.methodcaller" => self.check_naming(used, target, Naming::Nth(0)),
            _ => {}
        }
    }

    /// Looks at the names that a function is called with which takes attributes by their names.
    fn check_naming(&mut self, used: &Use<'_>, function: &str, naming: Naming) {
        let hint = "a `dict` from names to what they stand for can be read";
        let arguments = used
            .call
            .and_then(|call| call.child_by_field_name("arguments"));
        let Some(arguments) = arguments else {
            if !self.policy.attributes.computed {
                let reason = format!(
                    "`{function}` is handed on, and what it will be asked for is not in the text"
                );
                self.refuse(Code::ComputedAttribute, self.place(used.last), reason, hint);
            }
            return;
        };
        let mut cursor = arguments.walk();
        let given: Vec<Node<'_>> = arguments
            .named_children(&mut cursor)
            .filter(|node| !node.is_extra())
            .collect();
        let naming_nodes: Vec<Node<'_>> = match naming {
            Naming::Paths => given,
            Naming::Nth(index) => given
                .get(index)
                .or(given.last())
                .copied()
                .into_iter()
                .collect(),
            Naming::FirstText => {
                let texts = given
                    .iter()
                    .take(2)
                    .find(|node| !matches!(written(self.text, **node), Written::Nothing));
                texts.or(given.last()).copied().into_iter().collect()
            }
        };
        for node in naming_nodes {
            if let Err((code, why)) = self.judge_name(node, naming) {
                let reason = format!("`{function}`, {}", why.reason);
                let hint = if code == Code::ComputedAttribute {
                    hint
                } else {
                    &why.hint
                };
                self.refuse(code, self.place(node), reason, hint);
            }
        }
    }

    fn judge_name(&self, node: Node<'_>, naming: Naming) -> Result<(), (Code, Why)> {
        let is_path = matches!(naming, Naming::Paths);
        match written(self.text, node) {
            Written::Whole(whole) => {
                for name in whole.split('.') {
                    self.policy.attribute(name, None).map_err(|why| {
                        let reason = format!("`{name}`: {}", why.reason);
                        (Code::Attribute, Why { reason, ..why })
                    })?;
                }
                Ok(())
            }
            Written::Beginning(beginning)
                if !is_path && !self.policy.may_begin_refused(&beginning) =>
            {
                Ok(())
            }
            Written::Beginning(_) | Written::Nothing if self.policy.attributes.computed => Ok(()),
            Written::Beginning(_) | Written::Nothing => {
                let reason = "and which attribute that is, is not in the text".to_owned();
                Err((
                    Code::ComputedAttribute,
                    Why {
                        entry: String::new(),
                        reason,
                        hint: String::new(),
                    },
                ))
            }
        }
    }
}
