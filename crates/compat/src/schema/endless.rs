//! Schemas that lead back to themselves before they come to a part of the value. They mean nothing,
//! and whoever follows them does not come back.

use std::collections::HashMap;

use super::{
    pool::Pool,
    rule::{NodeId, Rule},
};

/// How a schema was left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Open,
    Done,
}

/// Does any schema that is parsed lead back to itself?
pub(super) fn has_endless(pool: &Pool) -> bool {
    let mut visited = HashMap::new();
    pool.ids().any(|node| is_endless(pool, node, &mut visited))
}

/// Goes down one way after the other, with a stack of its own: schemas may be many.
fn is_endless(pool: &Pool, start: NodeId, visited: &mut HashMap<NodeId, Visit>) -> bool {
    let mut way = vec![(start, false)];
    while let Some((node, is_left)) = way.pop() {
        if is_left {
            visited.insert(node, Visit::Done);
            continue;
        }
        match visited.get(&node) {
            Some(Visit::Open) => return true,
            Some(Visit::Done) => continue,
            None => {}
        }
        visited.insert(node, Visit::Open);
        way.push((node, true));
        for (_, rule) in &pool.get(node).rules {
            way.extend(same_value(rule).into_iter().map(|node| (node, false)));
        }
    }
    false
}

/// The schemas that a keyword puts to the value itself.
fn same_value(rule: &Rule) -> Vec<NodeId> {
    match rule {
        Rule::AllOf(nodes) | Rule::AnyOf(nodes) | Rule::OneOf(nodes) => nodes.clone(),
        Rule::Not(node) | Rule::Ref(node) | Rule::SchemaWith(_, node) => vec![*node],
        Rule::If {
            condition,
            then,
            otherwise,
        } => [Some(*condition), *then, *otherwise]
            .into_iter()
            .flatten()
            .collect(),
        _ => Vec::new(),
    }
}
