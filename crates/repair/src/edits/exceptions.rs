//! Other kinds of exceptions, raised and caught.

use tree_sitter::Node;

use super::{Class, Site};
use crate::program::named;

const KINDS: [&str; 14] = [
    "ValueError",
    "KeyError",
    "TypeError",
    "IndexError",
    "ZeroDivisionError",
    "AttributeError",
    "LookupError",
    "ArithmeticError",
    "OverflowError",
    "StopIteration",
    "RuntimeError",
    "NotImplementedError",
    "OSError",
    "Exception",
];

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    match node.kind() {
        "except_clause" => {
            if let Some(kind) = named(node)
                .into_iter()
                .find(|child| child.kind() != "block")
            {
                let kind = if kind.kind() == "as_pattern" {
                    named(kind).into_iter().next().unwrap_or(kind)
                } else {
                    kind
                };
                others(site, kind, 1.2);
                let text = site.text(kind).trim_matches(['(', ')']).to_owned();
                for more in &KINDS[..6] {
                    site.put(kind, format!("({text}, {more})"), Class::Exception, 1.8);
                }
            }
        }
        "raise_statement" => {
            let Some(raised) = named(node).into_iter().next() else {
                return;
            };
            let kind = raised.child_by_field_name("function").unwrap_or(raised);
            if kind.kind() == "identifier" {
                others(site, kind, 1.2);
            }
        }
        _ => {}
    }
}

fn others(site: &mut Site<'_>, kind: Node<'_>, cost: f64) {
    for other in KINDS {
        site.put(kind, other, Class::Exception, cost);
    }
    for other in &site.pool.globals {
        if other.ends_with("Error") || other.ends_with("Exception") {
            site.put(kind, other.clone(), Class::Exception, cost);
        }
    }
}
