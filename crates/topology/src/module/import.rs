//! Import statements: one [`Import`] for each name they bring in.

use tree_sitter::Node;

use super::{
    Import, Reach,
    scope::{Bound, ScopeKind},
    walk::Walker,
};
use crate::{
    symbol::Span,
    syntax::{children, field, line, named_children},
};

impl Walker<'_, '_> {
    pub(super) fn read_imports(&mut self, statement: Node<'_>) {
        if self.scopes.len() == 1 {
            self.module.import_statements.push(Span::of(statement));
        }
        if statement.kind() == "future_import_statement" {
            return;
        }
        let from = field(statement, "module_name");
        let mut cursor = statement.walk();
        let names: Vec<_> = statement
            .children_by_field_name("name", &mut cursor)
            .collect();
        for node in names {
            self.read_name(node, from);
        }
        let wildcard = children(statement)
            .into_iter()
            .find(|child| child.kind() == "wildcard_import");
        if let (Some(all), Some(from)) = (wildcard, from) {
            let module = self.module_named(from);
            self.push_import(module, Some("*".to_owned()), String::new(), all);
        }
    }

    fn read_name(&mut self, node: Node<'_>, from: Option<Node<'_>>) {
        let alias = field(node, "alias");
        let name = field(node, "name").unwrap_or(node);
        let text = self.joined(name);
        if let Some(from) = from {
            let bound = alias.map_or_else(|| text.clone(), |alias| self.slice(alias).to_owned());
            let module = self.module_named(from);
            self.push_import(module, Some(text), bound, name);
        } else if let Some(alias) = alias {
            let bound = self.slice(alias).to_owned();
            self.push_import(text, None, bound, name);
        } else {
            let bound = text.split('.').next().unwrap_or(&text).to_owned();
            self.push_import(text, None, bound, name);
        }
        let bound = alias.or_else(|| named_children(name).first().copied());
        let at = u32::try_from(self.module.imports.len() - 1).expect("a file of bounded size");
        if let Some(bound) = bound {
            self.bind_name(bound, Bound::Import(at));
        }
    }

    fn push_import(&mut self, module: String, item: Option<String>, bound: String, at: Node<'_>) {
        let binds_root = item.is_none() && module.starts_with(&bound) && module.contains('.');
        let kind = self.scope().kind;
        let reach = match kind {
            ScopeKind::Module if self.is_conditional => Reach::Perhaps,
            ScopeKind::Module => Reach::Module,
            ScopeKind::Class | ScopeKind::Function => Reach::Inner,
        };
        let is_aliased = at
            .parent()
            .is_some_and(|parent| parent.kind() == "aliased_import");
        self.module.imports.push(Import {
            module,
            item,
            bound,
            binds_root: binds_root && !is_aliased,
            span: Span::of(at),
            line: line(at),
            is_type_only: self.is_type_only,
            reach,
        });
    }

    /// A dotted name without the white space that may stand in it.
    fn joined(&self, name: Node<'_>) -> String {
        let parts: Vec<_> = named_children(name)
            .into_iter()
            .map(|part| self.slice(part))
            .collect();
        parts.join(".")
    }

    /// The full name of what `from` names; dots count from this file's package.
    fn module_named(&self, from: Node<'_>) -> String {
        if from.kind() != "relative_import" {
            return self.joined(from);
        }
        let mut dots = 0;
        let mut rest = String::new();
        for part in named_children(from) {
            match part.kind() {
                "import_prefix" => dots = self.slice(part).matches('.').count(),
                _ => rest = self.joined(part),
            }
        }
        let mut package: Vec<&str> = self.module.name.split('.').collect();
        let up = dots - usize::from(self.module.is_package && dots > 0);
        package.truncate(package.len().saturating_sub(up));
        if !rest.is_empty() {
            package.push(&rest);
        }
        package.join(".")
    }
}
