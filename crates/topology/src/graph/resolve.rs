//! What the names of a module mean: scope first, then imports, then attributes.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound::{Included, Unbounded},
    sync::Arc,
};

use super::query::ReferenceKind;
use crate::{
    SymbolKind, SymbolPath,
    module::{Import, Module, Parts, Root, Use},
    symbol::Span,
};

/// How often a name may be handed on, by imports or base classes, until it counts as unknown.
const HOPS_MAX: usize = 16;

/// A name in the text that means a symbol.
#[derive(Debug, PartialEq)]
pub(crate) struct Link {
    /// The symbol of the file that it is part of.
    pub(crate) owner: Option<u32>,
    pub(crate) to: SymbolPath,
    pub(crate) span: Span,
    pub(crate) kind: ReferenceKind,
}

/// An import of one file by another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Edge {
    pub(crate) line: usize,
    /// Only for type checkers: it is no part of a cycle.
    pub(crate) is_type_only: bool,
}

/// What a file means in the others.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Links {
    pub(crate) named: Vec<Link>,
    pub(crate) edges: BTreeMap<Arc<str>, Edge>,
    /// Attributes of things of unknown type.
    pub(crate) loose: Vec<Span>,
}

impl Links {
    pub(super) fn targets(&self) -> BTreeSet<&SymbolPath> {
        self.named.iter().map(|link| &link.to).collect()
    }
}

/// What a chain of names has led to.
#[derive(Clone, Copy)]
enum Place<'g> {
    Module(&'g Module),
    /// A folder without a file of its own, by its dotted name.
    Package(&'g str),
    Symbol(&'g Module, u32),
    Instance(&'g Module, u32),
    /// Not of this workspace, or not there.
    Elsewhere,
    Unknown,
}

pub(super) struct Resolver<'g> {
    pub(super) modules: &'g BTreeMap<Arc<str>, Arc<Module>>,
    pub(super) names: &'g BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
}

impl<'g> Resolver<'g> {
    pub(super) fn links(&self, module: &'g Module) -> Links {
        let mut links = Links::default();
        for import in &module.imports {
            self.follow_import(module, import, &mut links);
        }
        for used in &module.uses {
            self.follow(module, used, &mut links);
        }
        links
    }

    fn follow_import(&self, module: &'g Module, import: &Import, links: &mut Links) {
        let place = self.imported(import, 0);
        if let Place::Symbol(of, at) = place {
            links.named.push(Link {
                owner: None,
                to: of.symbol(at).path.clone(),
                span: import.span,
                kind: ReferenceKind::Import,
            });
        }
        let target = match (place, self.module_named(&import.module)) {
            (Place::Module(submodule), _) if !import.binds_root => Some(submodule),
            (_, Place::Module(named)) => Some(named),
            _ => None,
        };
        let Some(target) = target else { return };
        let is_self_package = target.path == module.path && import.item.is_some();
        if is_self_package && module.is_package {
            return;
        }
        let edge = Edge {
            line: import.line,
            is_type_only: import.is_type_only,
        };
        links
            .edges
            .entry(Arc::clone(&target.path))
            .and_modify(|known| known.is_type_only &= edge.is_type_only)
            .or_insert(edge);
    }

    fn follow(&self, module: &'g Module, used: &Use, links: &mut Links) {
        let spans = module.spans(used.parts);
        let (mut place, mut next) = self.start(module, used);
        if next == 1 {
            note(place, used, spans, 0, links);
        }
        while let Some(span) = spans.get(next) {
            if matches!(place, Place::Elsewhere) {
                return;
            }
            place = self.step(place, module.text(*span), 0);
            if matches!(place, Place::Unknown) {
                links.loose.extend_from_slice(&spans[next..]);
                return;
            }
            note(place, used, spans, next, links);
            next += 1;
        }
        if used.is_call
            && let Place::Symbol(of, class) = place
            && of.symbol(class).kind == SymbolKind::Class
            && let Place::Symbol(of, made) = self.member(of, class, "__init__", 0)
            && let Some(last) = spans.last()
        {
            let to = of.symbol(made).path.clone();
            let kind = ReferenceKind::Call;
            links.named.push(Link {
                owner: used.owner,
                to,
                span: *last,
                kind,
            });
        }
    }

    /// Where a chain begins, and how many of its names that has taken.
    fn start(&self, module: &'g Module, used: &Use) -> (Place<'g>, usize) {
        match used.root {
            Root::Module => {
                let head = module.spans(used.parts)[0];
                (self.global(module, module.text(head), 0), 1)
            }
            Root::Import(at) => (self.imported(&module.imports[at as usize], 0), 1),
            Root::Symbol(at) => (Place::Symbol(module, at), 1),
            Root::Receiver(class) => (Place::Instance(module, class), 0),
            Root::Super(class) => {
                let name = module.text(module.spans(used.parts)[0]);
                (self.inherited(module, class, name, 0), 1)
            }
            Root::Instance(of) => match self.chain(module, of, 0) {
                Place::Symbol(of, at) if of.symbol(at).kind == SymbolKind::Class => {
                    (Place::Instance(of, at), 0)
                }
                Place::Elsewhere => (Place::Elsewhere, 0),
                _ => (Place::Unknown, 0),
            },
            Root::Unknown => (Place::Unknown, 0),
        }
    }

    /// What a chain means in the scope of `module`.
    fn chain(&self, module: &'g Module, parts: Parts, hops: usize) -> Place<'g> {
        let spans = module.spans(parts);
        let head = self.global(module, module.text(spans[0]), hops);
        spans[1..].iter().fold(head, |place, span| {
            self.step(place, module.text(*span), hops)
        })
    }

    /// What a name means in the scope of `module`.
    fn global(&self, module: &'g Module, name: &str, hops: usize) -> Place<'g> {
        if hops > HOPS_MAX {
            return Place::Unknown;
        }
        if let Some(at) = module.find(name) {
            return Place::Symbol(module, at);
        }
        let globals = || module.imports.iter().filter(|import| import.is_global());
        if let Some(import) = globals().find(|import| import.bound == name) {
            return self.imported(import, hops + 1);
        }
        globals()
            .filter(|import| import.item.as_deref() == Some("*") && !name.starts_with('_'))
            .map(|import| match self.module_named(&import.module) {
                Place::Module(from) => self.global(from, name, hops + 1),
                _ => Place::Unknown,
            })
            .find(|place| !matches!(place, Place::Unknown | Place::Elsewhere))
            .unwrap_or(Place::Unknown)
    }

    fn imported(&self, import: &Import, hops: usize) -> Place<'g> {
        let name = if import.binds_root {
            &import.bound
        } else {
            &import.module
        };
        let place = self.module_named(name);
        match &import.item {
            None => place,
            Some(item) if item == "*" => place,
            Some(item) => match self.step(place, item, hops) {
                Place::Unknown => Place::Elsewhere,
                found => found,
            },
        }
    }

    fn module_named(&self, name: &str) -> Place<'g> {
        if let Some(path) = self.names.get(name).and_then(BTreeSet::last)
            && let Some(module) = self.modules.get(path)
        {
            return Place::Module(module);
        }
        let prefix = format!("{name}.");
        let following = (Included(&*prefix), Unbounded);
        let inner = self.names.range::<str, _>(following).next();
        match inner.filter(|(inner, _)| inner.starts_with(&prefix)) {
            Some((inner, _)) => Place::Package(&inner[..name.len()]),
            None => Place::Elsewhere,
        }
    }

    fn step(&self, place: Place<'g>, name: &str, hops: usize) -> Place<'g> {
        match place {
            Place::Module(module) => match self.global(module, name, hops + 1) {
                Place::Unknown | Place::Elsewhere => {
                    self.module_named(&format!("{}.{name}", module.name))
                }
                found => found,
            },
            Place::Package(package) => self.module_named(&format!("{package}.{name}")),
            Place::Symbol(module, at) => match module.symbol(at).kind {
                SymbolKind::Class => self.member(module, at, name, hops),
                SymbolKind::Constant => self.attribute(module, at, name, hops),
                SymbolKind::Function | SymbolKind::Method => Place::Elsewhere,
            },
            Place::Instance(module, class) => self.member(module, class, name, hops),
            Place::Elsewhere => Place::Elsewhere,
            Place::Unknown => Place::Unknown,
        }
    }

    /// An attribute of a constant, known if the constant is made by calling a class.
    fn attribute(&self, module: &'g Module, at: u32, name: &str, hops: usize) -> Place<'g> {
        if hops > HOPS_MAX {
            return Place::Unknown;
        }
        let made = module.instances.get(&at);
        match made.map(|made| self.chain(module, *made, hops + 1)) {
            Some(Place::Symbol(of, class)) if of.symbol(class).kind == SymbolKind::Class => {
                self.member(of, class, name, hops + 1)
            }
            Some(Place::Elsewhere) => Place::Elsewhere,
            _ => Place::Unknown,
        }
    }

    fn member(&self, module: &'g Module, class: u32, name: &str, hops: usize) -> Place<'g> {
        let qualified = format!("{}.{name}", module.symbol(class).path.name);
        match module.find(&qualified) {
            Some(at) => Place::Symbol(module, at),
            None => self.inherited(module, class, name, hops),
        }
    }

    fn inherited(&self, module: &'g Module, class: u32, name: &str, hops: usize) -> Place<'g> {
        if hops > HOPS_MAX {
            return Place::Unknown;
        }
        let bases = module.bases.get(&class).into_iter().flatten();
        bases
            .filter_map(|base| match self.chain(module, *base, hops + 1) {
                Place::Symbol(of, at) if of.symbol(at).kind == SymbolKind::Class => {
                    Some(self.member(of, at, name, hops + 1))
                }
                _ => None,
            })
            .find(|place| matches!(place, Place::Symbol(..)))
            .unwrap_or(Place::Elsewhere)
    }
}

fn note(place: Place<'_>, used: &Use, spans: &[Span], at: usize, links: &mut Links) {
    let Place::Symbol(of, symbol) = place else {
        return;
    };
    let is_last = at + 1 == spans.len();
    let kind = if is_last && used.is_call {
        ReferenceKind::Call
    } else {
        ReferenceKind::Reference
    };
    let to = of.symbol(symbol).path.clone();
    links.named.push(Link {
        owner: used.owner,
        to,
        span: spans[at],
        kind,
    });
}
