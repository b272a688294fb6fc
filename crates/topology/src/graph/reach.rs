//! How far a symbol reaches: what is near it, what a change of it affects, what covers it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Graph, ReferenceKind};
use crate::{CaseRef, SymbolPath};

/// What one mention counts for in the strength between two symbols.
const CALL_WEIGHT: f64 = 1.0;
const REFERENCE_WEIGHT: f64 = 0.5;
const NESTED_WEIGHT: f64 = 1.0;

/// What a change may show in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Impact {
    /// Those changed, and all that use them, directly or through others.
    pub symbols: Vec<SymbolPath>,
    pub cases: Vec<CaseRef>,
}

impl Graph {
    /// The symbols at most `depth` steps away, in either direction, the nearest first.
    ///
    /// The strength of a step is `w / (w + 1)` for a weight `w` of all mentions (a call counts 1,
    /// any other mention a half, nesting 1); that of a way is the product of its steps, and the
    /// strongest way counts.
    pub fn neighbours(&self, symbol: &SymbolPath, depth: usize) -> Vec<(SymbolPath, f64)> {
        let mut best: BTreeMap<SymbolPath, f64> = BTreeMap::from([(symbol.clone(), 1.0)]);
        let mut front = best.clone();
        for _ in 0..depth {
            let mut next: BTreeMap<SymbolPath, f64> = BTreeMap::new();
            for (from, reached) in &front {
                for (to, weight) in self.steps(from) {
                    let strength = reached * weight / (weight + 1.0);
                    if best.get(&to).is_none_or(|known| strength > *known) {
                        best.insert(to.clone(), strength);
                        next.insert(to, strength);
                    }
                }
            }
            front = next;
        }
        best.remove(symbol);
        let mut ranked: Vec<_> = best.into_iter().collect();
        ranked.sort_by(|(a, left), (b, right)| right.total_cmp(left).then_with(|| a.cmp(b)));
        ranked
    }

    /// The symbols one step away with the weight of what ties them.
    fn steps(&self, symbol: &SymbolPath) -> BTreeMap<SymbolPath, f64> {
        let mut steps: BTreeMap<SymbolPath, f64> = BTreeMap::new();
        let mut add = |to: SymbolPath, weight: f64| {
            if to != *symbol {
                *steps.entry(to).or_default() += weight;
            }
        };
        for link in self.links_from(symbol) {
            add(link.to.clone(), weight(link.kind));
        }
        for (path, link) in self.links_to(symbol) {
            if let Some(owner) = link.owner {
                add(
                    self.modules[path].symbol(owner).path.clone(),
                    weight(link.kind),
                );
            }
        }
        if let Some(parent) = symbol.parent() {
            add(parent, NESTED_WEIGHT);
        }
        for child in self.children(symbol) {
            add(child, NESTED_WEIGHT);
        }
        steps
    }

    fn children(&self, symbol: &SymbolPath) -> Vec<SymbolPath> {
        let symbols = self
            .modules
            .get(&symbol.file)
            .into_iter()
            .flat_map(|module| &module.symbols);
        symbols
            .filter(|inner| inner.path.parent().as_ref() == Some(symbol))
            .map(|inner| inner.path.clone())
            .collect()
    }

    /// What a change of `symbols` and of what is nested in them affects. A mention outside of any symbol counts for its whole
    /// file, and a change of a method for its class.
    pub fn impact(&self, symbols: &[SymbolPath]) -> Impact {
        let is_changed = |path: &&SymbolPath| symbols.iter().any(|symbol| path.is_within(symbol));
        let all = self.symbols().map(|symbol| &symbol.path);
        let mut affected: BTreeSet<SymbolPath> = all.filter(is_changed).cloned().collect();
        let mut queue: Vec<SymbolPath> = affected.iter().cloned().collect();
        while let Some(symbol) = queue.pop() {
            for user in self.users(&symbol) {
                if affected.insert(user.clone()) {
                    queue.push(user);
                }
            }
        }
        let cases = self.cases_of(&affected);
        Impact {
            symbols: affected.into_iter().collect(),
            cases,
        }
    }

    fn users(&self, symbol: &SymbolPath) -> BTreeSet<SymbolPath> {
        let mut users: BTreeSet<SymbolPath> = symbol.parent().into_iter().collect();
        for (path, link) in self.links_to(symbol) {
            let module = &self.modules[path];
            match (link.owner, link.kind) {
                (Some(owner), _) => {
                    users.insert(module.symbol(owner).path.clone());
                }
                (None, ReferenceKind::Import) => {}
                (None, ReferenceKind::Call | ReferenceKind::Reference) => {
                    users.extend(module.symbols.iter().map(|symbol| symbol.path.clone()));
                }
            }
        }
        users
    }

    fn cases_of(&self, affected: &BTreeSet<SymbolPath>) -> Vec<CaseRef> {
        let tools: BTreeSet<&str> = self
            .modules
            .values()
            .flat_map(|module| &module.symbols)
            .filter(|symbol| symbol.is_tool && affected.contains(&symbol.path))
            .map(|symbol| symbol.path.last())
            .collect();
        let all = self.cases.values().flat_map(|file| &file.cases);
        all.filter(|case| tools.contains(&*case.tool))
            .cloned()
            .collect()
    }

    /// The cases whose tool comes to use the symbol.
    pub fn tests_covering(&self, symbol: &SymbolPath) -> Vec<CaseRef> {
        self.impact(std::slice::from_ref(symbol)).cases
    }
}

fn weight(kind: ReferenceKind) -> f64 {
    match kind {
        ReferenceKind::Call => CALL_WEIGHT,
        ReferenceKind::Reference | ReferenceKind::Import => REFERENCE_WEIGHT,
    }
}
