//! What a caller may say that had no name before.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Difference,
    pointer::Pointer,
    pool::Pool,
    rule::{NodeId, Rule},
};
use crate::Bump;

/// How many members are looked at, and how deep.
const FIELDS_MAX: usize = 10_000;
const DEPTH_MAX: usize = 16;

/// The members that an object may have, by the way to them.
type Fields = BTreeMap<Vec<String>, Pointer>;

/// The optional arguments, and optional members of arguments, that the new schema names and the old
/// one does not.
pub(super) fn arguments(pool: &Pool, old: NodeId, new: NodeId) -> Vec<Difference> {
    let (before, after) = (fields(pool, old), fields(pool, new));
    let is_new = |path: &[String]| !before.contains_key(path);
    let added = after.iter().filter(|(path, _)| {
        // What is within something new goes with it.
        let (_, parent) = path.split_last().expect("a field has a name");
        is_new(path) && (parent.is_empty() || !is_new(parent))
    });
    added
        .filter(|(_, pointer)| !is_required(pool, new, pointer))
        .map(|(path, pointer)| Difference {
            bump: Bump::Minor,
            pointer: pointer.to_string(),
            what: match path.as_slice() {
                [name] => format!("takes the optional argument `{name}`"),
                path => format!("takes the optional member `{}`", path.join(".")),
            },
        })
        .collect()
}

/// Does the schema that a field stands in demand it?
fn is_required(pool: &Pool, document: NodeId, field: &Pointer) -> bool {
    let Some((schema, name)) = field.owner() else {
        return false;
    };
    let schema = pool.value(pool.get(document).origin, &schema);
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|it| it.as_str() == Some(&name)))
}

fn fields(pool: &Pool, root: NodeId) -> Fields {
    let mut fields = Fields::new();
    collect(
        pool,
        root,
        &mut Vec::new(),
        &mut BTreeSet::new(),
        &mut fields,
    );
    fields
}

/// `within` holds the schemas on the way, which may contain themselves.
fn collect(
    pool: &Pool,
    node: NodeId,
    path: &mut Vec<String>,
    within: &mut BTreeSet<NodeId>,
    fields: &mut Fields,
) {
    if path.len() >= DEPTH_MAX || fields.len() >= FIELDS_MAX || !within.insert(node) {
        return;
    }
    for (_, rule) in &pool.get(node).rules {
        match rule {
            Rule::Members(members) => {
                for (name, nodes) in &members.names {
                    path.push(name.to_string());
                    for node in nodes {
                        let pointer = || pool.get(*node).pointer.clone();
                        fields.entry(path.clone()).or_insert_with(pointer);
                        collect(pool, *node, path, within, fields);
                    }
                    path.pop();
                }
            }
            Rule::Items(items) => {
                for item in items.prefix.iter().chain(&items.rest) {
                    collect(pool, item.node, path, within, fields);
                }
            }
            Rule::AllOf(nodes) | Rule::AnyOf(nodes) | Rule::OneOf(nodes) => {
                for node in nodes {
                    collect(pool, *node, path, within, fields);
                }
            }
            Rule::Ref(node) => collect(pool, *node, path, within, fields),
            _ => {}
        }
    }
    within.remove(&node);
}
