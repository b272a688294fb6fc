//! Whose name a name is: a parameter called `input` is not the builtin.

use std::collections::{BTreeMap, BTreeSet};

/// Only names that are refused if they are builtins are kept.
pub(super) struct Scopes {
    all: Vec<Scope>,
    /// By name, where a statement of the module itself ends that binds it.
    of_module: BTreeMap<String, usize>,
    /// A variable that is deleted lets the builtin be seen again.
    deleted: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScopeId(usize);

struct Scope {
    parent: ScopeId,
    kind: Kind,
    bound: BTreeSet<String>,
    global: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Module,
    Class,
    Function,
    Comprehension,
}

impl Scopes {
    pub(super) const MODULE: ScopeId = ScopeId(0);

    pub(super) fn new() -> Self {
        let mut scopes = Self {
            all: Vec::new(),
            of_module: BTreeMap::new(),
            deleted: BTreeSet::new(),
        };
        scopes.open(Self::MODULE, Kind::Module);
        scopes
    }

    pub(super) fn open(&mut self, parent: ScopeId, kind: Kind) -> ScopeId {
        self.all.push(Scope {
            parent,
            kind,
            bound: BTreeSet::new(),
            global: BTreeSet::new(),
        });
        ScopeId(self.all.len() - 1)
    }

    pub(super) fn parent(&self, scope: ScopeId) -> ScopeId {
        self.all[scope.0].parent
    }

    pub(super) fn bind(&mut self, scope: ScopeId, name: &str) {
        self.all[scope.0].bound.insert(name.to_owned());
    }

    /// By `:=`, which reaches out of comprehensions.
    pub(super) fn bind_outside(&mut self, scope: ScopeId, name: &str) {
        let mut scope = scope;
        while self.all[scope.0].kind == Kind::Comprehension {
            scope = self.parent(scope);
        }
        self.bind(scope, name);
    }

    /// By a statement of the module itself, which ends there.
    pub(super) fn bind_module(&mut self, name: &str, end: usize) {
        self.of_module.entry(name.to_owned()).or_insert(end);
    }

    pub(super) fn declare_global(&mut self, scope: ScopeId, name: &str) {
        self.all[scope.0].global.insert(name.to_owned());
    }

    pub(super) fn delete(&mut self, scope: ScopeId, name: &str) {
        self.bind(scope, name);
        self.deleted.insert(name.to_owned());
    }

    /// Can the name, read at this place, be nothing but a variable of the module's own?
    ///
    /// What a function binds is its own from its first line to its last. What a class or the module
    /// binds is the builtin until then.
    pub(super) fn is_own(&self, scope: ScopeId, name: &str, at: usize) -> bool {
        let mut id = scope;
        loop {
            let here = &self.all[id.0];
            let is_bound = here.bound.contains(name);
            match here.kind {
                Kind::Module => break,
                _ if here.global.contains(name) => break,
                Kind::Function | Kind::Comprehension if is_bound => return true,
                Kind::Class if is_bound && id == scope => return false,
                _ => id = here.parent,
            }
        }
        !self.deleted.contains(name) && self.of_module.get(name).is_some_and(|end| *end <= at)
    }
}
