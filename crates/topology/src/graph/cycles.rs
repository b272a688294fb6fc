//! Import cycles: strongly connected parts of the directed graph of modules.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use super::Graph;

/// Who imports whom at run time.
pub(crate) type Edges<'g> = BTreeMap<&'g str, BTreeSet<&'g str>>;

impl Graph {
    /// The sets of files that import each other in a ring, each sorted.
    ///
    /// Imports for type checkers alone (`if TYPE_CHECKING:`) count for nothing, those inside of
    /// functions count. Two ways to one module are no ring.
    pub fn cycles(&self) -> Vec<Vec<String>> {
        let edges = self.import_edges();
        let parts = components(&edges);
        let mut rings: Vec<Vec<String>> = parts
            .into_iter()
            .filter(|part| part.len() > 1 || is_loop(&edges, part))
            .map(|part| part.into_iter().map(str::to_owned).collect())
            .collect();
        rings.sort();
        rings
    }

    pub(crate) fn import_edges(&self) -> Edges<'_> {
        let mut edges = Edges::new();
        for (from, links) in &self.links {
            let to = links.edges.iter().filter(|(_, edge)| !edge.is_type_only);
            edges.insert(from, to.map(|(to, _)| &**to).collect());
        }
        edges
    }

    /// All imports among files, those for type checkers too, with their lines.
    pub(crate) fn all_edges(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>, usize)> {
        self.links.iter().flat_map(|(from, links)| {
            links
                .edges
                .iter()
                .map(move |(to, edge)| (from, to, edge.line))
        })
    }
}

fn is_loop(edges: &Edges<'_>, part: &BTreeSet<&str>) -> bool {
    part.iter().any(|module| edges[module].contains(module))
}

/// Strongly connected parts (Kosaraju, without recursion).
pub(crate) fn components<'g>(edges: &Edges<'g>) -> Vec<BTreeSet<&'g str>> {
    let mut backward = Edges::new();
    for (from, targets) in edges {
        for to in targets {
            backward.entry(to).or_default().insert(from);
        }
    }
    let mut placed = BTreeSet::new();
    let mut parts = Vec::new();
    for start in finishing_order(edges).into_iter().rev() {
        let mut part = BTreeSet::new();
        let mut stack = vec![start];
        while let Some(module) = stack.pop() {
            if placed.insert(module) {
                part.insert(module);
                stack.extend(backward.get(module).into_iter().flatten());
            }
        }
        if !part.is_empty() {
            parts.push(part);
        }
    }
    parts
}

fn finishing_order<'g>(edges: &Edges<'g>) -> Vec<&'g str> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for start in edges.keys() {
        let mut stack = vec![(*start, false)];
        while let Some((module, is_done)) = stack.pop() {
            if is_done {
                order.push(module);
            } else if seen.insert(module) {
                stack.push((module, true));
                let targets = edges.get(module).into_iter().flatten();
                stack.extend(targets.map(|target| (*target, false)));
            }
        }
    }
    order
}

/// The shortest way from `from` to `to`, both included.
pub(crate) fn way<'g>(edges: &Edges<'g>, from: &'g str, to: &str) -> Option<Vec<&'g str>> {
    let mut came: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(module) = queue.pop_front() {
        if module == to {
            let mut way = vec![module];
            while let Some(before) = way.last().filter(|at| **at != from).map(|at| came[at]) {
                way.push(before);
            }
            way.reverse();
            return Some(way);
        }
        for next in edges.get(module).into_iter().flatten() {
            if *next != from && !came.contains_key(next) {
                came.insert(next, module);
                queue.push_back(next);
            }
        }
    }
    None
}
