//! What one Python file says by itself: definitions, imports, and the names it uses.

mod bind;
mod define;
mod import;
mod scope;
mod walk;

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use model::Digest;

use crate::{
    symbol::{Span, Symbol},
    syntax::{self, Unreadable},
};

/// The folder whose files are imported without naming it: `tools/lib/words.py` is `lib.words`.
const IMPORT_ROOT: &str = "tools/";

/// A file of Python, read without looking at any other.
#[derive(Debug, PartialEq)]
pub(crate) struct Module {
    pub(crate) path: Arc<str>,
    /// What imports call it.
    pub(crate) name: Arc<str>,
    pub(crate) is_package: bool,
    /// Empty if it is not UTF-8.
    pub(crate) source: Box<str>,
    digest: Digest,
    pub(crate) problem: Option<Unreadable>,
    pub(crate) symbols: Vec<Symbol>,
    /// Symbols by their name in the file; several where a name is defined again.
    pub(crate) index: HashMap<Arc<str>, Vec<u32>>,
    pub(crate) imports: Vec<Import>,
    /// Import statements of the module itself, not of its functions.
    pub(crate) import_statements: Vec<Span>,
    pub(crate) uses: Vec<Use>,
    pub(crate) parts: Vec<Span>,
    /// What classes are derived from.
    pub(crate) bases: HashMap<u32, Vec<Parts>>,
    /// The class whose instance a constant is.
    pub(crate) instances: HashMap<u32, Parts>,
    /// Lines that import what only a run can tell.
    pub(crate) dynamic_imports: Vec<usize>,
}

/// One name that an import statement brings in.
#[derive(Debug, PartialEq)]
pub(crate) struct Import {
    /// The module, in full; of `from . import x` the package.
    pub(crate) module: String,
    /// What is taken out of it; `*` for all.
    pub(crate) item: Option<String>,
    pub(crate) bound: String,
    /// Whether `bound` is only the first part of the module's name.
    pub(crate) binds_root: bool,
    /// The name of what is taken, where it stands.
    pub(crate) span: Span,
    pub(crate) line: usize,
    pub(crate) is_type_only: bool,
    pub(crate) reach: Reach,
}

/// Who knows the name that an import brings in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reach {
    Module,
    /// The module, if the `if` or `try` that it stands in comes to it.
    Perhaps,
    /// One function or class.
    Inner,
}

impl Import {
    pub(crate) fn is_global(&self) -> bool {
        self.reach != Reach::Inner
    }
}

/// A dotted chain of names: a range of [`Module::parts`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Parts {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Parts {
    /// Without its first name.
    fn rest(self) -> Option<Self> {
        (self.len > 1).then(|| Self {
            start: self.start + 1,
            len: self.len - 1,
        })
    }
}

/// A chain of names that is read or called.
#[derive(Debug, PartialEq)]
pub(crate) struct Use {
    /// The symbol that it is part of.
    pub(crate) owner: Option<u32>,
    pub(crate) root: Root,
    pub(crate) parts: Parts,
    pub(crate) is_call: bool,
}

/// What the first name of a chain is looked up in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Root {
    Module,
    /// The first name is what this import binds.
    Import(u32),
    /// The first name is this symbol.
    Symbol(u32),
    /// The names are attributes of an instance of this class of the file.
    Receiver(u32),
    /// The names are attributes of what this class is derived from.
    Super(u32),
    /// The names are attributes of what calling this chain gives.
    Instance(Parts),
    Unknown,
}

impl Module {
    pub(crate) fn read(path: &Arc<str>, bytes: &Bytes) -> Self {
        let (name, is_package) = dotted(path);
        let mut module = Self {
            path: Arc::clone(path),
            name,
            is_package,
            source: Box::default(),
            digest: Digest::of(bytes),
            problem: None,
            symbols: Vec::new(),
            index: HashMap::new(),
            imports: Vec::new(),
            import_statements: Vec::new(),
            uses: Vec::new(),
            parts: Vec::new(),
            bases: HashMap::new(),
            instances: HashMap::new(),
            dynamic_imports: Vec::new(),
        };
        module.fill(bytes);
        module
    }

    fn fill(&mut self, bytes: &Bytes) {
        let Ok(text) = str::from_utf8(bytes) else {
            self.problem = Some(Unreadable::Encoding);
            return;
        };
        self.source = text.into();
        let read = syntax::parse(text)
            .and_then(|tree| syntax::breaks(&tree, text).map(|found| (tree, found)));
        match read {
            Ok((tree, broken)) => {
                self.problem = broken.into_iter().next();
                walk::read(self, &tree, text);
            }
            Err(problem) => self.problem = Some(problem),
        }
    }

    pub(crate) fn text(&self, span: Span) -> &str {
        &self.source[span.range()]
    }

    pub(crate) fn spans(&self, parts: Parts) -> &[Span] {
        let start = parts.start as usize;
        &self.parts[start..start + parts.len as usize]
    }

    /// The first definition of `name`.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.index.get(name)?.first().copied()
    }

    pub(crate) fn symbol(&self, at: u32) -> &Symbol {
        &self.symbols[at as usize]
    }
}

/// What imports call the file at `path`, and whether it is a package.
fn dotted(path: &str) -> (Arc<str>, bool) {
    let inner = path.strip_prefix(IMPORT_ROOT).unwrap_or(path);
    let stem = inner.strip_suffix(".py").unwrap_or(inner);
    match stem.strip_suffix("/__init__") {
        Some(package) => (package.replace('/', ".").into(), true),
        None => (stem.replace('/', ".").into(), stem == "__init__"),
    }
}

/// What other files see of a definition.
#[derive(PartialEq)]
struct Outside<'a> {
    name: &'a str,
    kind: crate::symbol::SymbolKind,
    bases: Vec<Vec<&'a str>>,
    instance: Option<Vec<&'a str>>,
}

impl Module {
    /// Whether the names of other files mean the same with `other` in its place.
    pub(crate) fn looks_like(&self, other: &Self) -> bool {
        let seen = |import: &Import| {
            (
                import.module.clone(),
                import.item.clone(),
                import.bound.clone(),
                import.is_global(),
            )
        };
        self.outside().eq(other.outside())
            && self
                .imports
                .iter()
                .map(seen)
                .eq(other.imports.iter().map(seen))
    }

    pub(crate) fn is_same_text(&self, other: &Self) -> bool {
        self.digest == other.digest
    }

    fn outside(&self) -> impl Iterator<Item = Outside<'_>> {
        self.symbols
            .iter()
            .zip(0_u32..)
            .map(|(symbol, at)| Outside {
                name: &symbol.path.name,
                kind: symbol.kind,
                bases: self
                    .bases
                    .get(&at)
                    .into_iter()
                    .flatten()
                    .map(|base| self.texts(*base))
                    .collect(),
                instance: self.instances.get(&at).map(|made| self.texts(*made)),
            })
    }

    fn texts(&self, parts: Parts) -> Vec<&str> {
        self.spans(parts)
            .iter()
            .map(|span| self.text(*span))
            .collect()
    }
}
