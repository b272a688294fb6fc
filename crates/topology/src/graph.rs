//! The whole workspace: every module, and what its names mean in the others.

mod cycles;
mod query;
mod reach;
mod resolve;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;

pub use query::{Reference, ReferenceKind, SymbolError};
pub use reach::Impact;

pub(crate) use cycles::{components, way};
pub(crate) use resolve::Link;

use crate::{
    Files, SymbolPath,
    cases::{Cases, is_case_file},
    module::Module,
};
use resolve::{Links, Resolver};

/// What is defined where, who uses it, and which cases cover it.
///
/// Names are resolved by scope and imports. An attribute is resolved where its owner is a module, a
/// class, `self`, or a name that was made by calling a class or is annotated with one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    modules: BTreeMap<Arc<str>, Arc<Module>>,
    /// Files by the name that imports call them; a package wins over a file of its name.
    names: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    cases: BTreeMap<Arc<str>, Arc<Cases>>,
    links: BTreeMap<Arc<str>, Arc<Links>>,
    /// The files that refer to a symbol.
    incoming: HashMap<SymbolPath, BTreeSet<Arc<str>>>,
}

impl Graph {
    pub fn of(files: &Files) -> Self {
        let mut graph = Self::default();
        for (path, bytes) in files {
            graph.place(path, Some(bytes));
        }
        let all: Vec<Arc<str>> = graph.modules.keys().cloned().collect();
        graph.resolve(&all);
        graph
    }

    /// The graph of `now`, where this one is that of `before`: what is the same is not read again.
    #[must_use]
    pub fn following(&self, before: &Files, now: &Files) -> Self {
        let mut graph = self.clone();
        for (path, bytes) in now {
            if before.get(path) != Some(bytes) {
                graph.update(path, Some(bytes));
            }
        }
        for path in before.keys().filter(|path| !now.contains_key(*path)) {
            graph.update(path, None);
        }
        graph
    }

    /// Reads `path` again, or forgets it. No other file is parsed.
    pub fn update(&mut self, path: &str, bytes: Option<&Bytes>) {
        let before = self.modules.get(path).cloned();
        self.place(path, bytes);
        let after = self.modules.get(path).cloned();
        let mut stale: BTreeSet<Arc<str>> = BTreeSet::new();
        match (&before, &after) {
            (None, None) => return,
            (Some(before), Some(after)) if before.looks_like(after) => {}
            (Some(module), _) | (None, Some(module)) => stale = self.dependants(&module.name),
        }
        if let Some(module) = before.or(after) {
            stale.insert(Arc::clone(&module.path));
        }
        self.resolve(&stale.into_iter().collect::<Vec<_>>());
    }

    /// Puts the file where it belongs, unresolved.
    fn place(&mut self, path: &str, bytes: Option<&Bytes>) {
        let path: Arc<str> = path.into();
        if is_case_file(&path) {
            match bytes {
                Some(bytes) => {
                    let cases = Arc::new(Cases::read(&path, bytes));
                    self.cases.insert(path, cases);
                }
                None => {
                    self.cases.remove(&path);
                }
            }
        } else if path.ends_with(".py") {
            self.place_module(path, bytes);
        }
    }

    fn place_module(&mut self, path: Arc<str>, bytes: Option<&Bytes>) {
        if let Some(old) = self.modules.remove(&path)
            && let Some(paths) = self.names.get_mut(&old.name)
        {
            paths.remove(&path);
            if paths.is_empty() {
                self.names.remove(&old.name);
            }
        }
        if let Some(bytes) = bytes {
            let module = Module::read(&path, bytes);
            let paths = self.names.entry(Arc::clone(&module.name)).or_default();
            paths.insert(Arc::clone(&path));
            self.modules.insert(path, Arc::new(module));
        }
    }

    fn resolve(&mut self, paths: &[Arc<str>]) {
        for path in paths {
            let links = self.modules.get(path).map(|module| {
                let resolver = Resolver {
                    modules: &self.modules,
                    names: &self.names,
                };
                Arc::new(resolver.links(module))
            });
            let old = self.links.remove(path);
            for target in old.iter().flat_map(|old| old.targets()) {
                if let Some(files) = self.incoming.get_mut(target) {
                    files.remove(path);
                    if files.is_empty() {
                        self.incoming.remove(target);
                    }
                }
            }
            if let Some(links) = links {
                for target in links.targets() {
                    let files = self.incoming.entry(target.clone()).or_default();
                    files.insert(Arc::clone(path));
                }
                self.links.insert(Arc::clone(path), links);
            }
        }
    }

    /// The files whose names may mean something else once the module called `name` has changed.
    fn dependants(&self, name: &str) -> BTreeSet<Arc<str>> {
        let mut importers: HashMap<&str, Vec<&Arc<Module>>> = HashMap::new();
        let joined: Vec<(String, &Arc<Module>)> = self
            .modules
            .values()
            .flat_map(|module| {
                let names = module.imports.iter().filter_map(|import| {
                    let item = import.item.as_ref()?;
                    Some((format!("{}.{item}", import.module), module))
                });
                names.collect::<Vec<_>>()
            })
            .collect();
        for module in self.modules.values() {
            for import in &module.imports {
                prefixes(&import.module)
                    .for_each(|prefix| importers.entry(prefix).or_default().push(module));
            }
        }
        for (name, module) in &joined {
            importers.entry(name).or_default().push(module);
        }
        let mut found = BTreeSet::new();
        let mut seen: HashSet<&str> = prefixes(name).collect();
        let mut queue: Vec<&str> = seen.iter().copied().collect();
        while let Some(name) = queue.pop() {
            for module in importers.get(name).into_iter().flatten() {
                found.insert(Arc::clone(&module.path));
                if seen.insert(&module.name) {
                    queue.push(&module.name);
                }
            }
        }
        found.extend(self.names.get(name).into_iter().flatten().cloned());
        found
    }

    pub(crate) fn modules(&self) -> impl Iterator<Item = &Arc<Module>> {
        self.modules.values()
    }

    pub(crate) fn module(&self, path: &str) -> Option<&Arc<Module>> {
        self.modules.get(path)
    }

    pub(crate) fn links_of(&self, path: &str) -> Option<&Links> {
        self.links.get(path).map(|links| &**links)
    }

    pub(crate) fn case_files(&self) -> &BTreeMap<Arc<str>, Arc<Cases>> {
        &self.cases
    }
}

/// `a`, `a.b` and `a.b.c` of `a.b.c`.
fn prefixes(name: &str) -> impl Iterator<Item = &str> {
    let dots = name.match_indices('.').map(|(at, _)| &name[..at]);
    dots.chain(std::iter::once(name))
}
