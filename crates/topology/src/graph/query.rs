//! Questions about single symbols.

use std::collections::{BTreeMap, BTreeSet};

use model::nearest::nearest;
use serde::Serialize;

use super::{Graph, Link};
use crate::{
    Candidate, Span, Symbol, SymbolPath, Unreadable, fingerprint::likeness, symbol::listed,
};

/// Why no single symbol is meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SymbolError {
    #[error("`{name}` is defined {} times: {}; name one by its path", candidates.len(), listed(candidates))]
    Ambiguous {
        name: String,
        candidates: Vec<Candidate>,
    },
    #[error("there is no `{name}`{}", nearest_hint(nearest))]
    Unknown { name: String, nearest: Vec<String> },
}

fn nearest_hint(nearest: &[String]) -> String {
    let quoted: Vec<_> = nearest.iter().map(|name| format!("`{name}`")).collect();
    match &quoted[..] {
        [] => String::new(),
        [one] => format!("; did you mean {one}?"),
        several => format!("; did you mean one of {}?", several.join(", ")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceKind {
    Call,
    Reference,
    Import,
}

/// A place that names a symbol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reference {
    pub file: String,
    pub line: usize,
    pub span: Span,
    pub kind: ReferenceKind,
    /// The symbol whose text it is part of.
    pub within: Option<SymbolPath>,
}

impl Graph {
    /// Every definition, by file and then from top to bottom.
    pub fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        self.modules.values().flat_map(|module| &module.symbols)
    }

    /// Whether anything is called so, be it a path, a name or a dotted name.
    pub fn has_symbol(&self, name: &str) -> bool {
        !self.named(name).is_empty()
    }

    /// The symbol that a path, a name or a dotted name (`Class.method`) means.
    pub fn symbol(&self, name: &str) -> Result<&Symbol, SymbolError> {
        let found = self.named(name);
        match &found[..] {
            [one] => Ok(one),
            [] => Err(SymbolError::Unknown {
                name: name.to_owned(),
                nearest: self.near(name),
            }),
            several => {
                let candidates = several.iter().map(|symbol| symbol.candidate()).collect();
                Err(SymbolError::Ambiguous {
                    name: name.to_owned(),
                    candidates,
                })
            }
        }
    }

    fn named(&self, name: &str) -> Vec<&Symbol> {
        if let Ok(path) = name.parse::<SymbolPath>() {
            return self.at(&path);
        }
        let exact: Vec<_> = self
            .symbols()
            .filter(|symbol| &*symbol.path.name == name)
            .collect();
        if !exact.is_empty() {
            return exact;
        }
        self.symbols()
            .filter(|symbol| symbol.path.last() == name)
            .collect()
    }

    /// The definitions at a path: none, one, or several of one name.
    pub(crate) fn at(&self, path: &SymbolPath) -> Vec<&Symbol> {
        let Some(module) = self.modules.get(&path.file) else {
            return Vec::new();
        };
        let found = module.index.get(&path.name).into_iter().flatten();
        found.map(|at| module.symbol(*at)).collect()
    }

    fn near(&self, name: &str) -> Vec<String> {
        if name.contains("::") {
            let paths: Vec<String> = self
                .symbols()
                .map(|symbol| symbol.path.to_string())
                .collect();
            return owned(nearest(name, paths.iter().map(String::as_str)));
        }
        let by_last = self.symbols().map(|symbol| symbol.path.last());
        owned(nearest(name, by_last))
    }

    /// Where a symbol is named, in order of files and lines.
    pub fn references(&self, symbol: &SymbolPath) -> Vec<Reference> {
        self.links_to(symbol)
            .into_iter()
            .map(|(path, link)| {
                let module = &self.modules[path];
                let before = &module.source[..link.span.start];
                Reference {
                    file: path.to_owned(),
                    line: before.matches('\n').count() + 1,
                    span: link.span,
                    kind: link.kind,
                    within: link.owner.map(|owner| module.symbol(owner).path.clone()),
                }
            })
            .collect()
    }

    /// The links that mean `symbol`, with the files they are in.
    pub(crate) fn links_to(&self, symbol: &SymbolPath) -> Vec<(&str, &Link)> {
        let files = self.incoming.get(symbol).into_iter().flatten();
        files
            .flat_map(|file| {
                let links = self
                    .links
                    .get(file)
                    .into_iter()
                    .flat_map(|links| &links.named);
                links
                    .filter(|link| link.to == *symbol)
                    .map(move |link| (&**file, link))
            })
            .collect()
    }

    /// The links out of `symbol` and of what is nested in it.
    pub(crate) fn links_from(&self, symbol: &SymbolPath) -> Vec<&Link> {
        let (Some(module), Some(links)) =
            (self.modules.get(&symbol.file), self.links.get(&symbol.file))
        else {
            return Vec::new();
        };
        let owners: BTreeSet<u32> = (0_u32..)
            .zip(&module.symbols)
            .filter(|(_, owner)| owner.path.is_within(symbol))
            .map(|(at, _)| at)
            .collect();
        let is_own = |link: &&Link| link.owner.is_some_and(|owner| owners.contains(&owner));
        let is_out = |link: &&Link| !link.to.is_within(symbol);
        links.named.iter().filter(is_own).filter(is_out).collect()
    }

    /// The symbols that call it.
    pub fn callers(&self, symbol: &SymbolPath) -> Vec<SymbolPath> {
        let calls = self.links_to(symbol).into_iter();
        let owners = calls
            .filter(|(_, link)| link.kind == ReferenceKind::Call)
            .filter_map(|(path, link)| Some(self.modules[path].symbol(link.owner?).path.clone()));
        owners.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The symbols that it calls.
    pub fn callees(&self, symbol: &SymbolPath) -> Vec<SymbolPath> {
        let links = self.links_from(symbol).into_iter();
        let called = links.filter(|link| link.kind == ReferenceKind::Call);
        called
            .map(|link| link.to.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// The `count` definitions most like it, by the shape of their syntax trees, names left aside.
    /// The likeness is 0 to 1; those without any are left out.
    pub fn similar(&self, symbol: &SymbolPath, count: usize) -> Vec<(SymbolPath, f64)> {
        let Some(model) = self.at(symbol).first().copied() else {
            return Vec::new();
        };
        let mut ranked: Vec<(SymbolPath, f64)> = self
            .symbols()
            .filter(|other| other.path != *symbol && other.kind == model.kind)
            .map(|other| {
                (
                    other.path.clone(),
                    likeness(&model.fingerprint, &other.fingerprint),
                )
            })
            .filter(|(_, likeness)| *likeness > 0.0)
            .collect();
        ranked.sort_by(|(a, left), (b, right)| right.total_cmp(left).then_with(|| a.cmp(b)));
        ranked.truncate(count);
        ranked
    }

    /// What could not be read, by file.
    pub fn unreadable(&self) -> BTreeMap<&str, &Unreadable> {
        let modules = self
            .modules
            .iter()
            .filter_map(|(path, module)| Some((&**path, module.problem.as_ref()?)));
        let cases = self
            .cases
            .iter()
            .filter_map(|(path, cases)| Some((&**path, cases.problem.as_ref()?)));
        modules.chain(cases).collect()
    }
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}
