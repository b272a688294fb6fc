//! Which of the names a function uses are its own, and which come from outside.

use std::collections::{HashMap, HashSet};

use super::{Parts, Root, Use, walk::Walker};

#[derive(Clone, Copy, PartialEq)]
pub(super) enum ScopeKind {
    Module,
    Class,
    Function,
}

/// What a name is bound to within a scope.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Bound {
    Local,
    Import(u32),
    Symbol(u32),
    /// To what calling this gives.
    Instance(Parts),
    /// To the instance or class that a method belongs to.
    Receiver(u32),
}

/// A use whose first name is not looked up before its scope is complete.
pub(super) struct Pending<'t> {
    head: &'t str,
    owner: Option<u32>,
    parts: Parts,
    is_call: bool,
}

pub(super) struct Scope<'t> {
    pub(super) kind: ScopeKind,
    /// The class that this is the body of.
    pub(super) class: Option<u32>,
    /// In front of the names defined here.
    pub(super) prefix: String,
    bound: HashMap<&'t str, Bound>,
    outside: HashSet<&'t str>,
    pending: Vec<Pending<'t>>,
}

impl<'t> Scope<'t> {
    pub(super) fn new(kind: ScopeKind, class: Option<u32>, prefix: String) -> Self {
        Self {
            kind,
            class,
            prefix,
            bound: HashMap::new(),
            outside: HashSet::new(),
            pending: Vec::new(),
        }
    }

    pub(super) fn bind(&mut self, name: &'t str, to: Bound) {
        if self.outside.contains(name) {
            return;
        }
        self.bound
            .entry(name)
            .and_modify(|known| {
                let is_again = matches!(
                    (&*known, to),
                    (Bound::Import(_), Bound::Import(_)) | (Bound::Symbol(_), Bound::Symbol(_))
                );
                if *known != to && !is_again {
                    *known = Bound::Local;
                }
            })
            .or_insert(to);
    }

    /// `global` and `nonlocal`.
    pub(super) fn leave_outside(&mut self, name: &'t str) {
        self.outside.insert(name);
        self.bound.remove(name);
    }
}

impl<'t> Walker<'_, 't> {
    pub(super) fn note(&mut self, head: &'t str, parts: Parts, is_call: bool) {
        let pending = Pending {
            head,
            owner: self.owner,
            parts,
            is_call,
        };
        self.scope().pending.push(pending);
    }

    pub(super) fn note_rooted(&mut self, root: Root, parts: Parts, is_call: bool) {
        let owner = self.owner;
        self.module.uses.push(Use {
            owner,
            root,
            parts,
            is_call,
        });
    }

    pub(super) fn enter(&mut self, scope: Scope<'t>) {
        self.scopes.push(scope);
    }

    /// Ends the innermost scope: its uses are its own or go outward, past classes.
    pub(super) fn leave(&mut self) {
        let scope = self.scopes.pop().expect("what was entered is left once");
        let outer = self
            .scopes
            .iter()
            .rposition(|outer| outer.kind != ScopeKind::Class);
        for pending in scope.pending {
            let (root, parts) = match scope.bound.get(pending.head) {
                None => match outer {
                    Some(outer) => {
                        self.scopes[outer].pending.push(pending);
                        continue;
                    }
                    None => (Root::Module, Some(pending.parts)),
                },
                Some(_) if scope.kind == ScopeKind::Module => (Root::Module, Some(pending.parts)),
                Some(Bound::Local) => (Root::Unknown, pending.parts.rest()),
                Some(Bound::Import(at)) => (Root::Import(*at), Some(pending.parts)),
                Some(Bound::Symbol(at)) => (Root::Symbol(*at), Some(pending.parts)),
                Some(Bound::Instance(of)) => (Root::Instance(*of), pending.parts.rest()),
                Some(Bound::Receiver(class)) => (Root::Receiver(*class), pending.parts.rest()),
            };
            if let Some(parts) = parts {
                let Pending { owner, is_call, .. } = pending;
                self.module.uses.push(Use {
                    owner,
                    root,
                    parts,
                    is_call,
                });
            }
        }
    }
}
