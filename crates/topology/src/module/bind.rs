//! Names that get a value without being a definition: parameters, targets, captures.

use tree_sitter::Node;

use super::{
    scope::{Bound, ScopeKind},
    walk::Walker,
};
use crate::syntax::{field, named_children};

impl Walker<'_, '_> {
    /// Binds the names of a target; what it is an attribute or item of is used.
    pub(super) fn bind(&mut self, target: Node<'_>) {
        match target.kind() {
            "identifier" => self.bind_name(target, Bound::Local),
            "attribute" | "subscript" => self.visit_node(target),
            _ => {
                for part in named_children(target) {
                    self.bind(part);
                }
            }
        }
    }

    /// A pattern of `case`: plain names capture, dotted ones and classes are used.
    pub(super) fn bind_case(&mut self, pattern: Node<'_>) {
        let is_class = pattern.kind() == "class_pattern";
        for (at, part) in named_children(pattern).into_iter().enumerate() {
            match part.kind() {
                "dotted_name" => {
                    let names = named_children(part);
                    match &names[..] {
                        [name] if !(is_class && at == 0) => self.bind_name(*name, Bound::Local),
                        _ => names
                            .first()
                            .into_iter()
                            .for_each(|name| self.visit_node(*name)),
                    }
                }
                "identifier" if pattern.kind() == "keyword_pattern" && at == 0 => {}
                "identifier" => self.bind_name(part, Bound::Local),
                _ => self.bind_case(part),
            }
        }
    }

    /// The values and types of parameters belong to where the function is defined.
    pub(super) fn visit_defaults(&mut self, parameters: Node<'_>) {
        for parameter in named_children(parameters) {
            self.visit_field(parameter, "type");
            self.visit_field(parameter, "value");
        }
    }

    /// Binds the parameters, the first of them to `class` for a method.
    pub(super) fn bind_parameters(&mut self, parameters: Node<'_>, class: Option<u32>) {
        for (at, parameter) in named_children(parameters).into_iter().enumerate() {
            if let ("identifier", 0, Some(class)) = (parameter.kind(), at, class) {
                self.bind_name(parameter, Bound::Receiver(class));
                continue;
            }
            let annotated = field(parameter, "type")
                .and_then(|annotation| named_children(annotation).first().copied())
                .and_then(|annotation| self.chain_of(annotation));
            let to = annotated.map_or(Bound::Local, Bound::Instance);
            self.bind_parameter(parameter, to);
        }
    }

    fn bind_parameter(&mut self, parameter: Node<'_>, to: Bound) {
        if parameter.kind() == "identifier" {
            return self.bind_name(parameter, to);
        }
        if let Some(name) = field(parameter, "name") {
            return self.bind_parameter(name, to);
        }
        for part in named_children(parameter) {
            match part.kind() {
                "identifier" => self.bind_name(part, to),
                "type" => {}
                _ => self.bind_parameter(part, Bound::Local),
            }
        }
    }

    /// `name = value` within a function or class; a module's are definitions.
    pub(super) fn bind_assigned(&mut self, assignment: Node<'_>) {
        let Some(left) = field(assignment, "left") else {
            return;
        };
        if left.kind() != "identifier" {
            return self.bind(left);
        }
        let made = field(assignment, "right")
            .filter(|right| right.kind() == "call")
            .and_then(|call| field(call, "function"));
        let to = match made {
            Some(function) if self.scope().kind == ScopeKind::Function => self
                .chain_of(function)
                .map_or(Bound::Local, Bound::Instance),
            _ => Bound::Local,
        };
        self.bind_name(left, to);
    }
}
